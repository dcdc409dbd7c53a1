"""A whole hub for one test: the warranty processor, the projectors and the trail on topics of its own."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.access.keyring import Keyring
from hub.access.tenants import put
from hub.adapters.kafka import KafkaSettings, Message, Outlet, apply_topics
from hub.adapters.postgres import ENGINE, Database, TenantDatabase, connect, connect_for_tenants
from hub.domain.serials import normalise
from hub.ledger.projector import Projector
from hub.ledger.worker import Worker
from hub.registry import processor, projections
from hub.sdk.processor import Processor
from hub.telemetry.metrics import Metrics
from hub.trail.follower import TrailFollower
from hub.trail.trace import find
from hub.trail.way import Decided, Trace
from schemas.envelope import Envelope, source_of, to_headers
from schemas.refs import order_home, place, serial_home
from schemas.topics import AUDIT, Topic
from tests.apart import apart, topics_of

PARTITIONS = 3
TENANT, OTHER = "acme", "globex"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as somebody publishes it."""

    id: str
    type: str
    home: str
    body: dict[str, Any]
    tenant: str = TENANT
    headers: tuple[tuple[str, bytes], ...] = ()
    correlation: str | None = None

    def message(self) -> Message:
        """As a record."""
        envelope = Envelope(
            id=self.id,
            source=source_of(self.tenant, "till"),
            type=self.type,
            time=NOON,
            tenant=self.tenant,
            partitionkey=self.home,
            correlationid=self.correlation,
        )
        value = json.dumps(self.body).encode()
        return Message(self.home.encode(), value, [*to_headers(envelope), *self.headers])


def sale(
    order: str = "R-1", *, event: str = "", serial: str = "", tenant: str = TENANT, **more: Any
) -> Told:
    """A sale of one television."""
    line: dict[str, Any] = {"line": "1", "product": {"code": "TV"}, "quantity": 1}
    line |= {"serials": [serial]} if serial else {}
    body = {
        "order": {"namespace": "till", "reference": order},
        "zone": "UTC",
        "sold_at": NOON.isoformat(),
        "lines": [line],
        **more,
    }
    home = order_home(tenant, "till", order)
    return Told(event or f"evt-{order}", "sale.recorded.v1", home, body, tenant)


def returned(order: str = "R-1") -> Told:
    """Everything of an order comes back."""
    body = {
        "order": {"namespace": "till", "reference": order},
        "zone": "UTC",
        "reference": f"back-{order}",
        "returned_at": NOON.isoformat(),
    }
    return Told(f"back-{order}", "sale.returned.v1", order_home(TENANT, "till", order), body)


def registration(serial: str, **more: Any) -> Told:
    """Somebody registers a unit by its serial."""
    body = {
        "reference": f"G-{serial}",
        "registered_at": NOON.isoformat(),
        "zone": "UTC",
        "product": {"code": "TV"},
        "serial": serial,
        **more,
    }
    home = serial_home(TENANT, normalise(serial))
    return Told(f"reg-{serial}", "registration.requested.v1", home, body)


@dataclass(slots=True)
class Hub:
    """Where the hub of this test is, and what of it runs."""

    settings: KafkaSettings
    dsn: str
    database: Database
    api: TenantDatabase
    processor: Processor[Any]
    audit: Topic
    outlet: Outlet
    tasks: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def say(self, *told: Told, part: int | None = None) -> None:
        """Publish, in the right partition unless told otherwise."""
        groups: dict[int, list[Message]] = defaultdict(list)
        for one in told:
            where = place(one.home, PARTITIONS) if part is None else part
            groups[where].append(one.message())
        for where, messages in groups.items():
            await self.outlet.send(self.processor.reads.name, where, messages)

    async def taken(self, count: int) -> None:
        """Wait until so many records of the intake topic were taken."""
        sql = "select coalesce(sum(next_offset - first_offset), 0)::int from partition_owner"

        async def holds() -> bool:
            return bool(await self.database.fetchval(sql) >= count)

        await eventually(holds)
        assert await self.database.fetchval(sql) == count

    async def trace(self, text: str, tenant: str = TENANT) -> Trace | None:
        """As the API would find it."""
        async with self.api.speaking_for(tenant) as queries:
            return await find(queries, tenant, text)

    async def settled(self, text: str, tenant: str = TENANT) -> Trace:
        """The trace, once it is complete and nothing is to come any more."""

        async def holds() -> bool:
            if not await self._is_shown():
                return False
            trace = await self.trace(text, tenant)
            return trace is not None and trace.complete and not trace.open

        await eventually(holds)
        trace = await self.trace(text, tenant)
        assert trace is not None
        assert (trace.complete, trace.open) == (True, ())
        return trace

    @asynccontextmanager
    async def followed(self, metrics: Metrics | None = None) -> AsyncIterator[TrailFollower]:
        """A follower with a pool in the engine's role, running while the block does."""
        pool = await connect(self.dsn, size=3, settings={"role": ENGINE})
        follower = TrailFollower(pool, self.settings, metrics or Metrics(), self.audit.name)
        task = asyncio.create_task(follower.run())
        try:
            yield follower
        finally:
            await stop(task)
            await pool.close()

    async def shown(self) -> None:
        """Wait until the trail shows as many lines as the logs have."""
        await eventually(self._is_shown)
        assert await self._is_shown()

    async def _is_shown(self) -> bool:
        sql = """
        select not exists (
          select 1 from (select 'ledger' as log, topic, part, max(n) as n from ledger group by 1, 2, 3
                         union all
                         select 'landing', topic, part, max(n) from landing group by 1, 2, 3) l
            left join trail_progress p using (log, topic, part) where coalesce(p.n, 0) < l.n)"""
        return bool(await self.database.fetchval(sql))

    async def work(self) -> None:
        """Run a worker and a projector."""
        pool = await connect(self.dsn, size=PARTITIONS + 4)
        keyring = Keyring(b"k" * 32)
        worker = Worker(self.processor, self.settings, pool, keyring, Metrics(), 500)
        projector = Projector(
            projections=list(projections().values()),
            kafka=self.settings,
            database=pool,
            metrics=Metrics(),
            ledger_topic=self.processor.reads.name,
            status_topic=self.processor.writes.name,
        )

        async def run(work: Callable[[], Awaitable[None]]) -> None:
            await work()

        self.tasks += [
            asyncio.create_task(run(worker.run)),
            asyncio.create_task(run(projector.run)),
        ]
        self.tasks[-1].add_done_callback(lambda _: asyncio.ensure_future(pool.close()))

    async def rest(self) -> None:
        """Stop what runs."""
        for task in self.tasks:
            await stop(task)
        self.tasks.clear()


def decisions(trace: Trace, event: str) -> tuple[Decided, ...]:
    """What the ledger says about one event."""
    found: tuple[Decided, ...] = only(e for e in trace.events if e.id == event).decisions
    return found


def outcomes(trace: Trace, event: str) -> list[str]:
    """What became of one event, over time."""
    return [one.outcome for one in decisions(trace, event)]


async def stop(task: "asyncio.Task[None]") -> None:
    """Stop a task as SIGTERM would; what it failed with is raised."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Wait until it holds; the assertion that follows says what did not."""
    deadline = time.monotonic() + seconds
    while not await holds() and time.monotonic() < deadline:  # noqa: ASYNC110 - a table tells nobody
        await asyncio.sleep(0.05)


@pytest.fixture
async def idle(kafka: str, dsn: str, database: Database, topic_prefix: str) -> AsyncIterator[Hub]:
    """A hub in which nothing runs until it is started."""
    settings = KafkaSettings(kafka, session_timeout_ms=6_000, heartbeat_interval_ms=500)
    ours = processor("warranty")
    # It is the source of what is decided, in which no dot may stand.
    own = replace(apart(ours, topic_prefix), name=topic_prefix.replace(".", "-") + ours.name)
    audit = replace(AUDIT, name=topic_prefix + AUDIT.name)
    topics = (*topics_of(own), audit)
    await apply_topics(settings, topics, partitions=PARTITIONS, replication=1)
    for tenant in (TENANT, OTHER):
        await put(database, tenant, 24, 14)
    api = await connect_for_tenants(dsn, size=2)
    outlet = Outlet(settings)
    hub = Hub(settings, dsn, database, api, own, audit, outlet)
    yield hub
    await hub.rest()
    await outlet.stop()
    await api.close()


@pytest.fixture
async def hub(idle: Hub) -> AsyncIterator[Hub]:
    """A hub at work whose trail is followed."""
    await idle.work()
    async with idle.followed():
        yield idle
    await idle.rest()


def only(found: Iterable[Any]) -> Any:
    """The one there is."""
    (one,) = found
    return one
