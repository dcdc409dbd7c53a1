"""Items, groups, notes and bulks as rows for people."""

from collections.abc import Sequence
from datetime import datetime

from hub.commands.listing import Listing
from hub.recovery.actions import Action
from hub.recovery.bulk_progress import Bulk
from hub.recovery.groups import Group
from hub.recovery.items import Item


def item_listing(found: Sequence[Item]) -> Listing:
    """A row an item."""
    names = (
        "where",
        "state",
        "code",
        "attempt",
        "source",
        "type",
        "event",
        "age s",
        "next",
        "reason",
    )
    rows = [
        (
            str(item.spot),
            item.state,
            item.code,
            str(item.attempt),
            f"{item.tenant}/{item.source}",
            item.type,
            item.event_id,
            f"{item.age_seconds:.0f}",
            _next(item),
            item.reason,
        )
        for item in found
    ]
    return Listing(names, rows, whole=names[:-1])


def _next(item: Item) -> str:
    if item.wanted is not None:
        return f"{item.wanted} wanted"
    if item.on_hold is not None:
        return "on hold"
    if item.dependency is not None:
        return f"waits for {item.dependency}"
    return f"{item.due_at:%H:%M:%S}" if item.due_at else ""


def group_listing(found: Sequence[Group]) -> Listing:
    """A row a group."""
    names = (
        "items",
        "state",
        "code",
        "source",
        "type",
        "release",
        "oldest",
        "newest",
        "example",
        "reason",
    )
    rows = [
        (
            str(one.items),
            one.state,
            one.code,
            f"{one.tenant}/{one.source}",
            one.type or one.topic,
            one.release,
            _minute(one.oldest),
            _minute(one.newest),
            str(one.example),
            one.reason,
        )
        for one in found
    ]
    return Listing(names, rows, whole=names[:-1])


def note_listing(found: Sequence[Action]) -> Listing:
    """A row a note."""
    names = ("when", "who", "code", "source", "about", "text")
    rows = [
        (_minute(one.at), one.by, one.code, f"{one.tenant}/{one.source}", str(one.spot), one.text)
        for one in found
    ]
    return Listing(names, rows, whole=names[:-1])


def bulk_listing(found: Sequence[Bulk]) -> Listing:
    """A row a bulk."""
    names = (
        "id",
        "wanted",
        "total",
        "to_come",
        "open_again",
        "settled",
        "a_second",
        "asked",
        "by",
        "state",
        "reason",
    )
    rows = [
        (
            str(one.id),
            one.wanted,
            str(one.total),
            str(one.still_wanted),
            str(one.open_again),
            str(one.settled),
            f"{one.rate:g}",
            _minute(one.asked_at),
            one.by,
            one.state,
            one.why,
        )
        for one in found
    ]
    return Listing(names, rows, whole=names[:-1])


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
