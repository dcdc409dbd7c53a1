"""A stand-in for the engine that writes ledger and wire by hand, and a projection to watch."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import msgspec

from hub.adapters.kafka import Outlet
from hub.adapters.postgres import Database
from hub.ledger.entries import Entry, SaidEntry, encode_lines, messages
from hub.sdk.projection import Projection, Told
from schemas.events.parts import Product
from schemas.events.warranty import WarrantyActivated
from schemas.topics import WARRANTY_STATUS, Topic

PARTITIONS = 2

OWNER = """
insert into partition_owner (topic, part, epoch, first_offset, next_offset, seq, published_seq,
                             partition_count, code_version)
values ($1, $2, $3, 0, 0, $4, $4, 2, 1)
on conflict (topic, part) do update set epoch = excluded.epoch, seq = excluded.seq
"""
ROW = """
insert into ledger (topic, part, kind, epoch, from_offset, to_offset, from_seq, to_seq, body)
values ($1, $2, $3, $4, 0, 0, $5, $6, $7)
"""


@dataclass(slots=True)
class Desk:
    """Decides warranties: each gets a ledger row, and goes to Kafka when the test says so."""

    database: Database
    outlet: Outlet
    ledger: str
    status: Topic
    epoch: int = 1
    seq: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(PARTITIONS), 0))

    async def decide(self, *names: str, part: int = 0) -> list[Entry]:
        """Write one batch to the ledger, and leave it unpublished."""
        first = self.seq[part] + 1
        entries = [_entry(name, seq) for seq, name in enumerate(names, first)]
        self.seq[part] += len(names)
        async with self.database.transaction() as tx:
            await tx.execute(OWNER, self.ledger, part, self.epoch, self.seq[part])
            row = (self.ledger, part, "batch", self.epoch, first, self.seq[part])
            await tx.execute(ROW, *row, encode_lines(entries))
        return entries

    async def publish(self, entries: Iterable[Entry], *, part: int = 0) -> None:
        """Put status events on the wire."""
        await self.outlet.send(self.status.name, part, messages(list(entries), self.epoch))

    async def say(self, *names: str, part: int = 0) -> None:
        """Decide and publish."""
        await self.publish(await self.decide(*names, part=part), part=part)

    async def jump(self, to: int, *, part: int = 0) -> None:
        """What a claim writes that finds Kafka ahead of the ledger."""
        self.epoch += 1
        row = (self.ledger, part, "jump", self.epoch, self.seq[part] + 1, to, b"")
        await self.database.execute(ROW, *row)
        self.seq[part] = to


def _entry(name: str, seq: int) -> Entry:
    day = date(2026, 1, 31)
    fact = WarrantyActivated(
        warranty=name, product=Product(), starts_on=day, ends_on=day, connector="till", by="sale"
    )
    said = SaidEntry(
        seq, f"evt-{name}", fact.TYPE, name, msgspec.Raw(fact.model_dump_json().encode())
    )
    time = datetime(2026, 1, 31, tzinfo=UTC)
    return Entry(
        0, name, "sale.recorded.v1", "t", "till", "h", "applied", time, by="p", said=(said,)
    )


def count(told: Told) -> Iterable[tuple[object, ...]]:
    """How often each warranty was heard of: more than once is once too often."""
    assert isinstance(told.fact, WarrantyActivated)
    return [(told.fact.warranty, 1)]


HEARD = Projection(
    name="heard",
    version=1,
    reads=WARRANTY_STATUS,
    table="heard",
    consumes=(WarrantyActivated,),
    upsert="insert into {table} as t values ($1, $2) on conflict (w) do update set n = t.n + 1",
    rows=count,
)


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds; the assertion that follows says what did not."""
    deadline = time.monotonic() + 20
    while not await holds() and time.monotonic() < deadline:  # noqa: ASYNC110 - a table tells nobody
        await asyncio.sleep(0.05)
