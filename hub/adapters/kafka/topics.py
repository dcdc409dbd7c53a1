"""Make a cluster's topics match their declaration, and say where they do not."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from hub.adapters.kafka.errors import translated
from hub.adapters.kafka.settings import KafkaSettings
from schemas.topics import Topic


@dataclass(frozen=True, slots=True)
class TopicDrift:
    """One difference between a topic and its declaration."""

    topic: str
    what: str
    declared: str
    found: str

    def __str__(self) -> str:
        """The difference as a sentence."""
        return f"{self.topic}: {self.what} is {self.found}, declared {self.declared}"


@asynccontextmanager
async def _admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**settings.client())
    with translated():
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()


async def partition_counts(settings: KafkaSettings, names: Sequence[str]) -> dict[str, int]:
    """How many partitions each existing topic has."""
    async with _admin(settings) as admin:
        known = set(await admin.list_topics())
        wanted = [name for name in names if name in known]
        if not wanted:
            return {}
        described = await admin.describe_topics(wanted)
        return {topic["topic"]: len(topic["partitions"]) for topic in described}


async def apply_topics(
    settings: KafkaSettings, topics: Iterable[Topic], *, partitions: int, replication: int
) -> list[TopicDrift]:
    """Create what is missing and set what differs; a partition count is never changed."""
    topics = tuple(topics)
    counts = await partition_counts(settings, [topic.name for topic in topics])
    missing = [topic for topic in topics if topic.name not in counts]
    async with _admin(settings) as admin:
        if missing:
            await admin.create_topics([_new(topic, partitions, replication) for topic in missing])
    drift = await check_topics(settings, topics, partitions=partitions, replication=replication)
    wrong = {found.topic for found in drift if found.what != "partitions"}
    async with _admin(settings) as admin:
        for topic in topics:
            if topic.name in wrong:
                resource = ConfigResource(
                    ConfigResourceType.TOPIC, topic.name, configs=topic.settings(replication)
                )
                await admin.alter_configs([resource])
    return [found for found in drift if found.what == "partitions"]


def _new(topic: Topic, partitions: int, replication: int) -> NewTopic:
    return NewTopic(
        topic.name,
        num_partitions=partitions if topic.keyed else 1,
        replication_factor=replication,
        topic_configs=topic.settings(replication),
    )


async def check_topics(
    settings: KafkaSettings, topics: Iterable[Topic], *, partitions: int, replication: int
) -> list[TopicDrift]:
    """Every difference between the cluster and the declaration."""
    topics = tuple(topics)
    counts = await partition_counts(settings, [topic.name for topic in topics])
    drift = [
        TopicDrift(t.name, "the topic", "there", "missing") for t in topics if t.name not in counts
    ]
    for topic in topics:
        wanted = partitions if topic.keyed else 1
        if topic.name in counts and counts[topic.name] != wanted:
            drift.append(TopicDrift(topic.name, "partitions", str(wanted), str(counts[topic.name])))
    there = [topic for topic in topics if topic.name in counts]
    if there:
        drift += await _config_drift(settings, there, replication)
    return drift


async def _config_drift(
    settings: KafkaSettings, topics: Sequence[Topic], replication: int
) -> list[TopicDrift]:
    async with _admin(settings) as admin:
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
        answers = await admin.describe_configs(resources)
    found = {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }
    return [
        TopicDrift(topic.name, name, wanted, str(found.get(topic.name, {}).get(name)))
        for topic in topics
        for name, wanted in topic.settings(replication).items()
        if found.get(topic.name, {}).get(name) != wanted
    ]
