"""Open items: events that could not be decided and records that could not be translated."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any

import msgspec

from hub.adapters.postgres import Database, Queries
from hub.recovery.choosing import Filter, State, conditions
from hub.recovery.spot import NotPossibleError, Spot, gone

MAX_LIMIT = 500
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

COLUMNS = """
select i.topic, i.part as partition, i."offset", i.home, i.state, i.tenant, i.source, i.event_id, i.type, i.code,
       i.reason, i.attempt, i.release, i.revision, i.dependency, i.due_at, i.on_hold, i.wanted,
       i.wanted_why, i.wanted_by, i.wanted_at, i.redrive, i.hash, i.correlation, i.received_at, i.kept_at,
       i.tried_at, i.version, i.original is not null as edited,
       greatest(extract(epoch from clock_timestamp() - i.received_at), 0)::float8 as age_seconds
  from item i"""
LIST = """{columns}
 where {chosen} and (i.topic, i.part, i."offset") > ($1::text, $2::int, $3::bigint)
 order by i.topic, i.part, i."offset" limit $4
"""
ONE = """{columns} where i.topic = $1 and i.part = $2 and i."offset" = $3"""
START = ("", -1, -1)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What was accepted and is not decided or translated yet, or could not be."""

    topic: str
    partition: int
    offset: int
    home: str | None
    """What stays in order with it: the home of an event, the key of a raw record."""
    state: State
    tenant: str
    source: str
    event_id: str
    """Of a raw record, its raw id."""
    type: str
    """Empty for a raw record."""
    code: str
    reason: str
    attempt: int
    """How often it was tried; 0 where it only waits for others."""
    release: str
    revision: int
    dependency: str | None
    due_at: datetime | None
    """When it is tried again by itself."""
    on_hold: str | None
    """Why a person holds it back."""
    wanted: str | None
    """redrive or give_up, where a person asked and the owner has not acted yet."""
    wanted_why: str | None
    wanted_by: str | None
    wanted_at: datetime | None
    """Not before then."""
    redrive: int | None
    hash: str
    """Of the body as it came."""
    correlation: str
    """What its trace is found by."""
    received_at: datetime
    kept_at: datetime
    tried_at: datetime
    version: int
    edited: bool
    age_seconds: float

    @property
    def spot(self) -> Spot:
        """Where it was read."""
        return Spot(self.topic, self.partition, self.offset)


class ItemPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some items in the order of their offsets, and how to ask for the next ones."""

    items: tuple[Item, ...]
    cursor: str | None
    """None where there are no more."""


async def page(
    queries: Database | Queries,
    where: Filter | None = None,
    *,
    limit: int = 100,
    cursor: str | None = None,
) -> ItemPage:
    """Open items, at most 500 at once.

    Raises:
        NotPossibleError: the cursor is none that a page gave out.

    """
    size = max(1, min(limit, MAX_LIMIT))
    after = _opened(cursor) if cursor else START
    chosen, values = conditions(where or Filter(), [*after, size + 1])
    rows = await queries.fetch(LIST.format(columns=COLUMNS, chosen=chosen), *values)
    items = tuple(_item(row) for row in rows[:size])
    return ItemPage(items=items, cursor=_closed(items[-1]) if len(rows) > size else None)


async def list_items(
    queries: Database | Queries, where: Filter | None = None, limit: int = 100
) -> list[Item]:
    """Open items in the order of their offsets."""
    return list((await page(queries, where, limit=limit)).items)


async def find(queries: Database | Queries, spot: Spot) -> Item:
    """The item at a spot.

    Raises:
        NotPossibleError: there is none.

    """
    rows = await queries.fetch(ONE.format(columns=COLUMNS), *spot)
    if not rows:
        raise gone(spot)
    return _item(rows[0])


def _item(row: Any) -> Item:
    return Item(**dict(row))


def _closed(item: Item) -> str:
    return urlsafe_b64encode(msgspec.json.encode(item.spot)).decode().rstrip("=")


def _opened(cursor: str) -> tuple[str, int, int]:
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        return msgspec.json.decode(text, type=tuple[str, Number, Number])
    except (ValueError, msgspec.MsgspecError) as error:
        message = "the cursor is none that this hub gave out; begin without one"
        raise NotPossibleError(message) from error
