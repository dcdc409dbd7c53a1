"""What happened, in words that need no glossary."""

from collections.abc import Mapping
from types import MappingProxyType

from hub.access.permissions import Permission

TOLD = MappingProxyType(
    {
        "sale.recorded.v1": "Sale",
        "sale.returned.v1": "Return",
        "sale.deleted.v1": "Deletion of an order",
        "registration.requested.v1": "Registration",
        "serial.attached.v1": "Serial told later",
        "ownership.transferred.v1": "New owner",
        "sale.linked.v1": "Sale told to another order",
        "sale.unlinked.v1": "Deletion told to another order",
        "registration.linked.v1": "Registration told to another order",
        "link.accepted.v1": "Link accepted",
        "link.refused.v1": "Link refused",
        "unit.returned.v1": "Return told to another order",
        "timer.due.v1": "Waiting time over",
    }
)
SAID = MappingProxyType(
    {
        "warranty.activated.v1": "activated",
        "warranty.linked.v1": "linked",
        "warranty.serial_attached.v1": "named",
        "warranty.transferred.v1": "transferred",
        "warranty.ended.v1": "ended",
        "warranty.refused.v1": "refused",
    }
)
BECAME = MappingProxyType(
    {
        "applied": "Done",
        "deduplicated": "Known already",
        "rejected": "Refused",
        "early": "Early: waits for what it builds on",
        "retrying": "Will be tried again by itself",
        "held": "Waits behind an earlier event of its order",
        "dead_lettered": "Dead letter: needs a person",
        "given_up": "Given up by a person",
        "forwarded": "Sent on to its home",
        "stepped_over": "No event",
        "parked": "Parked: could not be translated",
        "meaningless": "Says nothing a warranty depends on",
        "translated": "Translated",
    }
)
BRIEFLY = MappingProxyType(
    {
        "applied": "applied",
        "deduplicated": "repeats",
        "forwarded": "sent on",
        "rejected": "refused",
        "early": "early",
        "retrying": "retrying",
        "held": "held",
        "dead_lettered": "dead letters",
        "given_up": "given up",
        "stepped_over": "no events",
        "waiting": "waiting",
    }
)
DID = MappingProxyType(
    {
        "note": "noted",
        "look": "opened the payload",
        "redrive": "wanted it tried again",
        "hold": "put it on hold",
        "release": "released it",
        "give_up": "gave it up",
        "edit": "edited the payload",
        "replay": "had it translated again",
    }
)
ROOMS = (
    ("/", "Now", Permission.READ_TRACE),
    ("/items", "What waits", Permission.READ_ITEM),
    ("/redrives", "Many at once", Permission.READ_ITEM),
    ("/replays", "Replays", Permission.READ_ITEM),
    ("/notes", "Notes", Permission.READ_ITEM),
    ("/endpoints", "Endpoints", Permission.READ_ENDPOINT),
    ("/audit", "Audit", Permission.READ_AUDIT),
)
"""The pages that are one step from every other, and what it takes to see them."""
WELL = frozenset({"applied", "deduplicated", "forwarded", "early", "translated"})
BADLY = frozenset({"dead_lettered", "parked"})

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def told(kind: str) -> str:
    """What somebody told us; an unknown type as it is."""
    return TOLD.get(kind, kind)


def source(name: str) -> str:
    """Who told us. What one order tells another is the hub's own."""
    return {"": "nobody known", "hub": "the hub itself"}.get(name, name)


def became(status: str, said: Mapping[str, int]) -> str:
    """What became of it, and what was decided."""
    if status.isdigit():
        return f"Not taken at the door ({status})"
    if said and status == "applied":
        return ", ".join(f"{count} {SAID.get(kind, kind)}" for kind, count in said.items())
    return BECAME.get(status, status)


def did(verb: str) -> str:
    """What a person did."""
    return DID.get(verb, verb)


def number(value: int) -> str:
    """With a thin gap between thousands, which no country reads as a decimal mark."""
    return f"{value:,}".replace(",", "\u202f")


def span(seconds: float) -> str:
    """A time somebody has to wait, or has waited."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} days"


def took(seconds: float) -> str:
    """A duration as exact as it matters."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 2 * _MINUTE else span(seconds)


def share(part: int, whole: int) -> str:
    """Per cent, never rounded up to all of it."""
    if whole == 0:
        return "none yet"
    tenths = part * 1000 // whole
    return "100 %" if tenths == 1000 else f"{tenths / 10:.1f} %"  # noqa: PLR2004 - all of it


def short(identifier: str, keep: int = 18) -> str:
    """An id as far as an eye compares it."""
    return identifier if len(identifier) <= keep else f"{identifier[:keep]}…"
