"""One member of a consumer group: compares what Kafka assigns with what it owns, and mends the difference."""

import asyncio
import gc
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import structlog

from hub.adapters.kafka import Feed
from hub.ledger.claim import ClaimLostError, FencedError, WorldChangedError
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from hub.telemetry.metrics import Metrics

log = structlog.get_logger()

TURN = 0.1
FENCED_PAUSE = 0.5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
PROGRESS_EVERY = 5.0


class Owned(Protocol):
    """A partition under a claim."""

    @property
    def epoch(self) -> int:
        """Of its claim."""

    @property
    def next_offset(self) -> int:
        """What comes next in it."""

    @property
    def current(self) -> bool:
        """Whether Kafka still assigns it under the generation it was claimed in."""

    async def run(self) -> None:
        """Work until the claim is lost."""


O = TypeVar("O", bound=Owned)  # noqa: E741 - what is owned
Claiming = Callable[[int, int], AbstractAsyncContextManager[O]]
"""Claims a partition in a generation of the group; what it took is ended with the block."""


@dataclass(slots=True)
class Standby:
    """What is remembered of a partition between two claims."""

    not_before: float = 0.0
    pause: float = FIRST_PAUSE
    unclaimed_since: float = field(default_factory=time.monotonic)
    stopped: str = ""


@dataclass(slots=True)
class Member(Generic[O]):
    """Owns the partitions of one topic that Kafka assigns to this process."""

    topic: str
    metrics: Metrics
    rests: Mapping[type[BaseException], float] = field(default_factory=dict)
    """Seconds until a partition is claimed again that ended with such an error; others back off."""
    owned: dict[int, O] = field(default_factory=dict)
    _assigned: bool = False
    _tasks: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)
    _standby: dict[int, Standby] = field(default_factory=dict)
    _reported: set[int] = field(default_factory=set)

    async def run(self, feed: Feed, claiming: Claiming[O]) -> None:
        """Work until cancelled."""
        quieten_collector()
        try:
            # Inside, because a start that is broken off may have joined the group already: a
            # member left behind would hold its partitions and never read them.
            await feed.start()
            await self._reconcile(feed, claiming)
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

    async def _reconcile(self, feed: Feed, claiming: Claiming[O]) -> None:
        told = time.monotonic()
        while True:
            generation, wanted = feed.generation, feed.assignment()
            self._assigned = feed.settled
            for part in list(self._tasks):
                if part not in wanted or self._is_stale(part):
                    await self._forget(part)
                elif self._tasks[part].done():
                    self._mourn(part)
            for part in [p for p in self._standby if p not in wanted]:
                del self._standby[part]
            for part in wanted - self._tasks.keys():
                standby = self._standby.setdefault(part, Standby())
                if time.monotonic() >= standby.not_before:
                    owning = self._own(claiming, part, generation)
                    self._tasks[part] = asyncio.create_task(owning)
            self._report(wanted)
            if time.monotonic() - told > PROGRESS_EVERY:
                told = time.monotonic()
                await self._tell(feed)
            await asyncio.sleep(TURN)

    def _is_stale(self, part: int) -> bool:
        return part in self.owned and not self.owned[part].current

    async def _own(self, claiming: Claiming[O], part: int, generation: int) -> None:
        async with claiming(part, generation) as owned:
            self.owned[part] = owned
            self._standby.pop(part, None)
            self.metrics.claims.labels(self.topic, part).inc()
            log.debug("partition.claimed", topic=self.topic, partition=part, epoch=owned.epoch)
            await owned.run()

    async def _forget(self, part: int) -> None:
        task = self._tasks.pop(part)
        self.owned.pop(part, None)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is not None:
            log.debug("partition.forgotten", partition=part, error=repr(task.exception()))

    def _mourn(self, part: int) -> None:
        """A partition's loop ended by itself: decide when to claim again."""
        task = self._tasks.pop(part)
        # Nobody here has stopped it, and asking a cancelled task for its error would end this one too.
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        standby = self._standby.setdefault(part, Standby())
        if self.owned.pop(part, None) is not None:
            standby.pause = FIRST_PAUSE
        standby.stopped = "" if error is None else str(error)
        standby.not_before = time.monotonic() + self._pause(part, standby, error)

    def _pause(self, part: int, standby: Standby, error: BaseException | None) -> float:
        topic = self.topic
        if error is None:
            return 0.0
        if type(error) in self.rests:
            return self.rests[type(error)]
        match error:
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
        now = time.monotonic()
        # What went to another member meanwhile is neither unclaimed nor stopped here.
        for part in wanted | self._reported:
            standby = self._standby.get(part) if part in wanted else None
            since = 0.0 if standby is None else now - standby.unclaimed_since
            self.metrics.unclaimed_seconds.labels(self.topic, part).set(since)
            stopped = standby is not None and bool(standby.stopped)
            self.metrics.stopped.labels(self.topic, part).set(int(stopped))
        self._reported = set(wanted)

    async def _tell(self, feed: Feed) -> None:
        """Advisory offsets for lag tools; failing to tell them costs nothing."""
        offsets = {part: one.next_offset for part, one in self.owned.items() if one.current}
        if feed.settled and offsets:
            try:
                # Not `wait_for`, which in Python 3.11 may swallow the request to stop.
                async with asyncio.timeout(5):
                    await feed.note_progress(offsets)
            except (BrokerUnavailableError, TimeoutError) as error:
                log.debug("progress.untold", reason=str(error))


def quieten_collector() -> None:
    """Python's collector would walk every live object again and again; ours hardly form cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
