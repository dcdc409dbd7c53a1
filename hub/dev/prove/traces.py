"""`python -m hub.dev.prove.traces`: 10,000 records of every kind, each with a trace that lacks nothing.

A whole hub runs on servers of its own and the simulator stands at every door. What came is then read
from Kafka, and what became of it from the ledger; each sampled record's trace is held against both.
"""

import argparse
import asyncio
import logging
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from hub import registry
from hub.access import keys, tenants
from hub.access.keyring import Keyring
from hub.access.limits import LOAD, SYSTEM, set_limits
from hub.access.sources import SourceStore
from hub.adapters.kafka import KafkaSettings, Peek
from hub.adapters.postgres import Database, TenantDatabase, connect, connect_for_tenants
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import Installation
from hub.dev.prove.staged import staged
from hub.dev.prove.witness import Sent, Witness
from hub.dev.simulator.doors import SOURCE, Doors, Way
from hub.dev.simulator.feed import Feed
from hub.dev.simulator.goods import MERCHANTS, PARTNERS
from hub.dev.simulator.stories import Teller
from hub.settings import DEVELOPMENT_KEY
from hub.trail.trace import find
from hub.trail.way import Trace
from schemas.topics import WARRANTY_INTAKE, WARRANTY_STATUS, raw

KINDS = ("process", "project", "translate", "ingress", "serve", "files")
READY_SECONDS, FEED_SECONDS, QUIET_SECONDS = 90.0, 900.0, 300.0
LOOK_SECONDS = 1.0
READERS = 4
SHOWN = 10

UNSETTLED = """
select (select count(*) from letter) + (select count(*) from item where state = 'retrying')
     + (select count(*) from file_progress where state = 'working')
     + (select coalesce(sum(seq - published_seq), 0) from partition_owner)
     + (select count(*) from projection_progress p join partition_owner o
            on o.topic = $1 and o.part = p.part and p.seq < o.seq)
     + (select count(*) from hub_trail_behind())
"""
TAKEN = "select coalesce(sum(next_offset), 0)::bigint from {} where topic = $1"


class NotQuietError(RuntimeError):
    """The hub did not come to rest in time."""


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@dataclass(slots=True)
class Proof:
    """One installation, filled and then asked."""

    place: Installation
    fleet: Fleet
    database: Database
    chance: random.Random
    way: Way
    heard: Counter[str] = field(default_factory=Counter)
    lacking: dict[str, list[str]] = field(default_factory=dict)
    stages: Counter[str] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    async def fill(self, things: int, rate: float) -> None:
        """Have so many things said at every door."""
        stop = asyncio.Event()
        async with Doors(self.way, "T", self.chance, self.heard) as doors:
            feed = Feed(doors, Teller("T", self.chance), rate, self.chance)
            async with asyncio.timeout(FEED_SECONDS), asyncio.TaskGroup() as group:
                group.create_task(feed.run(stop))
                while feed.said < things:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(LOOK_SECONDS)
                stop.set()
        say(f"  said {feed.said:,} things; {dict(self.heard)}")

    async def rest(self, peek: Peek) -> None:
        """Wait until nothing moves any more.

        Raises:
            NotQuietError: something still does.

        """
        quiet, deadline = 0, time.monotonic() + QUIET_SECONDS
        while quiet < 3:  # noqa: PLR2004 - a file may just be on its way from one folder to another
            why = await self._moving(peek)
            quiet = 0 if why else quiet + 1
            if time.monotonic() > deadline:
                raise NotQuietError(why)
            await asyncio.sleep(LOOK_SECONDS)

    async def _moving(self, peek: Peek) -> str:
        owners = {WARRANTY_INTAKE.name: "partition_owner", raw("pos").name: "landing_owner"}
        for topic, table in owners.items():
            ends = [(await peek.bounds(topic, n))[1] for n in range(self.place.partitions)]
            taken = await self.database.fetchval(TAKEN.format(table), topic)
            if taken < sum(ends):
                return f"{topic}: {taken} of {sum(ends)} records were taken"
        dropped = [path.name for path in self.place.drop.glob("*/*/*.csv")]
        if dropped:
            return f"{len(dropped)} files were not taken, the first is {dropped[0]}"
        left = await self.database.fetchval(UNSETTLED, WARRANTY_INTAKE.name)
        return f"{left} letters, files, retries or batches are on their way" if left else ""

    async def ask(self, api: TenantDatabase, witness: Witness, sample: Sequence[Sent]) -> None:
        """Hold the trace of each against what is known of it."""
        left = iter(sample)

        async def some() -> None:
            for one in left:
                began = time.perf_counter()
                async with api.speaking_for(one.tenant) as queries:
                    trace = await find(queries, one.tenant, one.correlation)
                self.milliseconds.append(1000 * (time.perf_counter() - began))
                self._note(one, trace, witness.lacks(one, trace))

        await asyncio.gather(*(some() for _ in range(READERS)))

    def _note(self, one: Sent, trace: Trace | None, lacks: list[str]) -> None:
        if lacks:
            topic, part, offset = one.spot
            self.lacking[f"{topic}[{part}]@{offset} {one.tenant} {one.correlation}"] = lacks
        if trace is not None:
            self.stages.update({stage.kind for stage in trace.stages})


@asynccontextmanager
async def _at_work(place: Installation, chance: random.Random) -> AsyncIterator[Proof]:
    """A whole hub with two merchants, their tills and partners."""
    await place.prepare()
    database, fleet = await connect(place.dsn, size=READERS), Fleet(place)
    try:
        store = SourceStore(registry.connectors(), Keyring(DEVELOPMENT_KEY.encode()))
        secrets: dict[str, str] = {}
        issued: dict[str, str] = {}
        for merchant in MERCHANTS:
            tenant = merchant.tenant
            await tenants.put(database, tenant, merchant.coverage_months, 14)
            await set_limits(database, tenant, LOAD, SYSTEM)
            secret = await store.put(database, tenant, SOURCE, "pos", merchant.source_settings)
            secrets[f"{tenant}/{SOURCE}"] = secret or ""
            for partner in PARTNERS:
                issued[f"{tenant}/{partner}"] = await keys.issue(database, tenant, partner)
        for kind in KINDS:
            fleet.add(kind, 1)
        doors = {kind: f"http://127.0.0.1:{fleet.of(kind)[0].door}" for kind in KINDS}
        kafka = KafkaSettings(place.kafka.bootstrap)
        way = Way(
            kafka, place.partitions, doors["serve"], doors["ingress"], place.drop, issued, secrets
        )
        await _ready(fleet)
        yield Proof(place, fleet, database, chance, way)
    finally:
        fleet.end_all()
        await database.close()


async def _ready(fleet: Fleet) -> None:
    async with asyncio.timeout(READY_SECONDS):
        for member in fleet.members:
            while not await member.is_ready():  # noqa: ASYNC110 - another process
                await asyncio.sleep(LOOK_SECONDS / 4)


async def prove(place: Installation, count: int, rate: float, seed: int) -> dict[str, Any]:
    """Fill a hub, sample it and look at every trace; the figures."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable mixture
    async with _at_work(place, chance) as proof, Peek(proof.way.kafka) as peek:
        say(f"saying {count:,} things at {rate:.0f}/s")
        await proof.fill(count, rate)
        await proof.rest(peek)
        witness = Witness(WARRANTY_INTAKE.name, raw("pos").name, WARRANTY_STATUS.name)
        await witness.read(peek, proof.database, place.partitions)
        sample = chance.sample(witness.sent, min(count, len(witness.sent)))
        say(f"asking for the traces of {len(sample):,} of {len(witness.sent):,} records")
        api = await connect_for_tenants(place.dsn, size=READERS)
        try:
            await proof.ask(api, witness, sample)
        finally:
            await api.close()
        rows = await proof.database.fetchval("select count(*) from trail")
    return _figures(proof, witness, sample, rows) | {"seed": seed}


def _figures(proof: Proof, witness: Witness, sample: Sequence[Sent], rows: int) -> dict[str, Any]:
    taken = sorted(proof.milliseconds)
    sampled = Counter("raw" if one.is_raw else one.type for one in sample)
    return {
        "records": len(witness.sent),
        "trail_rows": rows,
        "sampled": len(sample),
        "complete": len(sample) - len(proof.lacking),
        "sampled_by_type": dict(sampled),
        "outcomes": dict(Counter(o for found in witness.outcomes.values() for o in found)),
        "traces_with_stage": dict(proof.stages),
        "trace_p50_ms": round(taken[len(taken) // 2], 1),
        "trace_p99_ms": round(taken[len(taken) * 99 // 100], 1),
        "lacking": dict(list(proof.lacking.items())[:SHOWN]),
        "load": [round(each, 2) for each in os.getloadavg()],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.prove.traces", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="to say, and to sample")
    parser.add_argument("--rate", type=float, default=150, help="things said a second")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    asked = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    async def proved(place: Installation) -> dict[str, Any]:
        figures = await prove(place, asked.events, asked.rate, asked.seed)
        figures["ok"] = figures["complete"] == figures["sampled"] >= asked.events
        return figures

    return staged("traces", asked.seed, proved)


if __name__ == "__main__":
    raise SystemExit(main())
