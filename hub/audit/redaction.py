"""A payload without personal data: its shape stays, and of its texts only those that are listed."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

MAX_ITEMS = 50
MAX_TEXT = 200
MAX_DEPTH = 8
HIDDEN = "…"
EXACT = 2**53
"""Beyond it JSON readers round numbers, so they are shown as text."""
TEXTS = (str, int, float)


def redacted(document: object, shown: frozenset[str]) -> bytes:
    """JSON of the document in which only the scalars under the names in `shown` can be read.

    A list longer than 50 items is cut; what is nested deeper than 8 levels is hidden.
    """
    return orjson.dumps(_value(document, "", shown, 0))


def _value(value: object, name: str, shown: frozenset[str], depth: int) -> Any:
    if depth > MAX_DEPTH:
        return HIDDEN
    if isinstance(value, TEXTS):
        # Most are, and asking each whether it is a mapping costs several times as much.
        return _scalar(value) if name in shown else HIDDEN
    if isinstance(value, Mapping):
        items = list(value.items())[:MAX_ITEMS]
        return {_name(key): _value(inner, str(key), shown, depth + 1) for key, inner in items}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_value(inner, name, shown, depth + 1) for inner in value[:MAX_ITEMS]]
    return _scalar(value) if value is None or name in shown else HIDDEN


def _name(key: object) -> str:
    # A name that nobody listed may be somebody's name itself.
    return str(key)[:MAX_TEXT] if str(key).isidentifier() else HIDDEN


def _scalar(value: object) -> Any:
    exact = isinstance(value, (int, float)) and abs(value) < EXACT
    return value if value is None or exact else str(value)[:MAX_TEXT]
