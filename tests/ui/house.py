"""A whole hub to look at: worker, projectors and trail on topics of its own, and its pages on loopback."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx

from hub.access.admission import admission
from hub.access.keys import issue
from hub.access.limits import LOAD, SYSTEM, set_limits
from hub.access.permissions import Role
from hub.access.sources import SourceStore
from hub.access.tenants import put
from hub.adapters.kafka import KafkaSettings, Message, Outlet, SharedOutlet, apply_topics
from hub.adapters.postgres import ENGINE, Database, connect, connect_for_tenants
from hub.api.app import build
from hub.api.parts import Parts
from hub.audit.refusals import Refusals
from hub.bootstrap.ingress import serve_on
from hub.ledger.ask import Asker
from hub.ledger.projector import Projector
from hub.ledger.replies import Replies
from hub.ledger.worker import Worker
from hub.recovery.today import Today
from hub.registry import processor, projections
from hub.sdk.processor import Processor
from hub.telemetry.metrics import Metrics
from hub.trail.follower import TrailFollower
from hub.web.app import Web, web
from hub.web.board import MAX_VIEWERS
from hub.web.session import Sessions
from schemas.envelope import Envelope, source_of, to_headers
from schemas.refs import order_home, place
from schemas.topics import AUDIT, Topic, raw
from tests.apart import apart, topics_of
from tests.breakable import breakable
from tests.intake.corner import KEYRING, a_corner

PARTITIONS = 2
TENANT, OTHER = "acme", "globex"
CORNER = a_corner()
"""The connector whose records land here."""


@dataclass(slots=True)
class Pages:
    """The pages of one process, as they answer on loopback."""

    url: str
    web: Web
    task: "asyncio.Task[None]"

    async def stop(self) -> None:
        """Stop as SIGTERM would."""
        self.task.cancel()
        await asyncio.wait([self.task])


@dataclass(slots=True)
class House:
    """Where the hub of these tests is, and who may look at it."""

    kafka: KafkaSettings
    dsn: str
    database: Database
    processor: Processor[Any]
    audit: Topic
    outlet: Outlet
    broken: set[str]
    """Branches whose events our code cannot decide."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Keys by tenant; `hub` is an operator's."""

    @property
    def today(self) -> Today:
        """What an item meets here."""
        store = SourceStore({CORNER.name: CORNER}, KEYRING)
        processors = {self.processor.reads.name: self.processor}
        return Today(KEYRING, processors, store, {raw(CORNER.name).name: CORNER.name})

    async def sell(  # noqa: PLR0913 - a sale has as many parts, and a test changes one of them
        self,
        order: str,
        *,
        serial: str = "",
        branch: str = "Harbour Street",
        tenant: str = TENANT,
        source: str = "till",
        event: str = "",
        quantity: int = 1,
    ) -> None:
        """Tell the hub of the sale of a television."""
        line: dict[str, Any] = {"line": "1", "product": {"code": "TV"}, "quantity": quantity}
        line |= {"serials": [serial]} if serial else {}
        body = {
            "order": {"namespace": tenant, "reference": order},
            "zone": "UTC",
            "sold_at": datetime.now(UTC).isoformat(),
            "branch": branch,
            "lines": [line],
        }
        home = order_home(tenant, tenant, order)
        envelope = Envelope(
            id=event or f"sale-{order}",
            source=source_of(tenant, source),
            type="sale.recorded.v1",
            time=datetime.now(UTC),
            tenant=tenant,
            partitionkey=home,
        )
        message = Message(home.encode(), json.dumps(body).encode(), to_headers(envelope))
        await self.outlet.send(self.processor.reads.name, place(home, PARTITIONS), [message])

    async def spoil(self, count: int = 1) -> None:
        """Publish what is no event at all."""
        message = Message(b"nobody", b"{", [("ce_id", b"spoilt")])
        await self.outlet.send(self.processor.reads.name, 0, [message] * count)

    async def shown(self, order: str, tenant: str = TENANT) -> None:
        """Wait until the trail shows the sale of an order."""
        sql = "select exists (select 1 from trail where tenant = $1 and event_id = $2)"

        async def is_shown() -> bool:
            return bool(await self.database.fetchval(sql, tenant, f"sale-{order}"))

        await eventually(is_shown)

    @asynccontextmanager
    async def pages(
        self,
        *,
        port: int = 0,
        max_viewers: int = MAX_VIEWERS,
        kafka: str = "",
        remembered: float = 0,
    ) -> AsyncIterator[Pages]:
        """A process of the API with its pages; `kafka` may be elsewhere, callers be known for a while."""
        settings = replace(self.kafka, bootstrap=kafka) if kafka else self.kafka
        tenants = await connect_for_tenants(self.dsn, size=4)
        outlet, noted = SharedOutlet(settings), Outlet(self.kafka)
        refusals = Refusals(noted, self.audit.name, Metrics())
        asker = Asker(tenants, outlet, Replies(), self.processor.reads, PARTITIONS, 5.0)
        admitting = admission(tenants, KEYRING, remembered=remembered)
        parts = Parts(asker, tenants, admitting, refusals, Metrics(), self.today, asker)
        sessions = Sessions(admitting, is_secure=False)
        shown = web(tenants, settings, sessions, refusals, self.today, max_viewers=max_viewers)
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        writing = asyncio.create_task(refusals.run())
        task = asyncio.create_task(_serve(shown, parts, listener))
        pages = Pages(url, shown, task)
        try:
            yield pages
        finally:
            await pages.stop()
            await shown.aclose()
            writing.cancel()
            await asyncio.wait([writing])
            await outlet.stop()
            await noted.stop()
            await tenants.close()
            listener.close()

    @asynccontextmanager
    async def browsing(
        self, pages: Pages, tenant: str = TENANT
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A client that has signed in, and sends what a browser sends from a page of ours."""
        async with stranger(pages) as client:
            answer = await client.post("/sign-in", data={"key": self.tokens[tenant]})
            assert answer.status_code == 303
            yield client


def stranger(pages: Pages) -> httpx.AsyncClient:
    """A client that nobody has signed in."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    return httpx.AsyncClient(base_url=pages.url, headers=headers, timeout=30)


async def _serve(shown: Web, parts: Parts, listener: socket.socket) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(shown.run())
        group.create_task(serve_on(build(parts, shown.routes), listener))


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Return once it holds."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - it happens elsewhere and tells nobody
            await asyncio.sleep(0.05)


@asynccontextmanager
async def at_work(kafka: str, dsn: str, prefix: str) -> AsyncIterator[House]:
    """A hub that decides, projects and follows its trail while the block runs."""
    settings = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    ours = processor("warranty")
    audit = replace(AUDIT, name=prefix + AUDIT.name)
    broken: set[str] = set()
    own = breakable(replace(apart(ours, prefix), name=ours.name), broken)
    topics = (*topics_of(own), audit)
    await apply_topics(settings, topics, partitions=PARTITIONS, replication=1)
    database = await connect(dsn)
    for tenant in (TENANT, OTHER):
        await put(database, tenant, 24, 14)
        await set_limits(database, tenant, LOAD, SYSTEM)
    outlet = Outlet(settings)
    house = House(settings, dsn, database, own, audit, outlet, broken)
    house.tokens = {
        one: await issue(database, one, "shop", role=Role.SYSTEM_ADMIN) for one in (TENANT, OTHER)
    }
    house.tokens["hub"] = await issue(database, "hub", "ops")
    pool = await connect(dsn, size=PARTITIONS + 6, settings={"role": ENGINE})
    tasks = _work(house, pool)
    try:
        yield house
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pool.close()
        await outlet.stop()
        await database.close()


def _work(house: House, pool: Database) -> "Sequence[asyncio.Task[None]]":
    metrics, own = Metrics(), house.processor
    projector = Projector(
        projections=list(projections().values()),
        kafka=house.kafka,
        database=pool,
        metrics=metrics,
        ledger_topic=own.reads.name,
        status_topic=own.writes.name,
    )

    async def run(work: Callable[[], Awaitable[None]]) -> None:
        await work()

    worker = Worker(own, house.kafka, pool, KEYRING, metrics, 500)
    trail = TrailFollower(pool, house.kafka, metrics, house.audit.name)
    return [asyncio.create_task(run(one)) for one in (worker.run, projector.run, trail.run)]
