"""A payload line by line, as it is written, with what is wrong beside the line that it is about; pure."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec

from hub.recovery.opening import Breach

STEP = "  "
MOST = 3_000
"""Lines that are shown."""
DEEPEST, MOST_BLANKS = 100, 4 * 1024 * 1024
"""Levels that are set off from each other, and the blanks that it may take."""
MAX_PLACE = 500
"""What is called by a longer name is marked where it stands in."""
MARKS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)


class _Pairs(list[tuple[str, object]]):
    """An object with its members in their order, repeated ones too."""


class _Number(str):
    """A number exactly as it is written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and what is wrong there."""

    text: str
    wrong: tuple[str, ...] = ()


def lines(text: str, breaches: Sequence[Breach]) -> list[Line]:
    """The lines of a payload; what is wrong with something that is not there stands where it would be."""
    written = list(islice(_written(text), MOST))
    first: dict[str, int] = {}
    for number, (place, _) in enumerate(written):
        first.setdefault(place, number)
    wrong: dict[int, list[str]] = {}
    for one in breaches:
        number, rest = _nearest(one.place, first)
        wrong.setdefault(number, []).append(f"{rest}: {one.message}" if rest else one.message)
    return [Line(line, tuple(wrong.get(n, ()))) for n, (_, line) in enumerate(written)]


def reads_by_lines(text: str) -> bool:
    """Whether it can have a line for each member: set off, a small document may become a very large one."""
    depth = blanks = 0
    for found in MARKS.finditer(text):
        mark = found[0]
        depth += (mark in ("[", "{")) - (mark in ("]", "}"))
        blanks += 0 if mark[0] == '"' else depth * len(STEP)
        if depth > DEEPEST or blanks > MOST_BLANKS:
            return False
    return True


def readable(text: str) -> str:
    """JSON with a line for each member, its numbers and texts as they are written; else as it is."""
    try:
        return msgspec.json.format(text, indent=2) if reads_by_lines(text) else text
    except msgspec.MsgspecError:
        return text


def _nearest(place: str, first: dict[str, int]) -> tuple[int, str]:
    """The line of a place or of what it would stand in, and the rest of the place."""
    rest = ""
    while place not in first and place:
        place, _, last = place.rpartition(".")
        rest = f"{last}.{rest}" if rest else last
    return first.get(place, 0), rest


def _written(text: str) -> Iterator[tuple[str, str]]:
    if reads_by_lines(text):
        try:
            yield from _value(_read(text), "", "", "", "")
        except ValueError:
            pass
        else:
            return
    for line in text.splitlines() or [""]:
        yield "", line


def _read(text: str) -> object:
    return json.loads(
        text,
        object_pairs_hook=_Pairs,
        parse_float=_Number,
        parse_int=_Number,
        parse_constant=_Number,
    )


def _value(
    value: object, place: str, indent: str, before: str, after: str
) -> Iterator[tuple[str, str]]:
    start = f"{indent}{before}"
    if isinstance(value, _Pairs) and value:
        members = [(f"{json.dumps(name, ensure_ascii=False)}: ", name, one) for name, one in value]
        yield from _block("{}", members, place, (indent, start, after))
    elif isinstance(value, list) and value and not isinstance(value, _Pairs):
        members = [("", str(number), one) for number, one in enumerate(value)]
        yield from _block("[]", members, place, (indent, start, after))
    elif isinstance(value, _Number):
        yield place, f"{start}{value}{after}"
    else:
        empty = "{}" if isinstance(value, _Pairs) else json.dumps(value, ensure_ascii=False)
        yield place, f"{start}{empty}{after}"


def _block(
    brackets: str,
    members: list[tuple[str, str, object]],
    place: str,
    around: tuple[str, str, str],
) -> Iterator[tuple[str, str]]:
    indent, start, after = around
    yield place, f"{start}{brackets[0]}"
    for number, (before, name, one) in enumerate(members, 1):
        inner = f"{place}.{name}" if place else name
        inner = inner if len(inner) <= MAX_PLACE else place
        comma = "," if number < len(members) else ""
        yield from _value(one, inner, indent + STEP, before, comma)
    yield place, f"{indent}{brackets[1]}{after}"
