"""Kafka or Postgres is not the one the ledger remembers: stop and say so, or go on after it."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete

from hub.adapters.kafka import apply_topics
from hub.adapters.postgres import Database, connect
from tests.ledger.conftest import administer
from tests.ledger.driver import PARTITIONS, Hub, count

pytestmark = pytest.mark.servers


async def admin(hub: Hub) -> Any:
    client = AIOKafkaAdminClient(bootstrap_servers=hub.settings.bootstrap)
    await client.start()
    return client


async def test_a_postgres_that_went_back_goes_on_after_what_stands_on_kafka(
    hub: Hub, postgres: str, database: str
) -> None:
    """Hole 8: offsets and seq are handed out again after they were published; readers would drop them."""
    await hub.start()
    await hub.told_all(count("e1"), count("e2"))
    await hub.stop()
    source, copy = database.rsplit("/", 1)[1], f"{database.rsplit('/', 1)[1]}_old"
    await hub.db.close()
    await administer(postgres, f"create database {copy} template {source} strategy file_copy")
    try:
        hub.db = await _open(database)
        await hub.start()
        await hub.told_all(count("e3"), count("e4"), count("e5"))
        published = len(await hub.status())
        await hub.stop()
        await hub.db.close()
        old = database.replace(source, copy)
        hub.db = await _open(old)
        await hub.start(dsn=old)
        await hub.settled()
        assert await hub.applied() == ["e1", "e2", "e3", "e4", "e5"]
        records = await hub.status()
        assert [int(dict(r.headers)["hub-seq"]) for r in records] == [1, 2, 3, 4, 5, 6, 7, 8]
        ids = [dict(r.headers)["ce_id"] for r in records]
        assert published == 5
        assert ids[2:5] == ids[5:8], (
            "the same cause gives the same id, so outsiders drop the repeat"
        )
        epochs = [int(dict(r.headers)["hub-epoch"]) for r in records]
        assert epochs == sorted(epochs)
        assert await hub.db.fetchval("select count(*) from ledger where kind = 'jump'") == 1
        went_back = hub.metrics.registry.get_sample_value(
            "hub_postgres_went_back_total",
            {"topic": hub.processor.reads.name, "partition": str(count("e1").partition)},
        )
        assert went_back == 1
        await hub.check_books()
        await hub.stop()
        await hub.db.close()
    finally:
        await administer(postgres, f"drop database {copy} with (force)")
        hub.balanced = False
        hub.db = await _open(database)


async def _open(dsn: str) -> Database:
    return await connect(dsn, size=3)


async def test_another_kafka_is_not_touched(hub: Hub) -> None:
    """Hole 9: the topic was made again and is long enough that the remembered offset is valid."""
    await hub.start()
    await hub.told_all(count("e1"), count("e2"))
    await hub.stop()
    client = await admin(hub)
    try:
        await client.delete_topics([hub.processor.reads.name])
    finally:
        await client.close()
    await _made_again(hub)
    await hub.tell(*(count(f"other{n}") for n in range(5)))
    await hub.start()
    await hub.stopped("this is another Kafka")
    assert await hub.applied() == ["e1", "e2"]
    hub.balanced = False


async def _made_again(hub: Hub) -> None:
    while await apply_topics(
        hub.settings, [hub.processor.reads], partitions=PARTITIONS, replication=1
    ):
        pass


async def test_a_shorter_kafka_is_not_touched(hub: Hub) -> None:
    """Hole 9: the log ends before the offset that the ledger remembers."""
    await hub.start()
    await hub.told_all(count("e1"), count("e2"))
    await hub.stop()
    await hub.db.execute("update partition_owner set next_offset = next_offset + 100")
    await hub.start()
    await hub.stopped("before the ledger's")
    await hub.stop()
    await hub.db.execute("update partition_owner set next_offset = next_offset - 100")


async def test_a_topic_with_more_partitions_is_not_touched(hub: Hub) -> None:
    """Hole 9: a home's backlog would stand in one partition and its new events in another."""
    await hub.start()
    await hub.told_all(count("e1"))
    await hub.stop()
    client = await admin(hub)
    try:
        await client.create_partitions({hub.processor.reads.name: NewPartitions(PARTITIONS + 1)})
    finally:
        await client.close()
    await hub.start()
    await hub.stopped("partition count never changes")
    await hub.stop()


async def test_what_retention_removed_undecided_stops_the_partition(hub: Hub) -> None:
    """Hole 21: a partition stopped for longer than retention must not skip what is gone."""
    await hub.start()
    await hub.told_all(count("e1"))
    await hub.stop()
    await hub.tell(*(count(f"e{n}") for n in range(2, 7)))
    part = count("e1").partition
    client = await admin(hub)
    try:
        await client.delete_records(
            {TopicPartition(hub.processor.reads.name, part): RecordsToDelete(4)}
        )
    finally:
        await client.close()
    await hub.start()
    await hub.stopped("hub skip")
    assert await hub.applied() == ["e1"]
    await hub.stop()
