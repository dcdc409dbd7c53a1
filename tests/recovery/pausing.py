"""A process that is frozen in the middle of what it says to Postgres."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.adapters.postgres import Database


@dataclass
class Frozen:
    """A database that is told nothing more once a statement has these words in it, until it is thawed."""

    database: Database
    words: str
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    thawed: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(self, sql: str, *values: object) -> list[Any]:
        await self._wait(sql)
        return await self.database.fetch(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        await self._wait(sql)
        return await self.database.execute(sql, *values)

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        await self._wait(sql)
        await self.database.executemany(sql, rows)

    async def _wait(self, sql: str) -> None:
        if self.words in sql:
            self.reached.set()
            await self.thawed.wait()
