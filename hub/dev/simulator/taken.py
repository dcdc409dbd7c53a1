"""The book of what simulated receivers took: a line a message, written before it is answered."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

MESSAGE = re.compile(r"[\w.@+-]{1,300}")
"""What an id may look like; there is no other in the book."""


@dataclass(slots=True)
class Book:
    """Is added to, so that nothing of it is lost with the process that writes."""

    path: Path
    _file: TextIO | None = None

    def __enter__(self) -> Self:
        # Every line goes out by itself: who is killed has said yes to nothing that does not stand there.
        self._file = self.path.open("a", buffering=1, encoding="ascii")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def note(self, name: str, message: str) -> None:
        """A receiver takes a message."""
        if self._file is not None:
            self._file.write(f"{name} {message}\n")


def read(path: Path) -> Mapping[str, Counter[str]]:
    """How often each receiver took each message; empty where there is no book."""
    found: dict[str, Counter[str]] = {}
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        name, _, message = line.partition(" ")
        found.setdefault(name, Counter())[message] += 1
    return found
