"""Reading what is covered: one warranty with its history, and lists that are stable and exact."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.access.keys import issue
from hub.adapters.kafka import Outlet
from hub.ledger.submit import Submission, Submitter
from schemas.envelope import Envelope, source_of
from schemas.events.parts import Order
from schemas.events.sale import SaleReturned
from schemas.refs import order_home
from tests.api.bodies import a_registration, a_sale
from tests.api.conftest import PARTITIONS, TENANT, Api

pytestmark = pytest.mark.servers


async def sold(api: Api, reference: str, *serials: str, **more: Any) -> list[str]:
    """Sell something; the ids of its warranties."""
    told = await api.post(a_sale(reference, *serials, **more))
    assert told.status_code in {200, 201}, told.text
    return [one["id"] for one in told.json()["warranties"]]


async def bring_back(api: Api, reference: str) -> None:
    """A return of a whole order, as a till tells it."""
    fact = SaleReturned(
        order=Order(namespace="till", reference=reference),
        reference=f"back-{reference}",
        returned_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
        zone="Europe/Istanbul",
    )
    home = order_home(TENANT, "till", reference)
    envelope = Envelope(
        id=f"back-{reference}",
        source=source_of(TENANT, "shop"),
        type=fact.TYPE,
        time=fact.returned_at,
        tenant=TENANT,
        partitionkey=home,
    )
    body = fact.model_dump_json(exclude_none=True).encode()
    outlet = Outlet(api.hub.kafka)
    submitter = Submitter(api.database, outlet, api.hub.processor.reads, PARTITIONS)
    await submitter.answers(
        await submitter.send([Submission("test", envelope, home, body)]), within=20
    )
    await outlet.stop()


async def ids(api: Api, query: str, tenant: str = TENANT) -> list[str]:
    """The ids a list gives."""
    answer = await api.get(f"/v1/warranties?{query}", tenant)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["warranties"]]


async def test_a_warranty_tells_everything_that_was_reported_of_it(api: Api) -> None:
    (warranty,) = await sold(api, "W-1", "W-1", branch="Izmir")
    await api.post(a_registration("app-w1", "W-1", customer={"email": "w1@example.com"}))
    await bring_back(api, "W-1")

    told = (await api.get(f"/v1/warranties/{warranty}")).json()

    history = told.pop("history")
    assert told == {
        "id": warranty,
        "status": "ended",
        "product": "TV-55",
        "serial": "W-1",
        "starts_on": "2026-01-31",
        "ends_on": "2028-01-31",
        "ended_on": "2026-03-01",
        "order": {"namespace": "till", "reference": "W-1"},
        "customer": told["customer"],
        "branch": "Izmir",
        "version": 3,
        "rulings": [],
        "verifications": [],
        "proposals": [],
        "proof": "missing",
    }
    assert told["customer"].startswith("cus_")
    assert [(one["what"], one["on"], one["sources"]) for one in history] == [
        ("sold", "2026-01-31", ["shop"]),
        ("registered", "2026-02-02", ["shop"]),
        ("ended", "2026-03-01", ["shop"]),
    ]
    assert history[0]["order"] == {"namespace": "till", "reference": "W-1"}
    assert history[1]["reference"] == "app-w1"
    assert [one["trace"] for one in history] == [
        f"/v1/trace/{history[0]['event']}",
        f"/v1/trace/{history[1]['event']}",
        None,
    ]


async def test_whoever_knows_the_state_is_not_sent_it_again(api: Api) -> None:
    (warranty,) = await sold(api, "W-2", "W-2")
    path = f"/v1/warranties/{warranty}"
    first = await api.get(path)
    tag = first.headers["etag"]

    same = await api.get(path, **{"if-none-match": tag})
    weak = await api.get(path, **{"if-none-match": f'"x", W/{tag}'})
    other = await api.get(path, **{"if-none-match": '"x"'})
    await api.post(a_registration("app-w2", "W-2", customer={"email": "w2@example.com"}))
    changed = await api.get(path, **{"if-none-match": tag})

    assert [one.status_code for one in (same, weak, other, changed)] == [304, 304, 200, 200]
    assert same.content == b""
    assert same.headers["etag"] == tag
    assert changed.headers["etag"] != tag


async def test_a_serial_is_found_however_it_is_spelled_and_never_as_a_number(api: Api) -> None:
    found = await sold(api, "W-3", "00 42-w")
    other = await sold(api, "W-3b", "42-w")

    assert await ids(api, "serial=0042-W") == found
    assert await ids(api, "serial=00%2042%20-%20w") == found
    assert await ids(api, "serial=42-W") == other


async def test_a_unit_that_came_back_is_still_found_by_its_serial(api: Api) -> None:
    first = await sold(api, "W-4", "W-4")
    await bring_back(api, "W-4")
    second = await sold(api, "W-4b", "W-4", sold_at="2026-04-01T10:00:00+03:00")

    assert sorted(await ids(api, "serial=W-4")) == sorted(first + second)
    assert await ids(api, "serial=W-4&status=covered") == second
    assert await ids(api, "serial=W-4&active_on=2026-02-28") == first
    assert await ids(api, "serial=W-4&active_on=2026-03-01") == []
    assert await ids(api, "serial=W-4&active_on=2028-04-01") == second
    assert await ids(api, "serial=W-4&active_on=2028-04-02") == []


async def test_an_order_shows_its_units_wherever_they_live(api: Api) -> None:
    elsewhere = await sold(api, "W-5", "W-5")
    api.tokens["till-2"] = await issue(api.database, TENANT, "till-2")
    linked = await api.post(a_sale("W-5b", "W-5", namespace="erp"), tenant="till-2")

    assert [one["id"] for one in linked.json()["warranties"]] == elsewhere
    assert await ids(api, "order=W-5b") == elsewhere
    assert await ids(api, "order=W-5b&namespace=erp") == elsewhere
    assert await ids(api, "order=W-5b&namespace=till") == []
    assert await ids(api, "order=W-5b&serial=another") == []


async def test_narrows_by_whatever_a_warranty_shows(api: Api) -> None:
    customer = {"email": "w6@example.com"}
    found = await sold(api, "W-6", "W-6", product="LAMP-6", branch="Bursa", customer=customer)
    other = await sold(api, "W-6b", "W-6b", product="LAMP-6", namespace="web-6")
    reference = (await api.get(f"/v1/warranties/{found[0]}")).json()["customer"]

    assert await ids(api, "branch=Bursa") == found
    assert await ids(api, f"customer={reference}") == found
    assert await ids(api, "product=LAMP-6") == sorted(found + other)
    assert await ids(api, "product=LAMP-6&branch=Bursa") == found
    assert await ids(api, "namespace=web-6") == other
    assert await ids(api, "product=LAMP-6&status=ended") == []


async def test_pages_show_each_warranty_once_while_others_are_added(api: Api) -> None:
    before = await sold(api, "W-7", *(f"W-7-{n}" for n in range(7)), product="PAGE")
    before += await sold(api, "W-7b", *(f"W-7b-{n}" for n in range(4)), product="PAGE")
    seen: list[str] = []
    cursor, pages = "", 0
    while True:
        answer = (await api.get(f"/v1/warranties?product=PAGE&limit=3{cursor}")).json()
        seen += [one["id"] for one in answer["warranties"]]
        pages += 1
        await sold(api, f"W-7-more-{pages}", f"W-7-more-{pages}", product="PAGE")
        if answer["cursor"] is None:
            break
        cursor = f"&cursor={answer['cursor']}"

    assert len(seen) == len(set(seen))
    assert set(before) <= set(seen)
    assert seen == sorted(seen)
    assert pages >= 4


async def test_an_end_of_a_list_is_told_even_where_the_last_page_is_full(api: Api) -> None:
    await sold(api, "W-8", "W-8-1", "W-8-2", product="FULL")

    answer = (await api.get("/v1/warranties?product=FULL&limit=2")).json()

    assert (len(answer["warranties"]), answer["cursor"]) == (2, None)


async def test_lists_are_read_by_index_among_many_units_and_tenants(api: Api) -> None:
    """A plan, seen by the API's own role and under its policy."""
    await api.database.execute("""
        insert into unit (id, home, tenant, version, status, serial, serial_norm, product, doc)
        select 'wty_' || n, 'h' || n, 't' || n % 200, 1, 'covered', 'S' || n, 's' || n, 'P', '{}'
          from generate_series(1, 50000) n""")
    await api.database.execute("analyze unit")
    plans: dict[str, str] = {}
    asked = {
        "all": "select id from unit where true order by id limit 51",
        "next": "select id from unit where id > 'wty_2' order by id limit 51",
        "serial": "select id from unit where serial_norm = 's77' order by id limit 51",
    }
    async with api.parts.database.speaking_for("t77") as queries:
        for name, sql in asked.items():
            rows = await queries.fetch(f"explain (format json, analyze) {sql}")
            plans[name] = json.dumps(json.loads(rows[0][0])[0]["Plan"])
    await api.database.execute("delete from unit where tenant ~ '^t[0-9]'")

    assert "unit_by_tenant" in plans["all"]
    assert "unit_by_tenant" in plans["next"]
    assert "(id > 'wty_2'::text)" in plans["next"].partition("Filter")[0]
    assert "unit_by_serial" in plans["serial"]
