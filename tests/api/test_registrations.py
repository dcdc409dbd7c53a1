"""A sale meets its owner's registration: extended, never doubled, handed on, and refused in words."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from hub.domain.coverage import add_months
from tests.api.bodies import a_registration, a_sale
from tests.api.conftest import OTHER, TENANT, Api, eventually
from tests.api.test_openapi import fits
from tests.api.test_policies import publish

pytestmark = pytest.mark.servers

ZONE = ZoneInfo("Europe/Istanbul")
TERMS = {
    "standard": {"months": 12, "type": "full_replacement"},
    "extended": {"months": 24, "type": "full_replacement"},
    "transferable": True,
}
STAYS = TERMS | {"transferable": False}
COVERAGE = {
    "default": {"standard": {"months": 6, "type": "repair"}},
    "by_product": {"TV-55": TERMS, "PHONE": STAYS},
}
ASKED = {"registration": ["purchased_on", "branch", "email"]}
RULES = {"rules": [{"product": "CAMERA", "pattern": "C[0-9]{4}"}]}


@pytest.fixture(scope="module", autouse=True)
async def policies(api: Api) -> None:
    """What this merchant lays down; a worker hears of it within a second."""
    for name, document in (("coverage", COVERAGE), ("serial_rules", RULES)):
        told = await publish(api, name, document)
        assert told.status_code == 201, told.text
    await asyncio.sleep(1.1)


def now() -> str:
    return datetime.now(UTC).isoformat()


def today() -> date:
    return datetime.now(ZONE).date()


def bought(reference: str, *serials: str, **more: Any) -> Any:
    return a_sale(reference, *serials, **{"sold_at": now(), **more})


def registers(reference: str, serial: str | None, who: str = "ada", **more: Any) -> Any:
    told = {"registered_at": now(), "product": {"code": "TV-55"}}
    return a_registration(
        reference, serial, **told | {"customer": {"email": f"{who}@example.com"}} | more
    )


async def told(api: Api, warranty: str, what: str, tenant: str = TENANT, **body: Any) -> Any:
    async with api.client(tenant) as client:
        return await client.post(f"/v1/warranties/{warranty}/{what}", json=body)


def hands(reference: str, to: str, **more: Any) -> dict[str, Any]:
    return {
        "reference": reference,
        "transferred_at": now(),
        "zone": "Europe/Istanbul",
        "customer": {"email": f"{to}@example.com"},
    } | more


def first(answer: httpx.Response) -> Any:
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["warranties"][0]


async def test_p2_a_registration_extends_what_was_sold(api: Api) -> None:
    sold = first(await api.post(bought("RG-1", "RG-1")))
    owned = first(await api.post(registers("rg-1", "rg-1")))

    assert owned["id"] == sold["id"]
    assert sold["ends_on"] == add_months(today(), 12).isoformat()
    assert owned["ends_on"] == add_months(today(), 24).isoformat()
    whole = (await api.get(f"/v1/warranties/{sold['id']}")).json()
    fits("WarrantyWithHistory", whole)
    assert whole["rulings"][0]["extended"]["months"] == 24
    assert [one["what"] for one in whole["history"]] == ["sold", "registered"]


async def test_p1_an_unsold_unit_is_registered_for_the_extended_period(api: Api) -> None:
    owned = first(await api.post(registers("rg-2", "RG-2")))

    assert owned["ends_on"] == add_months(today(), 24).isoformat()


async def test_p5_a_second_person_is_refused_and_learns_nothing_of_the_first(api: Api) -> None:
    sold = first(await api.post(bought("RG-3", "RG-3")))
    await api.post(registers("rg-3", "RG-3", "ada", customer={"name": "Ada", "email": "a@b.c"}))
    owner = (await api.get(f"/v1/warranties/{sold['id']}")).json()["customer"]
    refused = await api.post(registers("rg-3b", "RG-3", "eve"))
    other = await api.post(registers("rg-3c", "RG-3", "mallory"))

    assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (
        *(409, "already_registered"),
    )
    assert not any(one in refused.text for one in ("Ada", "a@b.c", owner, 'rg-3"', sold["id"]))
    assert refused.json()["detail"] == other.json()["detail"]


async def test_p5_the_same_owner_gets_the_warranty_there_is(api: Api) -> None:
    one = await api.post(registers("rg-4", "RG-4"))
    again = await api.post(registers("rg-4", "RG-4"))
    elsewhere = await api.post(registers("rg-4b", "RG-4"))

    assert (one.status_code, again.status_code, elsewhere.status_code) == (201, 200, 200)
    assert again.json()["warranties"] == elsewhere.json()["warranties"] == one.json()["warranties"]


async def test_fifty_people_who_register_one_serial_at_once_are_one_owner(api: Api) -> None:
    await asyncio.gather(*(api.post(bought(f"RG-5-{n}", "RG-5")) for n in range(5)))
    answers = await asyncio.gather(
        *(api.post(registers(f"rg-5-{n}", "RG-5", f"p{n}")) for n in range(50))
    )

    assert Counter(one.status_code for one in answers) == {201: 1, 409: 49}
    codes = {one.json()["reasons"][0]["code"] for one in answers if one.status_code == 409}
    assert codes == {"already_registered"}
    found = (await api.get("/v1/warranties?serial=RG-5")).json()["warranties"]
    assert [one["ends_on"] for one in found] == [add_months(today(), 24).isoformat()]
    (unit,) = found
    history = (await api.get(f"/v1/warranties/{unit['id']}")).json()["history"]
    assert [one["customer"] for one in history if one["what"] == "registered"] == [unit["customer"]]


async def test_fifty_people_who_register_an_unsold_serial_at_once_are_one_owner(api: Api) -> None:
    answers = await asyncio.gather(
        *(api.post(registers(f"rg-6-{n}", "RG-6", f"p{n}")) for n in range(50))
    )

    assert Counter(one.status_code for one in answers) == {201: 1, 409: 49}
    found = (await api.get("/v1/warranties?serial=RG-6")).json()["warranties"]
    assert len(found) == 1


async def test_a_sale_and_its_registration_at_once_are_one_extended_unit(api: Api) -> None:
    """Each may be the first to take the serial; the other finds it there."""
    names = [f"RG-9-{n}" for n in range(20)]
    bodies = [body for one in names for body in (bought(one, one), registers(one, one, one))]
    answers = await asyncio.gather(*map(api.post, bodies))
    assert {one.status_code for one in answers} <= {200, 201}, [one.text for one in answers]
    extended = add_months(today(), 24).isoformat()

    async def is_one(serial: str) -> bool:
        found = (await api.get(f"/v1/warranties?serial={serial}")).json()["warranties"]
        (unit,) = found
        sold = unit["order"] is not None and unit["customer"] is not None
        return bool(sold and unit["ends_on"] == extended)

    for name in names:
        await eventually(partial(is_one, name))


async def test_p7_a_unit_goes_to_a_new_owner_and_keeps_its_end(api: Api) -> None:
    await api.post(bought("RG-7", "RG-7"))
    owned = first(await api.post(registers("rg-7", "RG-7")))
    before = (await api.get(f"/v1/warranties/{owned['id']}")).json()
    moved = await told(api, owned["id"], "transfers", **hands("h-7", "bob"))
    again = await told(api, owned["id"], "transfers", **hands("h-7", "bob"))
    after = (await api.get(f"/v1/warranties/{owned['id']}")).json()

    assert moved.status_code == 201, moved.text
    fits("RequestState", moved.json())
    assert moved.headers["location"] == f"/v1/warranties/{owned['id']}"
    assert moved.json()["transfer"]["transferred_on"] == today().isoformat()
    assert again.status_code == 409
    fits("WarrantyWithHistory", after)
    assert after["customer"] not in (before["customer"], None)
    assert after["ends_on"] == before["ends_on"]
    assert after["history"][-1]["what"] == "transferred"
    refused = await api.post(registers("rg-7b", "RG-7", "ada"))
    bobs = await api.post(registers("rg-7c", "RG-7", "bob"))
    assert (refused.status_code, bobs.status_code) == (409, 200)


async def test_p7_what_ends_with_its_owner_is_not_handed_on(api: Api) -> None:
    sold = first(await api.post(bought("RG-8", "RG-8", product="PHONE")))
    refused = await told(api, sold["id"], "transfers", **hands("h-8", "bob"))
    guarded = await told(
        api, sold["id"], "transfers", **hands("h-9", "bob", given_by="cus_aaaaaaaaaaaaaaaa")
    )

    assert (refused.status_code, guarded.status_code) == (409, 409)
    assert refused.json()["reasons"][0]["code"] == "not_transferable"
    assert guarded.json()["reasons"][0]["code"] == "owner_differs"


async def test_a_serial_is_told_later_and_finds_its_owner(api: Api) -> None:
    sold = first(await api.post(bought("RG-10")))
    body = {"serial": "RG-10", "attached_at": now()}
    named = await told(api, sold["id"], "serial", **body)
    again = await told(api, sold["id"], "serial", **body)
    other = await told(api, sold["id"], "serial", **body | {"serial": "RG-10b"})
    owned = first(await api.post(registers("rg-10", "RG-10", product=None)))

    assert (named.status_code, again.status_code, other.status_code) == (201, 200, 409)
    fits("RequestState", named.json())
    assert named.json()["attached"] == {
        "warranty": sold["id"],
        "serial": "RG-10",
        "status": "covered",
    }
    assert owned["id"] == sold["id"]
    whole = (await api.get(f"/v1/warranties/{sold['id']}")).json()
    fits("WarrantyWithHistory", whole)
    assert [one["what"] for one in whole["history"]] == ["sold", "registered", "serial_attached"]


async def test_another_merchants_warranty_is_as_unknown_as_none(api: Api) -> None:
    sold = first(await api.post(bought("RG-11", "RG-11")))
    none = sold["id"][:-1] + "9"
    for what, body in (
        ("serial", {"serial": "X", "attached_at": now()}),
        ("transfers", hands("h-11", "bob")),
    ):
        foreign = await told(api, sold["id"], what, OTHER, **body)
        unknown = await told(api, none, what, OTHER, **body)
        assert (foreign.status_code, unknown.status_code) == (404, 404)
        assert foreign.text.replace(sold["id"], "") == unknown.text.replace(none, "")


async def test_p3_a_serial_that_looks_wrong_is_refused_in_words(api: Api) -> None:
    camera: Any = {"product": {"code": "CAMERA"}}
    refused = await api.post(registers("rg-12", "4711", **camera))
    taken = await api.post(registers("rg-12", "c4711", **camera))

    assert (refused.status_code, taken.status_code) == (422, 201)
    assert refused.json()["reasons"][0]["code"] == "serial_malformed"
    assert "copy it from the label" in refused.json()["detail"]


# Every bad input


async def test_two_lines_with_one_serial(api: Api) -> None:
    sale = bought("RG-20", "RG-20")
    line = sale["sale"]["lines"][0]
    sale["sale"]["lines"].append(line | {"line": "2", "serials": ["rg-20 "]})
    refused = await api.post(sale)

    assert refused.status_code == 422
    assert [(one["code"], one["line"]) for one in refused.json()["reasons"]] == [
        ("serial_repeated", "2")
    ]


async def test_expiry_before_purchase(api: Api) -> None:
    sale = bought("RG-21", "RG-21")
    sale["sale"]["lines"][0]["covered_until"] = (today() - timedelta(days=1)).isoformat()
    refused = await api.post(sale)

    assert refused.status_code == 422
    assert refused.json()["reasons"][0]["code"] == "covered_until_before_sale"
    sale["sale"]["lines"][0]["covered_until"] = today().isoformat()
    assert first(await api.post(sale))["ends_on"] == today().isoformat()


async def test_a_purchase_after_its_registration(api: Api) -> None:
    later = (today() + timedelta(days=1)).isoformat()
    refused = await api.post(registers("rg-22", "RG-22", purchased_on=later))

    assert refused.status_code == 422
    assert refused.json()["reasons"][0]["code"] == "purchase_in_future"


@pytest.mark.parametrize(
    ("sold_at", "months", "starts_on", "ends_on"),
    [
        ("2024-02-29T12:00:00+03:00", 12, "2024-02-29", "2025-02-28"),
        ("2024-02-29T12:00:00+03:00", 48, "2024-02-29", "2028-02-29"),
        ("2024-02-29T23:59:59+03:00", 12, "2024-02-29", "2025-02-28"),
        ("2024-02-29T21:00:00Z", 12, "2024-03-01", "2025-03-01"),
    ],
)
async def test_the_29th_of_february(
    api: Api, sold_at: str, months: int, starts_on: str, ends_on: str
) -> None:
    name = f"RG-23-{sold_at}-{months}"
    sale = a_sale(name, name, sold_at=sold_at)
    sale["sale"]["lines"][0]["coverage_months"] = months
    sold = first(await api.post(sale))

    assert (sold["starts_on"], sold["ends_on"]) == (starts_on, ends_on)


@pytest.mark.parametrize(
    ("sold_at", "zone", "starts_on"),
    [
        # Clocks go from 00:00 to 01:00: the day begins an hour late.
        ("2026-03-28T21:59:59Z", "Asia/Beirut", "2026-03-28"),
        ("2026-03-28T22:00:00Z", "Asia/Beirut", "2026-03-29"),
        # Clocks go from 24:00 back to 23:00: the day before has 25 hours.
        ("2025-10-25T20:59:59Z", "Asia/Beirut", "2025-10-25"),
        ("2025-10-25T21:30:00Z", "Asia/Beirut", "2025-10-25"),
        ("2025-10-25T22:00:00Z", "Asia/Beirut", "2025-10-26"),
        # A country that leaves a whole day out.
        ("2011-12-30T09:59:59Z", "Pacific/Apia", "2011-12-29"),
        ("2011-12-30T10:00:00Z", "Pacific/Apia", "2011-12-31"),
    ],
)
async def test_a_change_of_zone_at_midnight(
    api: Api, sold_at: str, zone: str, starts_on: str
) -> None:
    name = f"RG-24-{sold_at}"
    sold = first(await api.post(a_sale(name, name, sold_at=sold_at, zone=zone)))

    assert sold["starts_on"] == starts_on


@pytest.mark.parametrize(
    "name",
    [
        "Ayşe Yılmaz-Öztürk",
        "Łukasz Żółć",
        "Анна Ковальова",
        "محمد بن عبد الله",
        "王小明",
        "Δημήτρης",
        "Jürgen Groß",
        "🙂",
    ],
)
async def test_names_in_any_script_are_taken_and_told_nobody(api: Api, name: str) -> None:
    serial = f"RG-25-{name.encode().hex()[:40]}"
    customer = {"name": name, "email": f"{serial.lower()}@example.com"}
    owned = await api.post(registers(serial, serial, customer=customer, branch=name))
    again = await api.post(registers(serial, serial, customer=customer, branch=name))

    assert first(again)["id"] == first(owned)["id"]
    whole = (await api.get(f"/v1/warranties/{first(owned)['id']}")).json()
    assert whole["branch"] == name
    assert name not in whole["customer"]
    assert name not in owned.text


@pytest.mark.parametrize("serial", ["00042", "100E10", "0x1F", "1_000", "٠٠٤٢"])
async def test_a_serial_is_text_whatever_it_looks_like(api: Api, serial: str) -> None:
    owned = first(await api.post(registers(f"rg-26-{serial}", serial)))
    found = (await api.get(f"/v1/warranties?serial={serial}")).json()["warranties"]

    assert owned["serial"] == serial
    assert [one["id"] for one in found] == [owned["id"]]


async def test_a_serial_that_is_a_number_is_refused_with_the_reason(api: Api) -> None:
    body = registers("rg-27", "42")
    body["registration"]["serial"] = 42
    refused = await api.post(body)

    assert refused.status_code == 422
    assert "leading zeros" in refused.text


# What a merchant requires; last, for it counts from here on


async def test_p13_every_missing_field_is_told_at_once(api: Api) -> None:
    published = await publish(api, "required_fields", ASKED)
    assert published.status_code == 201, published.text
    await asyncio.sleep(1.1)
    refused = await api.post(registers("rg-30", "RG-30", customer={"phone": "+90 555 000 00 00"}))

    assert refused.status_code == 422
    assert [one["message"].split()[0] for one in refused.json()["reasons"]] == ASKED["registration"]
    whole = {"purchased_on": today().isoformat(), "branch": "Kadikoy"}
    assert first(await api.post(registers("rg-30", "RG-30", **whole)))["status"] == "covered"
