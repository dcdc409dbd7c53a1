"""Records that wait for something outside go on once it is back, whatever the breaker came to know of it."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import httpx
import pytest

from connectors.sdk import Enrich, RawRecord, SourceUnavailableError
from hub.adapters.postgres import Database
from schemas.refs import home, place
from tests.intake.corner import (
    PARTITIONS,
    TENANT,
    Settings,
    a_corner,
    a_shop,
    a_translator,
    at_work,
    intake_of,
    land,
    settled,
)
from tests.intake.vendor import a_shy_corner, a_vendor

pytestmark = pytest.mark.servers


def in_one_partition(number: int) -> list[dict[str, Any]]:
    """So many orders whose records land on the same partition."""
    names = (f"A-{n}" for n in range(1_000))
    mine = [name for name in names if place(home(TENANT, "corner", name), PARTITIONS) == 0]
    return [{"order": name} for name in mine[:number]]


async def test_what_was_not_asked_goes_on_where_the_others_never_heard_of_an_outage(
    kafka: str, dsn: str, database: Database
) -> None:
    """Five fail, the sixth is not asked, and an answer on its way says that all is well."""
    asked: Counter[str] = Counter()

    async def fetch(_client: httpx.AsyncClient, record: RawRecord, _settings: Settings) -> bytes:
        asked["all"] += 1
        if asked["all"] == 1:
            await asyncio.sleep(1.0)
        elif asked["all"] <= 6:
            raise SourceUnavailableError("busy")
        return record.payload

    flaky = a_corner(enrich=Enrich(fetch, lambda _: "vendor", attempts=1, at_once=6))
    async with a_shop(kafka, dsn, database, flaky) as shop:
        intake = await intake_of(shop)
        await land(shop, *in_one_partition(9))
        async with at_work(a_translator(shop, database, intake, schedule=(0.2, 0.2))):
            await settled(shop, translated=9)


async def test_a_source_that_asks_elsewhere_now_does_not_wait_for_where_it_asked_before(
    kafka: str, dsn: str, database: Database
) -> None:
    async with a_vendor() as vendor:
        connector = a_shy_corner(vendor)
        enrich = connector.enrich
        assert enrich is not None
        async with a_shop(kafka, dsn, database, connector) as shop:
            intake = await intake_of(shop)
            vendor.status = 503
            await land(shop, *({"order": f"A-{n}"} for n in range(30)))
            async with at_work(a_translator(shop, database, intake)):
                await settled(shop, retrying=30)
            vendor.status = 200
            moved = replace(enrich, dependency=lambda _: "elsewhere")
            elsewhere = replace(connector, enrich=moved)
            shop.store.connectors[connector.name] = elsewhere  # type: ignore[index]
            async with at_work(a_translator(shop, database, intake)):
                await settled(shop, translated=30)
        away = "select count(*) from dependency where open_since is not null"
        assert await database.fetchval(away) == 0


async def test_whatever_a_vendor_says_when_it_is_away_ends_no_lane_and_names_nobody(
    kafka: str, dsn: str, database: Database
) -> None:
    async def fetch(*_: Any) -> bytes:
        raise SourceUnavailableError("a\x00b \ud800 for jo@example.com")

    rude = a_corner(enrich=Enrich(fetch, lambda _: "vendor", attempts=1))
    async with a_shop(kafka, dsn, database, rude) as shop:
        intake = await intake_of(shop)
        await land(shop, {"order": "A-1"})
        async with at_work(a_translator(shop, database, intake, schedule=(60.0,))):
            await settled(shop, retrying=1)
    assert "jo@" not in await database.fetchval("select reason from dependency")
