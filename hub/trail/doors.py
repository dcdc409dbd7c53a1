"""Refusals from the audit topic into the trail, where they stay when the rest is made again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from hub.adapters.kafka import Feed, KafkaSettings, Record
from hub.adapters.postgres import Database
from hub.audit.heads import is_head
from hub.sdk.failures import BrokerUnavailableError, DecideAgainError, StoreUnavailableError
from hub.telemetry.metrics import Metrics
from hub.trail.rows import DOOR, Place, Row, door_row
from hub.trail.store import put

IDLE_SECONDS = 0.25
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0)
LIMIT = 1_000
AWAY = (StoreUnavailableError, BrokerUnavailableError, DecideAgainError)

POSITION = "select n from trail_progress where log = $1 and topic = $2 and part = $3"
KNOWN = """
select tenant, correlation from trail
 where log = 'door' and tenant = any($2::text[]) and correlation = any($1::text[])
"""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Doors:
    """A member of the trail's group on the audit topic; its place stands in Postgres."""

    database: Database
    kafka: KafkaSettings
    metrics: Metrics
    topic: str
    _feed: Feed | None = None
    _at: dict[int, int] = field(default_factory=dict)
    """The next offset of each partition that is being read."""
    _generation: int = -1
    _away: int = 0

    def problems(self) -> list[str]:
        """What keeps refusals from being seen."""
        return ["the audit topic cannot be read or stored"] if self._away else []

    async def run(self) -> None:
        """Follow until cancelled."""
        try:
            while True:
                try:
                    moved = await self._turn()
                    self._away = 0
                except AWAY as error:
                    await self._wait_out(error)
                else:
                    await asyncio.sleep(0 if moved else IDLE_SECONDS)
        finally:
            await self._leave()

    async def _wait_out(self, error: Exception) -> None:
        self.metrics.infrastructure.labels(type(error).__name__).inc()
        log.warning("trail.waited", reason=str(error), attempt=self._away + 1)
        self._at.clear()
        await asyncio.sleep(BACKOFF_SECONDS[min(self._away, len(BACKOFF_SECONDS) - 1)])
        self._away += 1

    async def _member(self) -> Feed:
        if self._feed is None:
            feed = Feed(self.kafka, self.topic, f"trail.{self.topic}")
            try:
                await feed.start()
            except BaseException:
                await feed.stop()
                raise
            self._feed = feed
        return self._feed

    async def _leave(self) -> None:
        if self._feed is not None:
            await self._feed.stop()

    async def _turn(self) -> bool:
        feed = await self._member()
        if feed.generation != self._generation:
            self._generation = feed.generation
            self._at.clear()
        moved = False
        for part in sorted(feed.assignment()):
            if part not in self._at:
                await self._begin(feed, part)
            if part in self._at:
                moved |= await self._follow(feed, part)
        return moved

    async def _begin(self, feed: Feed, part: int) -> None:
        stored = await self.database.fetchval(POSITION, DOOR, self.topic, part)
        first, end = await feed.bounds(part)
        here = int(stored or 0)
        if here > end:
            log.error("audit.began_anew", topic=self.topic, partition=part, at=here, end=end)
        elif here < first and stored is not None:
            log.error("audit.lost", topic=self.topic, partition=part, at=here, first=first)
        start = first if here > end else max(here, first)
        if start != here:
            # Another may be as quick; whoever comes second reads the place again.
            await put(self.database, self._place(part), here, start, [])
        if feed.seek(part, start):
            self._at[part] = start

    async def _follow(self, feed: Feed, part: int) -> bool:
        records = await feed.read(part, timeout_ms=0, limit=LIMIT)
        if feed.generation != self._generation or not records:
            return False
        # Heads of the audit's chains come by the same topic, and are no refusals.
        told = [record for record in records if not is_head(record.value or b"")]
        rows = await self._news([_row(part, record) for record in told])
        to = records[-1].offset + 1
        if await put(self.database, self._place(part), self._at[part], to, rows):
            self._at[part] = to
            self.metrics.trail_rows.labels(DOOR).inc(len(rows))
        else:
            del self._at[part]
        return True

    async def _news(self, rows: Sequence[Row]) -> list[Row]:
        """Without those that a door wrote twice, because it did not hear that the first was there."""
        ids = [row.correlation for row in rows]
        tenants = sorted({row.tenant for row in rows})
        known = {
            (row["tenant"], row["correlation"])
            for row in await self.database.fetch(KNOWN, ids, tenants)
        }
        news: list[Row] = []
        for row in rows:
            if (row.tenant, row.correlation) not in known:
                known.add((row.tenant, row.correlation))
                news.append(row)
        return news

    def _place(self, part: int) -> Place:
        return Place(DOOR, self.topic, part)


def _row(part: int, record: Record) -> Row:
    received_at = datetime.fromtimestamp(max(record.timestamp, 0) / 1000, UTC)
    return door_row(record.offset, part, received_at, record.value or b"")
