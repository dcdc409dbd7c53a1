"""What the tests of delivery share: a tenant, endpoints, events to tell of, and a dispatcher at work."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.access.keyring import HUB, Keyring
from hub.access.permissions import Role
from hub.access.principals import Principal
from hub.access.tenants import put
from hub.adapters.postgres import Database
from hub.audit.entries import By
from hub.delivery.dispatcher import Dispatcher
from hub.delivery.egress import Egress, Rules
from hub.delivery.endpoints import Desk, Endpoint, Shape
from hub.delivery.http import HttpDestination
from hub.delivery.secrets import Secret
from hub.registry import projection
from hub.sdk.projection import Told
from hub.telemetry.metrics import Metrics
from schemas.base import Fact
from schemas.envelope import Envelope, source_of
from schemas.events.parts import Product
from schemas.events.warranty import WarrantyActivated

TENANT = "acme"
KEYRING = Keyring(b"k" * 32)
OPERATOR = Principal(tenant=HUB, name="ops", id="ops", role=Role.OPERATOR)
SOMEBODY = By(kind="key", id="test", role="system_admin")
LOOPBACK = Rules.read("127.0.0.0/8")
DAY = date(2026, 1, 31)
SCALE = 0.001


def told(number: int, subject: str = "wty_aaaaaaaaaaaaaaaa_1", **more: Any) -> Told:
    """That a warranty was activated, as the projector reads it."""
    fact = WarrantyActivated(
        warranty=subject,
        product=Product(),
        starts_on=DAY,
        ends_on=DAY,
        connector="till",
        by="sale",
        **more,
    )
    return said(number, fact, subject)


def said(number: int, fact: Fact, subject: str) -> Told:
    """A status event as the projector reads it."""
    envelope = Envelope(
        id=f"evt_{number}",
        source=source_of(TENANT, "warranty"),
        type=fact.TYPE,
        time=datetime(2026, 1, 31, tzinfo=UTC),
        tenant=TENANT,
        subject=subject,
        causationid=f"cause_{number}",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return Told(envelope, fact, number)


@dataclass(slots=True)
class World:
    """A tenant with endpoints, and whoever delivers to them."""

    database: Database
    secrets: dict[str, Secret] = field(default_factory=dict)

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """Where endpoints are looked after."""
        async with self.database.transaction() as tx:
            yield Desk(tx, KEYRING, TENANT, SOMEBODY)

    async def endpoint(self, url: str, **more: Any) -> Endpoint:
        """Add an endpoint."""
        shape = Shape(address=url, **{"rate": 10_000.0, "timeout": 1.0} | more)
        async with self.desk() as desk:
            endpoint, secret = await desk.add(shape)
        if secret is not None:
            self.secrets[endpoint.id] = secret
        return endpoint

    async def tell(self, *events: Told) -> None:
        """Say these, as the projector would."""
        one = projection("deliveries")
        rows = [row for event in events for row in one.rows(event)]
        await self.database.executemany(one.upsert.format(table=one.table), rows)

    def dispatcher(self, **more: Any) -> Dispatcher:
        """Whoever delivers here, to loopback too, and a thousand times as impatient."""
        destination = HttpDestination(Egress(LOOPBACK))
        kinds = {"http": destination, **more.pop("kinds", {})}
        return Dispatcher(self.database, KEYRING, kinds, Metrics(), **{"scale": SCALE} | more)

    @asynccontextmanager
    async def delivering(self, **more: Any) -> AsyncIterator[Dispatcher]:
        """A dispatcher at work while the block runs."""
        dispatcher = self.dispatcher(**more)
        task = asyncio.create_task(dispatcher.run())
        try:
            yield dispatcher
        finally:
            task.cancel()
            await asyncio.wait([task])
            for one in dispatcher.destinations.values():
                await one.aclose()

    async def states(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        rows = await self.database.fetch("select state, count(*) from delivery group by state")
        return {row["state"]: row["count"] for row in rows}

    async def until(self, wanted: dict[str, int], seconds: float = 20) -> None:
        """Return once deliveries stand so."""

        async def holds() -> bool:
            return await self.states() == wanted

        await eventually(holds, seconds)
        assert await self.states() == wanted, await self.attempts()

    async def is_quiet(self) -> bool:
        """Whether an endpoint is left alone because it asked for that."""
        sql = "select bool_or(quiet_until > now()) from endpoint_pace"
        return bool(await self.database.fetchval(sql))

    async def attempts(self) -> list[dict[str, Any]]:
        """Every attempt, in order."""
        rows = await self.database.fetch("select * from delivery_attempt order by began_at, n")
        return [dict(row) for row in rows]

    async def audited(self) -> Sequence[str]:
        """What stands in the audit, in order."""
        return [
            row["action"]
            for row in await self.database.fetch("select action from audit_entry order by n")
        ]


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until it holds; the assertion that follows says what did not."""
    deadline = time.monotonic() + seconds
    while not await holds() and time.monotonic() < deadline:  # noqa: ASYNC110 - a table tells nobody
        await asyncio.sleep(0.02)


@pytest.fixture
async def world(database: Database) -> World:
    await put(database, TENANT, 24, 14)
    return World(database)
