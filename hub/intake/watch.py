"""Keeps the gauges that no lane can know: what is landed and not translated, parked, unaccounted for."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import structlog

from hub.adapters.kafka import KafkaSettings, Peek
from hub.adapters.postgres import Database
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from hub.telemetry.metrics import Metrics

EVERY_SECONDS = 5.0
OWNERS = """
select part, first_offset, next_offset, parked,
       translated + meaningless + parked + stepped_over as accounted
  from landing_owner where topic = $1 order by part
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RawWatch:
    """Looks at one raw topic's partitions, whoever owns them."""

    topic: str
    kafka: KafkaSettings
    database: Database
    metrics: Metrics
    every: float = EVERY_SECONDS

    async def run(self) -> None:
        """Look again and again until cancelled; while one is away, gauges stand."""
        while True:
            try:
                async with Peek(self.kafka) as peek:
                    while True:
                        await self.look(peek)
                        await asyncio.sleep(self.every)
            except (BrokerUnavailableError, StoreUnavailableError) as error:
                self.metrics.infrastructure.labels(type(error).__name__).inc()
                log.warning("watch.waited", topic=self.topic, reason=str(error))
            except Exception:
                # Gauges that stand still for ever would look as if all were well.
                self.metrics.infrastructure.labels("unexpected").inc()
                log.exception("watch.failed", topic=self.topic)
            await asyncio.sleep(self.every)

    async def look(self, peek: Peek) -> None:
        """Set every gauge once."""
        owners = await self.database.fetch(OWNERS, self.topic)
        for one in owners:
            passed = one["next_offset"] - one["first_offset"]
            unaccounted = passed - one["accounted"]
            self.metrics.raw_unaccounted.labels(self.topic, one["part"]).set(unaccounted)
            await self._lag(peek, one)
        self.metrics.parked.labels(self.topic).set(sum(one["parked"] for one in owners))

    async def _lag(self, peek: Peek, owner: Any) -> None:
        part, stands = owner["part"], owner["next_offset"]
        _, end = await peek.bounds(self.topic, part)
        waiting, seconds = max(0, end - stands), 0.0
        if waiting:
            oldest = await peek.record(self.topic, part, stands)
            seconds = max(0.0, time.time() - oldest.timestamp / 1000) if oldest else 0.0
        self.metrics.raw_lag_records.labels(self.topic, part).set(waiting)
        self.metrics.raw_lag_seconds.labels(self.topic, part).set(seconds)
