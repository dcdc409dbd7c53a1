"""The API on a whole hub of the test's own: real Kafka, real Postgres, a worker, HTTP on loopback."""

import asyncio
import socket
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from hub.access.admission import admission
from hub.access.keys import COMMAND, issue
from hub.access.limits import LOAD, SYSTEM, set_limits
from hub.access.people import Invitation, invite
from hub.access.permissions import STAFF, Role
from hub.access.post import Wording
from hub.access.sessions import begin
from hub.access.sources import SourceStore
from hub.access.tenants import put
from hub.adapters.kafka import KafkaSettings, Outlet, SharedOutlet, apply_topics
from hub.adapters.postgres import ENGINE, Database, connect, connect_for_tenants
from hub.api.app import build
from hub.api.parts import Parts
from hub.audit.refusals import Refusals
from hub.bootstrap.ingress import serve_on
from hub.dev.embedded import KafkaServer
from hub.ledger.ask import Asker
from hub.ledger.outside import Asking
from hub.ledger.replies import Replies
from hub.ledger.worker import Worker
from hub.recovery.today import Today
from hub.registry import processor
from hub.sdk.processor import Processor
from hub.telemetry.metrics import Metrics
from hub.trail.follower import TrailFollower
from schemas.topics import AUDIT, REPLIES, raw
from tests.apart import apart, topics_of
from tests.api.installed import Installed
from tests.breakable import breakable
from tests.intake.corner import KEYRING, a_corner

PARTITIONS = 3
TENANT, OTHER = "acme", "globex"
CORNER = a_corner()
"""The connector whose records land here."""

UNENTERED = """
select exists (select 1 from (select topic, part, max(n) as n from ledger group by 1, 2) l
                 left join trail_progress p on (p.log, p.topic, p.part) = ('ledger', l.topic, l.part)
                where coalesce(p.audited, 0) < l.n)
"""


@dataclass(slots=True)
class Api:
    """One API process's worth of the hub, and callers of it."""

    url: str
    parts: Parts
    database: Database
    """In the owner's eyes, to look behind the scenes."""
    tokens: dict[str, str]
    """By tenant: of a shop; `acme/admin` of its system admin, `hub` of an operator."""
    hub: "Hub"

    def client(self, tenant: str = TENANT, **headers: str) -> httpx.AsyncClient:
        """A caller with a key of that tenant, or somebody of its staff by their role, signed in anew."""
        if tenant in STAFF:
            staff = Staff(self, Role(tenant))
            return httpx.AsyncClient(base_url=self.url, headers=headers, auth=staff, timeout=30)
        shown = {"Authorization": f"Bearer {self.tokens[tenant]}", **headers}
        return httpx.AsyncClient(base_url=self.url, headers=shown, timeout=30)

    async def post(self, body: object, key: str = "", tenant: str = TENANT) -> httpx.Response:
        """Post an activation, under a key where there is one."""
        headers = {"Idempotency-Key": key} if key else {}
        shop = f"{tenant}/shop"
        async with self.client(shop if shop in self.tokens else tenant) as client:
            return await client.post("/v1/activations", json=body, headers=headers)

    async def person(self, tenant: str, role: Role) -> str:
        """The access token of somebody who has this role at this merchant, and has just signed in."""
        keyring = self.parts.admission.keyring
        async with self.database.transaction() as queries:
            person = self.hub.people.get((tenant, role))
            if person is None:
                asked = Invitation(tenant, f"{role}@{tenant}.example", role)
                person = await invite(queries, keyring, asked, COMMAND, Wording(""))
                await queries.execute("update person set state = 'active' where id = $1", person)
                self.hub.people[tenant, role] = person
            begun = await begin(queries, tenant, person, role)
        return await self.parts.admission.access_token(begun)

    async def get(self, path: str, tenant: str = TENANT, **headers: str) -> httpx.Response:
        """Read something."""
        async with self.client(tenant) as client:
            return await client.get(path, headers=headers)


class Staff(httpx.Auth):
    """Somebody of the staff: their tokens are over sooner than all tests are."""

    def __init__(self, api: Api, role: Role) -> None:
        self._api, self._role = api, role
        self._token = ""

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        self._token = self._token or await self._api.person(TENANT, self._role)
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


@dataclass(slots=True)
class Hub:
    """Where the hub of this test is, and its worker, which runs or not."""

    kafka: KafkaSettings
    dsn: str
    database: Database
    processor: Processor[Any]
    catalog: Processor[Any]
    audit: str
    broken: set[str]
    """Branches whose events our code cannot decide."""
    asking: Asking | None = None
    task: "asyncio.Task[None] | None" = None
    tokens: dict[str, str] = field(default_factory=dict)
    people: dict[tuple[str, Role], str] = field(default_factory=dict)

    @property
    def today(self) -> Today:
        """What an item meets here."""
        store = SourceStore({CORNER.name: CORNER}, KEYRING)
        processors = {one.reads.name: one for one in (self.processor, self.catalog)}
        return Today(KEYRING, processors, store, {raw(CORNER.name).name: CORNER.name})

    async def keys(self) -> dict[str, str]:
        """One key of each kind, given out once."""
        if not self.tokens:
            for tenant in (TENANT, OTHER):
                self.tokens[tenant] = await issue(self.database, tenant, "shop")
                self.tokens[f"{tenant}/shop"] = self.tokens[tenant]
                self.tokens[f"{tenant}/admin"] = await issue(
                    self.database, tenant, "admin", role=Role.SYSTEM_ADMIN
                )
            self.tokens["hub"] = await issue(self.database, "hub", "ops")
        return dict(self.tokens)

    async def start(self) -> None:
        """Run a worker."""
        self.task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        pool = await connect(self.dsn, size=2 * PARTITIONS + 2)
        try:
            async with asyncio.TaskGroup() as group:
                for one in (self.processor, self.catalog):
                    worker = Worker(
                        one, self.kafka, pool, KEYRING, Metrics(), 500, asking=self.asking
                    )
                    group.create_task(worker.run())
        finally:
            await pool.close()

    async def audited(self) -> None:
        """Follow the logs until whatever stands there is an entry of the audit."""
        pool = await connect(self.dsn, size=2, settings={"role": ENGINE})
        follower = TrailFollower(pool, self.kafka, Metrics(), self.audit)

        async def is_entered() -> bool:
            await follower.turn()
            return not await self.database.fetchval(UNENTERED)

        try:
            await eventually(is_entered)
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
        self, *, patience: float = 20.0, kafka: str = "", postgres: str = "", proxies: int = 0
    ) -> AsyncIterator[Api]:
        """The API of this hub, answering on loopback; `kafka` and `postgres` may be elsewhere."""
        settings = replace(self.kafka, bootstrap=kafka) if kafka else self.kafka
        tenants = await connect_for_tenants(postgres or self.dsn, size=8)
        replies, metrics = Replies(), Metrics()
        outlet, noted = SharedOutlet(settings), Outlet(settings)
        refusals = Refusals(noted, self.audit, metrics)
        asker, catalog = (
            Asker(tenants, outlet, replies, one.reads, PARTITIONS, patience)
            for one in (self.processor, self.catalog)
        )
        admitting = admission(tenants, KEYRING, url="http://hub.invalid")
        parts = Parts(asker, tenants, admitting, refusals, metrics, self.today, catalog, proxies)
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        tasks = [
            asyncio.create_task(replies.follow(settings)),
            asyncio.create_task(refusals.run()),
            asyncio.create_task(admitting.errands.run()),
            asyncio.create_task(serve_on(build(parts), listener)),
        ]
        try:
            yield Api(url, parts, self.database, await self.keys(), self)
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
    own = apart(ours, prefix)
    audit = replace(AUDIT, name=prefix + AUDIT.name)
    broken: set[str] = set()
    catalog = apart(processor("catalog"), prefix)
    keyed = {topic.name: topic for one in (own, catalog) for topic in topics_of(one)}
    await apply_topics(settings, tuple(keyed.values()), partitions=PARTITIONS, replication=1)
    await apply_topics(settings, (REPLIES, audit), partitions=1, replication=1)
    database = await connect(dsn)
    for tenant in (TENANT, OTHER):
        await put(database, tenant, 24, 14)
        await set_limits(database, tenant, LOAD, SYSTEM)
    hub = Hub(settings, dsn, database, breakable(own, broken), catalog, audit.name, broken)
    try:
        yield hub
    finally:
        await hub.stop()
        await database.close()


@pytest.fixture(scope="module")
async def hub(kafka: str, postgres: str, migrated: str) -> AsyncIterator[Hub]:
    """A hub at work that the tests of a file share: each uses order numbers and serials of its own."""
    name = f"api{uuid.uuid4().hex[:8]}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f"create database {name} template {migrated} strategy file_copy")
    dsn = postgres.rsplit("/", 1)[0] + "/" + name
    async with installation(kafka, dsn, f"{name}.") as hub:
        await hub.start()
        yield hub
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture(scope="module")
async def api(hub: Hub) -> AsyncIterator[Api]:
    """The API of that hub."""
    async with hub.api() as api:
        yield api


@pytest.fixture
async def idle(kafka: str, dsn: str, topic_prefix: str) -> AsyncIterator[Hub]:
    """A hub of this test's own, whose worker does not run until it is started."""
    async with installation(kafka, dsn, topic_prefix) as hub:
        yield hub


@pytest.fixture(scope="module")
def own_kafka(server_root: Path) -> Iterator[KafkaServer]:
    """A broker for the tests of a file: for topics by their real names, and to stop the clock of."""
    with KafkaServer(server_root / f"api-kafka-{uuid.uuid4().hex[:8]}") as server:
        yield server


@pytest.fixture
async def installed(own_kafka: KafkaServer, dsn: str, tmp_path: Path) -> AsyncIterator[Installed]:
    """A hub as it is run, by commands and processes."""
    hub = Installed(own_kafka.bootstrap, dsn, tmp_path)
    await hub.run("topics", "apply")
    await hub.run("tenant", "set", TENANT)
    yield hub
    await hub.stop()
