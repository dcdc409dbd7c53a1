"""Keeps the gauges that no partition's loop can know: lag, open items, what is unaccounted."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.adapters.kafka import KafkaSettings, Peek
from hub.adapters.postgres import Database
from hub.ledger.breakers import count_breakers
from hub.ledger.watching import EVERY_SECONDS, keep_looking, lag
from hub.recovery.figures import STATES, PartitionFigures, read_partitions, read_progress
from hub.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at one intake topic's partitions, whoever owns them."""

    topic: str
    kafka: KafkaSettings
    database: Database
    metrics: Metrics
    every: float = EVERY_SECONDS

    async def run(self) -> None:
        """Look again and again until cancelled; while one is away, gauges stand."""
        await keep_looking(self.topic, self.kafka, self.metrics, self.look, self.every)

    async def look(self, peek: Peek) -> None:
        """Set every gauge once."""
        partitions = await read_partitions(self.database, self.topic)
        for one in partitions:
            labels = (self.topic, str(one.partition))
            self.metrics.unaccounted.labels(*labels).set(one.unaccounted)
            self.metrics.held_keys.labels(*labels).set(one.held_keys)
            waiting, seconds = await lag(peek, self.topic, one.partition, one.next_offset)
            self.metrics.lag_events.labels(*labels).set(waiting)
            self.metrics.lag_seconds.labels(*labels).set(seconds)
        self._items(partitions)
        stopped = sum(one.stopped_reason is not None for one in partitions)
        self.metrics.stopped_partitions.labels(self.topic).set(stopped)
        await count_breakers(self.database, self.metrics)
        await self._projections(partitions)

    def _items(self, partitions: Sequence[PartitionFigures]) -> None:
        for state in STATES:
            count = sum(one.rows[state] for one in partitions)
            age = max((one.ages[state] for one in partitions), default=0.0)
            self.metrics.open_items.labels(self.topic, state).set(count)
            self.metrics.oldest_item_seconds.labels(self.topic, state).set(age)

    async def _projections(self, partitions: Sequence[PartitionFigures]) -> None:
        seqs = {one.partition: one.seq for one in partitions}
        for progress in await read_progress(self.database):
            behind = max(0, seqs.get(progress.partition, 0) - progress.seq)
            labels = (progress.projection, str(progress.partition))
            self.metrics.projection_lag.labels(*labels).set(behind)
            self.metrics.projection_seq.labels(*labels).set(progress.seq)
