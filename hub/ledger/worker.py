"""A worker: compares what Kafka assigns with what it has claimed, and mends the difference."""

import asyncio
import gc
import os
import socket
import time
from dataclasses import dataclass, field
from typing import Any

import structlog

from hub.access.keyring import Keyring
from hub.adapters.kafka import Feed, KafkaSettings, Outlet, Peek
from hub.adapters.postgres import Database
from hub.ledger import statement
from hub.ledger.claim import Claimer, ClaimLostError, WorldChangedError
from hub.ledger.partition import BreakerTrippedError, Engine, FencedError, Partition
from hub.ledger.replies import Waker
from hub.ledger.search import Search
from hub.sdk.failures import (
    BrokerUnavailableError,
    DecideAgainError,
    StoreUnavailableError,
)
from hub.sdk.processor import Processor
from hub.telemetry.metrics import Metrics

log = structlog.get_logger()

TURN = 0.1
FENCED_PAUSE = 0.5
BREAKER_PAUSE = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
PROGRESS_EVERY = 5.0


@dataclass(slots=True)
class Standby:
    """What a worker remembers of a partition between two claims."""

    search: Search
    not_before: float = 0.0
    pause: float = FIRST_PAUSE
    faults: int = 0
    unclaimed_since: float = field(default_factory=time.monotonic)
    stopped: str = ""


@dataclass(slots=True)
class Worker:
    """One member of a processor's group."""

    processor: Processor[Any]
    kafka: KafkaSettings
    database: Database
    keyring: Keyring
    metrics: Metrics
    batch: int
    name: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")
    breaker_pause: float = BREAKER_PAUSE
    """Seconds until a stopped partition tries the event that tripped its breaker again."""
    _assigned: bool = False
    _partitions: dict[int, Partition] = field(default_factory=dict)
    _tasks: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)
    _standby: dict[int, Standby] = field(default_factory=dict)
    _reported: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """Work until cancelled."""
        quieten_collector()
        feed = Feed(self.kafka, self.processor.reads.name, f"hub.{self.processor.name}")
        sql = statement.build(self.processor)
        waker = Waker(self.kafka)
        engine = Engine(
            self.processor, self.database, feed, self.keyring, self.metrics, waker, self.batch, sql
        )
        async with Peek(self.kafka) as peek:
            waking = asyncio.create_task(waker.run())
            claimer = Claimer(self.database, peek, self.processor, self.keyring, self.name)
            try:
                # Inside, because a start that is broken off may have joined the group already: a
                # member left behind would hold its partitions and never read them.
                await feed.start()
                await self._reconcile(engine, claimer)
            finally:
                for part in list(self._tasks):
                    await self._forget(part)
                waking.cancel()
                await asyncio.wait([waking])
                await feed.stop()

    def ready(self) -> tuple[bool, list[str]]:
        """Whether every assigned partition is claimed, and what stands in the way."""
        if not self._assigned:
            return False, ["Kafka has assigned no partition yet"]
        reasons = [
            f"partition {part}: {s.stopped or 'not claimed yet'}"
            for part, s in self._standby.items()
        ]
        return not reasons, reasons

    async def _reconcile(self, engine: Engine, claimer: Claimer) -> None:
        told = time.monotonic()
        searches: dict[int, Search] = {}
        while True:
            generation, wanted = engine.feed.generation, engine.feed.assignment()
            self._assigned = engine.feed.settled
            for part in list(self._tasks):
                if part not in wanted or self._stale(part, generation):
                    await self._forget(part)
                elif self._tasks[part].done():
                    self._mourn(part)
            for part in [p for p in self._standby if p not in wanted]:
                del self._standby[part]
            for part in wanted - self._tasks.keys():
                search = searches.setdefault(part, Search(self.batch))
                standby = self._standby.setdefault(part, Standby(search))
                if time.monotonic() >= standby.not_before:
                    self._tasks[part] = asyncio.create_task(
                        self._own(engine, claimer, part, generation, standby)
                    )
            self._report(engine, wanted)
            if time.monotonic() - told > PROGRESS_EVERY:
                told = time.monotonic()
                await self._tell(engine)
            await asyncio.sleep(TURN)

    def _stale(self, part: int, generation: int) -> bool:
        partition = self._partitions.get(part)
        return partition is not None and partition.generation != generation

    async def _own(
        self, engine: Engine, claimer: Claimer, part: int, generation: int, standby: Standby
    ) -> None:
        claim = await claimer.claim(part, engine.feed.partition_count())
        if claim.went_back:
            self.metrics.went_back.labels(engine.feed.topic, part).inc()
            log.error(
                "postgres.went_back",
                topic=engine.feed.topic,
                partition=part,
                seq=claim.standing.seq,
            )
        outlet = Outlet(self.kafka)
        try:
            claim.standing.letter = await claimer.catch_up(claim, outlet)
            claim.standing.faults = standby.faults
            partition = Partition(engine, claim, outlet, generation, standby.search)
            partition.posted = claim.standing.letter
            self._partitions[part] = partition
            self._standby.pop(part, None)
            self.metrics.claims.labels(engine.feed.topic, part).inc()
            log.debug(
                "partition.claimed", topic=engine.feed.topic, partition=part, epoch=claim.epoch
            )
            await partition.run()
        finally:
            await outlet.stop()

    async def _forget(self, part: int) -> None:
        task = self._tasks.pop(part)
        self._partitions.pop(part, None)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is not None:
            log.debug("partition.forgotten", partition=part, error=repr(task.exception()))

    def _mourn(self, part: int) -> None:
        """A partition's loop ended by itself: decide when to claim again."""
        task = self._tasks.pop(part)
        partition = self._partitions.pop(part, None)
        error = task.exception()
        standby = self._standby.setdefault(
            part, Standby(partition.search if partition else Search(self.batch))
        )
        if partition is not None:
            standby.faults = partition.claim.standing.faults
            standby.pause = FIRST_PAUSE
        standby.not_before = time.monotonic() + self._pause(part, standby, error)

    def _pause(self, part: int, standby: Standby, error: BaseException | None) -> float:
        topic = self.processor.reads.name
        standby.stopped = "" if error is None else str(error)
        match error:
            case None:
                return 0.0
            case DecideAgainError():
                return 0.0
            case FencedError() | ClaimLostError():
                self.metrics.fenced.labels(topic, part).inc()
                log.info("batch.fenced", topic=topic, partition=part)
                return FENCED_PAUSE
            case BreakerTrippedError():
                log.error("breaker.opened", topic=topic, partition=part, reason=str(error))
                return self.breaker_pause
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

    def _report(self, engine: Engine, wanted: set[int]) -> None:
        now = time.monotonic()
        # What went to another worker meanwhile is neither unclaimed nor stopped here.
        for part in wanted | self._reported:
            standby = self._standby.get(part) if part in wanted else None
            since = 0.0 if standby is None else now - standby.unclaimed_since
            self.metrics.unclaimed_seconds.labels(engine.feed.topic, part).set(since)
            stopped = standby is not None and bool(standby.stopped)
            self.metrics.stopped.labels(engine.feed.topic, part).set(int(stopped))
        self._reported = set(wanted)

    async def _tell(self, engine: Engine) -> None:
        """Advisory offsets for lag tools; failing to tell them costs nothing."""
        if not engine.feed.settled:
            return
        offsets = {
            part: p.claim.standing.next_offset for part, p in self._partitions.items() if p.current
        }
        if offsets:
            try:
                # Not `wait_for`, which in Python 3.11 may swallow the request to stop.
                async with asyncio.timeout(5):
                    await engine.feed.note_progress(offsets)
            except (BrokerUnavailableError, TimeoutError) as error:
                log.debug("progress.untold", reason=str(error))


def quieten_collector() -> None:
    """Python's collector would walk every live object again and again; ours hardly form cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
