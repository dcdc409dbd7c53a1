"""Random stories of failures, redrives and give-ups, compared with a model that has no batches.

Everything real but Kafka: batches are decided and committed by the engine's own parts.
"""

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from hub.access.keyring import Keyring
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database, connect
from hub.ledger import statement, wire
from hub.ledger.batch import Batch
from hub.ledger.claim import Claimer
from hub.ledger.due import due_items
from hub.ledger.lookups import Lookups
from hub.ledger.plan import Plan
from hub.ledger.standing import Standing
from hub.sdk.events import Outcome
from hub.sdk.processor import Processor
from tests.ledger.counter import Counted, World, counter, home_of
from tests.ledger.driver import told

pytestmark = pytest.mark.servers

STORIES, STEPS = 100, 14
OWNER = """
insert into partition_owner
  (topic, part, epoch, first_offset, next_offset, seq, published_seq, partition_count, code_version)
values ($1, 0, 1, 0, 0, 0, 0, 1, 1)"""


@dataclass(slots=True)
class Told:
    """An event of a story: it may need something outside, or code that may be broken."""

    id: str
    key: str
    needs: str
    state: str = ""
    wanted: str = ""


@dataclass(slots=True)
class Model:
    """What should happen, one event at a time."""

    world: World
    applied: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    queues: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))

    def take(self, event: Told) -> None:
        queue = self.queues[event.key]
        if queue:
            event.state = "held"
            queue.append(event)
        elif not self.applies(event):
            queue.append(event)

    def applies(self, event: Told) -> bool:
        event.wanted = ""
        if event.needs in self.world.away:
            event.state = "retrying"
        elif event.needs in self.world.broken:
            event.state = "dead_lettered"
        else:
            self.applied[event.key].append(event.id)
            return True
        return False

    def try_again(self) -> None:
        for queue in self.queues.values():
            asked = bool(queue) and (queue[0].state == "retrying" or queue[0].wanted == "redrive")
            while queue:
                head = queue[0]
                if head.wanted != "give_up" and not (asked and self.applies(head)):
                    break
                queue.pop(0)
                asked = True
            queue[:] = [event for event in queue if event.wanted != "give_up"]


@dataclass(slots=True)
class Engine:
    """The engine's own parts on a real database, driven by hand."""

    database: Database
    processor: Processor[Any]
    keyring: Keyring
    rng: random.Random
    standing: Standing = field(default_factory=lambda: Standing(0, 1, 0, 0, 0))

    async def take(self, events: list[Told]) -> None:
        models = {fact.TYPE: fact for fact in self.processor.consumes}
        incoming = []
        for n, event in enumerate(events, self.standing.next_offset):
            record = told(event.id, Counted(key=event.key, needs=event.needs))
            payload = wire.Payload(record.headers, record.value, datetime.now(UTC))
            incoming.append(wire.read(n, payload, models, self.keyring))
        batch = self._batch()
        await batch.take(incoming)
        await self._commit(batch.plan)

    async def try_again(self) -> None:
        topic = self.processor.reads.name
        await self.database.execute(
            "update item set due_at = clock_timestamp() where topic = $1 and due_at is not null",
            topic,
        )
        models = {fact.TYPE: fact for fact in self.processor.consumes}
        while True:
            limit = self.rng.choice((1, 2, 3, 100))
            loose = sorted(self.standing.loose)
            items = await due_items(self.database, topic, 0, loose, limit)
            pairs = []
            for item in items:
                payload = wire.unpack(self.keyring.open(item.row.tenant, item.row.sealed))
                pairs.append((item, wire.read(item.row.offset, payload, models, self.keyring)))
            batch = self._batch()
            await batch.retry(pairs)
            if not batch.plan.items:
                return
            await self._commit(batch.plan)

    async def claim_again(self) -> None:
        """What a new owner would know of the items."""
        claimer = Claimer(self.database, cast("Peek", None), self.processor, self.keyring, "test")
        await claimer._load_held(self.standing)  # noqa: SLF001 - the rest of a claim needs Kafka

    def _batch(self) -> Batch:
        here, seq = self.standing.next_offset, self.standing.seq
        plan = Plan(self.standing.copy(), here, here, seq + 1, seq)
        lookups = Lookups(self.database, self.processor, plan, None)
        return Batch(self.processor, self.keyring, lookups, self.standing, plan)

    async def _commit(self, plan: Plan) -> None:
        values = statement.bind(self.processor, plan, part=0, epoch=1, published=0, posted=0)
        assert await self.database.fetchval(statement.build(self.processor), *values) == 1
        self.standing.next_offset, self.standing.seq = plan.to_offset, plan.seq


async def test_any_story_of_failures_and_redrives_ends_as_if_told_one_event_at_a_time(
    database: str,
) -> None:
    """Hole 10: retries, redrives and give-ups of three homes, in every order and batch size."""
    db = await connect(database, size=2)
    try:
        for seed in range(STORIES):
            await tell_story(db, random.Random(seed), f"story{seed}.")  # noqa: S311 - repeatable
    finally:
        await db.close()


async def tell_story(db: Database, rng: random.Random, name: str) -> None:
    world = World()
    processor = replace(counter(name, world), name="counter")
    await db.execute(OWNER, processor.reads.name)
    engine, model = Engine(db, processor, Keyring(b"k" * 32), rng), Model(world)
    keys = [f"{name}{letter}" for letter in "abc"]
    events: list[Told] = []
    story: list[str] = []
    for _ in range(STEPS):
        step = rng.choice(
            ("tell", "tell", "tell", "world", "want", "want", "again", "again", "claim")
        )
        story.append(step)
        match step:
            case "tell":
                new = [
                    Told(
                        f"{name}{len(events) + n}",
                        rng.choice(keys),
                        rng.choice(("", "", "stock", "code")),
                    )
                    for n in range(rng.randint(1, 8))
                ]
                events += new
                story += [f"{event.id} {event.key} {event.needs}" for event in new]
                for event in new:
                    model.take(event)
                await engine.take(new)
            case "world":
                world.away = set(rng.choice(((), ("stock",))))
                world.broken = {one: ValueError("a fault") for one in rng.choice(((), ("code",)))}
                story.append(f"{world.away} {set(world.broken)}")
            case "want":
                await want(db, model, rng, story)
            case "again":
                model.try_again()
                await engine.try_again()
            case _:
                await engine.claim_again()
        await compare(db, model, keys, story, processor.reads.name)
    world.away, world.broken = set(), {}
    for queue in model.queues.values():
        for event in queue:
            event.wanted = event.wanted or "redrive"
    await db.execute(
        "update item set wanted = coalesce(wanted, 'redrive') where topic = $1",
        processor.reads.name,
    )
    model.try_again()
    await engine.try_again()
    assert not any(model.queues.values())
    await compare(db, model, keys, story, processor.reads.name)


async def want(db: Database, model: Model, rng: random.Random, story: list[str]) -> None:
    """A person asks for something, of any item there is."""
    waiting = [event for queue in model.queues.values() for event in queue]
    if waiting:
        event = rng.choice(waiting)
        event.wanted = rng.choice(("redrive", "redrive", "give_up"))
        story.append(f"{event.wanted} {event.id}")
        await db.execute("update item set wanted = $2 where event_id = $1", event.id, event.wanted)


async def compare(
    db: Database, model: Model, keys: list[str], story: list[str], topic: str
) -> None:
    """Both have applied the same in the same order, and keep the same waiting."""
    for key in keys:
        doc = await db.fetchval(
            "select doc::jsonb->'seen' from counter where id = $1", home_of(key)
        )
        applied = [] if doc is None else [str(one) for one in json.loads(doc)]
        assert applied == model.applied[key], story
        rows = await db.fetch(
            'select event_id, state from item where topic = $1 and home = $2 order by "offset"',
            topic,
            home_of(key),
        )
        assert [tuple(row) for row in rows] == [(e.id, e.state) for e in model.queues[key]], story
    owner = await db.fetchrow("select * from partition_owner where topic = $1", topic)
    assert owner["next_offset"] == sum(owner[str(outcome)] for outcome in Outcome), story
    items = await db.fetch(
        "select state, count(*) from item where topic = $1 group by state", topic
    )
    for row in items:
        assert owner[row["state"]] == row["count"], story
