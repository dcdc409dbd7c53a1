"""Send Warranty with Invoice over HTTP: who may, what is answered first and again, and deletion."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from hub.access.limits import PEERS, Limit
from tests.api.conftest import OTHER, TENANT, Api
from tests.api.shop import LIST, ROOT, Shop
from tests.unit.api.desk import a_product, an_invoice

pytestmark = pytest.mark.servers


@pytest.fixture
async def shop(api: Api) -> Any:
    shop = await Shop.of(api)
    yield shop
    await shop.client.aclose()


async def test_what_a_stranger_hears_of_limits_tells_of_no_merchant(api: Api) -> None:
    path, policies = f"{ROOT}/with-product-code", set()
    for merchant in (TENANT, OTHER, "nobody"):
        auth = (f"made-up-at-{merchant}", "x")
        async with httpx.AsyncClient(base_url=api.url, auth=auth, timeout=30) as client:
            told = await client.post(path, params={"merchantCode": merchant}, json={})
            policies.add((told.headers["ratelimit-policy"], told.content))

    assert len(policies) == 1


async def test_is_answered_as_published_first_and_again(api: Api, shop: Shop) -> None:
    invoice = an_invoice(
        a_product(serialNumber="inv-1", externalLineId="L-1"), externalOrderId="inv-1"
    )
    first, again = await shop.post(invoice), await shop.post(invoice)
    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert first.content == again.content
    ((number, line),) = [tuple(one.values()) for one in first.json()[LIST]]
    assert line == "L-1"
    stored = "select published_id from unit where serial = 'inv-1'"
    assert await api.database.fetchval(stored) == number


async def test_many_at_once_register_one(api: Api, shop: Shop) -> None:
    invoice = an_invoice(a_product(serialNumber="inv-2"), externalOrderId="inv-2")
    told = await asyncio.gather(*(shop.post(invoice) for _ in range(16)))
    assert {one.status_code for one in told} == {200}, [one.text for one in told]
    assert len({one.content for one in told}) == 1
    assert await api.database.fetchval("select count(*) from unit where serial = 'inv-2'") == 1


async def test_a_deleted_order_is_deleted_again_and_sent_again(api: Api, shop: Shop) -> None:
    invoice = an_invoice(a_product(serialNumber="inv-3"), externalOrderId="inv-3")
    first = await shop.post(invoice)
    gone, again = await shop.delete("inv-3"), await shop.delete("inv-3")
    assert gone.content == again.content == first.content
    anew = await shop.post(invoice)
    assert anew.json()[LIST][0]["id"] != first.json()[LIST][0]["id"]
    unknown = await shop.delete("never")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "order_unknown")


async def test_e20_nobody_learns_which_merchants_there_are(api: Api, shop: Shop) -> None:
    strange = [
        await shop.post(an_invoice(), merchant) for merchant in (OTHER, "nobody", "\x00", "")
    ]
    assert {one.status_code for one in strange} == {404}
    assert len({one.content for one in strange}) == 1


async def test_asks_for_user_and_password(api: Api) -> None:
    async with api.client() as caller:
        told = await caller.post(f"{ROOT}/with-product-code", json=an_invoice())
    assert told.status_code == 401
    assert told.headers["WWW-Authenticate"].startswith("Basic ")


async def test_says_what_is_wrong_in_the_published_shape(shop: Shop) -> None:
    told = await shop.post(an_invoice({"brand": "Acme"}, externalOrderId="inv-4"))
    assert told.status_code == 422
    assert told.json()["lines"][0]["code"] == "product_unknown"


async def test_whoever_makes_up_users_has_a_minutes_worth_and_keeps_no_merchant_out(
    api: Api, shop: Shop
) -> None:
    limits, guesser = api.parts.admission.limits, "basic/peer/127.0.0.1"
    first = await shop.post({})
    while (await limits.take("", guesser, Limit.WRITE, times=PEERS)).is_taken:
        continue
    path, codes, began = f"{ROOT}/with-product-code", set(), time.process_time()
    for number in range(50):
        auth = (f"made-up-{number}", "x")
        async with httpx.AsyncClient(base_url=api.url, auth=auth, timeout=30) as client:
            told = await client.post(path, params={"merchantCode": TENANT}, json={})
            codes.add(told.status_code)
    cost, again = time.process_time() - began, await shop.post({})

    assert (first.status_code, again.status_code) == (400, 400)
    assert codes <= {429, 404}
    assert 429 in codes
    assert cost < 5
