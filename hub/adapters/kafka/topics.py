"""Make a cluster's topics match their declaration, and say where they do not."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidReplicationFactorError,
    NoError,
    RequestTimedOutError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from hub.adapters.kafka.errors import translated
from hub.adapters.kafka.settings import KafkaSettings
from hub.domain.errors import HubError
from hub.sdk.failures import BrokerUnavailableError
from schemas.topics import Topic

MISSING, PARTITIONS = "the topic", "partitions"
SETTLE_SECONDS, SETTLE_PAUSE = 10.0, 0.1
SET_ON_TOPIC = 1
"""Where Kafka says a value comes from: not a default, not a broker's."""
SETTLED = (NoError, TopicAlreadyExistsError, UnknownTopicOrPartitionError)
"""Nothing is wrong, or somebody else was as quick: the next look tells."""
ADVICE = {
    InvalidReplicationFactorError: "set HUB_REPLICATION to no more than there are brokers",
    TopicAuthorizationFailedError: "let the user of HUB_KAFKA_USERNAME create and alter topics",
    ClusterAuthorizationFailedError: "let the user of HUB_KAFKA_USERNAME create and alter topics",
}
OTHER_ADVICE = "change what the broker refuses, then run `hub topics apply` again"


class TopicsRefusedError(HubError):
    """Kafka does not want a topic as it is declared."""


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
    """Create what is missing and set what differs, then look again; gives what still differs.

    A partition count is never changed.

    Raises:
        TopicsRefusedError: Kafka does not want it so.
        BrokerUnavailableError: Kafka does not answer, or cannot just now.

    """
    topics = tuple(topics)
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        drift = await check_topics(settings, topics, partitions=partitions, replication=replication)
        mendable = {found.topic: found.what for found in drift if found.what != PARTITIONS}
        if not mendable or time.monotonic() > deadline:
            return drift
        missing = [topic for topic in topics if mendable.get(topic.name) == MISSING]
        wrong = [topic for topic in topics if mendable.get(topic.name, MISSING) != MISSING]
        async with _admin(settings) as admin:
            if missing:
                new = [_new(topic, partitions, replication) for topic in missing]
                answer = await admin.create_topics(new)
                _refuse("create", [(one[1], one[0], *one[2:]) for one in answer.topic_errors])
            if wrong:
                await _alter(admin, wrong, replication)
        # What was changed is not at once what every broker tells.
        await asyncio.sleep(SETTLE_PAUSE)


async def _alter(admin: AIOKafkaAdminClient, topics: Sequence[Topic], replication: int) -> None:
    """Set the declared configuration; what somebody else set besides is sent again, to be kept."""
    own = await _described(admin, topics)
    resources = []
    for topic in topics:
        kept = {entry[0]: entry[1] for entry in own.get(topic.name, ()) if _of_topic(entry)}
        configs = kept | topic.settings(replication)
        resources.append(ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=configs))
    for answer in await admin.alter_configs(resources):
        _refuse("configure", [(one[0], one[3], one[1]) for one in answer.resources])


def _of_topic(entry: Sequence[Any]) -> bool:
    """Whether a value was set on the topic itself; the oldest brokers only tell `is_default`."""
    source = entry[3]
    return not source if isinstance(source, bool) else source == SET_ON_TOPIC


def _refuse(verb: str, answers: Iterable[Sequence[Any]]) -> None:
    """Raise what Kafka says in its answer: the client itself raises nothing."""
    said = []
    for code, topic, *message in answers:
        kind = for_code(code)
        if kind in SETTLED:
            continue
        text = f"cannot {verb} topic {topic}: {kind.__name__}"
        text += f": {message[0]}" if message and message[0] else ""
        if kind.retriable or kind is RequestTimedOutError:
            raise BrokerUnavailableError(text)
        said.append(f"{text}; {ADVICE.get(kind, OTHER_ADVICE)}")
    if said:
        raise TopicsRefusedError(". ".join(said))


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
        TopicDrift(t.name, MISSING, "there", "missing") for t in topics if t.name not in counts
    ]
    for topic in topics:
        wanted = partitions if topic.keyed else 1
        if topic.name in counts and counts[topic.name] != wanted:
            drift.append(TopicDrift(topic.name, PARTITIONS, str(wanted), str(counts[topic.name])))
    there = [topic for topic in topics if topic.name in counts]
    if there:
        drift += await _config_drift(settings, there, replication)
    return drift


async def _config_drift(
    settings: KafkaSettings, topics: Sequence[Topic], replication: int
) -> list[TopicDrift]:
    async with _admin(settings) as admin:
        described = await _described(admin, topics)
    found = {
        topic: {entry[0]: entry[1] for entry in entries} for topic, entries in described.items()
    }
    return [
        TopicDrift(topic.name, name, wanted, str(found.get(topic.name, {}).get(name)))
        for topic in topics
        for name, wanted in topic.settings(replication).items()
        if found.get(topic.name, {}).get(name) != wanted
    ]


async def _described(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic]
) -> dict[str, Sequence[Any]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    described: dict[str, Sequence[Any]] = {}
    for answer in await admin.describe_configs(resources):
        _refuse("describe", [(one[0], one[3], one[1]) for one in answer.resources])
        described |= {one[3]: one[4] for one in answer.resources}
    return described
