"""A payload without personal data: of its values only those can be read that stand in listed places."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

MAX_ITEMS = 50
MAX_TEXT = 200
HIDDEN = "…"
EXACT = 2**53
"""Beyond it JSON readers round numbers, so they are shown as text."""
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+-]*")
TEXTS = (str, int, float)
ITEM = "*"


class Place:
    """A place of a document: whether a scalar in it is shown, and the places below it."""

    __slots__ = ("fields", "item", "shown")

    def __init__(self) -> None:
        self.shown = False
        self.fields: dict[str, Place] = {}
        self.item: Place | None = None

    def add(self, path: Iterable[str]) -> None:
        """Show what stands at the end of the path."""
        place = self
        for name in path:
            if name == ITEM:
                place.item = place.item or Place()
                place = place.item
            else:
                place = place.fields.setdefault(name, Place())
        place.shown = True


def redacted(document: object, shown: frozenset[str], *, doubtful: bool = False) -> bytes:
    """JSON of the document in which only the scalars at the places in `shown` can be read.

    A place is a path such as `lines.*.product.code`; `*` is every item of a list, never a field.
    What lies off every path is hidden whole; its own name is kept, if it is one. A list longer than
    50 items is cut. Of what nobody could read, `doubtful`, only numbers and codes are shown: a name
    may stand in the wrong place.
    """
    found = _value(document, _places(shown))
    return orjson.dumps(_doubted(found) if doubtful else found)


def _doubted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _doubted(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_doubted(inner) for inner in value]
    return HIDDEN if isinstance(value, str) and not CODE.fullmatch(value) else value


@lru_cache(maxsize=256)
def _places(shown: frozenset[str]) -> Place:
    root = Place()
    for path in shown:
        root.add(path.split("."))
    return root


def _value(value: object, place: Place | None) -> Any:
    if value is None or place is None:
        return value if value is None else HIDDEN
    if isinstance(value, TEXTS):
        # Most are, and asking each whether it is a mapping costs several times as much.
        return _scalar(value) if place.shown else HIDDEN
    if isinstance(value, Mapping):
        return _fields(value, place.fields) if place.fields else HIDDEN
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        item = place.item
        return HIDDEN if item is None else [_value(inner, item) for inner in value[:MAX_ITEMS]]
    return _scalar(value) if place.shown else HIDDEN


def _fields(value: Mapping[Any, Any], below: Mapping[str, Place]) -> dict[str, Any]:
    items = list(value.items())[:MAX_ITEMS]
    return {_name(key): _value(inner, below.get(key)) for key, inner in items}


def _name(key: object) -> str:
    # A name that nobody listed may be somebody's name itself; fields of systems are named in ASCII.
    text = str(key)
    return text[:MAX_TEXT] if text.isascii() and text.isidentifier() else HIDDEN


def _scalar(value: object) -> Any:
    exact = isinstance(value, (int, float)) and abs(value) < EXACT
    return value if exact else str(value)[:MAX_TEXT]
