"""Customers over HTTP: exactly one, what they have in order, merged by staff alone and undone."""

import asyncio
from typing import Any

import httpx
import pytest

from hub.access.basic import issue
from hub.access.permissions import Role
from hub.audit.entries import NOBODY
from hub.privacy.erasing import Eraser
from tests.api.bodies import a_registration, a_sale
from tests.api.conftest import TENANT, Api, eventually

pytestmark = pytest.mark.servers

OWNER = Role.OWNER.value
Doc = dict[str, Any]


async def customer_of(api: Api, told: httpx.Response) -> str:
    """Whose the first warranty of an answer is."""
    assert told.status_code in (200, 201), told.text
    warranty = told.json()["warranties"][0]["id"]
    return str((await api.get(f"/v1/warranties/{warranty}")).json()["customer"])


async def read(api: Api, customer: str, part: str = "") -> Doc:
    told = await api.get(f"/v1/customers/{customer}{part}", OWNER)
    assert told.status_code == 200, told.text
    assert told.headers["Cache-Control"] == "no-store"
    found: Doc = told.json()
    return found


def a_contact(email: str | None, phone: str | None = None, name: str = "Ada L") -> Doc:
    return {"name": name, "email": email, "phone": phone}


async def test_exactly_one_whoever_comes_first_of_many_at_once(api: Api) -> None:
    who = a_contact("one@example.com", "+905443332200")
    told = await asyncio.gather(
        *(api.post(a_sale(f"cu-{n}", f"cu-{n}", customer=who)) for n in range(24))
    )
    customers = {await customer_of(api, one) for one in told}
    assert len(customers) == 1
    (customer,) = customers
    document = await read(api, customer)
    assert (document["emails"], document["phones"]) == (["one@example.com"], ["+905443332200"])
    assert document["name"] == "Ada L"
    assert document["has_conflict"] is document["is_placeholder"] is False
    assert len(document["contacts"]) == 1


async def test_those_who_share_a_number_at_once_are_told_apart_and_flagged(api: Api) -> None:
    told = await asyncio.gather(
        *(
            api.post(
                a_sale(
                    f"cs-{n}",
                    f"cs-{n}",
                    customer=a_contact(f"c{n % 2}@example.com", "+905443332299"),
                )
            )
            for n in range(16)
        )
    )
    customers = [await customer_of(api, one) for one in told]
    assert {*customers[::2]} != {*customers[1::2]}
    assert len({*customers}) == 2

    async def is_flagged() -> bool:
        found = [await read(api, one) for one in sorted({*customers})]
        return [one["has_conflict"] for one in found].count(True) == 1

    await eventually(is_flagged)


async def test_e21_the_first_name_stays_and_what_was_given_is_on_the_warranty(api: Api) -> None:
    await api.post(a_sale("cn-1", "cn-1", customer=a_contact("n@example.com")))
    told = await api.post(a_sale("cn-2", "cn-2", customer=a_contact("n@example.com", name="Ida M")))
    customer = await customer_of(api, told)
    warranty = (await api.get(f"/v1/warranties/{told.json()['warranties'][0]['id']}")).json()
    (sold,) = warranty["history"]
    assert sold["remarks"] == ["customer_name_differs"]

    async def is_noticed() -> bool:
        return bool((await read(api, customer))["noticed"])

    await eventually(is_noticed)
    document = await read(api, customer)
    assert document["name"] == "Ada L"
    given = next(one for one in document["contacts"] if one["id"] == sold["contact"])
    assert given["name"] == "Ida M"


async def test_the_history_has_sales_registrations_and_warranties_in_order(api: Api) -> None:
    who = a_contact("h@example.com")
    later = a_sale("ch-1", "ch-1", customer=who, sold_at="2026-03-01T10:00:00Z")
    await api.post(later)
    earlier = await api.post(a_sale("ch-2", "ch-2", customer=who))
    product = {"code": "TV-55"}
    await api.post(a_registration("ch-r", "ch-2", customer=who, product=product))
    told = await read(api, await customer_of(api, earlier), "/history")
    assert [(one["what"], one["on"]) for one in told["history"]] == [
        ("sold", "2026-01-31"),
        ("registered", "2026-02-02"),
        ("sold", "2026-03-01"),
    ]
    assert [one["serial"] for one in told["warranties"]] == ["ch-2", "ch-1"]
    assert told["complete"] is True


async def test_what_a_customer_claimed_stands_in_the_history(api: Api) -> None:
    who = a_contact("claims@example.com")
    sold = await api.post(a_sale("cc-1", "cc-1", customer=who))
    warranty = sold.json()["warranties"][0]["id"]
    body = {
        "warranty": warranty,
        "issue": "broken",
        "filed_at": "2026-02-10T10:00:00Z",
        "zone": "Europe/Istanbul",
        "customer": who,
    }
    async with api.client() as client:
        filed = await client.post("/v1/claims", json=body)
    told = await read(api, await customer_of(api, sold), "/history")

    assert filed.status_code == 201, filed.text
    assert [one["warranty"] for one in told["claims"]] == [warranty]
    assert told["complete"] is True


async def test_who_bought_what_another_registered_has_it_in_the_history(api: Api) -> None:
    sold = await api.post(a_sale("cg-1", "cg-1", customer=a_contact("giver@example.com")))
    giver = await customer_of(api, sold)
    mine = a_contact("receiver@example.com")
    product = {"code": "TV-55"}
    await api.post(a_registration("cg-r", "cg-1", customer=mine, product=product))
    receiver = await customer_of(api, sold)
    assert receiver != giver
    for customer in (giver, receiver):
        told = await read(api, customer, "/history")
        assert [one["what"] for one in told["history"]] == ["sold", "registered"]


async def test_staff_merge_two_and_undo_it_and_the_audit_has_both(api: Api) -> None:
    one = await customer_of(
        api, await api.post(a_sale("cm-1", "cm-1", customer=a_contact("m1@example.com")))
    )
    other = await customer_of(
        api, await api.post(a_sale("cm-2", "cm-2", customer=a_contact("m2@example.com")))
    )
    async with api.client(OWNER) as owner:
        path = f"/v1/customers/{one}"
        merged = await owner.post(f"{path}/merge", json={"into": other, "why": "one person"})
        assert (merged.status_code, merged.json()["merged"]["into"]) == (201, other), merged.text
        assert merged.headers["Location"] == path
        assert (await read(api, other))["merged"] == [one]
        assert len((await read(api, other, "/history"))["warranties"]) == 2
        chain = await owner.post(f"/v1/customers/{other}/merge", json={"into": one, "why": "no"})
        assert (chain.status_code, chain.json()["reasons"][0]["code"]) == (409, "already_merged")
        undone = await owner.post(f"{path}/unmerge", json={"why": "two people"})
        assert undone.status_code == 201, undone.text
        again = await owner.post(f"{path}/unmerge", json={"why": "two people"})
        assert again.status_code == 409
    document = await read(api, one)
    assert (document["merged_into"], document["merges"][0]["undone_why"]) == (None, "two people")
    assert len((await read(api, other, "/history"))["warranties"]) == 1
    await api.hub.audited()
    rows = await api.database.fetch(
        "select action, by_kind from audit_entry where subject = $1 and action like 'customer:%' order by n",
        one,
    )
    assert [tuple(row) for row in rows] == [
        ("customer:merged", "person"),
        ("customer:unmerged", "person"),
    ]


async def test_merges_at_once_never_lead_in_a_circle(api: Api) -> None:
    ring = [
        await customer_of(
            api,
            await api.post(a_sale(f"cr-{n}", f"cr-{n}", customer=a_contact(f"r{n}@example.com"))),
        )
        for n in range(6)
    ]
    async with api.client(OWNER) as owner:
        told = await asyncio.gather(
            *(
                owner.post(
                    f"/v1/customers/{one}/merge", json={"into": ring[n - 1], "why": "a ring"}
                )
                for n, one in enumerate(ring)
            )
        )
    assert {one.status_code for one in told} <= {201, 409}
    documents = {one: await read(api, one) for one in ring}
    merged = {one: doc["merged_into"] for one, doc in documents.items() if doc["merged_into"]}
    assert merged
    assert not {*merged.values()} & {*merged}


async def test_of_a_customer_who_was_erased_nothing_but_the_warranties_is_told(api: Api) -> None:
    sold = await api.post(a_sale("ce-1", "ce-1", customer=a_contact("erase-me@example.com")))
    customer = await customer_of(api, sold)
    asked = {"by": "customer", "value": customer, "reason": "they asked for it"}
    async with api.client(OWNER) as owner:
        told = await owner.post("/v1/privacy/erasures", json=asked)
    assert told.status_code == 202, told.text
    assert await Eraser(api.database, api.hub.today, ()).work(told.json()["id"]) == 1
    document = await read(api, customer)
    assert (document["name"], document["emails"], document["contacts"]) == (None, [], [])
    assert "erase-me" not in str(document)
    assert len((await read(api, customer, "/history"))["warranties"]) == 1
    anew = await api.post(a_sale("ce-2", "ce-2", customer=a_contact("erase-me@example.com")))
    assert (await read(api, await customer_of(api, anew)))["emails"] == ["erase-me@example.com"]


async def test_nobody_else_is_told(api: Api) -> None:
    customer = await customer_of(
        api, await api.post(a_sale("cx-1", "cx-1", customer=a_contact("x@example.com")))
    )
    assert (await api.get(f"/v1/customers/{customer}")).status_code == 403
    unknown = await api.get("/v1/customers/cus_aaaaaaaaaaaaaaaa", OWNER)
    assert unknown.status_code == 404


async def test_placeholders_are_flagged(api: Api) -> None:
    password = await issue(api.database, TENANT, "cust", NOBODY)
    invoice = {
        "externalOrderId": "cp-1",
        "sellerCode": "S-1",
        "customer": {"firstName": "A", "lastName": "B"},
        "products": [{"name": "Kettle", "productCode": "K-1", "serialNumber": "cp-1"}],
    }
    path = "/individual-customers/warranty/invoice/with-product-code"
    async with httpx.AsyncClient(base_url=api.url, auth=("cust", password)) as shop:
        told = await shop.post(path, params={"merchantCode": TENANT}, json=invoice)
    assert told.status_code == 200, told.text
    customer = await api.database.fetchval("select customer from unit where serial = 'cp-1'")
    document = await read(api, customer)
    assert document["is_placeholder"] is True
    assert document["emails"][0].endswith(".invalid")
    assert document["contacts"][0]["placeholders"] == ["email", "phone"]
