"""How long a sale takes from being published to being told of, at a steady pace."""

import asyncio
import time
from statistics import quantiles
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from hub.dev.bench.contenders import PARTITIONS, Stage, furnish, stage
from hub.dev.bench.events import Kind, sale
from hub.dev.crash.installation import Installation

RATE = 500
_WARM_SECONDS = 5
_TICK_SECONDS = 0.01


async def latencies(
    servers: Installation, name: str, run: str, seconds: int
) -> dict[str, float]:  # fmt: skip
    """p50 and p99 in milliseconds from `send` until the status event is read."""
    async with stage(servers, name, run) as made:
        await furnish(made)
        worker = made.start()
        try:
            waits = await _pace(made, run, seconds)
            worker.check()
        finally:
            await worker.stop()
    cuts = quantiles(waits, n=100)
    return {f"{name}_p50_ms": round(cuts[49], 1), f"{name}_p99_ms": round(cuts[98], 1)}


async def _pace(made: Stage, run: str, seconds: int) -> list[float]:
    count = RATE * (_WARM_SECONDS + seconds)
    sent: dict[str, float] = {}
    reader = asyncio.create_task(_read(made, sent, count))
    await _send(made, run, sent, count)
    told = await asyncio.wait_for(reader, 60)
    # What was sent while the worker started says nothing about it at work.
    counted = list(told.items())[RATE * _WARM_SECONDS :]
    return [(told_at - sent[event]) * 1000 for event, told_at in counted]


async def _send(made: Stage, run: str, sent: dict[str, float], count: int) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=made.servers.kafka.bootstrap, acks="all", enable_idempotence=True
    )
    await producer.start()
    kind, start, n = Kind(run, partitions=PARTITIONS), time.monotonic(), 0
    while n < count:
        due = min(count, int((time.monotonic() - start) * RATE))
        for record in (sale(kind, each) for each in range(n, due)):
            sent[record.id] = time.monotonic()
            await producer.send(
                made.reads, record.value, record.key, record.partition, headers=record.headers
            )
        n = due
        await asyncio.sleep(_TICK_SECONDS)
    await producer.stop()


async def _read(made: Stage, sent: dict[str, float], count: int) -> dict[str, float]:
    told: dict[str, float] = {}
    consumer: Any = AIOKafkaConsumer(
        made.writes, bootstrap_servers=made.servers.kafka.bootstrap, group_id=None,
        auto_offset_reset="earliest", fetch_max_wait_ms=20,
    )  # fmt: skip
    await consumer.start()
    try:
        while len(told) < count:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                now = time.monotonic()
                for record in records:
                    cause = dict(record.headers)["ce_causationid"].decode()
                    told.setdefault(cause, now)
    finally:
        await consumer.stop()
    return {event: told[event] for event in sent if event in told}
