"""The result beside a file: a row for each of its lines, made to be opened in a spreadsheet.

UTF-8 with a byte order mark and CRLF, separated as the original is, so that whoever could open the
one can open the other. No cell can be taken for a formula, and none holds a line break.
"""

import csv
import io
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.intake.files.folder import Taking
from hub.intake.files.wording import LineAnswer

COLUMNS = ("line", "status", "code", "detail", "warranties", "event")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""What makes a spreadsheet calculate, the wide forms of it included."""
HEAD = 64 * 1024


class Results:
    """A result that grows row by row, each step on disk before anybody relies on it."""

    def __init__(self, taking: Taking, epoch: int, size: int, separator: str) -> None:
        """Continue the first `size` bytes that an earlier lease has written, in a file of our own."""
        path = taking.result(epoch)
        half = path.with_suffix(".half")
        with half.open("wb") as file:
            if size:
                _copy(taking.results()[-1], file, size)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
        self._file = path.open("ab")
        self._separator = separator
        self.size = size
        if not size:
            self.append([])

    def __enter__(self) -> Self:
        """Nothing more to prepare."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def append(self, lines: Iterable[LineAnswer]) -> None:
        """Write and wait for the disk."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self._separator, lineterminator="\r\n")
        if not self.size:
            self._file.write(BYTE_ORDER_MARK)
            self.size = len(BYTE_ORDER_MARK)
            writer.writerow(COLUMNS)
        writer.writerows(map(_row, lines))
        rows = text.getvalue().encode("utf-8", "replace")
        self._file.write(rows)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.size += len(rows)


def _row(line: LineAnswer) -> tuple[object, ...]:
    warranties = " ".join(line.warranties)
    return (line.line, *map(_cell, (line.word, line.code, line.detail, warranties, line.event)))


def _cell(text: str) -> str:
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return f"'{text}" if text.lstrip()[:1] in FORMULA and text.strip() else text


def _copy(source: Path, target: io.BufferedWriter, size: int) -> None:
    with source.open("rb") as file:
        shutil.copyfileobj(file, target)
    target.truncate(size)
    target.seek(size)


def separator_of(path: Path) -> str:
    """The semicolon where the file's first line has more of them than of commas."""
    with path.open("rb") as file:
        first = file.read(HEAD).lstrip().split(b"\n", 1)[0]
    return ";" if first.count(b";") > first.count(b",") else ","
