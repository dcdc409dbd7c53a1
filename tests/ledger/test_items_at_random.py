"""Random stories of failures, redrives, edits and give-ups, compared with a model that has no batches.

Everything real but Kafka: batches are decided and committed by the engine's own parts.
"""

import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.adapters.postgres import Database, connect
from hub.recovery import bulk, editing, wishes
from hub.recovery.choosing import Filter
from hub.recovery.spot import Spot
from hub.recovery.today import Today
from hub.sdk.events import Outcome
from tests.ledger.counter import World, counter, home_of
from tests.ledger.schedules import OWNER, Engine, Model, Told, in_sequence

pytestmark = pytest.mark.servers

STORIES, STEPS = int(os.environ.get("HUB_STORIES", "100")), 16
MOST_EARLY = 6
KEYRING = Keyring(b"k" * 32)
STATES = "select state, count(*) as n from item where topic = $1 group by state"
ITEMS = """
select event_id, state, on_hold is not null as on_hold, coalesce(wanted, '') as wanted from item
 where topic = $1 and home = $2 order by "offset" """
WEIGHTS = {
    "tell": 6,
    "world": 3,
    "again": 4,
    "restart": 2,
    "redrive": 2,
    "give_up": 1,
    "hold": 1,
    "release": 1,
    "edit": 1,
    "bulk": 2,
}


@dataclass(slots=True)
class Story:
    """One story, told to the engine and to the model."""

    db: Database
    name: str
    rng: random.Random
    world: World = field(default_factory=World)
    engine: Engine = field(init=False)
    model: Model = field(init=False)
    today: Today = field(init=False)
    events: list[Told] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """What happened so far, for whoever reads a failure."""

    def __post_init__(self) -> None:
        processor = replace(counter(self.name, self.world), name="counter")
        self.engine = Engine(self.db, processor, KEYRING, self.rng)
        self.model = Model(self.world)
        self.today = Today(KEYRING, {self.topic: processor}, SourceStore({}, KEYRING))

    @property
    def topic(self) -> str:
        return self.engine.processor.reads.name

    @property
    def keys(self) -> list[str]:
        return [f"{self.name}{letter}" for letter in "abc"]

    def spot(self, event: Told) -> Spot:
        return Spot(self.topic, 0, event.offset)

    async def step(self, kind: str) -> None:
        """Whatever happens next, to both."""
        self.said.append(kind)
        match kind:
            case "tell":
                await self.tell([self._event() for _ in range(self.rng.randint(1, 8))])
            case "world":
                self.world.away = set(self.rng.choice(((), ("stock",))))
                faults = self.rng.choice(((), ("code",)))
                self.world.broken = {one: ValueError("a fault") for one in faults}
                self.said.append(f"{self.world.away} {set(self.world.broken)}")
            case "again":
                self.model.try_again()
                await self.engine.try_again()
            case "restart":
                await self.engine.claim_again()
            case "bulk":
                await self.bulk(self.rng.choice(("dead_lettered", "retrying")))
            case _:
                await self.ask(kind)

    def _event(self) -> Told:
        offset, key = len(self.events), self.rng.choice(self.keys)
        needs = self.rng.choice(("", "", "stock", "code"))
        early = self.rng.choice((0, 0, self.rng.randint(1, MOST_EARLY)))
        event = Told(offset, f"{self.name}{offset}", key, needs, early)
        self.events.append(event)
        return event

    async def tell(self, events: Sequence[Told]) -> None:
        for event in events:
            self.said.append(f"{event.id} {event.key} {event.needs} {event.at_least}")
            self.model.take(event)
        await self.engine.take(events)

    async def bulk(self, state: str) -> None:
        """Want all of a state again, at a rate; in words of its own, or it were the bulk before said twice."""
        for event in self.model.items():
            if event.state == state and not event.on_hold and not event.wanted:
                event.wanted = "redrive"
        where = Filter(topic=self.topic, state=state)  # type: ignore[arg-type] # one of two
        why = f"mended by step {len(self.said)}"
        await bulk.begin(self.db, where, why, by="anna", rate=5_000)

    async def ask(self, kind: str) -> None:
        """A person does something to one item; in front of its home, but for an end or an edit."""
        anywhere = kind in {"give_up", "edit"}
        found = list(self.model.items()) if anywhere else self.model.front()
        if kind == "release":
            found = [event for event in found if event.on_hold]
        if not found:
            return
        event = self.rng.choice(found)
        self.said.append(event.id)
        spot, why = self.spot(event), "because"
        match kind:
            case "redrive":
                event.wanted, event.on_hold = "redrive", False
                await wishes.redrive(self.db, spot, why, by="anna")
            case "give_up":
                event.wanted = "give_up"
                await wishes.give_up(self.db, spot, why, by="anna")
            case "hold":
                event.wanted, event.on_hold = "", True
                await wishes.hold(self.db, spot, why, by="anna")
            case "release":
                event.on_hold = False
                await wishes.release(self.db, spot, why, by="anna")
            case _:
                event.needs = ""
                body = event.fact.model_dump_json(exclude_none=True).encode()
                await editing.edit(self.db, self.today, spot, body, why, by="anna")

    async def end(self) -> None:
        """All is well again, everything is redriven, and what was waited for comes."""
        self.world.away, self.world.broken = set(), {}
        for key in self.keys:
            offset = len(self.events)
            more = [Told(offset + n, f"{self.name}{offset + n}", key) for n in range(MOST_EARLY)]
            self.events += more
            await self.tell(more)
        while any(self.model.items()):
            for event in self.model.front():
                if event.wanted != "give_up":
                    event.wanted, event.on_hold = "redrive", False
                    await wishes.redrive(self.db, self.spot(event), "the end", by="anna")
            await self.step("again")
            await self.compare()

    async def compare(self) -> None:
        """Both have applied the same in the same order, and keep the same waiting."""
        for key in self.keys:
            doc = await self.db.fetchval(
                "select doc::jsonb->'seen' from counter where id = $1", home_of(key)
            )
            assert self.model.applied[key] == ([] if doc is None else json.loads(doc)), self.said
            rows = await self.db.fetch(ITEMS, self.topic, home_of(key))
            wanted = [(e.id, e.state, e.on_hold, e.wanted) for e in self.model.queues[key]]
            assert [tuple(row) for row in rows] == wanted, self.said
        await self._balance()

    async def _balance(self) -> None:
        owner = await self.db.fetchrow("select * from partition_owner where topic = $1", self.topic)
        counted = sum(owner[str(outcome)] for outcome in Outcome)
        assert owner["next_offset"] == counted, self.said
        assert owner["early"] == sum(map(len, self.model.early.values())), self.said
        for row in await self.db.fetch(STATES, self.topic):
            assert owner[row["state"]] == row["n"], self.said


async def tell(db: Database, seed: int, *, give_ups: bool) -> None:
    """A story from beginning to end."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    story = Story(db, f"story{seed}.", chance)
    await db.execute(OWNER, story.topic)
    weights = WEIGHTS | ({} if give_ups else {"give_up": 0})
    for kind in story.rng.choices(list(weights), list(weights.values()), k=STEPS):
        await story.step(kind)
        await story.compare()
    await story.end()
    await story.compare()
    if not give_ups:
        assert {key: story.model.applied[key] for key in story.keys} == in_sequence(story.events), (
            story.said
        )


@pytest.mark.timeout(120 + STORIES)
async def test_any_story_of_failures_and_redrives_ends_as_if_told_one_event_at_a_time(
    database: str,
) -> None:
    """Hole 10: of three homes, with every size of batch; where none is given up, as if none had failed."""
    db = await connect(database, size=2)
    try:
        for seed in range(STORIES):
            await tell(db, seed, give_ups=bool(seed % 3))
    finally:
        await db.close()
