"""Everything of one item but its payload: why it waits, for what, and what people did about it."""

from datetime import datetime

import msgspec

from hub.adapters.postgres import Database, Queries
from hub.recovery.actions import Action, history
from hub.recovery.items import Item, find
from hub.recovery.spot import Spot
from hub.recovery.wishes import foremost

ERROR = 'select error from item where topic = $1 and part = $2 and "offset" = $3'
BREAKER = """
select open_since, probe_at, failures, reason, clock_timestamp() as now from dependency
 where tenant = $1 and name = $2
"""
BEHIND = """
select "offset" from item where topic = $1 and part = $2 and home = $3 and "offset" > $4 and state = 'held'
 order by "offset" limit $5
"""
MOST_BEHIND = 100
CLOCK = "%Y-%m-%d %H:%M:%S"


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of something outside that an item waits for."""

    name: str
    open_since: datetime | None
    """None while it is asked as usual."""
    probe_at: datetime | None
    """When one item tries whether it is back."""
    failures: int
    reason: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An item with all that is known beside it."""

    item: Item
    waits_for: str
    """What must happen before it goes on, in a sentence."""
    behind: Spot | None
    """The item it waits behind."""
    breaker: Breaker | None
    holds: tuple[int, ...]
    """The offsets of those that wait behind it, at most 100."""
    error: str
    """The traceback; that of a raw record is sealed with its payload."""
    actions: tuple[Action, ...]
    """What people did and noted, the newest first."""


async def show(queries: Database | Queries, spot: Spot) -> Shown:
    """An item with all that is known beside it.

    Raises:
        NotPossibleError: there is no such item.

    """
    item = await find(queries, spot)
    behind = await foremost(queries, item)
    breaker = await _breaker(queries, item)
    errors = await queries.fetch(ERROR, *spot)
    return Shown(
        item=item,
        waits_for=_waits_for(item, behind, breaker),
        behind=behind,
        breaker=breaker,
        holds=await _holds(queries, item) if behind is None else (),
        error=(errors[0]["error"] if errors else None) or "",
        actions=await history(queries, spot),
    )


async def _holds(queries: Database | Queries, item: Item) -> tuple[int, ...]:
    if item.home is None:
        return ()
    rows = await queries.fetch(BEHIND, *item.spot[:2], item.home, item.offset, MOST_BEHIND)
    return tuple(row["offset"] for row in rows)


async def _breaker(queries: Database | Queries, item: Item) -> Breaker | None:
    if item.dependency is None:
        return None
    rows = await queries.fetch(BREAKER, item.tenant, item.dependency)
    if not rows:
        return None
    row = rows[0]
    return Breaker(
        name=item.dependency,
        open_since=row["open_since"],
        probe_at=row["probe_at"],
        failures=row["failures"],
        reason=row["reason"],
    )


def _waits_for(item: Item, behind: Spot | None, breaker: Breaker | None) -> str:
    if item.wanted is not None:
        when = f" from {item.wanted_at:{CLOCK}} on" if item.wanted_at else ""
        return f"its owner, of whom {item.wanted_by or 'a person'} wants {item.wanted}{when}"
    if behind is not None:
        return f"offset {behind.offset} of the same home, which is before it"
    if item.on_hold is not None:
        return f"a person to release or redrive it; it is on hold: {item.on_hold}"
    return _goes_on_by_itself(item, breaker) or (
        "a person: redrive it once the cause is mended, edit it, or give it up"
    )


def _goes_on_by_itself(item: Item, breaker: Breaker | None) -> str:
    if item.state == "retrying" and breaker is not None and breaker.open_since is not None:
        return f"{breaker.name}, which is away since {breaker.open_since:{CLOCK}}"
    if item.due_at is not None:
        return f"its next attempt at {item.due_at:{CLOCK}}"
    return "its owner, who is about to try it" if item.state == "held" else ""
