"""An audit log, what links it, and somebody who checks it without our code."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.access.tenants import put
from hub.adapters.kafka import KafkaSettings, apply_topics
from hub.adapters.postgres import ENGINE, Database, connect
from hub.adapters.postgres.leases import Leases
from hub.audit.chainer import Chainer
from hub.audit.entries import By, Entry, record
from hub.audit.heads import Signer, Trusted
from hub.audit.linking import Linker
from hub.telemetry.metrics import Metrics
from schemas.topics import AUDIT, Topic
from tests.audit.independent import broken

TENANT, OTHER = "acme", "globex"
MASTER = b"k" * 32
ANN = By(kind="person", id="usr_ann", role="warranty_manager")
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


@dataclass(slots=True)
class Log:
    """The audit log of one test."""

    dsn: str
    database: Database
    engine: Database
    """As the processes of the hub see it."""
    signer: Signer = field(default_factory=lambda: Signer(MASTER))
    metrics: Metrics = field(default_factory=Metrics)
    kafka: KafkaSettings = field(default_factory=lambda: KafkaSettings("127.0.0.1:1"))
    topic: Topic = AUDIT

    @property
    def trusted(self) -> Trusted:
        """Whose heads count."""
        return Trusted.of(self.signer)

    async def add(self, count: int, tenant: str = TENANT, action: str = "event:decided") -> None:
        """Add so many entries."""
        told = [
            Entry(tenant=tenant, action=action, subject=f"s-{n}", by=ANN, why="çünkü", doc={"n": n})
            for n in range(count)
        ]
        await record(self.database, *told)

    async def link(self, head_rows: int = 1_000, head_seconds: float = 60.0) -> None:
        """Link all there is."""
        linker = Linker(self.engine, self.signer, head_rows, head_seconds)
        async with Leases(self.engine, "chain", 10).held("hub", "t/0") as lease:
            assert lease is not None
            for tenant in (TENANT, OTHER, "hub"):
                while await linker.link(lease, tenant):
                    pass

    def chainer(self, **given: Any) -> Chainer:
        """One that runs on this log."""
        linker = Linker(self.engine, self.signer, **given)
        return Chainer(linker, self.kafka, self.metrics, self.topic.name, seconds=1.0)

    async def rows(self, tenant: str = TENANT) -> list[dict[str, Any]]:
        """The linked rows in order."""
        sql = "select * from audit_entry where tenant = $1 and seq is not null order by seq"
        return [dict(row) for row in await self.database.fetch(sql, tenant)]

    async def is_whole(self, tenant: str = TENANT) -> bool:
        """Whether each row stands in the chain once, by our own reckoning."""
        sql = "select count(*) from audit_entry where tenant = $1"
        rows = await self.rows(tenant)
        return broken(rows) == [] and len(rows) == await self.database.fetchval(sql, tenant)

    async def until(self, sql: str, also: Callable[[], bool] = lambda: True) -> None:
        """Return once Postgres says so."""
        async with asyncio.timeout(60):
            while not (await self.database.fetchval(sql) and also()):  # noqa: ASYNC110 - a table tells nobody
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def by_hand(self) -> AsyncIterator[Callable[..., Any]]:
        """What somebody can do who owns the database: no trigger stops him."""
        async with self.database.transaction() as tx:
            await tx.execute("set local session_replication_role = replica")
            yield tx.execute


@pytest.fixture
async def log(dsn: str, database: Database) -> AsyncIterator[Log]:
    """An empty log; Kafka is away."""
    for tenant in (TENANT, OTHER):
        await put(database, tenant, 24, 14)
    engine = await connect(dsn, size=6, settings={"role": ENGINE})
    yield Log(dsn, database, engine)
    await engine.close()


@pytest.fixture
async def told(log: Log, kafka: str, topic_prefix: str) -> Log:
    """The same beside a Kafka that takes heads."""
    log.kafka = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    log.topic = replace(AUDIT, name=topic_prefix + AUDIT.name)
    await apply_topics(log.kafka, [log.topic], partitions=1, replication=1)
    return log
