"""A translator: compares what Kafka assigns of a raw topic with what it has claimed, and mends the difference."""

import asyncio
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from hub.access.keyring import Keyring
from hub.access.sources import Sources
from hub.adapters.kafka import Feed, KafkaSettings, Outlet, Peek
from hub.adapters.postgres import Database
from hub.intake.claims import Claimer
from hub.intake.gate import Gate
from hub.intake.lane import Engine, Lane
from hub.intake.meaning import Target
from hub.ledger.claim import ClaimLostError, WorldChangedError
from hub.ledger.partition import FencedError
from hub.ledger.worker import FENCED_PAUSE, FIRST_PAUSE, LONGEST_PAUSE, TURN, quieten_collector
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from hub.telemetry.metrics import Metrics
from schemas.topics import Topic

log = structlog.get_logger()

PROGRESS_EVERY = 5.0


@dataclass(slots=True)
class Standby:
    """What a translator remembers of a partition between two claims."""

    not_before: float = 0.0
    pause: float = FIRST_PAUSE
    unclaimed_since: float = field(default_factory=time.monotonic)
    stopped: str = ""


@dataclass(slots=True)
class Translator:
    """One member of a connector's group."""

    connector: str
    reads: Topic
    targets: Mapping[str, Target]
    """By type of fact."""
    kafka: KafkaSettings
    database: Database
    sources: Sources
    keyring: Keyring
    metrics: Metrics
    batch: int
    name: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")
    _assigned: bool = False
    _lanes: dict[int, Lane] = field(default_factory=dict)
    _tasks: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)
    _standby: dict[int, Standby] = field(default_factory=dict)
    _reported: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """Work until cancelled."""
        quieten_collector()
        feed = Feed(self.kafka, self.reads.name, f"hub.translate.{self.connector}")
        async with Peek(self.kafka) as peek:
            intakes = sorted({target.topic for target in self.targets.values()})
            gates = [Gate(topic, self.database, peek, self.metrics) for topic in intakes]
            engine = Engine(
                self.connector,
                self.database,
                feed,
                peek,
                self.sources,
                self.keyring,
                self.targets,
                gates,
                self.metrics,
                self.batch,
            )
            claimer = Claimer(self.database, peek, self.reads.name, self.name)
            try:
                # Inside, because a start that is broken off may have joined the group already.
                await feed.start()
                await self._reconcile(engine, claimer)
            finally:
                for part in list(self._tasks):
                    await self._forget(part)
                await feed.stop()

    def ready(self) -> tuple[bool, list[str]]:
        """Whether every assigned partition is claimed, and what stands in the way."""
        if not self._assigned:
            return False, ["Kafka has assigned no partition yet"]
        reasons = [
            f"partition {part}: {one.stopped or 'not claimed yet'}"
            for part, one in self._standby.items()
        ]
        return not reasons, reasons

    async def _reconcile(self, engine: Engine, claimer: Claimer) -> None:
        told = time.monotonic()
        while True:
            generation, wanted = engine.feed.generation, engine.feed.assignment()
            self._assigned = engine.feed.settled
            for part in list(self._tasks):
                lane = self._lanes.get(part)
                if part not in wanted or (lane is not None and lane.generation != generation):
                    await self._forget(part)
                elif self._tasks[part].done():
                    self._mourn(part)
            for part in [p for p in self._standby if p not in wanted]:
                del self._standby[part]
            for part in wanted - self._tasks.keys():
                standby = self._standby.setdefault(part, Standby())
                if time.monotonic() >= standby.not_before:
                    owning = self._own(engine, claimer, part, generation)
                    self._tasks[part] = asyncio.create_task(owning)
            self._report(wanted)
            if time.monotonic() - told > PROGRESS_EVERY:
                told = time.monotonic()
                await self._tell(engine.feed)
            await asyncio.sleep(TURN)

    async def _own(self, engine: Engine, claimer: Claimer, part: int, generation: int) -> None:
        claim = await claimer.claim(part)
        lane = self._lanes[part] = Lane(engine, claim, Outlet(self.kafka), generation)
        self._standby.pop(part, None)
        self.metrics.claims.labels(self.reads.name, part).inc()
        log.debug("partition.claimed", topic=self.reads.name, partition=part, epoch=claim.epoch)
        await lane.run()

    async def _forget(self, part: int) -> None:
        task = self._tasks.pop(part)
        self._lanes.pop(part, None)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is not None:
            log.debug("partition.forgotten", partition=part, error=repr(task.exception()))

    def _mourn(self, part: int) -> None:
        """A lane ended by itself: decide when to claim again."""
        error = self._tasks.pop(part).exception()
        standby = self._standby.setdefault(part, Standby())
        if self._lanes.pop(part, None) is not None:
            standby.pause = FIRST_PAUSE
        standby.not_before = time.monotonic() + self._pause(part, standby, error)

    def _pause(self, part: int, standby: Standby, error: BaseException | None) -> float:
        topic = self.reads.name
        standby.stopped = "" if error is None else str(error)
        match error:
            case None:
                return 0.0
            case FencedError() | ClaimLostError():
                self.metrics.fenced.labels(topic, part).inc()
                log.info("batch.fenced", topic=topic, partition=part)
                return FENCED_PAUSE
            case WorldChangedError():
                log.error("partition.stopped", topic=topic, partition=part, reason=str(error))
            case StoreUnavailableError() | BrokerUnavailableError():
                self.metrics.infrastructure.labels(type(error).__name__).inc()
                log.warning("infrastructure.away", topic=topic, partition=part, reason=str(error))
            case _:
                self.metrics.infrastructure.labels("unexpected").inc()
                log.error("partition.failed", topic=topic, partition=part, exc_info=error)
        pause = standby.pause
        standby.pause = min(LONGEST_PAUSE, pause * 2)
        return pause

    def _report(self, wanted: set[int]) -> None:
        now, topic = time.monotonic(), self.reads.name
        # What went to another translator meanwhile is neither unclaimed nor stopped here.
        for part in wanted | self._reported:
            standby = self._standby.get(part) if part in wanted else None
            since = 0.0 if standby is None else now - standby.unclaimed_since
            self.metrics.unclaimed_seconds.labels(topic, part).set(since)
            stopped = standby is not None and bool(standby.stopped)
            self.metrics.stopped.labels(topic, part).set(int(stopped))
        self._reported = set(wanted)

    async def _tell(self, feed: Feed) -> None:
        """Advisory offsets for lag tools; failing to tell them costs nothing."""
        offsets = {part: lane.claim.next_offset for part, lane in self._lanes.items()}
        if feed.settled and offsets:
            try:
                # Not `wait_for`, which in Python 3.11 may swallow the request to stop.
                async with asyncio.timeout(5):
                    await feed.note_progress(offsets)
            except (BrokerUnavailableError, TimeoutError) as error:
                log.debug("progress.untold", reason=str(error))
