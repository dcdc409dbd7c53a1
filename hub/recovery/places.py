"""Where two documents differ, by place; pure."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import orjson

from hub.audit.redaction import HIDDEN

MISSING = object()
"""Stands for what is not there at all."""
MOST_PLACES, MAX_PLACE = 200, 500


class _Place(NamedTuple):
    """Put into words only where something differs: a document may have very many places, and deep ones."""

    above: "_Place | None"
    name: str | int

    def parts(self) -> list[str | int]:
        found: list[str | int] = []
        place: _Place | None = self
        while place is not None:
            found.append(place.name)
            place = place.above
        return found[::-1]


def differences(old: object, new: object) -> Iterator[tuple[str, Any, Any]]:
    """Each place that differs, with what stood and stands there; items of lists by number."""
    for place, was, now in _walk(old, new):
        yield ".".join(map(str, place.parts() if place else ())), was, now


def changed_places(old: bytes | None, new: bytes | None) -> tuple[str, ...]:
    """The first places in which two bodies differ, without what stands there; empty for the whole of them."""
    try:
        before, after = orjson.loads(old or b""), orjson.loads(new or b"")
    except orjson.JSONDecodeError:
        return () if old == new else ("",)
    return tuple(_told(place) for place, _, _ in islice(_walk(before, after), MOST_PLACES))


def _told(place: _Place | None) -> str:
    parts = place.parts() if place else []
    # A name that is no word may be somebody's name or address itself, and this is kept for ever.
    words = (
        str(one) if isinstance(one, int) or one.isidentifier() else HIDDEN
        for one in parts[:MAX_PLACE]
    )
    return ".".join(words)[:MAX_PLACE]


def _walk(old: object, new: object) -> Iterator[tuple[_Place | None, Any, Any]]:
    """Without recursion: a body may be nested deeper than functions may."""
    waiting: list[Iterator[tuple[_Place | None, Any, Any]]] = [iter([(None, old, new)])]
    while waiting:
        for place, was, now in waiting[-1]:
            if isinstance(was, dict) and isinstance(now, dict):
                waiting.append(_fields(place, was, now))
                break
            if isinstance(was, list) and isinstance(now, list):
                waiting.append(_items(place, was, now))
                break
            if was is not now and (type(was) is not type(now) or was != now):
                yield place, was, now
        else:
            waiting.pop()


def _fields(
    place: _Place | None, old: dict[str, Any], new: dict[str, Any]
) -> Iterator[tuple[_Place, Any, Any]]:
    for name in dict.fromkeys([*old, *new]):
        yield _Place(place, name), old.get(name, MISSING), new.get(name, MISSING)


def _items(
    place: _Place | None, old: list[Any], new: list[Any]
) -> Iterator[tuple[_Place, Any, Any]]:
    for number in range(max(len(old), len(new))):
        yield _Place(place, number), _item(old, number), _item(new, number)


def _item(items: list[Any], number: int) -> object:
    return items[number] if number < len(items) else MISSING
