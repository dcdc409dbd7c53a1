"""Filters as they stand in addresses and forms; what cannot be meant is left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args
from urllib.parse import urlencode

import msgspec

from hub.recovery.choosing import Filter, State
from hub.recovery.spot import NotPossibleError

TEXTS = ("topic", "source", "code", "type", "release", "dependency", "home", "reason", "note")
MAX_WORD = 300
MAX_PART, MAX_NUMBER, MAX_DIGITS = 2**31 - 1, 2**63 - 1, 19


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of what waits that has a name of its own."""

    name: str
    label: str
    where: Filter
    count: str
    """Which of the counts is its."""


TABS = (
    Tab("all", "All", Filter(), "items"),
    Tab("retrying", "Retry queue", Filter(state="retrying"), "retrying"),
    Tab("held", "Held behind", Filter(state="held"), "held"),
    Tab("on-hold", "On hold", Filter(on_hold=True), "on_hold"),
    Tab("dead", "Dead letters", Filter(state="dead_lettered"), "dead_lettered"),
    Tab("parked", "Parked", Filter(state="parked"), "parked"),
)


def filter_of(asked: Mapping[str, str], tenant: str) -> Filter:
    """What an address or a form asks for, of one tenant."""
    texts = {name: asked.get(name, "").replace("\0", "").strip()[:MAX_WORD] for name in TEXTS}
    state, on_hold = asked.get("state", ""), asked.get("on_hold", "")
    return Filter(
        tenant=tenant,
        state=state if state in get_args(State) else None,  # type: ignore[arg-type]
        on_hold={"true": True, "false": False}.get(on_hold),
        partition=number(asked.get("partition", ""), MAX_PART),
        redrive=number(asked.get("redrive", "")),
        **{name: text or None for name, text in texts.items()},
    )


def fields(where: Filter) -> dict[str, str]:
    """The fields by which a form asks for the same; the tenant stands elsewhere."""
    said = msgspec.to_builtins(where)
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in said.items()
        if value is not None and name != "tenant"
    }


def query(where: Filter, seat_query: str, **more: str) -> str:
    """The same as the query of an address."""
    said = "&".join(part for part in (urlencode(fields(where) | more), seat_query) if part)
    return f"?{said}" if said else ""


def number(text: str, most: int = MAX_NUMBER) -> int | None:
    """A whole number; None where it is none, or larger."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        return None
    return int(text) if int(text) <= most else None


def tab_of(where: Filter) -> str:
    """The tab that a filter stands under."""
    found = [one.name for one in TABS[1:] if fields(one.where).items() <= fields(where).items()]
    return found[0] if found else "all"


def word(sent: Mapping[str, str], name: str) -> str:
    """What was typed, as far as anybody types."""
    return sent.get(name, "").replace("\0", "").strip()[:MAX_WORD]


def moment(sent: Mapping[str, str], name: str) -> datetime | None:
    """What a browser sends of a time: without an offset, which is UTC's here. None where nothing was typed.

    Raises:
        NotPossibleError: it is no time.

    """
    text = word(sent, name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _no_time(name) from error


def missing(name: str) -> datetime:
    """Never gives a time, but says what one looks like."""
    raise _no_time(name)


def _no_time(name: str) -> NotPossibleError:
    return NotPossibleError(f"`{name}` is no time; write it like 2026-01-31T18:30:00")
