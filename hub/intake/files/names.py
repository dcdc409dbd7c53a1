"""Names of files as people and databases can take them, and never longer than a name may be."""

from collections.abc import Callable
from itertools import count
from pathlib import PurePath

MAX_NAME = 255
"""Bytes; what nearly every file system allows."""
RESULT, SUMMARY = ".result.csv", ".result.json"
ROOM = MAX_NAME - len(SUMMARY)
MAX_SUFFIX = 20


def readable(text: str) -> str:
    """The text without control characters and without bytes that are no UTF-8."""
    plain = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "_" for char in plain)


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """The name, shortened and numbered until neither it nor its results exist."""
    plain = readable(name)
    suffix = PurePath(plain).suffix[:MAX_SUFFIX]
    stem = plain[: -len(suffix)] if suffix else plain
    for number in count(1):
        tail = (f"-{number}" if number > 1 else "") + suffix
        candidate = _shortened(stem, ROOM - len(tail.encode())) + tail
        if not any(is_taken(candidate + end) for end in ("", RESULT, SUMMARY)):
            return candidate
    raise AssertionError  # Numbers do not end.


def _shortened(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore")
