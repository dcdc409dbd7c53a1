"""A database and topics of its own for every test of the engine, and a driver that tells the story."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import structlog
from aiokafka import AIOKafkaProducer

from hub.adapters.kafka import KafkaSettings
from hub.adapters.postgres import migrate
from tests.ledger import counter
from tests.ledger.driver import Hub, installation


@pytest.fixture(scope="session", autouse=True)
def short_logs() -> None:
    """A failing test shows warnings as lines, not as pages."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )


TENANTS = "insert into tenant (id, coverage_months, patience_days) values ('acme', 24, 14), ('bolt', 12, 30)"


def dsn_of(postgres: str, database: str) -> str:
    """The DSN of another database on the same server."""
    return postgres.rsplit("/", 1)[0] + f"/{database}"


async def administer(postgres: str, sql: str) -> None:
    """Run one statement outside a transaction."""
    connection = await asyncpg.connect(postgres)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def template(postgres: str) -> str:
    """A migrated database with two merchants, to be copied."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    await administer(postgres, f"create database {name}")
    dsn = dsn_of(postgres, name)
    await migrate(dsn)
    await administer(dsn, TENANTS)
    await administer(dsn, counter.TABLE)
    return name


@pytest.fixture
async def database(postgres: str, template: str) -> AsyncIterator[str]:
    """The DSN of a database that only this test knows."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    await administer(postgres, f"create database {name} template {template} strategy file_copy")
    yield dsn_of(postgres, name)
    await administer(postgres, f"drop database {name} with (force)")


@pytest.fixture(scope="session")
async def publisher(kafka: str) -> AsyncIterator[Any]:
    """A producer that puts every record where the test says."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_request_size=2**24)
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
def world() -> counter.World:
    return counter.World()


@pytest.fixture
async def hub(
    kafka: str, database: str, publisher: Any, topic_prefix: str, world: counter.World
) -> AsyncIterator[Hub]:
    """The counter's installation; after the test the books must balance."""
    settings = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    processor = counter.counter(topic_prefix, world)
    async with installation(settings, database, processor, publisher) as hub:
        yield hub
        async with asyncio.timeout(20):
            await hub.check_books()
