"""Nightly files of a merchant's tills, dropped now and then, and once too often."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hub.dev.simulator import exports
from hub.dev.simulator.goods import Export
from hub.dev.simulator.said import Row

A_DAY_SECONDS = 12.0
DROPPED_AGAIN = 0.5
KEPT = 5_000


@dataclass(slots=True)
class Nights:
    """Gathers rows by day and leaves them in the drop folder at night; days are short here."""

    inbox: Path
    name: str
    """What the names of its files begin with."""
    export: Export
    chance: random.Random
    heard: Counter[str]
    _rows: list[Row] = field(default_factory=list)
    _files: int = 0
    _last: bytes = b""

    async def tell(self, row: Row) -> None:
        while len(self._rows) >= KEPT:  # noqa: ASYNC110 - until the night
            await asyncio.sleep(0.1)
        self._rows.append(row)

    async def run(self) -> None:
        """Drop files until cancelled."""
        while True:
            await asyncio.sleep(A_DAY_SECONDS)
            self._drop_again(DROPPED_AGAIN)
            self._drop()

    async def settle(self) -> None:
        """The last night: nothing is left for a file, and one of them is dropped again."""
        self._drop()
        self._drop_again(1)

    def _drop(self) -> None:
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        self._files += 1
        # One line of every file cannot be read.
        rows.insert(len(rows) // 2, exports.broken(self._unsold(rows[0]), self.export))
        self._last = exports.written(self.export, rows)
        self._put(f"{self.name}-{self._files:03d}.csv", self._last)
        self.heard["rows_dropped"] += len(rows)

    def _unsold(self, row: Row) -> Row:
        """A row that was sold under another number, so that no other row waits for it."""
        column = self.export.columns["order"][-1]
        return Row(row.tenant, {**row.cells, column: f"{row.cells[column]}-X{self._files}"})

    def _drop_again(self, likelihood: float) -> None:
        """Somebody is not sure whether it was dropped, and does it under another name."""
        if self._last and self.chance.random() < likelihood:
            self._put(f"{self.name}-{self._files:03d} (copy).csv", self._last)

    def _put(self, name: str, content: bytes) -> None:
        """Nobody takes a file for complete before it has its own name."""
        self.inbox.mkdir(parents=True, exist_ok=True)
        unfinished = self.inbox / f"{name}.part"
        unfinished.write_bytes(content)
        unfinished.rename(self.inbox / name)
        self.heard["files_dropped"] += 1
