"""The loop a team would write: poll, validate, upsert, produce with futures, commit."""

import asyncio

import asyncpg

from hub.dev.bench.reference import BATCH, Surroundings, upsert, work


async def run(place: Surroundings) -> None:
    """Work until the process is ended."""
    consumer, producer = place.consumer(), place.producer()
    await producer.start()
    await consumer.start()
    partitions = len(consumer.partitions_for_topic(place.reads))
    async with asyncpg.create_pool(place.postgres, min_size=1, max_size=2) as pool:
        while True:
            found = await consumer.getmany(timeout_ms=200, max_records=BATCH * partitions)
            done = {d.row.id: d for records in found.values() for d in map(work, records)}
            if not done:
                continue
            new = await upsert(pool, [d.row for d in done.values()])
            sent = [
                await producer.send(place.writes, d.value, key=d.key, headers=d.headers)
                for d in done.values()
                if d.row.id in new
            ]
            await asyncio.gather(*sent)
            await consumer.commit()


if __name__ == "__main__":
    asyncio.run(run(Surroundings.from_env()))
