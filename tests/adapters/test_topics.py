"""`hub topics apply`: what Kafka refuses is said, and an operator's own settings survive."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from hub.adapters.kafka import KafkaSettings, apply_topics, check_topics
from hub.adapters.kafka.topics import TopicsRefusedError
from schemas.topics import Topic

pytestmark = pytest.mark.servers


@pytest.fixture
def topic(topic_prefix: str) -> Topic:
    return Topic(f"{topic_prefix}intake", "", "", "", retention_ms=60_000, max_message_bytes=9_999)


async def alter(kafka: str, topic: Topic, configs: dict[str, str]) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    try:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=configs)
        await client.alter_configs([resource])
    finally:
        await client.close()


async def configured(kafka: str, topic: Topic) -> dict[str, str]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    try:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic.name)
        (answer,) = await client.describe_configs([resource])
    finally:
        await client.close()
    return {entry[0]: entry[1] for entry in answer.resources[0][4]}


async def test_says_what_kafka_refuses_to_create(kafka: str, topic: Topic) -> None:
    with pytest.raises(TopicsRefusedError, match="HUB_REPLICATION"):
        await apply_topics(KafkaSettings(kafka), [topic], partitions=2, replication=3)


async def test_says_what_kafka_refuses_to_set(kafka: str, topic: Topic) -> None:
    settings = KafkaSettings(kafka)
    await apply_topics(settings, [topic], partitions=2, replication=1)
    wrong = Topic(topic.name, "", "", "", retention_ms=-7, max_message_bytes=9_999)

    with pytest.raises(TopicsRefusedError, match=topic.name):
        await apply_topics(settings, [wrong], partitions=2, replication=1)


async def test_mends_what_differs_and_keeps_what_an_operator_set(kafka: str, topic: Topic) -> None:
    settings = KafkaSettings(kafka)
    assert await apply_topics(settings, [topic], partitions=2, replication=1) == []
    declared = topic.settings(1) | {"segment.ms": "123456", "retention.ms": "1"}
    await alter(kafka, topic, declared)

    left = await apply_topics(settings, [topic], partitions=3, replication=1)

    assert [found.what for found in left] == ["partitions"]
    assert await check_topics(settings, [topic], partitions=2, replication=1) == []
    assert (await configured(kafka, topic))["segment.ms"] == "123456"
