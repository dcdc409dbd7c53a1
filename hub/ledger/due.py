"""The second input: items whose time has come or that a person asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hub.access.keyring import HUB, Keyring, SealError
from hub.adapters.postgres import Database
from hub.ledger.breakers import Dependency
from hub.ledger.items import ItemRow
from hub.ledger.wire import EDITED, Payload, unpack
from schemas.envelope import Envelope, source_of, to_headers

FOREMOST = """not exists (
  select 1 from item b where b.topic = d.topic and b.part = d.part and b.home = d.home and b."offset" < d."offset"
  offset 0)"""
"""Asked of each row by itself, as `offset 0` has it: a join planned while the table was empty reads all of it."""
# Each input is an index scan of its own, in the order of that index and no further than its limit, because one
# condition with OR, or another order, would read every item of the partition: what is due and waits for nothing
# outside, what a person wants, what comes next in a home, what waits for something that is not away, and one item
# to try whether something is back: another each time, for one may fail for a reason of its own; and what an owner
# was telling when it ended, whatever had made it due. Only what nothing stands before takes a place; which of a
# home are found does not matter, for `after` says what may be tried.
ITEMS = f"""
select distinct on (home, "offset") *,
       (select max(b."offset") from item b where b.topic = i.topic and b.part = i.part and b.home = i.home
           and b."offset" < i."offset") as after
  from (
  (select * from item d where topic = $1 and part = $2 and due_at <= statement_timestamp()
      and dependency is null and on_hold is null and {FOREMOST}
    order by due_at, "offset" limit $4)
  union all
  (select * from item d where topic = $1 and part = $2 and wanted is not null
      and coalesce(wanted_at, '-infinity') <= statement_timestamp()
      and (wanted = 'give_up' or on_hold is null and {FOREMOST})
    order by coalesce(wanted_at, '-infinity'), "offset" limit $4)
  union all
  (select n.* from unnest($3::text[]) as h(home) cross join lateral (
     select * from item d where topic = $1 and part = $2 and d.home = h.home and on_hold is null
      order by "offset" limit $4) n limit $4)
  union all
  (select n.* from dependency o cross join lateral (
     (select * from item d where topic = $1 and part = $2 and tenant = o.tenant and dependency = o.name
         and state = 'retrying' and due_at is null and on_hold is null and {FOREMOST}
       order by due_at, "offset" limit $4)
     union all
     (select * from item d where topic = $1 and part = $2 and tenant = o.tenant and dependency = o.name
         and state = 'retrying' and due_at <= statement_timestamp() and on_hold is null and {FOREMOST}
       order by due_at, "offset" limit $4)) n
    where o.open_since is null limit $4)
  union all
  (select n.* from unnest($5::text[], $6::text[]) as p(tenant, name) cross join lateral (
     select * from item d where topic = $1 and part = $2 and tenant = p.tenant and dependency = p.name
        and state = 'retrying' and on_hold is null and {FOREMOST}
      order by tried_at, "offset" limit 1) n)
  union all
  (select * from item d where topic = $1 and part = $2 and telling is not null and on_hold is null and {FOREMOST}
    order by "offset" limit $4)
  ) i order by home, "offset" """  # noqa: S608 - our own words
# Without its key nobody can try it again; one process may have the wrong one. So nothing is taken back of what
# is known and wanted, and whoever releases or redrives it has it looked at once more.
LOCKED = """
with changed as (
  update item i set on_hold = $4, version = version + 1
   where topic = $1 and part = $2 and "offset" = $3 and version = $5 and on_hold is null
  returning tenant, event_id, correlation, source)
insert into staff_action (tenant, by, verb, topic, part, "offset", event_id, correlation, source, text)
select tenant, $6, 'hold', $1, $2, $3, event_id, correlation, source, $4 from changed
"""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it stands in the table, due for another try."""

    row: ItemRow
    wanted: str | None
    wanted_why: str | None
    after: int | None
    """The offset of the item of its home that stands right before it; None where it is foremost."""
    telling: bool = False
    """Whether an owner that ended may have told already what it means."""


async def due_items(  # noqa: PLR0913, PLR0917 - a partition, and what of it may be tried
    database: Database,
    topic: str,
    part: int,
    loose: list[str],
    limit: int,
    probes: Sequence[Dependency] = (),
) -> list[StoredItem]:
    """Items to try now, in the order of their homes and offsets."""
    tenants, names = [one.tenant for one in probes], [one.name for one in probes]
    rows = await database.fetch(ITEMS, topic, part, loose, limit, tenants, names)
    return [stored(row) for row in rows]


async def opened(
    database: Database, keyring: Keyring, topic: str, part: int, found: Iterable[StoredItem]
) -> list[tuple[StoredItem, Payload]]:
    """The items with what is in them. One that was sealed with another key is left to a person, who may end it."""
    pairs = []
    for item in found:
        try:
            payload = unpack(await keyring.opened(item.row.tenant, item.row.sealed))
        except SealError as error:
            if item.wanted == "give_up":
                pairs.append((item, _without_body(item.row)))
                continue
            where = topic, part, item.row.offset
            why = f"{error} Once it is, release it."[:1_000]
            await database.execute(LOCKED, *where, why, item.row.version, HUB)
        else:
            pairs.append((item, payload))
    return pairs


def _without_body(row: ItemRow) -> Payload:
    """What is known of an item that nobody can open: enough to end it."""
    envelope = Envelope(
        row.event_id,
        source_of(row.tenant, row.source),
        row.type,
        row.received_at,
        row.tenant,
        correlationid=row.correlation,
    )
    headers = [*to_headers(envelope), (EDITED, row.hash.encode())]
    return Payload(headers, None, row.received_at)


STORED = (
    *(
        "offset",
        "home",
        "state",
        "tenant",
        "event_id",
        "type",
        "attempt",
        "reason",
        "error",
        "sealed",
    ),
    *("received_at", "version", "source", "code", "revision", "hash", "correlation", "dependency"),
)


def stored(row: Any) -> StoredItem:
    """An item as a row of the table has it, beside the offset before it as `after`."""
    item = ItemRow(contacts=tuple(row["contacts"]), **{name: row[name] for name in STORED})
    telling = row["telling"] is not None
    return StoredItem(item, row["wanted"], row["wanted_why"], row["after"], telling)
