"""What a dry run would change, as rows of a table: field, was, would be; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.recovery.rehearsed import Change, Rehearsed

MOST = 80


@dataclass(frozen=True, slots=True)
class Field:
    """A field that would change."""

    row: str
    place: str
    was: str
    would_be: str


def fields(one: Rehearsed) -> list[Field]:
    """Every field, at most 80; a row that would be new stands with what it would hold."""
    found = [field for event in one.events for change in event.changes for field in _fields(change)]
    return found[:MOST]


def _fields(change: Change) -> Iterator[Field]:
    old, new = msgspec.json.decode(change.old), msgspec.json.decode(change.new)
    row = f"{change.table} {change.id}"
    if old is None and isinstance(new, dict | list):
        for place, value in _leaves(new, change.place):
            yield Field(row, place, "", _said(value))
    else:
        yield Field(row, change.place, _said(old), _said(new))


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in inner:
        there = f"{place}.{name}" if place else str(name)
        if isinstance(one, dict | list) and one:
            yield from _leaves(one, there)
        elif one not in (None, "", [], {}):
            yield there, one


def _said(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
