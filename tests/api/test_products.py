"""Products, categories and stock over HTTP: put as every other change, read at once, made by sales."""

import asyncio
from typing import Any

import httpx
import pytest

from hub.access.permissions import Role
from hub.adapters.kafka import Outlet
from hub.ledger.submit import Submission, Submitter
from schemas.envelope import Envelope, source_of
from schemas.events.product import StockMoved
from schemas.refs import derived_id, movement_home
from tests.api.bodies import a_sale
from tests.api.conftest import OTHER, PARTITIONS, TENANT, Api, eventually
from tests.api.test_openapi import fits

pytestmark = pytest.mark.servers

SHOP = f"{TENANT}/shop"
WHOLE: dict[str, Any] = {
    "brand": "Acme",
    "name": "Hammer drill",
    "category": "tools",
    "supplier": {"code": "S-1", "coverage_months": 12},
    "terms": {"standard": {"months": 36, "type": "repair"}},
    "documents": [{"title": "Manual", "url": "https://acme.example/drill.pdf"}],
    "described_at": "2026-01-01T09:00:00Z",
}


async def put(api: Api, path: str, body: Any, who: str = SHOP, key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    async with api.client(who) as client:
        return await client.put(path, json=body, headers=headers)


async def test_a_product_is_described_and_read_at_once(api: Api) -> None:
    told = await put(api, "/v1/products/P-1", WHOLE)
    read = await api.get(told.headers["location"])

    assert told.status_code == 201, told.text
    fits("RequestState", told.json())
    assert told.json()["product"]["version"] == 1
    fits("ProductDocument", read.json())
    shown = read.json()
    assert shown["terms"]["standard"] == {"months": 36, "type": "repair"}
    assert (shown["code"], shown["version"], shown["named_by"]) == ("P-1", 1, None)
    by_id = await api.get(f"/v1/products/{shown['id']}")
    assert by_id.json() == shown
    assert (await api.get("/v1/products/P-1", OTHER)).status_code == 404


async def test_the_same_again_is_answered_as_the_first_time(api: Api) -> None:
    first = await put(api, "/v1/products/P-2", WHOLE, key="p2")
    again = await put(api, "/v1/products/P-2", WHOLE, key="p2")
    same = await put(api, "/v1/products/P-2", WHOLE)
    other = await put(api, "/v1/products/P-2", WHOLE | {"name": "Saw"}, key="p2")

    assert (first.status_code, again.status_code, same.status_code) == (201, 201, 200)
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert same.json()["product"] == first.json()["product"]
    assert other.status_code == 422


async def test_a_late_description_does_not_overwrite_a_newer_one(api: Api) -> None:
    now = {"name": "New", "described_at": "2026-02-01T09:00:00Z"}
    await put(api, "/v1/products/P-3", now)
    late = await put(api, "/v1/products/P-3", now | {"name": "Old"} | WHOLE)
    blind = await put(api, "/v1/products/P-3", {"name": "Blind", "expects_version": 0})

    assert (late.status_code, late.json()["product"]["stale"]) == (200, True)
    assert (await api.get("/v1/products/P-3")).json()["name"] == "New"
    assert blind.status_code == 409
    assert blind.json()["reasons"][0]["code"] == "version_exists"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "#/name"),
        (WHOLE | {"supplier": {}}, "#/supplier/code"),
        (WHOLE | {"terms": {"standard": {"months": 0, "type": "repair"}}}, "#/terms/standard"),
        (WHOLE | {"terms": {"standard": {"months": 1, "type": "gift"}}}, "#/terms/standard/type"),
        (WHOLE | {"documents": [{"title": "x", "url": "javascript:1"}]}, "#/documents/0/url"),
        (WHOLE | {"colour": "red"}, "#/colour"),
    ],
)
async def test_what_is_wrong_is_said_by_its_place(api: Api, body: Any, place: str) -> None:
    answer = await put(api, "/v1/products/P-4", body)

    assert answer.status_code == 422
    assert place in str(answer.json()["errors"])
    assert (await api.get("/v1/products/P-4")).status_code == 404


async def test_who_may_describe_and_who_may_read(api: Api) -> None:
    body = WHOLE | {"name": "By staff"}
    may = await put(api, "/v1/products/P-5", body, Role.WARRANTY_MANAGER)
    may_not = await put(api, "/v1/products/P-5", body, Role.SALES_STAFF)

    assert (may.status_code, may_not.status_code) == (201, 403)
    assert (await api.get("/v1/products/P-5", Role.SALES_STAFF)).status_code == 200


async def test_categories_give_their_products_their_terms(api: Api) -> None:
    terms = {"standard": {"months": 6, "type": "full_replacement"}, "transferable": True}
    at = {"described_at": "2026-01-01T09:00:00Z"}
    category = await put(api, "/v1/categories/small%20things", {"terms": terms} | at)
    await put(api, "/v1/products/P-6", {"name": "Kettle", "category": "small things"} | at)
    sale = a_sale("O-6", "S-6")
    sale["sale"]["lines"][0]["product"] = {"code": "P-6"}
    sale["sale"]["lines"][0].pop("coverage_months", None)
    sold = await api.post(sale)

    assert category.headers["location"] == "/v1/categories/small%20things"
    read = await api.get(category.headers["location"])
    fits("CategoryDocument", read.json())
    assert read.json()["terms"]["transferable"] is True
    fits("CategoryPage", (await api.get("/v1/categories")).json())
    warranty = (await api.get(sold.headers["location"])).json()
    fits("WarrantyWithHistory", warranty)
    (ruling,) = warranty["rulings"]
    assert (ruling["policy"], ruling["version"], ruling["months"]) == ("category", 1, 6)
    assert ruling["catalogue"] == {"product/P-6": 1, "category/small things": 1}


async def test_a_sale_makes_a_product_that_nobody_knew(api: Api) -> None:
    sale = a_sale("O-7", "S-7")
    sale["sale"]["lines"][0]["product"] = {"code": "P-7", "brand": "Acme", "name": "Kettle 7"}
    await api.post(sale)
    founded = await api.get("/v1/products/P-7")

    async def is_heard_of() -> bool:
        sql = "select version from product where code = 'P-7'"
        return bool(await api.database.fetchval(sql))

    await eventually(is_heard_of)
    kept = await api.get("/v1/products/P-7")
    assert founded.json() == kept.json()
    assert (kept.json()["version"], kept.json()["named_by"]) == (0, "shop")
    page = await api.get("/v1/products?brand=ACME&name=kettle%20%207")
    fits("ProductPage", page.json())
    assert [one["code"] for one in page.json()["products"]] == ["P-7"]


async def test_of_many_sales_at_once_one_makes_the_product(api: Api) -> None:
    def sale(number: int) -> Any:
        body = a_sale(f"O-8-{number}", f"S-8-{number}")
        body["sale"]["lines"][0]["product"] = {"brand": "Acme", "name": "Kettle 8"}
        return body

    answers = await asyncio.gather(*(api.post(sale(number)) for number in range(30)))
    assert {answer.status_code for answer in answers} == {201}

    async def is_heard_of() -> bool:
        return bool(
            await api.database.fetchval("select version from product where name like '% 8'")
        )

    await eventually(is_heard_of)
    rows = await api.database.fetch("select doc from product where name like '% 8'")
    heads = "select count(*) from catalog where name = 'acme/kettle 8'"
    assert len(rows) == 1
    assert await api.database.fetchval(heads) == 1


async def test_pages_show_each_product_once(api: Api) -> None:
    for number in range(5):
        await put(api, f"/v1/products/P-9-{number}", WHOLE | {"category": "nine"})
    seen: list[str] = []
    path = "/v1/products?category=nine&limit=2"
    cursor: str | None = ""
    while cursor is not None:
        page = (await api.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
        seen += [one["code"] for one in page["products"]]
        cursor = page["cursor"]

    assert sorted(seen) == [f"P-9-{number}" for number in range(5)]


async def test_stock_is_the_sum_of_movements_by_branch(api: Api) -> None:
    await put(api, "/v1/products/P-10", WHOLE)
    moved = [("m1", "north", 10), ("m2", "north", -3), ("m3", "south", 4), ("m1", "north", 10)]
    outlet = Outlet(api.hub.kafka)
    try:
        submitter = Submitter(api.database, outlet, api.hub.catalog.reads, PARTITIONS)
        for number, one in enumerate(moved):
            sent = await submitter.send([movement(*one, event=f"stock-{number}")])
            await submitter.answers(sent, within=20)
    finally:
        await outlet.stop()

    stock = (await api.get("/v1/products/P-10/stock")).json()
    fits("StockDocument", stock)
    assert stock["quantity"] == 11
    assert [(b["branch"], b["quantity"], b["movements"]) for b in stock["branches"]] == [
        ("north", 7, 2),
        ("south", 4, 1),
    ]
    assert (await api.get("/v1/products/P-none/stock")).status_code == 404


def movement(reference: str, branch: str, quantity: int, event: str) -> Submission:
    fact = StockMoved.model_validate(
        {
            "reference": reference,
            "product": "P-10",
            "branch": branch,
            "quantity": quantity,
            "moved_at": "2026-01-01T09:00:00Z",
        }
    )
    home = movement_home(TENANT, "erp", reference)
    envelope = Envelope(
        id=event,
        source=source_of(TENANT, "erp"),
        type=fact.TYPE,
        time=fact.moved_at,
        tenant=TENANT,
        partitionkey=home,
        correlationid=derived_id("req", event),
    )
    return Submission("stock", envelope, home, fact.model_dump_json(exclude_none=True).encode())
