"""Looking at a topic's partitions again and again, whoever owns them: for gauges that no loop can know."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from hub.adapters.kafka import KafkaSettings, Peek
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from hub.telemetry.metrics import Metrics

EVERY_SECONDS = 5.0

log = structlog.get_logger(__name__)


async def keep_looking(
    topic: str,
    kafka: KafkaSettings,
    metrics: Metrics,
    look: Callable[[Peek], Awaitable[None]],
    every: float = EVERY_SECONDS,
) -> None:
    """Look until cancelled, whatever happens; while one is away, gauges stand."""
    while True:
        try:
            async with Peek(kafka) as peek:
                while True:
                    await look(peek)
                    await asyncio.sleep(every)
        except (BrokerUnavailableError, StoreUnavailableError) as error:
            metrics.infrastructure.labels(type(error).__name__).inc()
            log.warning("watch.waited", topic=topic, reason=str(error))
        except Exception:
            # Gauges that stand still for ever would look as if all were well.
            metrics.infrastructure.labels("unexpected").inc()
            log.exception("watch.failed", topic=topic)
        await asyncio.sleep(every)


async def lag(peek: Peek, topic: str, partition: int, next_offset: int) -> tuple[int, float]:
    """How many records stand before us in a partition, and the age of the first in seconds."""
    _, end = await peek.bounds(topic, partition)
    waiting = max(0, end - next_offset)
    if not waiting:
        return 0, 0.0
    oldest = await peek.record(topic, partition, next_offset)
    return waiting, max(0.0, time.time() - oldest.timestamp / 1000) if oldest else 0.0
