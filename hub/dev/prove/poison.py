"""`python -m hub.dev.prove.poison`: one event in a hundred is poison, and nobody else notices.

Some are no valid events, some break our code, some Postgres refuses. Each becomes a dead letter with its
reason; every other event is decided, and about as soon as without poison: blocks with and without it
take turns in one run.
"""

import argparse
import asyncio
import os
import random
from collections import defaultdict
from collections.abc import Iterator
from statistics import median, quantiles
from typing import Any

from hub.adapters.kafka import KafkaSettings, Peek
from hub.dev.checker.findings import Findings
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import Installation
from hub.dev.crash.run import say
from hub.dev.crash.tally.check import check_tally
from hub.dev.crash.tally.events import Counted, Landed, Publisher, counted, publisher
from hub.dev.crash.tally.processor import BROKEN, INTAKE, STATUS
from hub.dev.crash.tally.rest import taken
from hub.dev.crash.tally.stage import KIND, environment, furnish
from hub.dev.prove.poisoned import KINDS, poisoned
from hub.dev.prove.staged import staged
from schemas.topics import dead_letters

WORKERS = 2
A_BLOCK = 10_000
"""Events of one kind before those of the other kind take their turn."""
A_KEY = 3
"""Events of each key that has no poison."""
MOST = 2.0
"""So many times slower the slowest hundredth may be beside poison."""
PAUSE_SECONDS, DRAIN_SECONDS = 1.0, 120
CLEAN, BESIDE = "clean", "beside"


def block(name: str, events: int, every: int, chance: random.Random) -> Iterator[Counted]:
    """So many events; where `every` is given, one among each so many is poison."""
    for n in range(events):
        if every and n % every == every // 2:
            yield poisoned(f"{name}/poison{n}", chance.choice(KINDS))
        else:
            # The events of a key are some hundred apart, so that batches mix keys.
            group, at = divmod(n, 300)
            yield counted(f"{name}/{group}/{at % 100}", at // 100 + 1)


async def feed(proof: Publisher, events: int, every: int, rate: float, seed: int) -> None:
    """Blocks with and without poison by turns, after a first one that does not count."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable mixture
    await proof.send(block("warm", 5 * int(rate), 0, chance), rate)
    for n in range(0, events, A_BLOCK):
        for name, poison in ((CLEAN, 0), (BESIDE, every)):
            await asyncio.sleep(PAUSE_SECONDS)
            size = min(A_BLOCK, events - n)
            await proof.send(block(f"{name}{n}", size, poison, chance), rate)
        say(f"  {n + size:,} of {events:,} events with poison, and as many without")


async def lags(place: Installation, landed: Landed) -> dict[str, list[float]]:
    """Milliseconds from Kafka's stamp of an event until its decision was committed and told, by block."""
    stamped = {f"{event.key}/{event.n}": stamp for event, stamp in landed.values()}
    found: dict[str, list[float]] = defaultdict(list)
    async with Peek(KafkaSettings(place.kafka.bootstrap)) as peek:
        for part in range(place.partitions):
            first, end = await peek.bounds(STATUS.name, part)
            async for record in peek.records(STATUS.name, part, first, end):
                cause = dict(record.headers)["ce_causationid"].decode()
                found[cause.split("/")[0]].append(record.timestamp - stamped[cause])
    return found


async def copies(place: Installation) -> dict[tuple[int, int], str]:
    """The reason of each record for whoever watches the dead letters, by where its event stood."""
    topic, found = dead_letters(INTAKE).name, {}
    async with Peek(KafkaSettings(place.kafka.bootstrap)) as peek:
        for part in range(place.partitions):
            first, end = await peek.bounds(topic, part)
            async for record in peek.records(topic, part, first, end):
                told = {name: value.decode(errors="replace") for name, value in record.headers}
                where = int(told["hub-original-partition"]), int(told["hub-original-offset"])
                found[where] = told["hub-reason"]
    return found


async def prove(
    place: Installation, events: int, every: int, rate: float, seed: int
) -> dict[str, Any]:
    """Everything, on servers that run."""
    await place.prepare()
    (await furnish(place)).take(BROKEN)
    fleet = Fleet(place, {KIND: environment(place)})
    try:
        fleet.add(KIND, WORKERS)
        await fleet.ready()
        async with publisher(place.kafka.bootstrap, place.partitions) as sending:
            await feed(sending, events, every, rate, seed)
        await taken(place, DRAIN_SECONDS)
        return await _figures(place, sending.landed, events)
    finally:
        fleet.end_all()


async def _figures(place: Installation, landed: Landed, events: int) -> dict[str, Any]:
    findings = Findings()
    tables = await check_tally(place, landed, findings)
    poison = {where: event.poison for where, (event, _) in landed.items() if event.poison}
    rows = {(r["part"], r["offset"]): (r["state"], r["reason"]) for r in tables.items}
    told = await copies(place)
    kept = (
        rows.keys() == told.keys() == poison.keys()
        and all(state == "dead_lettered" and reason for state, reason in rows.values())
        and all(told.values())
    )
    waits = await lags(place, landed)
    cuts = {name: quantiles(each, n=100) for name, each in waits.items()}
    slowest = {kind: _of_blocks(kind, cuts) for kind in (CLEAN, BESIDE)}
    ratio = slowest[BESIDE][98] / slowest[CLEAN][98]
    return {
        "events": events,
        "poison": {kind: list(poison.values()).count(kind) for kind in KINDS},
        "dead_letters": len(rows),
        "dead_letter_records": len(told),
        "applied": tables.total("applied"),
        **{f"{name}_p50_ms": round(cuts[49]) for name, cuts in slowest.items()},
        **{f"{name}_p99_ms": round(cuts[98]) for name, cuts in slowest.items()},
        "p99_ratio": round(ratio, 2),
        "p99_ratio_with_stalls": round(_of_all(BESIDE, waits) / _of_all(CLEAN, waits), 2),
        **findings.counts,
        "examples": dict(findings.examples),
        "load": [round(each, 2) for each in os.getloadavg()],
        "ok": kept and ratio < MOST and not any(findings.counts.values()),
    }


def _of_blocks(kind: str, cuts: dict[str, list[float]]) -> list[float]:
    """The percentiles of a middling block of a kind: one during which the machine stalled says nothing."""
    return [
        median(each)
        for each in zip(*(c for n, c in cuts.items() if n.startswith(kind)), strict=True)
    ]


def _of_all(kind: str, waits: dict[str, list[float]]) -> float:
    """The slowest hundredth over all blocks of a kind, those in which the machine stalled among them."""
    return quantiles((ms for n, each in waits.items() if n.startswith(kind) for ms in each), n=100)[
        98
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.prove.poison", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="so many again without poison")
    parser.add_argument("--every", type=int, default=100, help="one of so many is poison")
    parser.add_argument("--rate", type=float, default=800, help="events a second")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    asked = parser.parse_args()

    async def proved(place: Installation) -> dict[str, Any]:
        figures = await prove(place, asked.events, asked.every, asked.rate, asked.seed)
        return figures | {"rate": asked.rate, "seed": asked.seed}

    return staged("poison", asked.seed, proved)


if __name__ == "__main__":
    raise SystemExit(main())
