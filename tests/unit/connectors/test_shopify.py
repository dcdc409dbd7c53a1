"""Shopify's Admin API as it answers, and as it does not: every way in which it fails is no answer."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from connectors.sdk import (
    ShopLine,
    ShopOrder,
    SourceRefusesError,
    SourceUnavailableError,
)
from connectors.sdk.conformance import Samples
from connectors.shopify import CONNECTOR, Settings, bare, find, search
from tests.shopify import Shop, a_shop, an_order

SAMPLES = Samples(
    settings={"shop": "acme.myshopify.com"},
    wrong_settings=(
        {},
        {"shop": "acme.example"},
        {"shop": "https://acme.myshopify.com"},
        {"shop": "acme.myshopify.com.evil.example"},
        {"shop": "acme.myshopify.com", "api_version": "latest"},
        {"shop": "acme.myshopify.com", "gateway": "ftp://gateway"},
        {"shop": "acme.myshopify.com", "gateway": "https://gateway/path"},
        {"shop": "acme.myshopify.com", "token": "shpat_1"},
    ),
)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with a_shop() as one:
        yield one


async def found(shop: Shop, name: str = "#1001") -> list[ShopOrder]:
    settings = Settings(shop="acme.myshopify.com", gateway=shop.url)
    async with httpx.AsyncClient(timeout=5) as client:
        return list(await find(client, settings, shop.token, name))


async def test_an_order_is_read_as_it_is_compared(shop: Shop) -> None:
    shop.has(an_order("#1001", ("TV-55", 2), (None, 1), email="ada@example.com"))

    assert await found(shop) == [
        ShopOrder(
            emails=("ada@example.com",),
            cancelled=False,
            test=False,
            payment="paid",
            lines=(ShopLine("TV-55", 2), ShopLine("", 1)),
        )
    ]
    (asked,) = shop.asked
    assert asked.path == "/admin/api/2026-07/graphql.json"


async def test_whose_order_has_no_address_is_known_by_the_customer(shop: Shop) -> None:
    shop.has(an_order("#1001", email=None, customer="ada@example.com"))

    (order,) = await found(shop)
    assert order.emails == ("ada@example.com",)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("PAID", "paid"),
        ("PARTIALLY_REFUNDED", "partially_refunded"),
        ("REFUNDED", "refunded"),
        *(
            (status, "unpaid")
            for status in ("AUTHORIZED", "EXPIRED", "PARTIALLY_PAID", "PENDING", "VOIDED", None)
        ),
    ],
)
async def test_a_status_says_whether_it_is_paid_in_full(
    shop: Shop, said: str | None, read: str
) -> None:
    shop.has(an_order("#1001", displayFinancialStatus=said))

    (order,) = await found(shop)
    assert order.payment == read


async def test_a_cancelled_and_a_test_order_are_marked(shop: Shop) -> None:
    shop.has(an_order("#1001", cancelledAt="2026-01-02T10:00:00Z", test=True))

    (order,) = await found(shop)
    assert (order.cancelled, order.test) == (True, True)


async def test_a_search_finds_more_than_the_name_that_was_looked_for(shop: Shop) -> None:
    shop.has(an_order("#1001-A"), an_order("#10011"), an_order("#1001", ("SAW", 1)))
    shop.searches_loosely = True

    assert [order.lines for order in await found(shop, " 1001 ")] == [(ShopLine("SAW", 1),)]
    assert await found(shop, "#2002") == []


@pytest.mark.parametrize("name", ['" OR name:*', "\\", 'a"b\\"', "name:1 OR test:true"])
async def test_whatever_somebody_writes_for_a_name_stays_a_name(shop: Shop, name: str) -> None:
    shop.has(an_order("#1001"))

    assert await found(shop, name) == []
    (asked,) = shop.asked
    assert asked.searched_for == name


def test_a_name_is_compared_without_its_sign_and_blanks() -> None:
    assert bare("#1001") == bare(" 1001") == "1001"
    assert bare("EN-1001") == "en-1001"
    assert search("#1001") == 'name:"#1001"'


async def test_all_lines_of_a_long_order_are_read(shop: Shop) -> None:
    shop.has(an_order("#1001", *((f"SKU-{n}", 1) for n in range(620))))

    (order,) = await found(shop)
    assert [line.sku for line in order.lines] == [f"SKU-{n}" for n in range(620)]
    assert len(shop.asked) == 4


@pytest.mark.parametrize("status", [401, 402, 403, 404])
async def test_what_a_person_has_to_mend_says_so(shop: Shop, status: int) -> None:
    shop.status = status

    with pytest.raises(SourceRefusesError, match=str(status)) as raised:
        await found(shop)

    assert shop.token not in str(raised.value)


async def test_a_wrong_token_is_refused_and_says_what_to_do(shop: Shop) -> None:
    settings = Settings(shop="acme.myshopify.com", gateway=shop.url)
    async with httpx.AsyncClient() as client:
        with pytest.raises(SourceRefusesError, match="hub source token"):
            await find(client, settings, "shpat_wrong", "#1001")


@pytest.mark.parametrize("status", [400, 408, 423, 430, 500, 502, 503, 301])
async def test_any_other_status_is_no_answer(shop: Shop, status: int) -> None:
    shop.status = status

    with pytest.raises(SourceUnavailableError) as raised:
        await found(shop)

    assert not isinstance(raised.value, SourceRefusesError)


async def test_429_says_when_to_come_again(shop: Shop) -> None:
    shop.status, shop.retry_after = 429, "2.0"
    with pytest.raises(SourceUnavailableError) as raised:
        await found(shop)
    assert raised.value.retry_after == 2.0


@pytest.mark.parametrize("coded", [True, False])
async def test_throttled_is_told_by_200_and_says_when_there_is_budget_again(
    shop: Shop, *, coded: bool
) -> None:
    error: dict[str, Any] = {"message": "Throttled"}
    if coded:
        error["extensions"] = {"code": "THROTTLED"}
    status = {"maximumAvailable": 1000.0, "currentlyAvailable": 2.0, "restoreRate": 50.0}
    shop.says = {
        "errors": [error],
        "extensions": {"cost": {"requestedQueryCost": 202, "throttleStatus": status}},
    }

    with pytest.raises(SourceUnavailableError) as raised:
        await found(shop)

    assert raised.value.retry_after == 4.0


async def test_a_missing_scope_says_which_token_is_needed(shop: Shop) -> None:
    error = {
        "message": "Access denied for customer field.",
        "extensions": {"code": "ACCESS_DENIED"},
    }
    shop.says = {"data": {"orders": None}, "errors": [error]}

    with pytest.raises(SourceRefusesError, match="scope"):
        await found(shop)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"data": None},
        {"data": {}},
        {"data": {"orders": {"nodes": [{"id": 1, "name": "ada@example.com"}]}}},
        {"errors": "something"},
        {"errors": {"base": "something"}},
        {
            "errors": [
                {"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
            ]
        },
        {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED", "cost": 1}}]},
        [],
        "<html>",
        None,
    ],
)
async def test_what_is_no_whole_answer_is_none_and_quotes_nobody(shop: Shop, said: Any) -> None:
    shop.says = said

    if said is None:
        assert await found(shop) == []
        return
    with pytest.raises(SourceUnavailableError) as raised:
        await found(shop)
    assert "ada@" not in str(raised.value)


def test_the_address_is_that_of_the_shop_or_its_gateway() -> None:
    assert CONNECTOR.verify is not None
    address = CONNECTOR.verify.address
    direct = CONNECTOR.configure({"shop": "acme.myshopify.com"})
    through = CONNECTOR.configure({"shop": "acme.myshopify.com", "gateway": "https://egress:8443"})

    assert address(direct) == "https://acme.myshopify.com/admin/api/2026-07/graphql.json"
    assert address(through) == "https://egress:8443/admin/api/2026-07/graphql.json"
