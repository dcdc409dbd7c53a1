"""How long the oldest event has been waiting, seen from outside: Kafka's stamps and the ledger."""

import asyncio
import heapq
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from hub.dev.crash.installation import INTAKE

_LOOK_SECONDS = 0.25
_SQL = "select part, next_offset from partition_owner where topic = $1"


@dataclass(slots=True)
class Watch:
    """Knows every acknowledged record until the ledger has passed it."""

    dsn: str
    age: float = 0
    worst: float = 0
    worst_at: str = ""
    worst_in_outage: float = 0
    seen: int = 0
    reached: dict[int, int] = field(default_factory=dict)
    """`next_offset` by partition."""
    _unapplied: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    _excused: int = 0

    def acknowledged(self, partition: int, offset: int, timestamp_ms: int) -> None:
        """A record stands in the intake topic since then."""
        self.seen += 1
        heapq.heappush(self._unapplied[partition], (offset, timestamp_ms))

    @property
    def unapplied(self) -> int:
        """How many acknowledged records the ledger has not passed."""
        return sum(len(heap) for heap in self._unapplied.values())

    @contextmanager
    def excused(self) -> Iterator[None]:
        """While a server itself is away, age says nothing about the hub."""
        self._excused += 1
        try:
            yield
        finally:
            self._excused -= 1

    async def run(self) -> None:
        """Look for ever; Postgres may come and go."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                connection = await asyncpg.connect(self.dsn, timeout=5, command_timeout=5)
                try:
                    while True:
                        self._look(await connection.fetch(_SQL, INTAKE))
                        await asyncio.sleep(_LOOK_SECONDS)
                finally:
                    connection.terminate()
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self, rows: list[Any]) -> None:
        self.reached = {row["part"]: row["next_offset"] for row in rows}
        now, oldest, where = time.time() * 1000, 0.0, ""
        for partition, heap in self._unapplied.items():
            while heap and heap[0][0] < self.reached.get(partition, 0):
                heapq.heappop(heap)
            # A lower offset may be acknowledged after a higher one, so look at all of the few.
            age = max((now - stamp for _, stamp in heap[:1]), default=0) / 1000
            if age > oldest:
                oldest, where = age, f"intake[{partition}]@{heap[0][0]}"
        self.age = oldest
        if self._excused:
            self.worst_in_outage = max(oldest, self.worst_in_outage)
        elif oldest > self.worst:
            self.worst, self.worst_at = oldest, where
