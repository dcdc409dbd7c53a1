"""A whole hub for one test: the warranty processor on topics of the test's own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from hub.access.keyring import Keyring
from hub.access.tenants import put
from hub.adapters.kafka import KafkaSettings, Outlet, apply_topics
from hub.adapters.postgres import Database, connect
from hub.ledger.submit import Submitter
from hub.ledger.worker import Worker
from hub.registry import processor
from hub.sdk.processor import Processor
from hub.telemetry.metrics import Metrics
from schemas.topics import Topic
from tests.apart import apart, topics_of
from tests.intake.corner import Shop, a_corner, a_shop, intake_of

PARTITIONS = 3
TENANT = "acme"


@dataclass(slots=True)
class Installation:
    """Where the hub of this test is, and a way to run its worker or not."""

    settings: KafkaSettings
    dsn: str
    database: Database
    processor: Processor[Any]
    task: "asyncio.Task[None] | None" = None

    @property
    def intake(self) -> Topic:
        """Where it is told."""
        return self.processor.reads

    async def start(self) -> None:
        """Run a worker."""
        self.task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        pool = await connect(self.dsn, size=PARTITIONS + 2)
        keyring = Keyring(b"k" * 32)
        worker = Worker(self.processor, self.settings, pool, keyring, Metrics(), 500)
        try:
            await worker.run()
        finally:
            await pool.close()

    async def stop(self) -> None:
        """Stop the worker as SIGTERM would."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])


@pytest.fixture
async def idle(
    kafka: str, dsn: str, database: Database, topic_prefix: str
) -> AsyncIterator[Installation]:
    """A hub whose worker does not run until it is started."""
    settings = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    ours = processor("warranty")
    own = apart(ours, topic_prefix)
    topics = topics_of(own)
    await apply_topics(settings, topics, partitions=PARTITIONS, replication=1)
    await put(database, TENANT, 24, 14)
    installation = Installation(settings, dsn, database, own)
    yield installation
    await installation.stop()


@pytest.fixture
async def hub(idle: Installation) -> Installation:
    """A hub at work."""
    await idle.start()
    return idle


@pytest.fixture
async def submitter(idle: Installation) -> AsyncIterator[Submitter]:
    """What says something to that hub."""
    outlet = Outlet(idle.settings)
    yield Submitter(idle.database, outlet, idle.intake, PARTITIONS)
    await outlet.stop()


@pytest.fixture
async def shop(kafka: str, dsn: str, database: Database) -> AsyncIterator[Shop]:
    """A shop on a corner of its own, whose records land and wait for whatever the test starts."""
    async with a_shop(kafka, dsn, database, a_corner()) as shop:
        yield shop


@pytest.fixture
async def intake(shop: Shop) -> Topic:
    """Where its records would be told."""
    return await intake_of(shop)
