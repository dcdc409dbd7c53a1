"""One claimed partition of a raw topic: read, guard, translate, publish, commit; and what is asked again."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from hub.access.keyring import Keyring
from hub.access.sources import Source, Sources
from hub.adapters.kafka import Feed, Outlet, Peek, Record
from hub.adapters.postgres import Database
from hub.intake.again import Again, Piece
from hub.intake.claims import Claim, RawGuard
from hub.intake.gate import Gate
from hub.intake.meaning import Landed, Target, read, translate
from hub.intake.rounds import STEPPED_OVER, WRITE, Round
from hub.ledger.claim import FencedError
from hub.ledger.wire import payload_of
from hub.telemetry.metrics import Metrics

log = structlog.get_logger()

POLL_MS = 200
AGAIN_EVERY = 0.5
"""Seconds between two looks for parked records and replays."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What every lane of a translator shares."""

    connector: str
    database: Database
    feed: Feed
    peek: Peek
    """Reads what is replayed."""
    sources: Sources
    keyring: Keyring
    targets: Mapping[str, Target]
    gates: Sequence[Gate]
    metrics: Metrics
    batch: int


@dataclass(slots=True)
class Lane:
    """The loop of one partition under one claim; it ends by raising, or when the claim is gone.

    Events are published before the round is committed: after a crash between the two they are
    published once more, under the same ids.
    """

    engine: Engine
    claim: Claim
    outlet: Outlet
    generation: int
    _guard: RawGuard = field(default_factory=RawGuard)
    _commit: asyncio.Task[None] | None = None
    _again_at: float = 0.0

    @property
    def epoch(self) -> int:
        """Of its claim."""
        return self.claim.epoch

    @property
    def next_offset(self) -> int:
        """What is to be translated next."""
        return self.claim.next_offset

    @property
    def current(self) -> bool:
        """Whether Kafka still assigns it under the generation it was claimed in."""
        return self.generation == self.engine.feed.generation

    async def run(self) -> None:
        """Work until the claim is lost."""
        if not self.engine.feed.seek(self.claim.part, self.claim.next_offset):
            return
        again = Again(
            self.engine.database, self.engine.peek, self.engine.feed.topic, self.claim.part
        )
        try:
            while self.current:
                if time.monotonic() >= self._again_at:
                    await self._once_more(again)
                await self._turn()
        finally:
            if self._commit is not None and not self._commit.done():
                self._commit.cancel()
                await asyncio.wait([self._commit])

    async def _turn(self) -> None:
        feed, part = self.engine.feed, self.claim.part
        wait = 0 if self._commit is not None or self._again_at == 0 else POLL_MS
        records = await feed.read(part, timeout_ms=wait, limit=self.engine.batch)
        if not self.current:
            return
        if records:
            await self._records(records)
        elif self._commit is not None:
            await self._landed()
        else:
            await self._idle()

    async def _idle(self) -> None:
        feed, part, here = self.engine.feed, self.claim.part, self.claim.next_offset
        position = await feed.position(part)
        if not self.current:
            return
        if hole := await self._guard.end_hole(feed, part, here, position):
            round_ = Round(here, here + hole)
            round_.counts[STEPPED_OVER] += hole
            await self._start(round_)

    # The two inputs

    async def _records(self, records: Sequence[Record]) -> None:
        feed, part = self.engine.feed, self.claim.part
        run = await self._guard.contiguous(feed, part, self.claim.next_offset, records)
        if run.sought:
            self.engine.metrics.seek_backs.labels(feed.topic, part).inc()
        if not run.records:
            return
        landed = [read(record.offset, payload_of(record)) for record in run.records]
        sources = await self._sources(landed, fresh=False)
        last = run.records[-1]
        round_ = Round(self.claim.next_offset, last.offset + 1, last=last)
        round_.oldest_ms = run.records[0].timestamp
        round_.counts[STEPPED_OVER] += sum(run.holes.values())
        for one in landed:
            self._take(round_, one, sources)
        await self._start(round_)

    async def _once_more(self, again: Again) -> None:
        """Parked records that are wanted, then a piece of a replay where nobody has to wait for it."""
        self._again_at = time.monotonic() + AGAIN_EVERY
        await self._landed()
        await self._piece(await again.wanted(self.engine.keyring, self.engine.batch))
        # What the first piece settled is no longer parked when the second asks.
        if await again.has_replay() and await self._may_add_bulk():
            await self._piece(await again.replay(self.claim.next_offset, self.engine.batch))

    async def _piece(self, piece: Piece | None) -> None:
        if piece is None:
            return
        here = self.claim.next_offset
        sources = await self._sources(piece.landed, fresh=True)
        round_ = Round(here, here, replayed=piece.replayed)
        for one in piece.landed:
            if one.offset in piece.given_up:
                round_.give_up(one, piece.given_up[one.offset], self._of(one, sources))
            else:
                self._take(round_, one, sources, piece.before[one.offset])
        await self._start(round_)
        await self._landed()
        self._again_at = 0

    async def _may_add_bulk(self) -> bool:
        return all([await gate.is_open() for gate in self.engine.gates])

    def _take(
        self,
        round_: Round,
        landed: Landed,
        sources: Mapping[tuple[str, str], Source | None],
        before: str = "",
    ) -> None:
        engine, source = self.engine, self._of(landed, sources)
        meaning = translate(landed, source, engine.connector, engine.targets)
        if meaning.error:
            log.error(
                "record.failed", topic=engine.feed.topic, offset=landed.offset, why=meaning.reason
            )
        round_.take(landed, meaning, source, engine.keyring, before)

    def _of(
        self, landed: Landed, sources: Mapping[tuple[str, str], Source | None]
    ) -> Source | None:
        return sources[landed.tenant, landed.source] if landed.envelope else None

    async def _sources(
        self, landed: Iterable[Landed], *, fresh: bool
    ) -> dict[tuple[str, str], Source | None]:
        names = {(one.tenant, one.source) for one in landed if one.envelope}
        get = self.engine.sources.get
        return {name: await get(*name, fresh=fresh) for name in names}

    # Publishing and committing

    async def _start(self, round_: Round) -> None:
        """Begin to publish and commit a round once the one before it is committed."""
        await self._landed()
        if not self.current:
            message = (
                f"{self.engine.feed.topic}[{self.claim.part}] was reassigned while translating"
            )
            raise FencedError(message)
        self.claim.next_offset = round_.to_offset
        self._commit = asyncio.create_task(self._write(round_))

    async def _landed(self) -> None:
        """Wait for the round in flight, and raise what it raised."""
        if self._commit is not None:
            await self._commit
            self._commit = None

    async def _write(self, round_: Round) -> None:
        engine, claim = self.engine, self.claim
        topic = engine.feed.topic
        if round_.lanes:
            await self.outlet.send_all(round_.lanes)
        values = round_.values(topic, claim.part, claim.epoch)
        begun = time.perf_counter()
        if not await engine.database.fetchval(WRITE, *values):
            message = f"{topic}[{claim.part}] is no longer ours at epoch {claim.epoch}"
            raise FencedError(message)
        metrics = engine.metrics
        metrics.batch_seconds.labels(topic).observe(time.perf_counter() - begun)
        metrics.raw_events.labels(topic).inc(round_.events)
        for outcome, count in round_.counts.items():
            if count > 0:
                metrics.raw_records.labels(topic, outcome).inc(count)
        if round_.oldest_ms is not None:
            age = time.time() - round_.oldest_ms / 1000
            metrics.event_age.labels("translated").observe(max(0.0, age))
