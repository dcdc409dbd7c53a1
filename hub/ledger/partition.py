"""One claimed partition: read, guard, decide, commit, publish, and the second input of due work."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from hub.access.keyring import KeysGoneError
from hub.adapters.kafka import Message, Outlet, Record
from hub.domain.errors import HubError
from hub.ledger import statement, wire
from hub.ledger.batch import Batch
from hub.ledger.claim import STOPPED, Claim, FencedError, fingerprint, open_letter
from hub.ledger.due import due_items, opened
from hub.ledger.engine import Engine
from hub.ledger.entries import messages
from hub.ledger.guard import Guard, Run
from hub.ledger.plan import Plan
from hub.ledger.search import Search, suspects
from hub.ledger.timers import Timers
from hub.sdk.events import Outcome
from hub.sdk.failures import DataRefusedError, DecideAgainError
from schemas.base import Fact

log = structlog.get_logger()

POLL_MS = 200
SETTLE_AFTER = 0.5
"""Seconds after the last commit until an idle partition notes what Kafka has acknowledged since."""
DUE_EVERY = 0.5
"""Seconds between two looks for due items and timers."""
TIMERS = 200
"""Timers a batch: live records wait for no more of them."""


class BreakerTrippedError(HubError):
    """Too many faults of ours; the partition rests before it tries the next event."""


@dataclass(slots=True)
class Partition:
    """The loop of one partition under one claim; it ends by raising, or when the claim is gone."""

    engine: Engine
    claim: Claim
    outlet: Outlet
    generation: int
    search: Search
    posted: int = 0
    """The number of the last letter Kafka has acknowledged."""
    failed: Plan | None = None
    """The plan whose commit failed."""
    _settled: tuple[int, int] = (-1, -1)
    """What the owner row knows of publishing: last seq, last letter."""
    _flight: Plan | None = None
    _commit: asyncio.Task[None] | None = None
    _committed_at: float = 0.0
    _due_at: float = 0.0
    _guard: Guard = field(default_factory=Guard)
    _timers: Timers = field(default_factory=Timers)
    _models: dict[str, type[Fact]] = field(init=False)

    def __post_init__(self) -> None:
        """Know an event's model by its type."""
        self._models = {fact.TYPE: fact for fact in self.engine.processor.consumes}

    @property
    def part(self) -> int:
        """The partition's number."""
        return self.claim.standing.part

    @property
    def epoch(self) -> int:
        """Of its claim."""
        return self.claim.epoch

    @property
    def next_offset(self) -> int:
        """What is to be decided next."""
        return self.claim.standing.next_offset

    @property
    def current(self) -> bool:
        """Whether Kafka still assigns it under the generation it was claimed in."""
        return self.generation == self.engine.feed.generation

    @property
    def _cap(self) -> int:
        return self.search.cap(self.claim.standing.next_offset)

    async def run(self) -> None:
        """Work until the claim is lost."""
        self.claim.standing.poison = self.search.poison
        self.claim.standing.sick_timers = self.search.sick_timers
        if not self.engine.feed.seek(self.part, self.claim.standing.next_offset):
            return
        try:
            while self.current:
                try:
                    await self._turn()
                except (DecideAgainError, DataRefusedError) as error:
                    if not await self._undo(error):
                        raise
        finally:
            if self._commit is not None and not self._commit.done():
                self._commit.cancel()
                await asyncio.wait([self._commit])

    async def _undo(self, error: DecideAgainError | DataRefusedError) -> bool:
        """The statement was rolled back: go back to before it, load and decide again."""
        topic, failed = self.engine.feed.topic, self.failed
        if isinstance(error, DecideAgainError):
            self.engine.metrics.redecided.labels(topic, self.part).inc()
            await asyncio.sleep(self.search.again(failed))
        elif not self.search.narrow(failed, str(error), suspects(self.engine.processor, failed)):
            return False
        else:
            log.warning("batch.refused", topic=topic, partition=self.part, reason=str(error))
        if failed is None:
            return False
        self.claim.standing = failed.before
        self._commit = self._flight = self.failed = None
        self._timers.undone()
        return self.engine.feed.seek(self.part, self.claim.standing.next_offset)

    async def _turn(self) -> None:
        # Where many timers are due, each of their batches is followed by one of live records.
        if self._timers.more or time.monotonic() >= self._due_at:
            await self._landed()
            if time.monotonic() >= self._due_at:
                await self._retry()
            await self._fire()
        wait = 0 if self._commit is not None or self._timers.more else POLL_MS
        records = await self.engine.feed.read(self.part, timeout_ms=wait, limit=self._cap)
        if not self.current:
            return
        if records:
            await self._records(records)
        elif self._commit is not None:
            await self._landed()
        else:
            await self._idle()

    async def _idle(self) -> None:
        plan, position = self._plan(), await self.engine.feed.position(self.part)
        if not self.current:
            return
        hole = await self._guard.end_hole(self.engine.feed, self.part, plan.from_offset, position)
        if hole:
            plan.to_offset += hole
            plan.counts[Outcome.STEPPED_OVER] += hole
        unsettled = self._settled != (self.claim.published, self.posted)
        if hole or (unsettled and time.monotonic() - self._committed_at > SETTLE_AFTER):
            await self._start(plan)

    # The two inputs

    async def _records(self, records: Sequence[Record]) -> None:
        run = await self._guard.contiguous(
            self.engine.feed, self.part, self.claim.standing.next_offset, records
        )
        if run.sought:
            self.engine.metrics.seek_backs.labels(self.engine.feed.topic, self.part).inc()
        if not run.records:
            return
        incoming = [self._read(record.offset, wire.payload_of(record)) for record in run.records]
        batch = self._batch(self._plan())
        await batch.take(incoming)
        await self._finish(batch, run)

    async def _finish(self, batch: Batch, run: Run) -> None:
        plan = batch.plan
        taken = [record for record in run.records if record.offset < plan.to_offset]
        if taken:
            plan.last_offset, plan.last_record = taken[-1].offset, fingerprint(taken[-1])
            plan.oldest_ms = taken[0].timestamp
            plan.counts[Outcome.STEPPED_OVER] += sum(
                n for at, n in run.holes.items() if at < plan.to_offset
            )
            await self._start(plan)
        if batch.faulty:
            await self._landed()
            message = (
                f"{self.engine.feed.topic}[{self.part}] met too many faults before {plan.to_offset}"
            )
            log.error("breaker.opened", topic=self.engine.feed.topic, partition=self.part)
            await self.engine.database.execute(STOPPED, self.engine.feed.topic, self.part, message)
            raise BreakerTrippedError(message)

    async def _retry(self) -> None:
        self._due_at = time.monotonic() + DUE_EVERY
        topic, queues = self.engine.feed.topic, self.claim.standing.queues
        probes = await self.engine.patience.breakers.probes(topic, self.part)
        items = await due_items(
            self.engine.database, topic, self.part, sorted(queues.loose), self._cap, probes
        )
        if items:
            found = await opened(self.engine.database, self.engine.keyring, topic, self.part, items)
            batch = self._batch(self._plan())
            read = [(item, self._read(item.row.offset, payload)) for item, payload in found]
            await batch.retry(read, self._cap)
            if batch.plan.items:
                await self._start(batch.plan)
                # The timers that are looked for next are those that this plan leaves.
                await self._landed()
                self._due_at = 0.0
        queues.forget_empty()

    async def _fire(self) -> None:
        topic, held = self.engine.feed.topic, self.claim.standing.queues.waiting
        limit = min(self._cap, TIMERS)
        timers = await self._timers.due(self.engine.database, topic, self.part, held, limit)
        if not timers:
            return
        batch = self._batch(self._plan())
        left = await batch.fire(timers)
        self._timers.later(timer.home for timer in left)
        for timer, error in batch.timer_failures:
            self.engine.metrics.timer_failures.labels(topic).inc()
            log.error("timer.failed", home=timer.home, name=timer.name, exc_info=error)
        await self._start(batch.plan)

    def _read(self, offset: int, payload: wire.Payload) -> wire.Incoming:
        return wire.read(offset, payload, self._models, self.engine.keyring)

    # Deciding and committing

    def _plan(self) -> Plan:
        standing = self.claim.standing
        here = standing.next_offset
        return Plan(standing.copy(), here, here, standing.seq + 1, standing.seq)

    def _batch(self, plan: Plan) -> Batch:
        ahead = self._flight if self._commit is not None and not self._commit.done() else None
        return self.engine.deciding(self.claim.standing, plan, ahead)

    async def _start(self, plan: Plan) -> None:
        """Begin the commit of a plan once the one before it has landed."""
        await self._landed()
        if not self.current:
            message = f"{self.engine.feed.topic}[{self.part}] was reassigned while deciding"
            raise FencedError(message)
        self._timers.started(plan)
        standing = self.claim.standing
        standing.next_offset, standing.seq = plan.to_offset, plan.seq
        self._flight = plan
        self._commit = asyncio.create_task(self._write(plan))

    async def _landed(self) -> None:
        """Wait for the commit in flight, and raise what it raised."""
        if self._commit is not None:
            try:
                await self._commit
            except HubError:
                self.failed = self._flight
                raise
            self._commit = None
            self._flight = None

    async def _write(self, plan: Plan) -> None:
        engine, claim = self.engine, self.claim
        topic = engine.feed.topic
        settled = (claim.published, self.posted)
        try:
            values = statement.bind(
                engine.processor,
                plan,
                part=self.part,
                epoch=claim.epoch,
                published=claim.published,
                posted=self.posted,
                release=engine.release,
            )
        except Exception as error:
            # A row that cannot even be encoded is data that the store refuses: one event made it.
            raise DataRefusedError("22000", f"{type(error).__name__}: {error}") from error
        # What waits for a breaker is found through the breaker's row, so that stands first.
        await engine.patience.breakers.tell()
        begun = time.perf_counter()
        if not await engine.database.fetchval(engine.sql, *values):
            message = f"{topic}[{self.part}] is no longer ours at epoch {claim.epoch}"
            raise FencedError(message)
        self._settled = settled
        self._committed_at = time.monotonic()
        engine.metrics.batch_seconds.labels(topic).observe(time.perf_counter() - begun)
        engine.waker.wake(plan.wakes)
        engine.observe(plan, self.part)
        await self._publish(plan)

    async def _publish(self, plan: Plan) -> None:
        engine = self.engine
        if plan.seq >= plan.from_seq:
            await self.outlet.send(
                engine.processor.writes.name, self.part, messages(plan.entries, self.claim.epoch)
            )
            self.claim.published = plan.seq
        lanes: dict[tuple[str, int], list[Message]] = {}
        for letter in plan.letters:
            # Of a merchant that was erased meanwhile nothing is sent, and nothing waits for it.
            with suppress(KeysGoneError):
                message = open_letter(engine.keyring, letter.tenant, letter.sealed)
                lanes.setdefault((letter.target_topic, letter.target_part), []).append(message)
        if lanes:
            await self.outlet.send_all(lanes)
        if plan.letters:
            self.posted = plan.letters[-1].n
