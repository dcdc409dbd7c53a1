"""`python -m hub.dev.prove.redrive`: a fault made thousands of dead letters; it is mended, and all go on.

They are redriven at a rate while workers and the operator's own commands are killed. Each is applied once,
what was held behind it follows in order, and what comes meanwhile queues behind both.
"""

import argparse
import asyncio
import os
import random
import time
from collections.abc import Iterator
from typing import Any

from hub.adapters.postgres import Database
from hub.dev.checker.findings import Findings
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import Installation
from hub.dev.crash.run import say
from hub.dev.crash.tally.check import check_tally
from hub.dev.crash.tally.events import Counted, Landed, Publisher, counted, publisher
from hub.dev.crash.tally.operator import Operator
from hub.dev.crash.tally.processor import BROKEN, INTAKE
from hub.dev.crash.tally.rest import taken
from hub.dev.crash.tally.stage import KIND, database, environment, furnish
from hub.dev.prove.staged import staged

WORKERS = 3
FOLLOWERS, HEALTHY = 2, 3
"""Events behind each dead letter, and events of other keys beside it."""
FEED_RATE, TRICKLE_RATE = 2_000, 100
DRAIN_SECONDS = 300
STUCK_SECONDS = 120
"""Without one dead letter fewer; a worker that was killed is back within a few."""
_LOOK_SECONDS = 0.05
_STATES = "select state, count(*) as n from item where topic = $1 group by state"
_STUCK = """
select format('partition %s, held by %s since %s: %s items, %s wanted, the first at offset %s: %s', i.part,
              coalesce(max(o.claimed_by), 'nobody'), max(o.claimed_at), count(*), count(i.wanted), min(i."offset"),
              (array_agg(i.reason order by i."offset"))[1]) as said
  from item i left join partition_owner o on o.topic = i.topic and o.part = i.part
 where i.topic = $1 and i.state = 'dead_lettered' group by i.part order by i.part"""
_LETTERS = "select count(*) from item where topic = $1 and state = 'dead_lettered'"


def morning(dead: int, chance: random.Random) -> Iterator[Counted]:
    """The events of the morning on which the code was broken; followers come a little later."""
    later: list[Counted] = []
    for number in range(dead):
        yield counted(f"dead/{number}", 1, needs=BROKEN)
        yield from (counted(f"well/{number}", n + 1) for n in range(HEALTHY))
        later += [counted(f"dead/{number}", n + 2) for n in range(FOLLOWERS)]
        if chance.random() < 0.01:  # noqa: PLR2004 - now and then
            yield from later
            later.clear()
    yield from later


async def states(place: Installation) -> dict[str, int]:
    """How many items there are in each state."""
    async with database(place) as db:
        return {row["state"]: row["n"] for row in await db.fetch(_STATES, INTAKE.name)}


async def until_left(db: Database, left: float, seconds: float = STUCK_SECONDS) -> None:
    """Until so many dead letters are left at most.

    Raises:
        TimeoutError: their number has not changed for so many seconds; it says what is stuck.

    """
    letters, since = await db.fetchval(_LETTERS, INTAKE.name), time.monotonic()
    while letters > left:
        await asyncio.sleep(_LOOK_SECONDS)
        now = await db.fetchval(_LETTERS, INTAKE.name)
        if now != letters:
            letters, since = now, time.monotonic()
        elif time.monotonic() - since > seconds:
            stuck = "; ".join(str(row["said"]) for row in await db.fetch(_STUCK, INTAKE.name))
            raise TimeoutError(f"{letters} dead letters and none fewer for {seconds:g} s: {stuck}")


async def torment(place: Installation, fleet: Fleet, dead: int, kills: int) -> int:
    """Kill a worker each time that another share of the dead letters is gone; gives how often."""
    chance = random.Random(dead)  # noqa: S311 - repeatable
    async with database(place) as db:
        for n in range(kills):
            left = dead * (kills - n) / (kills + 1)
            await until_left(db, left)
            fleet.restart(chance.choice(fleet.members))
            await fleet.ready()
    return kills


async def prove(
    place: Installation, dead: int, rate: float, kills: int, seed: int
) -> dict[str, Any]:
    """Everything, on servers that run."""
    await place.prepare()
    world, chance = await furnish(place), random.Random(seed)  # noqa: S311 - a repeatable mixture
    world.take(BROKEN)
    fleet, operator = Fleet(place, {KIND: environment(place)}), Operator(place)
    try:
        fleet.add(KIND, WORKERS)
        await fleet.ready()
        async with publisher(place.kafka.bootstrap, place.partitions) as sending:
            await sending.send(morning(dead, chance), FEED_RATE)
            await taken(place, DRAIN_SECONDS)
            before = await states(place)
            say(f"  {before} after {len(sending.landed):,} events; mended, redriving")
            world.give_back(BROKEN)
            began = time.monotonic()
            number = await operator.redrive(rate, kill_after=3.0)
            killed = await _meanwhile(place, fleet, operator, sending, number, dead, kills)
            await taken(place, DRAIN_SECONDS, items=False)
        seconds = time.monotonic() - began
        figures = await _figures(place, sending.landed)
        exact = before == {"dead_lettered": dead, "held": FOLLOWERS * dead}
        return {
            "dead_letters": before,
            "kills": killed,
            "commands_killed": operator.killed,
            "seconds": round(seconds, 1),
            **figures,
            "ok": figures["ok"] and exact and killed >= kills and operator.killed > 0,
        }
    finally:
        fleet.end_all()


async def _meanwhile(  # noqa: PLR0913, PLR0917 - all that goes on at the same time
    place: Installation,
    fleet: Fleet,
    operator: Operator,
    sending: Publisher,
    number: int,
    dead: int,
    kills: int,
) -> int:
    trickle = (counted(f"dead/{n}", FOLLOWERS + 2) for n in range(0, dead, 10))
    killed, *_ = await asyncio.gather(
        torment(place, fleet, dead, kills),
        sending.send(trickle, TRICKLE_RATE),
        operator.watch(number, 5.0),
    )
    return killed


async def _figures(place: Installation, landed: Landed) -> dict[str, Any]:
    findings = Findings()
    tables = await check_tally(place, landed, findings)
    return {
        "events": len(landed),
        "applied": tables.total("applied"),
        "claims": tables.total("epoch"),
        **findings.counts,
        "examples": dict(findings.examples),
        "load": [round(each, 2) for each in os.getloadavg()],
        "ok": not any(findings.counts.values()) and tables.total("applied") == len(landed),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.prove.redrive", description=__doc__)
    parser.add_argument("--dead", type=int, default=10_000, help="dead letters")
    parser.add_argument("--rate", type=float, default=300, help="of them a second")
    parser.add_argument("--kills", type=int, default=5, help="of workers, meanwhile")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    asked = parser.parse_args()

    async def proved(place: Installation) -> dict[str, Any]:
        figures = await prove(place, asked.dead, asked.rate, asked.kills, asked.seed)
        return figures | {"rate": asked.rate, "seed": asked.seed}

    return staged("redrive", asked.seed, proved)


if __name__ == "__main__":
    raise SystemExit(main())
