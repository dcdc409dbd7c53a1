"""One claimed partition of a raw topic: read, guard, translate, publish, commit; and what is asked again."""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import structlog

from hub.adapters.kafka import Outlet, Record
from hub.intake.again import Again, Piece
from hub.intake.claims import Claim, RawGuard
from hub.intake.meaning import Landed, key_of, read
from hub.intake.rounds import STEPPED_OVER, WRITE, Before, Round
from hub.intake.telling import MARK, marking
from hub.intake.translation import Engine, Translation
from hub.ledger.breakers import Dependency
from hub.ledger.claim import FencedError
from hub.ledger.due import StoredItem
from hub.ledger.items import ItemGone
from hub.ledger.queues import Queues, Turns, stands_behind
from hub.ledger.wire import payload_of
from hub.sdk.failures import DecideAgainError

log = structlog.get_logger()

POLL_MS = 200
FORGET_EVERY = 3600.0
AGAIN_EVERY = 0.5
"""Seconds between two looks for items whose time has come, and for replays."""


@dataclass(slots=True)
class Lane:
    """The loop of one partition under one claim; it ends by raising, or when the claim is gone.

    Events are published before the round is committed: after a crash between the two they are
    published once more, under the same ids. What waits is marked before, so that it is the same then.
    """

    engine: Engine
    claim: Claim
    outlet: Outlet
    generation: int
    queues: Queues
    _guard: RawGuard = field(default_factory=RawGuard)
    _commit: asyncio.Task[None] | None = None
    _again_at: float = 0.0
    _forget_at: float = 0.0

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
        landed = [read(one.offset, payload_of(one), key_of(one)) for one in run.records]
        asking = [one for one in landed if not self.queues.holds(one.key)]
        translation = await self._prepared(landed, asking, fresh=False)
        last = run.records[-1]
        round_ = Round(self.claim.next_offset, last.offset + 1, last=last)
        round_.oldest_ms = run.records[0].timestamp
        round_.counts[STEPPED_OVER] += sum(run.holes.values())
        for one in landed:
            translation.take(round_, one)
        await self._start(round_)

    async def _once_more(self, again: Again) -> None:
        """What waits and whose turn it is, then a piece of a replay where nobody has to wait for it."""
        self._again_at = time.monotonic() + AGAIN_EVERY
        await self._landed()
        probes = await self.engine.patience.breakers.probes(self.engine.feed.topic, self.claim.part)
        loose = sorted(self.queues.loose)
        due = await again.due(self.engine.keyring, loose, self.engine.batch, probes)
        if due:
            await self._due(due, probes)
        self.queues.forget_empty()
        # What became of these is known when the second asks.
        await self._forget()
        if await again.has_replay() and await self._may_add_bulk():
            await self._replay(await again.replay(self.claim.next_offset, self.engine.batch))

    async def _due(
        self, due: Sequence[tuple[StoredItem, Landed]], probes: Sequence[Dependency]
    ) -> None:
        landed = [one for _, one in due]
        asking = [one for item, one in due if not _is_ended(item, one)]
        insist = {
            item.row.offset
            for item, _ in due
            if item.wanted == "redrive" or (item.row.tenant, item.row.dependency) in probes
        }
        translation = await self._prepared(landed, asking, fresh=True, insist=insist)
        round_, turns = Round(self.claim.next_offset, self.claim.next_offset), Turns(self.queues)
        for item, one in due:
            has_come = turns.has_come(item)
            before = Before(item.row.state, item.row.version)
            if one.lacks is not None and not one.lacks.asked:
                # It stays as it is, and is due at the next look.
                continue
            if _is_ended(item, one):
                translation.give_up(round_, one, item.wanted_why or "", before)
            elif has_come and await self._stands_behind(item, one, round_):
                translation.hold(round_, one, before)
            elif has_come:
                translation.take(round_, one, before, item.row.attempt)
                self.engine.patience.answered(item.row, round_.items[item.row.offset])
            self._leave(round_, item, turns)
        if round_.items:
            await self._settle(round_)

    async def _stands_behind(self, item: StoredItem, landed: Landed, round_: Round) -> bool:
        """Whether a record that waited alone has to wait behind earlier ones of its key."""
        if item.row.home is not None or not self.queues.holds(landed.key):
            return False
        place = (self.engine.feed.topic, self.claim.part, landed.key, landed.offset)
        return await stands_behind(self.engine.database, *place, round_.items)

    async def _prepared(
        self,
        landed: Sequence[Landed],
        asking: Sequence[Landed],
        *,
        fresh: bool,
        insist: Collection[int] = (),
    ) -> Translation:
        part, queues = self.claim.part, self.queues
        return await Translation.prepared(
            self.engine, part, queues, landed, asking, fresh=fresh, insist=insist
        )

    def _leave(self, round_: Round, item: StoredItem, turns: Turns) -> None:
        """Let what stands behind an item go on, where it no longer stands there."""
        left = round_.items.get(item.row.offset)
        if left is None:
            return
        makes_way = isinstance(left, ItemGone) or left.home is None
        if makes_way and item.row.home is not None:
            self.queues.leave(item.row.home)
        if turns.has_come(item):
            turns.end(item, makes_way=makes_way)

    async def _replay(self, piece: Piece) -> None:
        here = self.claim.next_offset
        translation = await self._prepared(piece.landed, piece.landed, fresh=True)
        round_ = Round(here, here, replayed=piece.replayed)
        for one in piece.landed:
            translation.take(round_, one, piece.before[one.offset])
        await self._settle(round_)

    async def _settle(self, round_: Round) -> None:
        """Commit at once, and look again for more of the same."""
        await self._start(round_)
        await self._landed()
        self._again_at = 0

    async def _forget(self) -> None:
        """Now and then, delete what was fetched for records that are gone."""
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + FORGET_EVERY
            first, _ = await self.engine.feed.bounds(self.claim.part)
            await self.engine.enricher.forget(self.claim.part, first)

    async def _may_add_bulk(self) -> bool:
        return all([await gate.is_open() for gate in self.engine.gates])

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
        # What waits for a breaker is found through the breaker's row, so that stands first.
        await engine.patience.breakers.tell()
        if round_.telling:
            place = (topic, claim.part, claim.epoch, round_.from_offset)
            await self._written(MARK, (*place, *marking(round_.telling)))
        if round_.lanes:
            await self.outlet.send_all(round_.lanes)
        values = tuple(round_.values(topic, claim.part, claim.epoch, engine.release))
        begun = time.perf_counter()
        await self._written(WRITE, values)
        metrics = engine.metrics
        metrics.batch_seconds.labels(topic).observe(time.perf_counter() - begun)
        metrics.raw_events.labels(topic).inc(round_.events)
        for outcome, count in round_.counts.items():
            if count > 0:
                metrics.raw_records.labels(topic, outcome).inc(count)
        if round_.oldest_ms is not None:
            age = time.time() - round_.oldest_ms / 1000
            metrics.event_age.labels("translated").observe(max(0.0, age))

    async def _written(self, sql: str, values: Sequence[object]) -> None:
        topic, claim = self.engine.feed.topic, self.claim
        try:
            is_ours = await self.engine.database.fetchval(sql, *values)
        except DecideAgainError:
            # A person touched an item meanwhile: under a new claim everything is read again.
            self.engine.metrics.redecided.labels(topic, claim.part).inc()
            raise
        if not is_ours:
            message = f"{topic}[{claim.part}] is no longer ours at epoch {claim.epoch}"
            raise FencedError(message)


def _is_ended(item: StoredItem, landed: Landed) -> bool:
    """Whether a person's end of it counts: what may have been told is told again instead, if it can be."""
    return item.wanted == "give_up" and (not item.telling or landed.payload.value is None)
