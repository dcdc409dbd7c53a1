"""What differs between two versions of a document, place by place."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

ABSENT = object()


class Change(NamedTuple):
    """A place of a document (a JSON pointer), and what stood and stands there; None for nothing."""

    pointer: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """As a line for people."""
        if self.before is None:
            return f"+ {self.pointer}: {self.after!r}"
        if self.after is None:
            return f"- {self.pointer}: {self.before!r}"
        return f"~ {self.pointer}: {self.before!r} is now {self.after!r}"


def changes(before: Any, after: Any, pointer: str = "") -> Iterator[Change]:
    """Every place that differs, in the order of the documents; whole parts that come or go at once."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            step = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            yield from changes(before.get(key, ABSENT), after.get(key, ABSENT), step)
    elif isinstance(before, list) and isinstance(after, list):
        for n in range(max(len(before), len(after))):
            was = before[n] if n < len(before) else ABSENT
            now = after[n] if n < len(after) else ABSENT
            yield from changes(was, now, f"{pointer}/{n}")
    elif before is ABSENT or after is ABSENT or type(before) is not type(after) or before != after:
        yield Change(pointer, *(None if one is ABSENT else one for one in (before, after)))
