"""How lines of a sale are told apart: by the sender's own names, else by their place."""

from collections import Counter
from collections.abc import Sequence

from hub.domain.serials import normalise

PLACE = "#"


def line_names(given: Sequence[str | None]) -> list[str]:
    """A name for each line; one that has none is called by its place, and never as another is."""
    taken = {name for name in given if name}
    return [name or _place(number, taken) for number, name in enumerate(given, start=1)]


def _place(number: int, taken: set[str]) -> str:
    name = f"{PLACE}{number}"
    while name in taken:
        name = PLACE + name
    return name


def is_place(name: str) -> bool:
    """Whether a line is called by its place; a sender who calls it so himself is not told apart."""
    return name.startswith(PLACE) and name.lstrip(PLACE).isdecimal()


def repeated(given: Sequence[str | None]) -> list[int]:
    """The places, counted from 0, of lines whose name an earlier line has."""
    return _later([name or None for name in given])


def same_unit(lines: Sequence[tuple[str, str | None]]) -> list[int]:
    """The places, counted from 0, of lines whose product and serial an earlier line has."""
    return _later([(key, normalise(serial)) if serial else None for key, serial in lines])


def _later(keys: Sequence[object]) -> list[int]:
    seen: Counter[object] = Counter()
    found = []
    for place, key in enumerate(keys):
        if key is not None and seen[key]:
            found.append(place)
        seen[key] += 1
    return found
