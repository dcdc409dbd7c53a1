"""A delivery that comes twice counts once, and the same id with another body is told apart."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from hub.adapters.postgres import Database
from hub.ledger.entries import decode
from tests.intake.conftest import Installation
from tests.intake.corner import Shop, a_corner, a_door, a_shop, a_translator, at_work

pytestmark = pytest.mark.servers


@pytest.fixture
async def shop(kafka: str, dsn: str, database: Database, hub: Installation) -> AsyncIterator[Shop]:
    """A shop with its door, its translator and a hub that decides."""
    async with (
        a_shop(kafka, dsn, database, a_corner()) as shop,
        a_door(shop),
        at_work(a_translator(shop, database, hub.intake)),
    ):
        yield shop


async def post(shop: Shop, id_: str, **sale: object) -> None:
    answer = await shop.post(json.dumps([sale]).encode(), id_=id_)
    assert answer.status_code == 202


async def decided(shop: Shop, count: int) -> list[Mapping[str, Any]]:
    """What was decided of the first so many events, in order."""
    entries: list[Mapping[str, Any]] = []
    for _ in range(200):
        rows = await shop.database.fetch("select body from ledger where kind = 'batch' order by n")
        found = [entry for row in rows for entry in decode(row["body"])]
        entries = [{"outcome": str(one.outcome), "reason": one.reason} for one in found]
        if len(entries) >= count:
            return entries
        await asyncio.sleep(0.05)
    raise AssertionError(entries)


async def test_a_repeated_delivery_lands_twice_and_counts_once(shop: Shop) -> None:
    for _ in range(3):
        await post(shop, "msg_1", order="A-1", serials=["s1"])
    outcomes = [one["outcome"] for one in await decided(shop, 3)]

    assert outcomes == ["applied", "deduplicated", "deduplicated"]
    assert len(await shop.landed()) == 3
    assert await shop.database.fetchval("select count(*) from unit") == 1


async def test_the_same_id_with_another_body_is_refused_where_the_first_was_decided(
    shop: Shop,
) -> None:
    await post(shop, "msg_1", order="A-1", serials=["s1"])
    await decided(shop, 1)
    await post(shop, "msg_1", order="A-1", serials=["s2"])
    first, second = await decided(shop, 2)

    assert (first["outcome"], second["outcome"]) == ("applied", "rejected")
    assert "used before with another body" in second["reason"]
    rows = await shop.database.fetch("select serial_norm from unit")
    assert [row["serial_norm"] for row in rows] == ["s1"]


async def test_the_same_id_about_another_order_is_a_sale_of_its_own(shop: Shop) -> None:
    # A till that counts its deliveries anew after a repair must not lose the sales of a day.
    await post(shop, "msg_1", order="A-1", serials=["s1"])
    await post(shop, "msg_1", order="A-2", serials=["s2"])
    outcomes = [one["outcome"] for one in await decided(shop, 2)]

    assert outcomes == ["applied", "applied"]
    assert await shop.database.fetchval("select count(*) from unit") == 2
