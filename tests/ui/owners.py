"""What the tests of owners' pages share: endpoints, what they were told, and whoever delivers to them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hub.access.permissions import Role
from hub.audit.entries import By
from hub.delivery.chores import Chores
from hub.delivery.dispatcher import Dispatcher
from hub.delivery.egress import Egress
from hub.delivery.endpoints import Desk, Endpoint, Shape
from hub.delivery.http import HttpDestination
from hub.registry import projection
from hub.telemetry.metrics import Metrics
from tests.delivery.conftest import LOOPBACK, SCALE, told
from tests.intake.corner import KEYRING
from tests.ui.house import TENANT, House, eventually

URL = "https://shop.example.com/hook"
AGAIN = "/deliveries/replays"
BY = By(kind="key", id="fixture", role=Role.SYSTEM_ADMIN)
NUMBERS = count(1)
"""Of events: no two tests tell the same one."""


@dataclass(slots=True)
class Owners:
    """A merchant's endpoints in a house."""

    house: House
    made: list[str] = field(default_factory=list)

    async def endpoint(self, url: str = URL, **more: Any) -> Endpoint:
        """Add one."""
        shape = Shape(address=url, **{"rate": 10_000.0, "timeout": 1.0} | more)
        async with self.house.database.transaction() as tx:
            endpoint, _ = await Desk(tx, KEYRING, TENANT, BY).add(shape)
        self.made.append(endpoint.id)
        return endpoint

    async def tell(self, number: int = 1, subject: str = "wty_aaaaaaaaaaaaaaaa_1") -> list[str]:
        """Tell every endpoint of so many activations; gives the events' ids."""
        one, events = (
            projection("deliveries"),
            [told(next(NUMBERS), subject) for _ in range(number)],
        )
        rows = [row for event in events for row in one.rows(event)]
        await self.house.database.executemany(one.upsert.format(table=one.table), rows)
        return [event.envelope.id for event in events]

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Whoever delivers, to loopback too and a thousand times as impatient, and marks replays."""
        kinds = {"http": HttpDestination(Egress(LOOPBACK))}
        dispatcher = Dispatcher(self.house.database, KEYRING, kinds, Metrics(), scale=SCALE)
        chores = Chores(self.house.database, Metrics())
        tasks = [asyncio.create_task(one) for one in (dispatcher.run(), chores.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await kinds["http"].aclose()

    async def until(self, endpoint: Endpoint, **wanted: int) -> None:
        """Return once the deliveries of an endpoint stand so."""
        sql = "select state, count(*) from delivery where endpoint = $1 group by state"

        async def holds() -> bool:
            rows = await self.house.database.fetch(sql, endpoint.id)
            return {row["state"]: row["count"] for row in rows} == wanted

        await eventually(holds)

    async def known_to_fail(self, endpoint: Endpoint) -> None:
        """Return once that stands there, which is written after the attempts' own ends."""
        sql = "select failing_since is not null from endpoint_pace where endpoint = $1"

        async def holds() -> bool:
            return bool(await self.house.database.fetchval(sql, endpoint.id))

        await eventually(holds)

    async def number(self, endpoint: Endpoint, event: str) -> int:
        """Of the delivery of an event."""
        sql = "select seq from delivery where endpoint = $1 and event = $2"
        return int(await self.house.database.fetchval(sql, endpoint.id, event))

    async def end(self) -> None:
        """Leave nothing for other tests to count."""
        tables = ("delivery_replay_place", "delivery", "endpoint")
        for table in tables:
            name = "id" if table == "endpoint" else "endpoint"
            await self.house.database.execute(
                f"delete from {table} where {name} = any($1::text[])",  # noqa: S608 - names of ours
                self.made,
            )


async def ended(
    owners: Owners, state: str, number: int = 1, **more: Any
) -> tuple[Endpoint, list[int]]:
    """An endpoint of which so many deliveries are over, in this state."""
    endpoint = await owners.endpoint(more.pop("address", URL), **more)
    events = await owners.tell(number)
    sql = "update delivery set state = $2, ended_at = now() where endpoint = $1"
    await owners.house.database.execute(sql, endpoint.id, state)
    return endpoint, [await owners.number(endpoint, one) for one in events]


async def replays(house: House, why: str) -> int:
    """How many were begun for this reason."""
    sql = "select count(*) from delivery_replay where why = $1"
    return int(await house.database.fetchval(sql, why))


async def versions(house: House, endpoint: Endpoint) -> Sequence[object]:
    """Everything that an act would change."""
    sql = """
    select e.state, e.version, (select count(*) from endpoint_secret where endpoint = e.id),
           (select count(*) from delivery where endpoint = e.id)
      from endpoint e where id = $1
    """
    (row,) = await house.database.fetch(sql, endpoint.id)
    return tuple(row)


def posts(endpoint: Endpoint, delivery: int) -> tuple[tuple[str, dict[str, str]], ...]:
    """Everything that may be sent."""
    here, version = f"/endpoints/{endpoint.id}", str(endpoint.version)
    return (
        (f"{here}/test", {}),
        (f"{here}/state", {"state": "paused", "version": version}),
        (f"{here}/secret", {"grace": "3600", "version": version}),
        (AGAIN, {"delivery": str(delivery), "seen": "0", "reason": "not mine to send"}),
    )
