"""Deliveries are made once from status events, and never again."""

import pytest

from hub.adapters.postgres import Database
from hub.registry import projection
from tests.projector.conftest import Working, follows
from tests.projector.desk import Desk, eventually

pytestmark = pytest.mark.servers

ENDPOINT = """
with e as (insert into endpoint (id, tenant, address) values ('ep_1', 't', 'https://shop.example') returning id)
insert into endpoint_pace (endpoint, tenant) select id, 't' from e
"""
DELIVERIES = projection("deliveries")


@pytest.fixture
async def endpoint(database: Database) -> None:
    await database.execute(ENDPOINT)


async def until(database: Database, wanted: list[str]) -> None:
    async def events() -> list[str]:
        rows = await database.fetch("select event from delivery order by seq")
        return [row["event"] for row in rows]

    async def holds() -> bool:
        return await events() == wanted

    await eventually(holds)
    assert await events() == wanted


async def test_the_wire_may_repeat_and_the_projector_may_end(
    desk: Desk, working: Working, database: Database, endpoint: None
) -> None:
    async with working(DELIVERIES) as projector:
        entries = await desk.decide("a", "b")
        for _ in range(3):
            await desk.publish(entries)
        await until(database, ["evt-a", "evt-b"])
        await follows(projector, seq=2)
    await desk.decide("c")

    async with working(DELIVERIES):
        await until(database, ["evt-a", "evt-b", "evt-c"])


async def test_what_nobody_wants_leaves_nothing(
    desk: Desk, working: Working, database: Database
) -> None:
    async with working(DELIVERIES) as projector:
        await desk.say("a")
        await follows(projector, seq=1)
        await database.execute(ENDPOINT)
        await desk.say("b")
        await until(database, ["evt-b"])

    rows = await database.fetch("select id, seq from status_event")
    assert [tuple(row) for row in rows] == [("evt-b", 2)]


async def test_a_store_that_went_back_and_a_newer_version_make_nothing_anew(
    desk: Desk, working: Working, database: Database, endpoint: None
) -> None:
    async with working(DELIVERIES):
        await desk.say("a")
        await until(database, ["evt-a"])
    await database.execute("delete from delivery")
    await database.execute("update projection_progress set version = 0")
    await desk.jump(10)
    await desk.decide("b")

    async with working(DELIVERIES):
        await until(database, ["evt-b"])

    rows = await database.fetch("select version, seq from projection_progress where part = 0")
    assert [tuple(row) for row in rows] == [(1, 11)]
