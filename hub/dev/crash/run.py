"""One run: start, load, torment, drain, check, and the figures of it all."""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from hub.dev.checker import Installation as Place
from hub.dev.checker import Report, check
from hub.dev.checker.claim_words import write_words
from hub.dev.checker.sent import write
from hub.dev.checker.webhook_log import Webhooks
from hub.dev.crash.claims.visitor import Claims
from hub.dev.crash.diary import Diary
from hub.dev.crash.drain import drain
from hub.dev.crash.fleet import Fleet
from hub.dev.crash.installation import TENANT, Installation
from hub.dev.crash.invoices import USER, Invoices
from hub.dev.crash.load import Load
from hub.dev.crash.outside import Outside
from hub.dev.crash.plan import COUNTS, Plan
from hub.dev.crash.stories import Teller
from hub.dev.crash.stranger import Stranger
from hub.dev.crash.tally.stage import KIND, environment, furnish
from hub.dev.crash.torment import Torment, split
from hub.dev.crash.trouble import Trouble
from hub.dev.crash.watch import Watch
from hub.dev.crash.webhooks import audience
from hub.dev.crash.webhooks.audience import Audience

LEAST_APPLIED = 0.95
LEAST_RATE = 0.95
SLACK_SECONDS = 5
RAW = "raw.pos.v1"
_PROGRESS_SECONDS = 3
_SECOND_LOOKS = 2


def say(text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@dataclass(slots=True)
class Run:
    """The parts of a run."""

    plan: Plan
    place: Installation
    fleet: Fleet = field(init=False)
    watch: Watch = field(init=False)
    diary: Diary = field(init=False)
    load: Load = field(init=False)
    stranger: Stranger = field(init=False)
    torment: Torment = field(init=False)
    outside: Outside | None = None
    trouble: Trouble | None = None
    invoices: Invoices | None = None
    claims: Claims | None = None
    audience: Audience | None = None
    verify: list[str] = field(default_factory=list)
    """What `hub verify` says does not hold."""
    applied_at_stop: float = 0
    drain_s: float = 0

    def __post_init__(self) -> None:
        place, bootstrap = self.place, self.place.kafka.bootstrap
        chance = random.Random(self.plan.seed)  # noqa: S311 - a repeatable mixture, no secret
        teller = Teller(chance, f"c{int(time.time())}")
        self.fleet, self.watch = Fleet(place), Watch(place.dsn)
        self.diary = Diary(self.watch, place.partitions)
        self.load = Load(bootstrap, teller, self.diary, self.plan.rate, chance)
        self.stranger = Stranger(bootstrap, teller, self.diary, self.load, chance)
        self.torment = Torment(place, self.fleet, self.watch, chance)

    async def go(self) -> dict[str, Any]:
        """Do it all; the figures."""
        await self.place.prepare()
        if self.plan.doors:
            self.outside = await self._outside()
            self.invoices = await self._invoices()
        if self.plan.claims and self.outside:
            self.claims = Claims(
                self.place,
                self.fleet,
                self.outside.access.key,
                self.diary,
                self.torment.chance,
                f"w{int(time.time())}",
            )
        if KIND in self.plan.kinds:
            world = await furnish(self.place)
            self.fleet.told[KIND] = environment(self.place)
            self.trouble = Trouble(self.place, world, self.torment.chance)
        if self.plan.webhooks:
            self.fleet.told[audience.KIND] = audience.environment()
            self.audience = Audience(self.place, self.plan.rate)
        try:
            async with _beside(self.watch.run()):
                if self.audience:
                    await self.audience.gather()
                await self._start()
                await self._suffer()
                if self.trouble:
                    await self.trouble.mend(self.plan.drain_seconds)
                self.drain_s = await drain(
                    self.place,
                    self.plan.drain_seconds,
                    views=self.plan.views,
                    webhooks=self.plan.webhooks,
                )
            report = await self._check()
        finally:
            self.fleet.end_all()
            if self.audience:
                self.audience.leave()
        for line in report.lines():
            say(f"  {line}")
        return self._figures(report)

    async def _outside(self) -> Outside:
        access = await self.place.give_access()
        # Numbers of their own, so that no two tellers speak of one order.
        teller = Teller(self.torment.chance, f"d{int(time.time())}")
        return Outside(self.fleet, access, teller, self.diary, self.torment.chance)

    async def _invoices(self) -> Invoices:
        said = await self.place.run("basic", "set", TENANT, USER)
        name = f"i{int(time.time())}"
        return Invoices(self.fleet, said.split()[-1], self.diary, self.torment.chance, name)

    async def _start(self) -> None:
        for kind in self.plan.kinds:
            self.fleet.add(kind, COUNTS.get(kind, self.plan.workers))
        await self.fleet.ready()
        say(f"{len(self.fleet.members)} processes are ready; sending {self.plan.rate} ev/s")

    async def _suffer(self) -> None:
        plan, kinds, stop = self.plan, list(self.plan.kinds), asyncio.Event()
        kills, zombies = split(plan.kills, kinds), split(plan.zombies, kinds)
        sending = asyncio.gather(self.load.run(stop))
        stranger = asyncio.gather(self.stranger.run(stop_stranger := asyncio.Event()))
        visitors = [one for one in (self.outside, self.invoices, self.claims, self.trouble) if one]
        outside = asyncio.gather(*(one.run(stop) for one in visitors))
        async with _beside(self._progress()):
            await asyncio.gather(
                *(self.torment.kind(kind, kills[kind], zombies[kind]) for kind in kinds),
                self.torment.impostor(plan.fences),
                self.torment.broker(plan.broker_restarts),
                self.torment.postgres(plan.postgres_stops),
            )
            self.applied_at_stop = 1 - self.watch.unapplied / max(1, self.watch.seen)
            stop_stranger.set()
            await stranger
            stop.set()
            await sending
            await outside
        say(f"load ended with {self.applied_at_stop:.1%} applied; draining")

    async def _progress(self) -> None:
        began = time.monotonic()
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            torment, watch = self.torment, self.watch
            say(
                f"{time.monotonic() - began:5.0f} s  sent {self.diary.copies}"
                f"  unapplied {watch.unapplied}  oldest {watch.age:.1f} s"
                f" (worst {watch.worst:.1f} s at {watch.worst_at})"
                f"  kills {dict(torment.kills)}  zombies {dict(torment.zombies)}"
            )

    async def _check(self) -> Report:
        sent = self.diary.sent()
        write(self.place.root / "sent.jsonl", sent)
        raw = RAW if self.plan.doors else None
        where = Place(self.place.kafka.bootstrap, self.place.dsn, views=self.plan.views, raw=raw)
        words = self.claims.words if self.claims else None
        write_words(self.place.root / "claims.jsonl", words or ())
        report = await check(sent, where, words, self._heard())
        for _ in range(_SECOND_LOOKS):
            if report.ok:
                break
            # Letters between homes may still have been on their way; what is lost stays lost.
            await asyncio.sleep(5)
            report = await check(sent, where, words, self._heard())
        if self.invoices:
            await self.invoices.judge(self.place.dsn)
        if self.claims:
            said = json.loads(
                (await self.place.run_anyhow("verify", "--deep", "--json")).splitlines()[-1]
            )
            self.verify = [
                f"{one['check']} {one['where']}: {one['found']}" for one in said["problems"]
            ]
        return await self.trouble.judged(report) if self.trouble else report

    def _heard(self) -> Webhooks | None:
        return self.audience.heard(self.torment.cut_off) if self.audience else None

    def _figures(self, report: Report) -> dict[str, Any]:
        torment, watch, plan = self.torment, self.watch, self.plan
        held = self.load.sent / self.load.seconds
        limit = self.place.session_timeout_ms / 1000 + SLACK_SECONDS
        counts = (
            all(torment.kills[kind] >= plan.least_kills for kind in plan.kinds)
            and self.applied_at_stop >= LEAST_APPLIED
            and held >= LEAST_RATE * plan.rate
            and (self.trouble is None or self.trouble.counts)
            and (self.claims is None or self.claims.counts)
            and (self.audience is None or self.audience.counts(report.figures))
        )
        at_doors = [one for one in (self.outside, self.invoices, self.claims) if one]
        wrong = [one for visitor in at_doors for one in visitor.wrong]
        kept = report.ok and watch.worst <= limit and not (torment.unrecovered or wrong)
        kept = kept and not self.verify
        return {
            **self._suffered(),
            "sent": self.diary.copies,
            "duplicates_sent": self.diary.duplicates,
            "transactions": self.stranger.transactions,
            "aborted": self.diary.aborted,
            **report.figures,
            "oldest_unapplied_s": round(watch.worst, 2),
            "oldest_unapplied_limit_s": limit,
            "oldest_unapplied_outage_s": round(watch.worst_in_outage, 2),
            "restart_s": {k: round(median(v), 2) for k, v in torment.seconds.items()},
            "ended_unasked": sum(member.unasked for member in self.fleet.members),
            "unrecovered": torment.unrecovered,
            **{name: n for visitor in at_doors for name, n in visitor.figures.items()},
            **(self.trouble.figures if self.trouble else {}),
            "doors_wrong": wrong[:20],
            "verify_wrong": self.verify[:20],
            "rate_held": round(held, 1),
            "seconds": round(self.load.seconds, 1),
            "applied_at_stop": round(self.applied_at_stop, 4),
            "drain_s": self.drain_s,
            "load": [round(each, 2) for each in os.getloadavg()],
            "counts": counts,
            "kept": kept,
            "ok": counts and kept,
        }

    def _suffered(self) -> dict[str, Any]:
        torment = self.torment
        return {
            "kills": torment.kills.total(),
            "kills_by_kind": dict(torment.kills),
            "zombies": torment.zombies.total(),
            "zombies_by_kind": dict(torment.zombies),
            "fences": torment.fences,
            "broker_restarts": torment.broker_restarts,
            "postgres_stops": torment.postgres_stops,
        }


@asynccontextmanager
async def _beside(work: Any) -> AsyncIterator[None]:
    """Run something while the block runs."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception():
            say(f"a watcher ended early: {task.exception()!r}")
