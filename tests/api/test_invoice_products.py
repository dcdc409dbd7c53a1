"""E1 to E5 at the published path: the product of each line, found or made, by code or brand and name."""

import asyncio
from typing import Any

import pytest

from hub.access.tenants import make_each
from tests.api.conftest import TENANT, Api
from tests.api.shop import Shop
from tests.api.test_invoices import shop
from tests.api.test_products import put
from tests.unit.api.desk import an_invoice

__all__ = ["shop"]

pytestmark = pytest.mark.servers


async def product_of(api: Api, told: Any) -> str:
    """The product of the one warranty that an answer tells of."""
    (line,) = told.json()["individualCustomerProductResponseList"]
    sql = "select product from unit where published_id = $1"
    found: str = await api.database.fetchval(sql, line["id"])
    return found


async def test_e1_an_unknown_code_needs_a_name_and_then_is_a_product(api: Api, shop: Shop) -> None:
    bare = await shop.post(an_invoice({"productCode": "IP-1"}, externalOrderId="ip-1"))
    named = {"productCode": "IP-1", "name": "Kettle"}
    made = await shop.post(an_invoice(named, externalOrderId="ip-1"))
    known = await shop.post(an_invoice({"productCode": "IP-1"}, externalOrderId="ip-2"))

    assert bare.status_code == 422
    assert bare.json()["lines"][0]["code"] == "product_name_missing"
    assert (made.status_code, known.status_code) == (200, 200)
    assert await product_of(api, known) == "IP-1"
    assert (await api.get("/v1/products/IP-1")).json()["name"] == "Kettle"


async def test_e2_brand_and_name_are_the_product_that_is_known_so(api: Api, shop: Shop) -> None:
    body = {"name": "Pot two", "brand": "Acme"}
    await put(api, "/v1/products/IP-2", body | {"described_at": "2026-01-01T09:00:00Z"})
    told = await shop.post(
        an_invoice({"brand": " ACME", "name": "pot  TWO"}, externalOrderId="ip-3")
    )

    assert await product_of(api, told) == "IP-2"


async def test_e2_a_merchant_may_have_each_sale_make_a_product(api: Api, shop: Shop) -> None:
    line = {"brand": "Acme", "name": "Pot three"}
    await make_each(api.database, TENANT, each=True)
    try:
        first = await shop.post(an_invoice(line, externalOrderId="ip-4"))
        second = await shop.post(an_invoice(line, externalOrderId="ip-5"))
        again = await shop.post(an_invoice(line, externalOrderId="ip-4"))
    finally:
        await make_each(api.database, TENANT, each=False)

    assert first.content == again.content
    products = {await product_of(api, told) for told in (first, second)}
    assert len(products) == 2
    assert all(code.startswith("made_") for code in products)
    page = (await api.get("/v1/products?brand=acme&name=pot%20three")).json()
    assert {one["code"] for one in page["products"]} == products


async def test_e3_the_catalogue_stays_as_it_is(api: Api, shop: Shop) -> None:
    await put(api, "/v1/products/IP-6", {"name": "Kettle", "brand": "Acme"})
    other = {"productCode": "IP-6", "name": "Teapot", "brand": "Acne"}
    told = await shop.post(an_invoice(other, externalOrderId="ip-6"))

    assert told.status_code == 200
    read = (await api.get("/v1/products/IP-6")).json()
    assert (read["brand"], read["name"], read["version"]) == ("Acme", "Kettle", 1)
    doc = "select doc::text from purchase where order_reference = 'ip-6'"
    remarks = await api.database.fetchval(doc)
    assert '"brand_differs"' in remarks
    assert '"name_differs"' in remarks


async def test_e5_a_serial_is_of_the_product_that_was_found(api: Api, shop: Shop) -> None:
    await put(api, "/v1/products/IP-7", {"name": "Pot seven", "brand": "Acme"})
    by_code = {"productCode": "IP-7", "serialNumber": "IP7"}
    by_name = {"brand": "Acme", "name": "Pot seven", "serialNumber": "ip 7"}
    first = await shop.post(an_invoice(by_code, externalOrderId="ip-7"))
    second = await shop.post(an_invoice(by_name, externalOrderId="ip-8"))

    assert first.status_code == 200
    assert second.status_code == 409


async def test_a_repeat_hears_the_first_answer_whatever_was_described_since(
    api: Api, shop: Shop
) -> None:
    invoice = an_invoice({"brand": "Acme", "name": "Pot nine"}, externalOrderId="ip-9")
    first = await shop.post(invoice)
    await put(api, "/v1/products/IP-9", {"name": "Pot nine", "brand": "Acme"})
    again = await shop.post(invoice)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content


async def test_many_invoices_of_one_new_product_make_it_once(api: Api, shop: Shop) -> None:
    line = {"brand": "Acme", "name": "Pot ten"}
    told = await asyncio.gather(
        *(shop.post(an_invoice(line, externalOrderId=f"ip-10-{n}")) for n in range(20))
    )

    assert {one.status_code for one in told} == {200}
    assert len({await product_of(api, one) for one in told}) == 1
    page = (await api.get("/v1/products?brand=acme&name=pot%20ten")).json()
    assert len(page["products"]) == 1
