"""The process that delivers: it claims what is due, makes many attempts at once, and writes how each ended.

Any number of such processes may run. Nothing is decided in memory: what one leaves behind, killed in the
middle, another finds due once the attempt counts as lost, and sends it again under the same id.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from hub.access.keyring import Keyring, SealError
from hub.adapters.postgres import Database
from hub.delivery.destinations import Destination, Parcel, Receiver
from hub.delivery.health import Health
from hub.delivery.queue import SLACK_SECONDS, Claimed, Ended, Queue
from hub.delivery.receivers import Receivers
from hub.delivery.schedule import Answer
from hub.delivery.verdict import Verdict, heard, verdict
from hub.sdk.failures import DecideAgainError, StoreUnavailableError
from hub.telemetry.metrics import Metrics

IDLE_SECONDS = 0.05
"""Between two looks for what has come due, where no attempt's end makes room before."""
GATHER_SECONDS = 0.002
"""Ends of attempts are written together that come within so long."""
GRACE_SECONDS = 5.0
"""For attempts that are on their way when the process is asked to stop."""
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0)
MOST_CLAIMED = 128
SHARE = 4
"""A process keeps room for others beside an endpoint that answers slowly: it gets one part of so many."""
AWAY = (StoreUnavailableError, DecideAgainError)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Dispatcher:
    """One process's worth of attempts."""

    database: Database
    keyring: Keyring
    destinations: Mapping[str, Destination]
    metrics: Metrics
    scale: float = 1.0
    """Of every pause; 1 but for trials."""
    at_once: int = 256
    queue: Queue = field(init=False)
    receivers: Receivers = field(init=False)
    health: Health = field(init=False)
    _running: set["asyncio.Task[None]"] = field(default_factory=set)
    _verdicts: list[Verdict] = field(default_factory=list)
    _has_ended: asyncio.Event = field(default_factory=asyncio.Event)
    _has_room: asyncio.Event = field(default_factory=asyncio.Event)
    _away: str = ""

    def __post_init__(self) -> None:
        """Build what belongs to it."""
        self.queue = Queue(self.database, self.scale, max(1, self.at_once // SHARE))
        self.receivers = Receivers(self.database, self.keyring)
        self.health = Health(self.database, self.scale)

    def ready(self) -> tuple[bool, list[str]]:
        """Whether Postgres takes what it is told."""
        return not self._away, [self._away] if self._away else []

    async def run(self) -> None:
        """Deliver until cancelled; then end what is on its way, for a while."""
        writing = asyncio.create_task(self._write_for_ever())
        try:
            while True:
                self._has_room.clear()
                if not await self._turn():
                    await self._rest()
                if writing.done():
                    writing.result()
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=GRACE_SECONDS)
            writing.cancel()
            await asyncio.wait([writing])
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            await self._write_once(GRACE_SECONDS)

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_SECONDS):
                await self._has_room.wait()

    async def _turn(self) -> bool:
        """Claim what there is room for, and begin; whether there is room and more may be due."""
        room = min(MOST_CLAIMED, self.at_once - len(self._running))
        if room <= 0:
            return False
        # Their leases begin within the claim: of what it gave we may hear much later.
        until = time.monotonic() + SLACK_SECONDS
        try:
            claimed = await self.queue.claim(room)
        except AWAY as error:
            await self._wait_out(error, 1)
            return False
        self._away = ""
        for one in claimed:
            task = asyncio.create_task(self._deliver(one, until))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(claimed) == room

    async def _deliver(self, claimed: Claimed, until: float) -> None:
        try:
            receiver = await self.receivers.get(claimed.endpoint, claimed.version)
        except AWAY:
            return  # it counts as lost after a while, and nothing was sent
        except SealError as error:
            answer = Answer("secret_unreadable", str(error))
            self._end(verdict(claimed, answer, 0.0, self.scale))
            return
        if time.monotonic() > until:
            # This process stood still; whoever has it by now would send it beside us.
            return
        began = time.monotonic()
        answer = await self._asked(receiver, claimed)
        took = time.monotonic() - began
        found = verdict(claimed, answer, took, self.scale)
        self.metrics.delivery_attempts.labels(receiver.kind, found.fate).inc()
        self.metrics.delivery_seconds.labels(receiver.kind).observe(took)
        self._end(found)

    def _end(self, found: Verdict) -> None:
        self._verdicts.append(found)
        self._has_ended.set()

    async def _asked(self, receiver: Receiver, claimed: Claimed) -> Answer:
        destination = self.destinations.get(receiver.kind)
        if destination is None:
            return Answer("no_destination", f"this release cannot deliver to {receiver.kind!r}")
        parcel = Parcel(
            claimed.seq, claimed.attempt, claimed.event, claimed.body, claimed.traceparent
        )
        try:
            return await destination.send(receiver, parcel)
        except Exception as error:
            # A fault of ours meets one attempt, not the process.
            log.exception("delivery.failed", delivery=claimed.seq)
            return Answer("fault", f"a fault of the hub's own: {type(error).__name__}")

    async def _write_for_ever(self) -> None:
        failed = 0
        while True:
            await self._has_ended.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._has_ended.clear()
            try:
                await self._write()
                failed = 0
            except AWAY as error:
                failed += 1
                self._has_ended.set()
                await self._wait_out(error, failed)

    async def _write_once(self, seconds: float) -> None:
        """At the end; what cannot be written counts as lost, and comes again."""
        try:
            async with asyncio.timeout(seconds):
                await self._write()
        except (*AWAY, TimeoutError) as error:
            log.warning("delivery.unwritten", count=len(self._verdicts), reason=str(error))

    async def _write(self) -> None:
        """Write the ends that there are; they are kept until they stand in Postgres."""
        batch = list(self._verdicts)
        if not batch:
            return
        # First, or what waits there would be claimed once more in between.
        await self.health.retire(
            {(one.endpoint, one.version) for one in batch if one.fate == "gone"}
        )
        ended: list[Ended] = [one.ended for one in batch]
        await self.queue.finish(ended)
        standing = await self.queue.pace(heard(batch))
        del self._verdicts[: len(batch)]
        self._has_room.set()
        await self.health.look(standing)

    async def _wait_out(self, error: Exception, failed: int) -> None:
        self._away = str(error)
        self.metrics.infrastructure.labels(type(error).__name__).inc()
        log.warning("dispatcher.waited", reason=str(error))
        await asyncio.sleep(BACKOFF_SECONDS[min(failed, len(BACKOFF_SECONDS)) - 1])
