"""What an event calls its order and its units: by these somebody looks for one that was not applied."""

from typing import Any

import msgspec

from hub.sdk.events import Outcome

MOST, MAX_LENGTH, MAX_BYTES = 100, 200, 1024 * 1024
APPLIED = frozenset({Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.FORWARDED})
"""Outcomes after which the rows of a home tell of its order and its units, or another partition does."""


def names_of(body: bytes | None) -> tuple[str, ...]:
    """Order reference, own reference and serials of a fact; of what is none, as much as can be read."""
    if body is None or len(body) > MAX_BYTES:
        return ()
    try:
        fact = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(fact, dict):
        return ()
    lines = fact.get("lines")
    found = [_inside(fact, "order", "reference"), fact.get("reference"), fact.get("serial")]
    for line in lines if isinstance(lines, list) else ():
        serials = line.get("serials") if isinstance(line, dict) else None
        found += serials if isinstance(serials, list) else []
    names = (name for name in found if isinstance(name, str) and _is_name(name))
    return tuple(dict.fromkeys(names))[:MOST]


def _inside(fact: dict[str, Any], part: str, name: str) -> object:
    inner = fact.get(part)
    return inner.get(name) if isinstance(inner, dict) else None


def _is_name(text: str) -> bool:
    return 0 < len(text) <= MAX_LENGTH and text.isprintable()
