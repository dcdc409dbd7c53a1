"""Pulling: a source that is asked goes on where its last landing stood, and two pollers do not fight."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sdk import Pull, RawRecord
from hub.access.sources import sources_of
from hub.adapters.kafka import KafkaSettings, Outlet, Peek, SharedOutlet, apply_topics
from hub.adapters.postgres import Database, connect
from hub.adapters.postgres.leases import Leases
from hub.audit.refusals import Refusal, Refusals, decode
from hub.bootstrap.ingress import serve_on
from hub.intake.checkpoints import Checkpoints
from hub.intake.landing import Lander
from hub.intake.poller import Poller
from tests.api.proxy import Proxy, proxy
from tests.intake.corner import PARTITIONS, TENANT, Shop, a_corner, a_shop, listening

pytestmark = pytest.mark.servers

PAGE = 10


@dataclass(slots=True)
class Vendor:
    """A small HTTP server with orders, a page at a time."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    broken_after: int | None = None
    """From which order on it answers otherwise."""
    status: int = 503
    retry_after: str = ""
    url: str = ""

    async def page(self, request: Request) -> Response:
        since = request.query_params.get("since_id")
        self.asked.append(since)
        first = int(since or 0)
        if self.broken_after is not None and first >= self.broken_after:
            pause = {"retry-after": self.retry_after} if self.retry_after else None
            return JSONResponse({}, self.status, pause)
        return JSONResponse(self.orders[first : first + PAGE])


@asynccontextmanager
async def at_home(vendor: Vendor) -> AsyncIterator[None]:
    with listening() as (listener, address):
        vendor.url = f"http://{address}/orders"
        task = asyncio.create_task(
            serve_on(Starlette(routes=[Route("/orders", vendor.page)]), listener)
        )
        yield
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    vendor = Vendor([{"id": n + 1, "order": f"A-{n}"} for n in range(25)])
    async with at_home(vendor):
        yield vendor


@pytest.fixture
async def shop(vendor: Vendor, kafka: str, dsn: str, database: Database) -> AsyncIterator[Shop]:
    async def fetch(
        client: httpx.AsyncClient, settings: object, since: str | None
    ) -> AsyncIterator[RawRecord]:
        while True:
            answer = await client.get(vendor.url, params={"since_id": since or "0"})
            answer.raise_for_status()
            if not answer.json():
                return
            for order in answer.json():
                since = str(order["id"])
                payload = json.dumps(order).encode()
                yield RawRecord(f"order/{since}", payload, order["order"], checkpoint=since)

    connector = a_corner(push=None, pull=Pull(fetch, every_seconds=0.2))
    async with a_shop(kafka, dsn, database, connector) as shop:
        yield shop


@asynccontextmanager
async def polling(
    shop: Shop, name: str = "one", lander: Lander | None = None, store: Database | None = None
) -> AsyncIterator[Poller]:
    outlet, audit = SharedOutlet(shop.kafka), Outlet(shop.kafka)
    await apply_topics(shop.kafka, [shop.audit], partitions=1, replication=1)
    refusals = Refusals(audit, shop.audit.name, shop.metrics)
    database = store or shop.database
    poller = Poller(
        lambda: sources_of(shop.database, shop.store, shop.connector.name),
        lander or Lander(outlet, {shop.topic.name: PARTITIONS}, shop.metrics),
        Leases(database, "pull", 1.5, name),
        Checkpoints(database),
        refusals,
        shop.metrics,
        backoff=0.2,
        refresh=0.2,
    )
    task, writing = asyncio.create_task(poller.run()), asyncio.create_task(refusals.run())
    try:
        yield poller
    finally:
        task.cancel()
        writing.cancel()
        stopped, _ = await asyncio.wait([task], timeout=10)
        await outlet.stop()
        await audit.stop()
    assert stopped, "the poller cannot be stopped"


@asynccontextmanager
async def a_cable(dsn: str) -> AsyncIterator[tuple[Proxy, Database]]:
    """Postgres at the end of a cable that can be cut."""
    url = httpx.URL(dsn)
    assert url.port
    async with proxy(url.port) as cable:
        database = await connect(dsn.replace(f":{url.port}/", f":{cable.port}/"))
        yield cable, database
        await database.close()


async def add_source(shop: Shop, name: str, **settings: str) -> None:
    await shop.store.put(shop.database, TENANT, name, shop.connector.name, settings)


async def landed(shop: Shop, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _ in range(100):
        found = [json.loads(record.value or b"") for record in await shop.landed()]
        if len(found) >= count:
            break
        await asyncio.sleep(0.1)
    return sorted(found, key=lambda one: int(one["id"]))


async def refused(shop: Shop) -> Refusal:
    """What the audit topic was told."""
    async with Peek(shop.kafka) as peek, asyncio.timeout(20):
        while True:
            first, end = await peek.bounds(shop.audit.name, 0)
            if first < end:
                (record,) = [one async for one in peek.records(shop.audit.name, 0, first, end)]
                return decode(record.value or b"")
            await asyncio.sleep(0.1)


async def test_lands_what_is_new_and_goes_on_from_there(shop: Shop, vendor: Vendor) -> None:
    async with polling(shop):
        assert await landed(shop, 25) == vendor.orders
        vendor.orders.append({"id": 26, "order": "A-25"})
        assert await landed(shop, 26) == vendor.orders
    async with polling(shop, "another"):
        vendor.orders.append({"id": 27, "order": "A-26"})
        assert await landed(shop, 27) == vendor.orders

    assert vendor.asked[0] == "0"
    assert vendor.asked.count("0") == 1
    assert (await shop.database.fetchval("select value from checkpoint")) == "27"


async def test_waits_for_a_source_that_does_not_answer_and_keeps_what_it_said(
    shop: Shop, vendor: Vendor
) -> None:
    vendor.broken_after = 10
    async with polling(shop):
        assert len(await landed(shop, 10)) == 10
        await asyncio.sleep(0.5)
        assert (await shop.database.fetchval("select value from checkpoint")) == "10"
        assert len(await landed(shop, 10)) == 10
        vendor.broken_after = None
        assert await landed(shop, 25) == vendor.orders

    assert vendor.asked.count("0") == 1
    failures = shop.metrics.pull_failures.labels(shop.connector.name)
    assert next(iter(failures.collect())).samples[0].value > 0


async def test_leaves_a_source_alone_for_as_long_as_it_asks_for(shop: Shop, vendor: Vendor) -> None:
    vendor.broken_after, vendor.status, vendor.retry_after = 10, 429, "60"
    async with polling(shop):
        assert len(await landed(shop, 10)) == 10
        await asyncio.sleep(1.5)

    assert vendor.asked == ["0", "10", "10"], "once to break off, and once to be told so"


async def test_a_source_that_refuses_is_a_fault_of_its_settings_and_loses_nothing_it_said(
    shop: Shop, vendor: Vendor, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor.broken_after, vendor.status = 10, 401
    async with polling(shop):
        assert len(await landed(shop, 10)) == 10
        await asyncio.sleep(1)

    failures = shop.metrics.pull_failures.labels(shop.connector.name)
    assert next(iter(failures.collect())).samples[0].value == 1
    assert vendor.asked == ["0", "10"]
    assert "the source answers 401; see whether it has" in capsys.readouterr().out


async def test_saves_no_checkpoint_before_the_landing_is_acknowledged(
    shop: Shop, vendor: Vendor
) -> None:
    nowhere = SharedOutlet(KafkaSettings("127.0.0.1:1"))
    async with polling(shop, lander=Lander(nowhere, {shop.topic.name: PARTITIONS}, shop.metrics)):
        await asyncio.sleep(1.5)
        assert vendor.asked
        assert (await shop.database.fetchval("select value from checkpoint")) is None
    await nowhere.stop()
    async with polling(shop):
        assert await landed(shop, 25) == vendor.orders


async def test_one_of_two_pollers_asks_and_the_other_takes_over(shop: Shop, vendor: Vendor) -> None:
    async with polling(shop, "two"):
        async with polling(shop, "one"):
            assert len(await landed(shop, 25)) == 25
            holders = set()
            for _ in range(20):
                holders.add(await shop.database.fetchval("select held_by from lease"))
                await asyncio.sleep(0.05)
            assert len(holders) == 1
            epoch = await shop.database.fetchval("select epoch from lease")
        vendor.orders.append({"id": 26, "order": "A-25"})
        assert await landed(shop, 26) == vendor.orders

    assert epoch == 1


async def test_a_poller_that_lost_its_lease_saves_nothing(shop: Shop, vendor: Vendor) -> None:
    async with polling(shop):
        await landed(shop, 25)
        taken = "update lease set epoch = epoch + 1, held_by = 'other', held_until = now() + interval '1 minute'"
        await shop.database.execute(taken)
        vendor.orders.append({"id": 26, "order": "A-25"})
        await asyncio.sleep(1)

        assert (await shop.database.fetchval("select value from checkpoint")) == "25"
        assert (await shop.database.fetchval("select held_by from lease")) == "other"


async def test_a_record_that_kafka_cannot_take_is_refused_and_holds_up_no_other(
    shop: Shop, vendor: Vendor
) -> None:
    large = {"id": 26, "order": "A-25", "padding": "x" * 3 * 1024 * 1024}
    vendor.orders += [large, {"id": 27, "order": "A-26"}]
    async with polling(shop):
        found = await landed(shop, 26)
        refusal = await refused(shop)

    assert found == [order for order in vendor.orders if order != large]
    assert await shop.database.fetchval("select value from checkpoint") == "27"
    assert (refusal.door, refusal.status) == ("pull", 413)
    assert (refusal.tenant, refusal.principal) == (TENANT, "corner")
    assert "order/26" in refusal.reason
    assert refusal.size == len(json.dumps(large))
    assert refusal.hash == sha256(json.dumps(large).encode()).hexdigest()
    counted = shop.metrics.registry.get_sample_value
    assert counted("hub_door_requests_total", {"door": "pull", "status": "413"}) == 1


async def test_is_stopped_while_postgres_is_away(shop: Shop, dsn: str) -> None:
    async with a_cable(dsn) as (cable, store), polling(shop, store=store):
        await landed(shop, 25)
        cable.cut()


async def test_a_source_that_changes_while_postgres_is_away_holds_up_no_other(
    shop: Shop, vendor: Vendor, dsn: str
) -> None:
    async with a_cable(dsn) as (cable, store), polling(shop, store=store):
        await landed(shop, 25)
        cable.cut()
        await add_source(shop, "corner", order="id")
        await asyncio.sleep(0.5)
        await add_source(shop, "kiosk")
        cable.mend()
        await landed(shop, 50)

    points = await shop.database.fetch("select source, value from checkpoint order by source")
    assert [tuple(point) for point in points] == [("corner", "25"), ("kiosk", "25")]
