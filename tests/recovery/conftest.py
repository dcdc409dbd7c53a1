"""A real worker of the counting processor, to be looked after."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from hub.access.sources import SourceStore
from hub.adapters.kafka import KafkaSettings, Peek
from hub.adapters.postgres import Database
from hub.recovery.today import Today
from hub.sdk.processor import Processor
from tests.ledger import counter
from tests.ledger.driver import Hub, installation


@pytest.fixture
def world() -> counter.World:
    return counter.World()


@pytest.fixture
async def publisher(kafka: str) -> AsyncIterator[Any]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
def processor(topic_prefix: str, world: counter.World) -> Processor[Any]:
    return counter.counter(topic_prefix, world)


@pytest.fixture
async def hub(
    kafka: str, dsn: str, database: Database, publisher: Any, processor: Processor[Any]
) -> AsyncIterator[Hub]:
    await database.execute(counter.TABLE)
    await database.execute("grant select on counter to hub_engine")
    await database.execute("insert into tenant values ('acme', 24, 14)")
    settings = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    async with installation(settings, dsn, processor, publisher) as running:
        yield running


@pytest.fixture
async def peek(kafka: str) -> AsyncIterator[Peek]:
    async with Peek(KafkaSettings(kafka)) as reader:
        yield reader


@pytest.fixture
def today(hub: Hub) -> Today:
    """The code of this test: the counter, and whatever the test's world breaks in it."""
    topic = hub.processor.reads.name
    return Today(hub.keyring, {topic: hub.processor}, SourceStore({}, hub.keyring))
