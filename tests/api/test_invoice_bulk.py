"""E17: 1 to 50 invoices at once, taken in whole; what became of each is read by the request's id."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.api.invoice.body import MOST_IN_BULK
from tests.api.conftest import Api, Hub, eventually
from tests.api.shop import LIST, Shop
from tests.unit.api.desk import a_product, an_invoice

pytestmark = pytest.mark.servers
Doc = dict[str, Any]


@pytest.fixture
async def shop(api: Api) -> AsyncIterator[Shop]:
    shop = await Shop.of(api, "bulk")
    yield shop
    await shop.client.aclose()


def invoices(name: str, count: int, **rest: Any) -> list[Doc]:
    """Of so many orders, each of one unit, all of one customer who can be reached."""
    reach = {"phone": "5443332211", "countryCode": "TR"}
    return [
        an_invoice(
            a_product(serialNumber=f"{name}-{n}", externalLineId=f"L-{n}"),
            externalOrderId=f"{name}-{n}",
            customer=reach,
            **rest,
        )
        for n in range(count)
    ]


async def done(shop: Shop, bulk: str) -> Doc:
    """What became of a bulk, once all of it is decided."""
    found: Doc = {}

    async def is_done() -> bool:
        told = await shop.became(bulk)
        assert told.status_code == 200, told.text
        found.update(told.json())
        return bool(found["state"] == "done")

    await eventually(is_done)
    return found


@pytest.mark.parametrize("count", [1, MOST_IN_BULK])
async def test_as_many_as_may_be_are_taken_in_and_told_by_their_number(
    shop: Shop, api: Api, count: int
) -> None:
    told = await shop.post_many(invoices(f"bk{count}", count))
    assert told.status_code == 202, told.text
    assert set(told.json()) == {"requestId"}
    assert told.json()["requestId"] in told.headers["Location"]
    found = await done(shop, told.json()["requestId"])
    assert [one["status"] for one in found["invoices"]] == [200] * count
    assert [one[LIST][0]["lineId"] for one in found["invoices"]] == [f"L-{n}" for n in range(count)]
    sql = "select count(*) from unit where serial like $1"
    assert await api.database.fetchval(sql, f"bk{count}-%") == count


@pytest.mark.parametrize("body", [[], invoices("bw", MOST_IN_BULK + 1), {}, 7, "x"])
async def test_none_or_more_than_50_are_no_bulk(shop: Shop, body: Any) -> None:
    told = await shop.post_many(body)
    assert (told.status_code, told.json()["lines"][0]["code"]) == (400, "bulk_size")


@pytest.mark.parametrize("field", ["email", "phone", "countryCode"])
async def test_who_cannot_be_reached_is_named(shop: Shop, field: str) -> None:
    sent = invoices("br", 2)
    del sent[1]["customer"][field]
    told = await shop.post_many(sent)
    assert told.status_code == 400
    assert [one["field"] for one in told.json()["lines"]] == [f"#1.customer.{field}"]


async def test_one_that_means_nothing_keeps_all_from_being_sent(shop: Shop, api: Api) -> None:
    sent = [*invoices("bn", 2), *invoices("bn-bad", 1)]
    sent[2]["products"] = [{"brand": "Acme"}]
    told = await shop.post_many(sent)
    assert told.status_code == 422
    assert [(one["field"], one["code"]) for one in told.json()["lines"]] == [
        ("#2.productCode", "product_unknown")
    ]
    assert not await api.database.fetchval("select count(*) from unit where serial like 'bn%'")


async def test_sent_again_it_counts_once_and_hears_the_same(shop: Shop, api: Api) -> None:
    sent = invoices("ba", 5)
    first = await done(shop, (await shop.post_many(sent)).json()["requestId"])
    again = await done(shop, (await shop.post_many(sent)).json()["requestId"])
    assert first["invoices"] == again["invoices"]
    assert await api.database.fetchval("select count(*) from unit where serial like 'ba-%'") == 5


async def test_one_that_is_refused_is_told_beside_those_that_are_not(shop: Shop) -> None:
    sent = invoices("bc", 3)
    sent[1]["products"][0]["serialNumber"] = "bc-0"
    found = await done(shop, (await shop.post_many(sent)).json()["requestId"])
    # Orders of one bulk are decided apart: whichever of the two comes first has the serial.
    *two, third = found["invoices"]
    refused = [one for one in two if one["status"] == 409]
    assert [one["lines"][0]["code"] for one in refused] == ["double_entry"]
    assert [one["status"] for one in (*two, third) if one not in refused] == [200, 200]


async def test_only_whoever_sent_it_is_told(shop: Shop, api: Api) -> None:
    bulk = (await shop.post_many(invoices("bo", 1))).json()["requestId"]
    other = await Shop.of(api, "bulk-other")
    assert (await other.became(bulk)).status_code == 404
    assert (await shop.became("req_" + "0" * 32)).status_code == 404
    await other.client.aclose()


async def test_what_was_taken_in_is_decided_later(idle: Hub) -> None:
    async with idle.api() as api:
        shop = await Shop.of(api)
        bulk = (await shop.post_many(invoices("bl", 3))).json()["requestId"]
        waits = await shop.became(bulk)
        assert (waits.json()["state"], waits.headers["Retry-After"]) == ("waiting", "3")
        await idle.start()
        found = await done(shop, bulk)
        assert {one["status"] for one in found["invoices"]} == {200}
        await shop.client.aclose()
