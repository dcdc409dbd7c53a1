"""Rows for whoever reads them: what a next command needs is never cut, broken or left out.

A table where one fits; else a block a row. What is not a terminal gets a line a row.
"""

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 100_000
"""Columns of a file or a pipe: nobody has to turn a page there."""
LEAST = 24
"""Columns that running text needs to be readable beside others."""
EDGE = 3
INDENT = "    "
JSON_LINES = "Print JSON, one document a line."


def screen(file: IO[str] | None = None) -> Console:
    """A console as wide as whoever reads it; COLUMNS counts everywhere."""
    is_shown = (file or sys.stdout).isatty() or "COLUMNS" in os.environ
    return Console(file=file, width=None if is_shown else WIDE, highlight=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of named cells; an underscore in a name is a place to break it."""

    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    whole: Collection[str] = ()
    """Columns that stay in one piece: ids, places, moments, figures."""
    title: str = ""

    def show(self, console: Console | None = None) -> None:
        """As a table where it fits, else in blocks."""
        console = console or screen()
        if self._least_width() <= console.width:
            console.print(self._table())
            return
        if self.title:
            console.print(Text(self.title))
        for row in self.rows:
            for line in self._block(row, console.width):
                # A terminal breaks what is longer than itself, and copies it in one piece.
                console.print(Text(line), soft_wrap=True)

    def _least_width(self) -> int:
        widths = (
            max(_longest_line(_heading(name)), width if name in self.whole else min(width, LEAST))
            for name, width in zip(self.names, self._widths(), strict=True)
        )
        return sum(widths) + EDGE * len(self.names) + 1

    def _widths(self) -> list[int]:
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.names)
        return [max(map(_longest_line, column), default=0) for column in columns]

    def _table(self) -> Table:
        table = Table(title=Text(self.title) if self.title else None)
        for number, name in enumerate(self.names):
            table.add_column(
                Text(_heading(name)),
                no_wrap=name in self.whole,
                overflow="fold",
                justify="right" if all(row[number].isdigit() for row in self.rows) else "left",
            )
        for row in self.rows:
            table.add_row(*map(Text, row))
        return table

    def _block(self, row: Sequence[str], width: int) -> Iterator[str]:
        """The first cell, and below it the others, as many to a line as fit."""
        yield f"{self.names[0]} {row[0]}"
        line = ""
        for name, cell in zip(self.names[1:], row[1:], strict=True):
            if not cell:
                continue
            said = f"{name.replace('_', ' ')} {cell}"
            if line and cell_len(f"{INDENT}{line}  {said}") > width:
                yield f"{INDENT}{line}"
                line = ""
            line = f"{line}  {said}" if line else said
        if line:
            yield f"{INDENT}{line}"


def _heading(name: str) -> str:
    return name.replace("_", "\n")


def _longest_line(text: str) -> int:
    return max(map(cell_len, text.splitlines()), default=0)
