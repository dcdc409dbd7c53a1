"""What a cluster is like: its brokers, and how safely it keeps each topic."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from hub.adapters.kafka.errors import translated
from hub.adapters.kafka.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class TopicSafety:
    """A topic as the cluster keeps it. `in_sync` is that of the worst partition."""

    name: str
    partitions: int
    replication: int
    in_sync: int
    min_in_sync: int
    unclean_election: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """The brokers that answered for, and the topics asked for that exist."""

    id: str
    brokers: int
    topics: dict[str, TopicSafety]


async def describe_cluster(settings: KafkaSettings, names: Sequence[str]) -> Cluster:
    """Describe a cluster and those of the topics that are there."""
    client = AIOKafkaAdminClient(**settings.client())
    with translated():
        await client.start()
        try:
            about = await client.describe_cluster()
            known = set(await client.list_topics())
            wanted = [name for name in names if name in known]
            topics = await client.describe_topics(wanted) if wanted else []
            resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
            answers = await client.describe_configs(resources) if resources else []
        finally:
            await client.close()
    configs = {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }
    safeties = [_safety(topic, configs.get(topic["topic"], {})) for topic in topics]
    return Cluster(
        str(about.get("cluster_id")), len(about["brokers"]), {s.name: s for s in safeties}
    )


def _safety(topic: dict[str, object], config: dict[str, str]) -> TopicSafety:
    partitions = topic["partitions"]
    assert isinstance(partitions, list)  # noqa: S101 - narrows an untyped answer
    return TopicSafety(
        name=str(topic["topic"]),
        partitions=len(partitions),
        replication=min((len(one["replicas"]) for one in partitions), default=0),
        in_sync=min((len(one["isr"]) for one in partitions), default=0),
        min_in_sync=int(config.get("min.insync.replicas", "1")),
        unclean_election=config.get("unclean.leader.election.enable") == "true",
    )
