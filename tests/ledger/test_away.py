"""Kafka or Postgres is away under load: wait, go on, burn no attempt, set nothing aside."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from hub.adapters.kafka import KafkaSettings
from hub.adapters.postgres import migrate
from hub.dev.embedded import KafkaServer, PostgresServer
from tests.ledger import counter
from tests.ledger.conftest import TENANTS, administer
from tests.ledger.driver import Hub, count, installation

pytestmark = pytest.mark.servers
LOAD = 400


@pytest.fixture
def own_postgres(server_root: Path) -> Iterator[PostgresServer]:
    with PostgresServer(server_root / "ledger-postgres") as server:
        yield server


@pytest.fixture
def own_kafka(server_root: Path) -> Iterator[KafkaServer]:
    with KafkaServer(server_root / "ledger-kafka") as server:
        yield server


@pytest.fixture
async def on_own_postgres(
    kafka: str,
    own_postgres: PostgresServer,
    publisher: Any,
    topic_prefix: str,
    world: counter.World,
) -> AsyncIterator[Hub]:
    await migrate(own_postgres.dsn)
    await administer(own_postgres.dsn, TENANTS)
    await administer(own_postgres.dsn, counter.TABLE)
    processor = counter.counter(topic_prefix, world)
    async with installation(KafkaSettings(kafka), own_postgres.dsn, processor, publisher) as hub:
        yield hub
        await hub.check_books()


@pytest.fixture
async def on_own_kafka(
    own_kafka: KafkaServer, database: str, topic_prefix: str, world: counter.World
) -> AsyncIterator[Hub]:
    publisher = AIOKafkaProducer(bootstrap_servers=own_kafka.bootstrap, acks="all")
    await publisher.start()
    settings = KafkaSettings(own_kafka.bootstrap, session_timeout_ms=6_000)
    processor = counter.counter(topic_prefix, world)
    async with installation(settings, database, processor, publisher) as hub:
        yield hub
        await hub.check_books()
    await publisher.stop()


async def restart(server: KafkaServer | PostgresServer) -> None:
    """Start it again on the same port, without blocking the workers in this process."""
    server.spawn()
    await asyncio.to_thread(server.wait_ready)


async def exactly_once(hub: Hub) -> None:
    await hub.settled(60)
    assert await hub.applied() == [f"e{n}" for n in range(LOAD)]
    assert await hub.outcomes() == {"applied": LOAD}
    assert await hub.db.fetchval("select count(*) from item") == 0


async def test_postgres_stops_under_load_and_comes_back(
    on_own_postgres: Hub, own_postgres: PostgresServer
) -> None:
    """Hole 11 and 5: an immediate stop breaks statements off; nothing of it is the events' fault."""
    hub = on_own_postgres
    hub.batch = 5
    running = await hub.start()
    await hub.claimed()
    await hub.tell(*(count(f"e{n}") for n in range(LOAD)))
    await hub.until("select max(next_offset) > 20 from partition_owner", "under way")
    await asyncio.to_thread(own_postgres.stop_immediate)
    await asyncio.sleep(1.5)
    assert not running.worker.member.ready()[0]
    await restart(own_postgres)
    await exactly_once(hub)
    assert not running.task.done()


async def test_kafka_stops_under_load_and_comes_back(
    on_own_kafka: Hub, own_kafka: KafkaServer
) -> None:
    """Hole 7 and 11: acknowledgements stay out; what was committed is published once it is back."""
    hub = on_own_kafka
    hub.batch = 5
    running = await hub.start()
    await hub.claimed()
    await hub.tell(*(count(f"e{n}") for n in range(LOAD)))
    await hub.until("select max(next_offset) > 20 from partition_owner", "under way")
    await asyncio.to_thread(own_kafka.kill)
    await asyncio.sleep(1.5)
    await restart(own_kafka)
    await exactly_once(hub)
    assert not running.task.done()
