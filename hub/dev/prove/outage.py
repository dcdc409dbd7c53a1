"""`python -m hub.dev.prove.outage`: a vendor whose API every record needs is off for minutes under load.

Nothing is set aside, nobody has to act, the order of each key holds, and what has waited is worked off
several times as fast as new records come.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.sdk import RawRecord
from hub.access.sources import Source
from hub.adapters.kafka import KafkaSettings, SharedOutlet, apply_topics
from hub.adapters.postgres import Database, connect
from hub.dev.checker.accounts import check_accounts, check_seqs
from hub.dev.checker.effects import check_wire
from hub.dev.checker.findings import Findings
from hub.dev.checker.tables import read_tables
from hub.dev.checker.wire import log_ends, read_status
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import TENANT, Installation
from hub.dev.crash.run import say
from hub.dev.crash.tally.check import check_effects
from hub.dev.crash.tally.events import Counted
from hub.dev.crash.tally.notices import CONNECTOR, Vendor
from hub.dev.crash.tally.processor import INTAKE, STATUS
from hub.dev.crash.tally.stage import KIND, NOTICES, environment, furnish
from hub.dev.embedded.server import free_port
from hub.dev.lifeline import die_with_parent
from hub.dev.prove.staged import staged
from hub.intake.landing import Arrival, Lander
from hub.telemetry.metrics import Metrics
from schemas.topics import raw

TOPIC = raw(CONNECTOR.name)
KEYS = 2_000
TICK = 0.05
LEAST = 3.0
"""So many times as fast as records come, what has waited is worked off."""
WARM_SECONDS, DRAIN_SECONDS = 10, 900
STANDS = """
select coalesce(sum(next_offset), 0)::bigint as landed, coalesce(sum(translated), 0)::bigint as translated,
       coalesce(sum(retrying + held), 0)::bigint as waiting, coalesce(sum(parked), 0)::bigint as parked
  from landing_owner where topic = $1"""
TRIED = "select coalesce(max(attempt), 0) as most, count(*) as items from item where topic = $1"


@dataclass(slots=True)
class Feed:
    """Lands notices at a pace, as a door would, until it is told to end."""

    lander: Lander
    source: Source
    rate: float
    sent: list[Counted] = field(default_factory=list)

    async def run(self) -> None:
        """So many a second, each key in its order."""
        began = time.monotonic()
        while True:
            due = int((time.monotonic() - began) * self.rate) - len(self.sent)
            if due > 0:
                await self._land(due)
            await asyncio.sleep(TICK)

    async def _land(self, count: int) -> None:
        first = len(self.sent)
        new = [_notice(n) for n in range(first, first + count)]
        records = [RawRecord(_name(one), one.value, one.key) for one in new]
        await self.lander.land(self.source, records, Arrival(datetime.now(UTC)))
        self.sent += new


def _notice(number: int) -> Counted:
    turn, at = divmod(number, KEYS)
    key = f"k{at}"
    return Counted(key, turn + 1, f"{key}/{turn + 1}".encode(), [])


def _name(one: Counted) -> str:
    return f"{one.key}/{one.n}"


@dataclass(slots=True)
class Away:
    """The vendor, which can be switched off."""

    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def on(self) -> None:
        """It answers."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hub.dev.crash.tally.notices", str(self.port)],
            preexec_fn=die_with_parent(signal.SIGKILL),
        )

    def off(self) -> None:
        """Nobody listens any more."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Outage:
    """One run, on servers that run."""

    place: Installation
    minutes: float
    rate: float
    vendor: Away = field(default_factory=lambda: Away(free_port()))
    figures: dict[str, Any] = field(default_factory=dict)

    async def run(self) -> dict[str, Any]:
        """Everything; `ok` says whether it holds."""
        place = self.place
        await place.prepare()
        await furnish(place)
        await place.run(
            "source", "set", TENANT, CONNECTOR.name, *self._told(), more=environment(place)
        )
        settings = KafkaSettings(place.kafka.bootstrap)
        await apply_topics(settings, [TOPIC], partitions=place.partitions, replication=1)
        fleet, outlet = (
            Fleet(place, dict.fromkeys((KIND, NOTICES), environment(place))),
            SharedOutlet(settings),
        )
        self.vendor.on()
        try:
            for kind in (KIND, NOTICES):
                fleet.add(kind, 1)
            await fleet.ready()
            lander = Lander(outlet, {TOPIC.name: place.partitions}, Metrics())
            feed = Feed(lander, self._source(), self.rate)
            await self._through(feed)
            return await self._judged(feed.sent)
        finally:
            fleet.end_all()
            self.vendor.off()
            await outlet.stop()

    def _told(self) -> list[str]:
        return [
            "--connector",
            CONNECTOR.name,
            "--option",
            f"url=http://127.0.0.1:{self.vendor.port}",
        ]

    def _source(self) -> Source:
        vendor, now = Vendor(f"http://127.0.0.1:{self.vendor.port}"), datetime.now(UTC)
        return Source(TENANT, CONNECTOR.name, CONNECTOR, vendor, (), 1, now)

    async def _through(self, feed: Feed) -> None:
        feeding = asyncio.create_task(feed.run())
        store = await connect(self.place.dsn, size=1)
        try:
            await asyncio.sleep(WARM_SECONDS)
            say(f"the vendor goes off for {self.minutes:g} min at {self.rate:g} records/s")
            self.vendor.off()
            await asyncio.sleep(self.minutes * 60)
            (tried,) = await store.fetch(TRIED, TOPIC.name)
            self.figures |= {"waited": tried["items"], "most_attempts": tried["most"]}
            say(f"it is back; {tried['items']:,} records wait")
            await self._drain(store)
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])
        await self._rest(store, len(feed.sent))
        await store.close()

    async def _drain(self, store: Database) -> None:
        """Until nothing waits, while new records come; from the first that was fetched again."""
        back, before = time.monotonic(), await store.fetchrow(STANDS, TOPIC.name)
        self.vendor.on()
        begun: float | None = None
        async with asyncio.timeout(DRAIN_SECONDS):
            while True:
                await asyncio.sleep(0.25)
                now = await store.fetchrow(STANDS, TOPIC.name)
                if begun is None and now["translated"] > before["translated"] + self.rate:
                    begun = time.monotonic()
                    before = now
                if not now["waiting"]:
                    break
        took = time.monotonic() - (begun or back)
        drained = now["translated"] - before["translated"]
        self.figures |= {
            "noticed_after_s": round((begun or back) - back, 1),
            "drained": drained,
            "drain_s": round(took, 1),
            "drain_rate": round(drained / took),
            "drain_over_inflow": round(drained / took / self.rate, 2),
        }
        say(
            f"drained {drained:,} in {took:.1f} s, {drained / took / self.rate:.1f} times the inflow"
        )

    async def _rest(self, store: Database, sent: int) -> None:
        """Until all that was landed is decided."""
        async with asyncio.timeout(DRAIN_SECONDS):
            while True:
                stands = await store.fetchrow(STANDS, TOPIC.name)
                decided = "select coalesce(sum(applied), 0) from partition_owner where topic = $1"
                if stands["translated"] >= sent <= await store.fetchval(decided, INTAKE.name):
                    break
                await asyncio.sleep(0.5)
        self.figures |= {"landed": sent, "parked": stands["parked"]}

    async def _judged(self, sent: list[Counted]) -> dict[str, Any]:
        findings, bootstrap = Findings(), self.place.kafka.bootstrap
        wire = await read_status(bootstrap, STATUS.name)
        tables = await read_tables(self.place.dsn, INTAKE.name, TOPIC.name)
        check_wire(wire, findings)
        check_effects(sent, wire, findings)
        check_accounts(tables, await log_ends(bootstrap, INTAKE.name), findings)
        check_seqs(tables, wire, findings)
        dead = tables.total("dead_lettered") + self.figures["parked"]
        fast = self.figures["drain_over_inflow"] >= LEAST
        return {
            "away_minutes": self.minutes,
            "rate": self.rate,
            **self.figures,
            "dead_letters": dead,
            **findings.counts,
            "examples": dict(findings.examples),
            "load": [round(each, 2) for each in os.getloadavg()],
            "ok": not dead and fast and not any(findings.counts.values()),
        }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.prove.outage", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2, help="for how long the vendor is off")
    parser.add_argument("--rate", type=float, default=200, help="records a second")
    asked = parser.parse_args()

    async def proved(place: Installation) -> dict[str, Any]:
        return await Outage(place, asked.minutes, asked.rate).run()

    return staged("outage", 0, proved)


if __name__ == "__main__":
    raise SystemExit(main())
