"""A model of items that has no batches, and the engine's own parts driven by hand beside it."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.access.keyring import Keyring
from hub.adapters.postgres import Database
from hub.ledger import statement, wire
from hub.ledger.batch import Batch
from hub.ledger.breakers import Breakers
from hub.ledger.due import due_items, opened
from hub.ledger.lookups import Lookups
from hub.ledger.outside import Nobody
from hub.ledger.patience import Patience
from hub.ledger.plan import Plan
from hub.ledger.queues import Queues
from hub.ledger.standing import Standing
from hub.sdk.processor import Processor
from tests.ledger.counter import Counted, World
from tests.ledger.driver import told

OWNER = """
insert into partition_owner
  (topic, part, epoch, first_offset, next_offset, seq, published_seq, partition_count, code_version)
values ($1, 0, 1, 0, 0, 0, 0, 1, 1)"""
AT_ONCE = """
update item set due_at = case when due_at is not null then clock_timestamp() end,
                wanted_at = case when wanted_at is not null then clock_timestamp() end
 where topic = $1"""
AN_HOUR = (3600.0,) * 50
"""Nothing is due again before the story says so, and no attempt is the last."""


@dataclass(slots=True)
class Told:
    """An event of a story: it may be early, need something outside, or code that may be broken."""

    offset: int
    id: str
    key: str
    needs: str = ""
    at_least: int = 0
    state: str = ""
    wanted: str = ""
    on_hold: bool = False

    @property
    def fact(self) -> Counted:
        """What it says."""
        return Counted(key=self.key, needs=self.needs, at_least=self.at_least)


@dataclass(slots=True)
class Model:
    """What should happen, one event at a time."""

    world: World
    applied: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    queues: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    early: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))

    def items(self) -> Iterator[Told]:
        """Whatever waits for an attempt or a person, key by key."""
        for queue in self.queues.values():
            yield from queue

    def front(self) -> list[Told]:
        """The items that wait behind no other."""
        return [queue[0] for queue in self.queues.values() if queue]

    def take(self, event: Told) -> None:
        queue = self.queues[event.key]
        if queue:
            event.state = "held"
        if queue or not self._leaves(event):
            queue.append(event)

    def try_again(self) -> None:
        for queue in self.queues.values():
            front = queue[0] if queue else None
            asked = front is not None and (
                front.wanted == "redrive" or (front.state == "retrying" and not front.on_hold)
            )
            while front is not None and (
                front.wanted == "give_up" or (asked and not front.on_hold and self._leaves(front))
            ):
                queue.remove(front)
                # What had been early may have failed just now, and is in front.
                asked = not queue or queue[0].offset > front.offset
                front = queue[0] if queue else None
            queue[:] = [event for event in queue if event.wanted != "give_up"]

    def _leaves(self, event: Told) -> bool:
        """Whether it is applied or early now; else it stays, or becomes, an item."""
        event.wanted = ""
        if len(self.applied[event.key]) < event.at_least:
            self.early[event.key].append(event)
        elif self._fails(event):
            return False
        else:
            self.applied[event.key].append(event.id)
            self._try_early(event.key)
        return True

    def _fails(self, event: Told) -> bool:
        if event.needs in self.world.away:
            event.state = "retrying"
        elif event.needs in self.world.broken:
            event.state = "dead_lettered"
        else:
            return False
        return True

    def _try_early(self, key: str) -> None:
        """Again and again while one of them moves; one that fails is in front of whatever waits."""
        waiting, before = self.early[key], -1
        while before != len(waiting):
            before = len(waiting)
            for event in list(waiting):
                if len(self.applied[key]) < event.at_least:
                    continue
                waiting.remove(event)
                if self._fails(event):
                    self.queues[key].insert(0, event)
                    return
                self.applied[key].append(event.id)


def in_sequence(events: Sequence[Told]) -> dict[str, list[str]]:
    """What each key comes to where nothing ever fails."""
    oracle = Model(World())
    for event in events:
        oracle.take(Told(event.offset, event.id, event.key, at_least=event.at_least))
    return oracle.applied


@dataclass(slots=True)
class Engine:
    """The engine's own parts on a real database, driven by hand."""

    database: Database
    processor: Processor[Any]
    keyring: Keyring
    rng: random.Random
    standing: Standing = field(default_factory=lambda: Standing(0, 1, 0, 0, 0))

    async def take(self, events: Sequence[Told]) -> None:
        incoming = []
        for event in events:
            record = told(event.id, event.fact)
            payload = wire.Payload(record.headers, record.value, datetime.now(UTC))
            incoming.append(self._read(event.offset, payload))
        batch = self._batch()
        await batch.take(incoming)
        await self._commit(batch.plan)

    async def try_again(self) -> None:
        topic = self.processor.reads.name
        await self.database.execute(AT_ONCE, topic)
        while True:
            limit = self.rng.choice((1, 2, 3, 100))
            loose = sorted(self.standing.queues.loose)
            items = await due_items(self.database, topic, 0, loose, limit)
            pairs = await opened(self.database, self.keyring, topic, 0, items)
            batch = self._batch()
            read = [(item, self._read(item.row.offset, body)) for item, body in pairs]
            await batch.retry(read, len(read))
            if not batch.plan.items:
                return
            await self._commit(batch.plan)

    async def claim_again(self) -> None:
        """Know no more than a new owner would."""
        topic = self.processor.reads.name
        owner = await self.database.fetchrow(
            "select next_offset, seq from partition_owner where topic = $1", topic
        )
        self.standing = Standing(0, 1, owner["seq"], owner["next_offset"], 0)
        self.standing.letter = await self.database.fetchval(
            "select coalesce(max(n), 0) from letter where topic = $1", topic
        )
        self.standing.queues = await Queues.load(self.database, topic, 0)

    def _read(self, offset: int, payload: wire.Payload) -> wire.Incoming:
        models = {fact.TYPE: fact for fact in self.processor.consumes}
        return wire.read(offset, payload, models, self.keyring)

    def _batch(self) -> Batch:
        here, seq = self.standing.next_offset, self.standing.seq
        plan = Plan(self.standing.copy(), here, here, seq + 1, seq)
        lookups = Lookups(self.database, self.processor, plan, None)
        patience = Patience(Breakers(self.database), AN_HOUR)
        return Batch(self.processor, self.keyring, lookups, self.standing, plan, patience, Nobody())

    async def _commit(self, plan: Plan) -> None:
        values = statement.bind(self.processor, plan, part=0, epoch=1, published=0, posted=0)
        assert await self.database.fetchval(statement.build(self.processor), *values) == 1
        self.standing.next_offset, self.standing.seq = plan.to_offset, plan.seq
