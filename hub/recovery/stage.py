"""Where events are tried: the engine's own batch on the rows of one moment, thrown away afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import msgspec

from hub.access.keyring import Keyring
from hub.adapters.postgres import Database, Queries
from hub.ledger.batch import Batch
from hub.ledger.breakers import Breakers
from hub.ledger.due import StoredItem
from hub.ledger.entries import Entry
from hub.ledger.items import ItemRow
from hub.ledger.lookups import Lookups, merged
from hub.ledger.outside import Nobody
from hub.ledger.patience import Patience
from hub.ledger.plan import Plan
from hub.ledger.preparation import Preparation
from hub.ledger.standing import Standing
from hub.ledger.wire import Incoming
from hub.recovery.differing import Rows
from hub.recovery.rehearsed import Outcome, WouldName, WouldSay
from hub.sdk.processor import Processor

HELD = "select distinct home from item where topic = $1 and home = any($2::text[])"
PARTITIONS = "select max(partition_count) as partitions from partition_owner where topic = $1"
BEHIND = "would wait behind an earlier event of its home"


@dataclass(slots=True)
class Everywhere(Standing):
    """A standing in which every home is at hand, so that nothing has to be forwarded."""

    def is_mine(self, home: str) -> bool:
        """Any is."""
        return bool(home)

    def may_fail(self) -> bool:
        """Nothing that is only tried opens a breaker."""
        return True


@dataclass(slots=True)
class Stage:
    """The homes of one processor as they are, and as what was tried before has left them."""

    queries: Queries
    processor: Processor[Any]
    keyring: Keyring
    partitions: int
    _standing: Everywhere = field(init=False)
    _ahead: Plan = field(init=False)
    _plan: Plan = field(init=False)
    _batch: Batch = field(init=False)
    _rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        """Begin with the rows as they are."""
        self._standing = Everywhere(0, self.partitions, 0, 0, 0)
        self._rows = Rows(self.queries, self.processor)
        self._ahead = self._empty()
        self._begin()

    async def retry(self, item: StoredItem, one: Incoming, behind: int) -> Outcome:
        """Try an item that nothing stands before; so many stand behind it."""
        if item.row.home is not None:
            self._standing.queues.waiting[item.row.home] = behind + 1
        await self._batch.retry([(replace(item, wanted="redrive", after=None), one)], most=1)
        return await self._told(one)

    async def take(self, one: Incoming) -> Outcome:
        """Try an event as if it had just come; each has a higher offset than the one before."""
        await self._batch.take([one])
        told = await self._told(one)
        return (await self._behind([told]))[0]

    async def take_all(self, incoming: Sequence[Incoming]) -> list[Outcome]:
        """Try many events in the order of their offsets; tells the outcomes and nothing else."""
        told: list[Outcome] = []
        left = list(incoming)
        while left:
            await self._batch.take(left)
            taken = [one for one in left if one.offset < self._plan.to_offset]
            lines = {entry.offset: entry for entry in reversed(self._plan.entries)}
            told += [_bare(lines[one.offset], self._plan) for one in taken]
            left = left[len(taken) :]
            self._next()
        return await self._behind(told)

    async def home(self, one: Incoming) -> str:
        """Where an event lives; empty where it is none."""
        if one.arrival is None:
            return ""
        lookups = Lookups(self.queries, self.processor, self._plan, self._ahead)
        preparation = Preparation(self.processor, lookups, self._standing)
        await preparation.prepare([one.arrival])
        return await preparation.home(one.arrival.event)

    def _empty(self) -> Plan:
        return Plan(self._standing, 0, 0, 1, 0)

    def _begin(self) -> None:
        self._plan = self._empty()
        lookups = Lookups(self.queries, self.processor, self._plan, self._ahead)
        # Breakers of its own, which it never lets anybody know of.
        patience = Patience(Breakers(cast("Database", self.queries)))
        self._batch = Batch(
            self.processor,
            self.keyring,
            lookups,
            self._standing,
            self._plan,
            patience,
            Nobody(),
        )

    def _next(self) -> None:
        """Let what was tried stand, as if it were being committed."""
        done, ahead = self._plan, self._ahead
        ahead.homes |= done.homes
        ahead.names |= done.names
        for stem, held in done.held.items():
            ahead.held[stem] = merged(ahead.held.get(stem, ()), held)
        for table, rows in done.parts.items():
            ahead.parts.setdefault(table, {}).update(rows)
        for table, rows in done.founded.items():
            ahead.founded.setdefault(table, {}).update(rows)
        self._begin()

    async def _told(self, one: Incoming) -> Outcome:
        plan = self._plan
        # An early event that moves on stands after the one it has waited for.
        entry = next(line for line in plan.entries if line.offset == one.offset)
        changes = await self._rows.changed(plan)
        self._next()
        return msgspec.structs.replace(
            _bare(entry, plan),
            said=tuple(
                WouldSay(type=said.type, subject=said.subject, data=said.data)
                for line in plan.entries
                for said in line.said
            ),
            changes=changes,
            names=tuple(
                WouldName(kind=kind, value=value, id=name.id, released=name.released)
                for (kind, _, value), name in plan.names.items()
            ),
            moved=tuple(_moved(line) for line in plan.entries if line.offset != one.offset),
        )

    async def _behind(self, told: list[Outcome]) -> list[Outcome]:
        """What lives in a home that holds others back would wait there instead."""
        homes = list({one.home for one in told if one.home})
        rows = await self.queries.fetch(HELD, self.processor.reads.name, homes)
        waiting = {row["home"] for row in rows}
        return [_held(one) if one.home in waiting else one for one in told]


async def stage_of(queries: Queries, processor: Processor[Any], keyring: Keyring) -> Stage:
    """A stage with as many partitions as the ledger has."""
    rows = await queries.fetch(PARTITIONS, processor.reads.name)
    return Stage(queries, processor, keyring, rows[0]["partitions"] or 1)


def _bare(entry: Entry, plan: Plan) -> Outcome:
    kept = plan.items.get(entry.offset)
    return Outcome(
        event_id=entry.event,
        type=entry.type,
        home=entry.home,
        outcome=entry.outcome,
        code=kept.code if isinstance(kept, ItemRow) else "",
        reason=entry.reason,
    )


def _held(one: Outcome) -> Outcome:
    return Outcome(
        event_id=one.event_id,
        type=one.type,
        home=one.home,
        outcome="held",
        code="held",
        reason=BEHIND,
    )


def _moved(line: Entry) -> str:
    return f"{line.event}: {line.outcome}"
