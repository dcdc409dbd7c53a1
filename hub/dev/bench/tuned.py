"""The same loop with every trick: whole batches, commit beside the next decode, a frozen heap."""

import asyncio
import gc
from collections.abc import Mapping
from typing import Any

import asyncpg

from hub.dev.bench.reference import BATCH, Done, Surroundings, upsert, work

_OBJECTS, _RUNS = 100_000, 50


async def run(place: Surroundings) -> None:
    """Work until the process is ended."""
    consumer, producer = place.consumer(), place.producer()
    await producer.start()
    await consumer.start()
    partitions = len(consumer.partitions_for_topic(place.reads))
    seen: set[str] = set()
    async with asyncpg.create_pool(place.postgres, min_size=1, max_size=2) as pool:
        gc.collect()
        gc.freeze()
        gc.set_threshold(_OBJECTS, _RUNS, _RUNS)
        finishing: asyncio.Task[None] | None = None
        while True:
            found = await consumer.getmany(timeout_ms=200, max_records=BATCH * partitions)
            done = {tp.partition: _new(records, seen) for tp, records in found.items()}
            offsets = {tp: records[-1].offset + 1 for tp, records in found.items()}
            if finishing is not None:
                await finishing
            finishing = asyncio.create_task(
                _finish(pool, producer, place.writes, done, consumer, offsets)
            )


def _new(records: list[Any], seen: set[str]) -> list[Done]:
    fresh = []
    for record in records:
        done = work(record)
        if done.row.id not in seen:
            seen.add(done.row.id)
            fresh.append(done)
    return fresh


async def _finish(  # noqa: PLR0913, PLR0917 - one step of one loop
    pool: "asyncpg.Pool[Any]",
    producer: Any,
    topic: str,
    done: Mapping[int, list[Done]],
    consumer: Any,
    offsets: Mapping[Any, int],
) -> None:
    rows = [d.row for batch in done.values() for d in batch]
    if rows:
        told = [_tell(producer, topic, partition, batch) for partition, batch in done.items()]
        await asyncio.gather(upsert(pool, rows), *told)
    if offsets:
        await consumer.commit(offsets)


async def _tell(producer: Any, topic: str, partition: int, done: list[Done]) -> None:
    batch = producer.create_batch()
    for d in done:
        while batch.append(key=d.key, value=d.value, timestamp=None, headers=d.headers) is None:
            await (await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
    if batch.record_count():
        await (await producer.send_batch(batch, topic, partition=partition))


if __name__ == "__main__":
    asyncio.run(run(Surroundings.from_env()))
