"""What is known by its number, and lists of it: a page, and where the next one begins."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Path
from starlette.convertors import IntegerConvertor, register_url_convertor

from hub.api import problems
from hub.api.desk import MAX_OFFSET

Number = Annotated[int, Path(ge=1, le=MAX_OFFSET)]
BY_NUMBER = "{number:number}"
"""The last part of a path, once `know_numbers` was called."""
HERE = {
    "Location": {"description": "Where to watch it.", "schema": {"type": "string"}},
}
REFUSED = (problems.NOT_FOUND, problems.NOT_POSSIBLE, problems.INVALID)

One = TypeVar("One")
Cursor = TypeVar("Cursor")


class _Digits(IntegerConvertor):
    """Few enough for Python to read them; how large the number may be, the parameter says."""

    regex = "[0-9]{1,100}"


def know_numbers() -> None:
    """Let paths have `BY_NUMBER` in them."""
    register_url_convertor("number", _Digits())


def cut(
    found: Sequence[One], limit: int, place: Callable[[One], Cursor]
) -> tuple[list[One], Cursor | None]:
    """As many as were asked for, of which one more was looked for; the cursor is None where there is none."""
    shown = list(found[:limit])
    return shown, place(shown[-1]) if len(found) > limit else None
