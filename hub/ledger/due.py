"""The second input: items whose time has come or that a person asked for, and timers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.adapters.postgres import Database
from hub.ledger.plan import ItemRow

# Three index scans, because one condition with OR would read every item of the partition.
ITEMS = """
select distinct on (home, "offset") *,
       (select max(b."offset") from item b where b.topic = i.topic and b.part = i.part and b.home = i.home
           and b."offset" < i."offset") as after
  from (
  (select * from item where topic = $1 and part = $2 and due_at <= clock_timestamp() order by "offset" limit $4)
  union all
  (select * from item w where topic = $1 and part = $2 and wanted is not null
      and (wanted = 'give_up' or not exists (select 1 from item b where b.topic = $1 and b.part = $2
                                                and b.home = w.home and b."offset" < w."offset"))
    order by "offset" limit $4)
  union all
  (select * from item where topic = $1 and part = $2 and home = any($3::text[]) order by home, "offset" limit $4)
) i order by home, "offset" """
TIMERS = """
select home, name, tenant, due_at, clock_timestamp() as now from timer t
 where topic = $1 and part = $2 and due_at <= clock_timestamp()
   and not exists (select 1 from item i where i.topic = t.topic and i.part = t.part and i.home = t.home)
 order by due_at, home limit $3"""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it stands in the table, due for another try."""

    row: ItemRow
    wanted: str | None
    wanted_why: str | None
    after: int | None
    """The offset of the item of its home that stands right before it; None where it is foremost."""


@dataclass(frozen=True, slots=True)
class StoredTimer:
    """A timer that has come due."""

    home: str
    name: str
    tenant: str
    due_at: datetime
    now: datetime
    """Postgres's clock when it was found due."""


async def due_items(
    database: Database, topic: str, part: int, loose: list[str], limit: int
) -> list[StoredItem]:
    """Items to try now, in the order of their homes and offsets."""
    rows = await database.fetch(ITEMS, topic, part, loose, limit)
    return [_item(row) for row in rows]


async def due_timers(database: Database, topic: str, part: int, limit: int) -> list[StoredTimer]:
    """Timers to fire now, whose home holds nothing back."""
    return [StoredTimer(**dict(row)) for row in await database.fetch(TIMERS, topic, part, limit)]


def _item(row: Any) -> StoredItem:
    stored = ItemRow(
        offset=row["offset"],
        home=row["home"],
        state=row["state"],
        tenant=row["tenant"],
        event_id=row["event_id"],
        type=row["type"],
        attempt=row["attempt"],
        delay=None,
        reason=row["reason"],
        error=row["error"],
        sealed=row["sealed"],
        contacts=tuple(row["contacts"]),
        received_at=row["received_at"],
        version=row["version"],
    )
    return StoredItem(stored, row["wanted"], row["wanted_why"], row["after"])
