"""Keeps the gauges that no partition's loop can know: lag, open items, what is unaccounted."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from hub.adapters.kafka import KafkaSettings, Peek
from hub.adapters.postgres import Database
from hub.recovery.figures import STATES, PartitionFigures, read_partitions, read_progress
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from hub.telemetry.metrics import Metrics

EVERY_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at one intake topic's partitions, whoever owns them."""

    topic: str
    kafka: KafkaSettings
    database: Database
    metrics: Metrics
    every: float = EVERY_SECONDS

    async def run(self) -> None:
        """Look again and again until cancelled, whatever happens; while one is away, gauges stand."""
        while True:
            try:
                async with Peek(self.kafka) as peek:
                    while True:
                        await self.look(peek)
                        await asyncio.sleep(self.every)
            except (BrokerUnavailableError, StoreUnavailableError) as error:
                self.metrics.infrastructure.labels(type(error).__name__).inc()
                log.warning("watch.waited", topic=self.topic, reason=str(error))
                await asyncio.sleep(self.every)
            except Exception:
                # Gauges that stand still for ever would look as if all were well.
                self.metrics.infrastructure.labels("unexpected").inc()
                log.exception("watch.failed", topic=self.topic)
                await asyncio.sleep(self.every)

    async def look(self, peek: Peek) -> None:
        """Set every gauge once."""
        partitions = await read_partitions(self.database, self.topic)
        for one in partitions:
            labels = (self.topic, str(one.partition))
            self.metrics.unaccounted.labels(*labels).set(one.unaccounted)
            self.metrics.held_keys.labels(*labels).set(one.held_keys)
            await self._lag(peek, one)
        self._items(partitions)
        stopped = sum(one.stopped_reason is not None for one in partitions)
        self.metrics.stopped_partitions.labels(self.topic).set(stopped)
        await self._projections(partitions)

    async def _lag(self, peek: Peek, one: PartitionFigures) -> None:
        _, end = await peek.bounds(self.topic, one.partition)
        waiting, seconds = max(0, end - one.next_offset), 0.0
        if waiting:
            oldest = await peek.record(self.topic, one.partition, one.next_offset)
            seconds = max(0.0, time.time() - oldest.timestamp / 1000) if oldest else 0.0
        self.metrics.lag_events.labels(self.topic, str(one.partition)).set(waiting)
        self.metrics.lag_seconds.labels(self.topic, str(one.partition)).set(seconds)

    def _items(self, partitions: Sequence[PartitionFigures]) -> None:
        for state in STATES:
            count = sum(one.rows[state] for one in partitions)
            age = max((one.ages[state] for one in partitions), default=0.0)
            self.metrics.open_items.labels(self.topic, state).set(count)
            self.metrics.oldest_item_seconds.labels(self.topic, state).set(age)

    async def _projections(self, partitions: Sequence[PartitionFigures]) -> None:
        seqs = {one.partition: one.seq for one in partitions}
        for progress in await read_progress(self.database):
            lag = max(0, seqs.get(progress.partition, 0) - progress.seq)
            labels = (progress.projection, str(progress.partition))
            self.metrics.projection_lag.labels(*labels).set(lag)
            self.metrics.projection_seq.labels(*labels).set(progress.seq)
