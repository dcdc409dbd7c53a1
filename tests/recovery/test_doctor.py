"""`hub doctor` says of each thing that is not well what to do next."""

from dataclasses import replace
from typing import Any

import pytest

from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.access.tenants import put
from hub.adapters.kafka import KafkaSettings
from hub.adapters.kafka.cluster import Cluster, TopicSafety
from hub.recovery.doctor import (
    Finding,
    Installation,
    Level,
    doctor,
    production_refusals,
)
from hub.recovery.doctor.kafka import safety
from hub.recovery.doctor.postgres import durability_of
from hub.registry import connectors
from hub.sdk.processor import Processor
from schemas.topics import dead_letters
from tests.ledger.counter import World
from tests.ledger.driver import PARTITIONS, Hub, count

servers = pytest.mark.servers

NOWHERE = KafkaSettings("127.0.0.1:1")
KEYRING = Keyring(b"k" * 32)


@pytest.fixture
def installation(hub: Hub, processor: Processor[Any]) -> Installation:
    topics = (processor.reads, processor.writes, dead_letters(processor.reads))
    reads = (processor.reads,)
    return Installation(hub.settings, hub.dsn, hub.keyring, PARTITIONS, topics, reads)


def bad(findings: list[Finding]) -> list[str]:
    return [str(one) for one in findings if one.level is Level.PROBLEM]


@servers
async def test_finds_nothing_bad_in_a_healthy_installation(
    hub: Hub, installation: Installation
) -> None:
    await hub.start()
    await hub.told_all(count("e1"))
    await hub.claimed()

    findings = await doctor(installation)

    assert bad(findings) == []
    assert "ok: topics are as declared" in map(str, findings)
    assert all(one.next for one in findings if one.level is not Level.OK)


@servers
async def test_names_sources_that_cannot_be_used(hub: Hub, installation: Installation) -> None:
    await put(hub.db, "acme", 24, 14)
    zone = {"zone": "Europe/Istanbul"}
    await SourceStore(connectors(), KEYRING).put(hub.db, "acme", "tills", "pos", zone)

    without = await doctor(replace(installation, sources=SourceStore({}, KEYRING)))
    well = await doctor(replace(installation, sources=SourceStore(connectors(), KEYRING)))

    (told,) = (one for one in bad(without) if "source" in one)
    assert "source tills of acme cannot be used: no connector 'pos' is installed" in told
    assert "`hub source set`" in told
    assert "ok: every source can be used" in map(str, well)


@servers
async def test_says_that_kafka_and_postgres_do_not_answer(installation: Installation) -> None:
    away = replace(installation, kafka=NOWHERE, postgres="postgresql://hub@127.0.0.1:1/hub")

    kafka, postgres = await doctor(away)

    assert kafka.what.startswith("Kafka at 127.0.0.1:1 does not answer")
    assert postgres.next == "is it up, and is HUB_POSTGRES right?"


@servers
async def test_sees_missing_topics_and_another_partition_count(
    hub: Hub, installation: Installation
) -> None:
    await hub.start()
    await hub.claimed()
    more = replace(installation.topics[0], name="not.there")

    told = bad(await doctor(replace(installation, topics=(more,), partitions=9)))

    assert any("not.there: the topic is missing" in one for one in told)
    assert any("set HUB_PARTITIONS to 2" in one for one in told)


@servers
async def test_sees_that_the_database_was_never_migrated(
    hub: Hub, installation: Installation, postgres: str
) -> None:
    told = bad(await doctor(replace(installation, postgres=postgres)))

    assert any("run `hub migrate`" in one for one in told)


@servers
async def test_sees_another_master_key(hub: Hub, installation: Installation) -> None:
    sealed = hub.keyring.seal("acme", b"{}")
    await hub.db.execute(
        "insert into contact (tenant, ref, digest, sealed, seen_at)"
        " values ('acme', 'cus_1', '', $1, now())",
        sealed,
    )

    assert bad(await doctor(installation)) == []
    told = bad(await doctor(replace(installation, keyring=Keyring(b"x" * 32))))
    assert len(told) == 1
    assert "HUB_MASTER_KEY" in told[0]


@servers
async def test_lists_dead_letters_stopped_partitions_and_unaccounted_events(
    hub: Hub, installation: Installation, world: World
) -> None:
    world.broken["code"] = ValueError("cannot count this")
    await hub.start()
    await hub.told_all(count("e1", needs="code"), count("e2", "b"))
    await hub.stop()
    await hub.db.execute("update partition_owner set stopped_reason = 'another Kafka'")
    await hub.db.execute("update partition_owner set applied = 0")

    told = " ".join(map(str, await doctor(installation)))

    assert "1 event was set aside as a dead letter; nothing waits behind" in told
    assert "another Kafka" in told
    assert "misses 1 events -> run `hub verify`" in told


@servers
async def test_production_refuses_what_a_laptop_may(hub: Hub, installation: Installation) -> None:
    assert await production_refusals(installation, hub.db) == []

    refusals = await production_refusals(replace(installation, production=True), hub.db)

    told = " ".join(refusals)
    assert "is kept 1 times" in told
    assert "acknowledges with 1 copies in sync" in told
    assert "loses acknowledged commits" in told


SAFE_TOPIC = TopicSafety("t", 48, 3, 3, 2, unclean_election=False)
SAFE_POSTGRES = {
    "is_standby": False,
    "fsync": "on",
    "synchronous_commit": "on",
    "standby_names": "ANY 1 (a, b)",
}
PRODUCTION = Installation(NOWHERE, "", KEYRING, 48, (), (), production=True)


def test_a_safe_cluster_is_not_refused() -> None:
    assert safety(Cluster("c", 3, {"t": SAFE_TOPIC})) == []
    assert durability_of(SAFE_POSTGRES, PRODUCTION) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"replication": 2}, "kept 2 times"),
        ({"min_in_sync": 1}, "with 1 copies"),
        ({"in_sync": 1}, "bring its brokers back"),
        ({"unclean_election": True}, "unclean.leader.election.enable"),
    ],
)
def test_an_unsafe_topic_is_refused(change: dict[str, Any], told: str) -> None:
    findings = safety(Cluster("c", 3, {"t": replace(SAFE_TOPIC, **change)}))

    assert any(told in one for one in bad(findings))


@pytest.mark.parametrize(
    "change",
    [
        {"standby_names": ""},
        {"synchronous_commit": "off"},
        {"synchronous_commit": "local"},
        {"fsync": "off"},
        {"is_standby": True},
    ],
)
def test_a_postgres_that_can_lose_decisions_is_refused(change: dict[str, Any]) -> None:
    assert len(bad(durability_of(SAFE_POSTGRES | change, PRODUCTION))) == 1


def test_an_asynchronous_postgres_may_be_accepted() -> None:
    accepted = replace(PRODUCTION, allow_asynchronous_postgres=True)

    (finding,) = durability_of(SAFE_POSTGRES | {"standby_names": ""}, accepted)

    assert finding.level is Level.WARNING
