"""The API on a whole hub of the test's own: real Kafka, real Postgres, a worker, HTTP on loopback."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from hub.access.keyring import Keyring
from hub.access.keys import Keys, issue
from hub.access.tenants import put
from hub.adapters.kafka import KafkaSettings, Outlet, SharedOutlet, apply_topics
from hub.adapters.postgres import Database, connect, connect_for_tenants
from hub.api.app import build
from hub.api.parts import Parts
from hub.audit.refusals import Refusals
from hub.bootstrap.ingress import serve_on
from hub.dev.embedded import KafkaServer
from hub.ledger.ask import Asker
from hub.ledger.replies import Replies
from hub.ledger.worker import Worker
from hub.registry import processor
from hub.sdk.processor import Processor
from hub.telemetry.metrics import Metrics
from schemas.topics import AUDIT, REPLIES, dead_letters
from tests.api.installed import Installed

PARTITIONS = 3
TENANT, OTHER = "acme", "globex"


@dataclass(slots=True)
class Api:
    """One API process's worth of the hub, and callers of it."""

    url: str
    parts: Parts
    database: Database
    """In the owner's eyes, to look behind the scenes."""
    tokens: dict[str, str]
    hub: "Hub"

    def client(self, tenant: str = TENANT, **headers: str) -> httpx.AsyncClient:
        """A caller with a key of that tenant."""
        shown = {"Authorization": f"Bearer {self.tokens[tenant]}", **headers}
        return httpx.AsyncClient(base_url=self.url, headers=shown, timeout=30)

    async def post(self, body: object, key: str = "", tenant: str = TENANT) -> httpx.Response:
        """Post an activation, under a key where there is one."""
        headers = {"Idempotency-Key": key} if key else {}
        async with self.client(tenant) as client:
            return await client.post("/v1/activations", json=body, headers=headers)

    async def get(self, path: str, tenant: str = TENANT, **headers: str) -> httpx.Response:
        """Read something."""
        async with self.client(tenant) as client:
            return await client.get(path, headers=headers)


@dataclass(slots=True)
class Hub:
    """Where the hub of this test is, and its worker, which runs or not."""

    kafka: KafkaSettings
    dsn: str
    database: Database
    processor: Processor[Any]
    audit: str
    task: "asyncio.Task[None] | None" = None

    async def start(self) -> None:
        """Run a worker."""
        self.task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        pool = await connect(self.dsn, size=PARTITIONS + 2)
        try:
            await Worker(self.processor, self.kafka, pool, Keyring(b"k" * 32), Metrics(), 500).run()
        finally:
            await pool.close()

    async def stop(self) -> None:
        """Stop it as SIGTERM would."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
            self.task = None

    @asynccontextmanager
    async def api(
        self, *, patience: float = 20.0, kafka: str = "", postgres: str = ""
    ) -> AsyncIterator[Api]:
        """The API of this hub, answering on loopback; `kafka` and `postgres` may be elsewhere."""
        settings = replace(self.kafka, bootstrap=kafka) if kafka else self.kafka
        tenants = await connect_for_tenants(postgres or self.dsn, size=8)
        replies, metrics = Replies(), Metrics()
        outlet, noted = SharedOutlet(settings), Outlet(settings)
        refusals = Refusals(noted, self.audit, metrics)
        asker = Asker(tenants, outlet, replies, self.processor.reads, PARTITIONS, patience)
        parts = Parts(asker, tenants, Keys(tenants), refusals, metrics)
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        tasks = [
            asyncio.create_task(replies.follow(settings)),
            asyncio.create_task(refusals.run()),
            asyncio.create_task(serve_on(build(parts), listener)),
        ]
        tokens = {one: await issue(self.database, one, "shop") for one in (TENANT, OTHER)}
        tokens["hub"] = await issue(self.database, "hub", "ops")
        try:
            yield Api(url, parts, self.database, tokens, self)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await outlet.stop()
            await noted.stop()
            await tenants.close()
            listener.close()


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Return once it holds."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - it happens elsewhere and tells nobody
            await asyncio.sleep(0.1)


@asynccontextmanager
async def installation(kafka: str, dsn: str, prefix: str) -> AsyncIterator[Hub]:
    """A hub on topics and a database of its own; its worker does not run until it is started."""
    settings = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    ours = processor("warranty")
    reads = replace(ours.reads, name=prefix + ours.reads.name)
    writes = replace(ours.writes, name=prefix + ours.writes.name)
    audit = replace(AUDIT, name=prefix + AUDIT.name)
    own = replace(ours, name=prefix + ours.name, reads=reads, writes=writes)
    keyed = (reads, writes, dead_letters(reads))
    await apply_topics(settings, keyed, partitions=PARTITIONS, replication=1)
    await apply_topics(settings, (REPLIES, audit), partitions=1, replication=1)
    database = await connect(dsn)
    for tenant in (TENANT, OTHER):
        await put(database, tenant, 24, 14)
    hub = Hub(settings, dsn, database, own, audit.name)
    try:
        yield hub
    finally:
        await hub.stop()
        await database.close()


@pytest.fixture(scope="session")
async def hub(kafka: str, postgres: str, migrated: str) -> AsyncIterator[Hub]:
    """A hub at work that tests share: each uses order numbers and serials of its own."""
    name = f"api{uuid.uuid4().hex[:8]}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f"create database {name} template {migrated} strategy file_copy")
    dsn = postgres.rsplit("/", 1)[0] + "/" + name
    async with installation(kafka, dsn, f"{name}.") as hub:
        await hub.start()
        yield hub
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture(scope="session")
async def api(hub: Hub) -> AsyncIterator[Api]:
    """The API of that hub."""
    async with hub.api() as api:
        yield api


@pytest.fixture
async def idle(kafka: str, dsn: str, topic_prefix: str) -> AsyncIterator[Hub]:
    """A hub of this test's own, whose worker does not run until it is started."""
    async with installation(kafka, dsn, topic_prefix) as hub:
        yield hub


@pytest.fixture(scope="session")
def own_kafka(server_root: Path) -> Iterator[KafkaServer]:
    """A broker beside the shared one: for topics by their real names, and to stop the clock of."""
    with KafkaServer(server_root / "api-kafka") as server:
        yield server


@pytest.fixture
async def installed(own_kafka: KafkaServer, dsn: str, tmp_path: Path) -> AsyncIterator[Installed]:
    """A hub as it is run, by commands and processes."""
    hub = Installed(own_kafka.bootstrap, dsn, tmp_path)
    await hub.run("topics", "apply")
    await hub.run("tenant", "set", TENANT)
    yield hub
    await hub.stop()
