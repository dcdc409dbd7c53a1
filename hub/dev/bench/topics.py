"""Fresh topics, filled before anybody reads them, and how long they have become."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

from hub.dev.bench.events import Record

_BATCH_BYTES = 256 * 1024


async def create(bootstrap: str, names: Iterable[str], partitions: int) -> None:
    """Make topics as the hub makes its own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, partitions, 1) for name in names])
    await admin.close()


async def delete(bootstrap: str, names: Sequence[str]) -> None:
    """Delete those of the topics that exist."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    for name in names:
        with suppress(UnknownTopicOrPartitionError):
            await admin.delete_topics([name])
    await admin.close()


async def fill(bootstrap: str, topic: str, records: Iterable[Record]) -> None:
    """Write all records, each to its partition, in order."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, acks="all",
        max_batch_size=_BATCH_BYTES,
    )  # fmt: skip
    await producer.start()
    batches: dict[int, Any] = {}
    for record in records:
        batch = batches.setdefault(record.partition, None) or producer.create_batch()
        if not _append(batch, record):
            await (await producer.send_batch(batch, topic, partition=record.partition))
            batch = producer.create_batch()
            _append(batch, record)
        batches[record.partition] = batch
    for partition, batch in batches.items():
        await (await producer.send_batch(batch, topic, partition=partition))
    await producer.stop()


def _append(batch: Any, record: Record) -> bool:
    done = batch.append(
        timestamp=None, key=record.key, value=record.value, headers=record.headers
    )  # fmt: skip
    return done is not None


class Ends:
    """How many records a topic holds, asked as often as one likes."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self._places = [TopicPartition(topic, p) for p in range(partitions)]
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None)

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def total(self) -> int:
        """The number of records in all partitions."""
        ends: dict[Any, int] = await self._consumer.end_offsets(self._places)
        return sum(ends.values())
