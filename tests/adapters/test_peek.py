"""Reading by offset passes whatever stands on a topic."""

from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from hub.adapters.kafka import UNREADABLE, KafkaSettings, Peek, apply_topics
from schemas.topics import Topic
from tests.adapters.scrambled import Scrambled

pytestmark = [pytest.mark.servers, pytest.mark.timeout(30)]


async def test_a_record_that_no_client_can_read_stands_among_the_others(
    kafka: str, topic_prefix: str
) -> None:
    topic = Topic(f"{topic_prefix}raw", "", "", "", retention_ms=60_000, max_message_bytes=9_999)
    await apply_topics(KafkaSettings(kafka), [topic], partitions=1, replication=1)
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await producer.send_and_wait(topic.name, b"0", partition=0)
        batch = producer.create_batch()
        for value, headers in ((b"1", []), (b"2", [("@@@@", b"v")]), (b"3", [])):
            batch.append(timestamp=None, key=None, value=value, headers=headers)
        scrambled: Any = Scrambled(batch._builder, b"@@@@")  # noqa: SLF001 - no client would do this
        batch._builder = scrambled  # noqa: SLF001
        await (await producer.send_batch(batch, topic.name, partition=0))
        await producer.send_and_wait(topic.name, b"4", partition=0)

    async with Peek(KafkaSettings(kafka)) as peek:
        found = [one async for one in peek.records(topic.name, 0, 0, 5)]

    assert [one.offset for one in found] == [0, 1, 2, 3, 4]
    unreadable = [one.offset for one in found if UNREADABLE in dict(one.headers)]
    assert 2 in unreadable
    assert [one.value for one in found if one.offset in (0, 4)] == [b"0", b"4"]


async def test_what_went_wrong_is_said_though_the_client_stops_at_once(kafka: str) -> None:
    """Its own tasks have hardly begun then, and one of them says so where it is waited for."""
    for _ in range(5):
        with pytest.raises(LookupError, match="no reason"):
            async with Peek(KafkaSettings(kafka)):
                raise LookupError("no reason")
