"""Looks at Kafka: whether it answers, its topics, and how safe they are."""

from hub.adapters.kafka import check_topics
from hub.adapters.kafka.cluster import Cluster, describe_cluster
from hub.recovery.doctor.findings import Finding, Installation, bad, soon, warn, well
from hub.sdk.failures import BrokerUnavailableError

SAFE_COPIES = 3
SAFE_IN_SYNC = 2


async def look_at_kafka(installation: Installation) -> list[Finding]:
    names = [topic.name for topic in installation.topics]
    try:
        cluster = await soon(describe_cluster(installation.kafka, names))
        drift = await soon(
            check_topics(
                installation.kafka,
                installation.topics,
                partitions=installation.partitions,
                replication=installation.replication,
            )
        )
    except (BrokerUnavailableError, TimeoutError) as error:
        then = "is the cluster up, and are HUB_KAFKA and HUB_KAFKA_SECURITY right?"
        return [bad(f"Kafka at {installation.kafka.bootstrap} does not answer: {error}", then)]
    findings = [well(f"Kafka {cluster.id} answers with {cluster.brokers} brokers")]
    findings += [bad(str(one), "run `hub topics apply`") for one in drift]
    if not drift:
        findings.append(well("topics are as declared"))
    unsafe = safety(cluster)
    if installation.production:
        return findings + unsafe
    return findings + [warn(one.what, f"for production, {one.next}") for one in unsafe]


def safety(cluster: Cluster) -> list[Finding]:
    found = []
    for topic in cluster.topics.values():
        if topic.replication < SAFE_COPIES:
            what = f"{topic.name} is kept {topic.replication} times"
            found.append(bad(what, f"keep it {SAFE_COPIES} times: HUB_REPLICATION, reassign"))
        if topic.min_in_sync < SAFE_IN_SYNC:
            what = f"{topic.name} acknowledges with {topic.min_in_sync} copies in sync"
            found.append(bad(what, f"set its min.insync.replicas to {SAFE_IN_SYNC}"))
        if topic.in_sync < topic.min_in_sync:
            what = f"{topic.name} has a partition with {topic.in_sync} copies in sync"
            found.append(bad(what, "bring its brokers back: nothing can be published to it"))
        if topic.unclean_election:
            what = f"{topic.name} may elect a leader that lacks acknowledged records"
            found.append(bad(what, "set its unclean.leader.election.enable to false"))
    return found
