"""Documents with people in them whom nobody expected, always the same ones."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

PEOPLE = ("customer", "buyer", "client", "contact", "recipient", "member", "unheard_of")
SAID = ("name", "first_name", "email", "number", "line", "code", "id", "tax_id", "street", "note")
PARTS = ("phone", "address")
FIRST = 7_300_000_000_000
MARK = re.compile(r"73\d{11}")
"""What stands for a person's data: a number, or the same as text."""

Places = dict[str, str]


def peopled(document: Any, shown: frozenset[str]) -> Iterator[tuple[Any, Places]]:
    """The document with somebody in each of its objects, once for each way of telling of one.

    Beside it, which place each mark stands in.
    """
    names = dict.fromkeys([*SAID, *(part for path in shown for part in path.split("."))])
    said = tuple(name for name in names if name not in {"*", *PARTS})
    for number in range(4):
        places: Places = {}
        yield _crowded(document, (), said, number, places), places


def _crowded(
    value: Any, path: tuple[str, ...], said: tuple[str, ...], form: int, places: Places
) -> Any:
    if isinstance(value, Mapping):
        kept = {
            name: _crowded(inner, (*path, str(name)), said, form, places)
            for name, inner in value.items()
        }
        return kept | {who: _somebody((*path, who), said, form, places) for who in PEOPLE}
    if isinstance(value, list):
        return [_crowded(inner, (*path, "*"), said, form, places) for inner in value]
    return value


def _somebody(path: tuple[str, ...], said: tuple[str, ...], form: int, places: Places) -> Any:
    match form:
        case 0:
            return _mark(path, places)
        case 1:
            return [_mark((*path, "*"), places)]
        case 2:
            return _told(path, said, places)
        case _:
            return [_told((*path, "*"), said, places)]


def _told(path: tuple[str, ...], said: tuple[str, ...], places: Places) -> dict[str, Any]:
    own = {name: _mark((*path, name), places) for name in said}
    return own | {
        part: {name: _mark((*path, part, name), places) for name in said} for part in PARTS
    }


def _mark(path: tuple[str, ...], places: Places) -> str | int:
    number = FIRST + len(places)
    places[str(number)] = ".".join(path)
    return number if number % 2 else str(number)
