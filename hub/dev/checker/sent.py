"""What was sent, as the sender wrote it down when Kafka acknowledged it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

ACKNOWLEDGED: Literal["acknowledged"] = "acknowledged"
State = Literal["acknowledged", "aborted", "unknown"]
"""An `unknown` send failed without an answer: its effect may be there, once, or not."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One event and the effect it must have.

    A unit's key is `serial/<product>/<serial>`, or `order/<reference>/<product>/<index>` where it
    has no serial; two events that name one key speak of the same unit.
    """

    id: str
    kind: str
    group: str
    """What is ordered among itself: the events of one order."""
    state: State
    places: tuple[tuple[int, int], ...] = ()
    """Partition and offset of every copy, the first one first."""
    placed: bool = True
    """Whether every copy went to the partition of its home."""
    covers: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    tells: tuple[tuple[str, str], ...] = ()
    """Unit and report (order reference or `registration`) that the status topic must connect."""


@dataclass(slots=True)
class Expected:
    """What all that was sent must amount to."""

    events: dict[str, Sent] = field(default_factory=dict)
    covered: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    told: set[tuple[str, str]] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    """Units of which an `unknown` event spoke."""
    unordered: set[str] = field(default_factory=set)
    """Groups with an event that went a detour, whose order nobody promised."""


def write(path: Path, events: Iterable[Sent]) -> None:
    """Write the log; its last line proves that it is whole."""
    lines = [json.dumps({name: getattr(event, name) for name in _FIELDS}) for event in events]
    lines.append(json.dumps({"final": len(lines)}))
    path.write_text("\n".join(lines) + "\n")


def read(path: Path) -> list[Sent]:
    """Read a log.

    Raises:
        ValueError: it has no last line, so what is missing cannot be told.

    """
    *lines, last = [json.loads(line) for line in path.read_text().splitlines()] or [{}]
    if last.get("final") != len(lines):
        raise ValueError(f"{path} is cut off: run the load again and let it end by itself")
    return [_sent(line) for line in lines]


_FIELDS = ("id", "kind", "group", "state", "places", "placed", "covers", "ends", "tells")


def _sent(line: dict[str, Any]) -> Sent:
    pairs = {name: tuple(tuple(pair) for pair in line[name]) for name in ("places", "tells")}
    flat = {name: tuple(line[name]) for name in ("covers", "ends")}
    return Sent(**{**line, **pairs, **flat})


def expect(events: Iterable[Sent]) -> Expected:
    """Add up the effects of all events."""
    expected = Expected()
    for event in events:
        expected.events[event.id] = event
        if not event.placed or event.state != ACKNOWLEDGED:
            expected.unordered.add(event.group)
        if event.state == "unknown":
            expected.optional.update(event.covers, event.ends)
        if event.state != ACKNOWLEDGED:
            continue
        expected.covered.update(event.covers)
        expected.ended.update(event.ends)
        expected.told.update(event.tells)
    return expected
