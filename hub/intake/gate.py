"""Bulk waits while people do: nothing is added in bulk as long as decisions come late."""

import asyncio
import time
from dataclasses import dataclass, field

from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.telemetry.metrics import Metrics

PAUSE_ABOVE, RESUME_BELOW = 2.0, 1.0
"""Seconds that the oldest event not yet decided has been waiting."""
EVERY = 0.25
"""Seconds between two looks, at most: what bulk can add meanwhile adds that much lag again."""

STANDS = "select part, next_offset from partition_owner where topic = $1"


@dataclass(slots=True)
class Gate:
    """Open or closed to bulk; looks only when somebody asks."""

    topic: str
    database: Database
    peek: Peek
    metrics: Metrics
    pause_above: float = PAUSE_ABOVE
    resume_below: float = RESUME_BELOW
    _open: bool = True
    _next_look: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def wait(self) -> None:
        """Return once bulk may go on.

        Raises:
            StoreUnavailableError, BrokerUnavailableError: nobody can tell how late decisions come.

        """
        while not await self.is_open():  # noqa: ASYNC110 - what it waits for is elsewhere
            await asyncio.sleep(EVERY)

    async def is_open(self) -> bool:
        """Whether bulk may add something now; raises as `wait` does."""
        async with self._lock:
            if time.monotonic() >= self._next_look:
                lag = await self._lag()
                self._open = lag < (self.pause_above if self._open else self.resume_below)
                self.metrics.bulk_paused.labels(self.topic).set(not self._open)
                self._next_look = time.monotonic() + EVERY
            return self._open

    async def _lag(self) -> float:
        """Seconds since the oldest event that is not decided was received."""
        stands = {row["part"]: row["next_offset"] for row in await self._stands()}
        ends = await self.peek.ends((self.topic, part) for part in stands) if stands else {}
        oldest = time.time()
        for part, next_offset in stands.items():
            if ends[self.topic, part] > next_offset:
                record = await self.peek.record(self.topic, part, next_offset)
                if record is not None:
                    oldest = min(oldest, record.timestamp / 1000)
        return max(0.0, time.time() - oldest)

    async def _stands(self) -> list[dict[str, int]]:
        return await self.database.fetch(STANDS, self.topic)
