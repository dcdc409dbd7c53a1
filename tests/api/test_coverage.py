"""Whether a serial is covered on a day: asked by whoever may, answered in the customer's language."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub.access.permissions import Role
from hub.access.principals import Principal
from hub.api.submission import Report, reported
from hub.domain.coverage import add_months
from hub.sdk.events import Outcome
from schemas.events.sale import SaleDeleted, SaleReturned
from schemas.refs import order_home
from tests.api.bodies import a_sale
from tests.api.conftest import OTHER, TENANT, Api
from tests.api.test_openapi import fits
from tests.api.test_policies import publish
from tests.api.test_registrations import (
    COVERAGE,
    bought,
    first,
    hands,
    now,
    registers,
    today,
    told,
)

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)
WORDS = {"statuses": {"covered": {"text": {"en": "Yours until {ends_on}.", "pl": "Do {ends_on}."}}}}


@pytest.fixture(scope="module", autouse=True)
async def policies(api: Api) -> None:
    """What this merchant lays down; a worker hears of it within a second."""
    assert (await publish(api, "coverage", COVERAGE)).status_code == 201
    await asyncio.sleep(1.1)


async def asked(
    api: Api, serial: str, on: date | None = None, who: str = TENANT, **more: str
) -> Any:
    """The answer, which is as it is described."""
    query = {"serial": serial, "on": (on or today()).isoformat(), **more}
    async with api.client(who) as client:
        answer = await client.get("/v1/coverage", params=query)
    assert answer.status_code == 200, answer.text
    fits("CoverageOnDay", answer.json())
    return answer.json()


async def test_the_days_around_the_first_and_the_last(api: Api) -> None:
    sold = first(await api.post(bought("CV-1", "CV-1")))
    begins, ends = date.fromisoformat(sold["starts_on"]), date.fromisoformat(sold["ends_on"])
    days = (begins - DAY, begins, ends, ends + DAY)
    found = [await asked(api, " cv-1 ", day) for day in days]

    assert [one["covered"] for one in found] == [False, True, True, False]
    assert [one["units"][0]["reason"] for one in found] == [
        *("not_begun", "covered", "covered", "expired"),
    ]
    assert {one["units"][0]["warranty"] for one in found} == {sold["id"]}


async def test_by_which_version_and_period_and_whose_it_is(api: Api) -> None:
    sold = first(await api.post(bought("CV-2", "CV-2")))
    await api.post(registers("cv-2", "CV-2"))
    standard = (await asked(api, "CV-2"))["units"][0]
    extended = (await asked(api, "CV-2", add_months(today(), 18)))["units"][0]
    whole = (await api.get(f"/v1/warranties/{sold['id']}")).json()

    assert (standard["basis"], standard["policy"]["period"]) == ("policy", "standard")
    assert extended["policy"] == {
        "name": "coverage",
        "version": 1,
        "rule": "by_product/TV-55",
        "period": "extended",
        "type": "full_replacement",
    }
    assert standard["owner"] == whole["customer"]


async def test_owners_change_with_the_day(api: Api) -> None:
    owned = first(await api.post(registers("cv-3", "CV-3", purchased_on="2026-01-15")))
    before = (await asked(api, "CV-3"))["units"][0]["owner"]
    moved = await told(api, owned["id"], "transfers", **hands("h-cv3", "bob"))

    assert moved.status_code == 409, "nothing was in force when it was bought"
    later = first(await api.post(registers("cv-3b", "CV-3b")))
    before = (await asked(api, "CV-3b"))["units"][0]["owner"]
    moved = await told(api, later["id"], "transfers", **hands("h-cv3b", "bob"))
    assert moved.status_code == 201, moved.text
    after = (await asked(api, "CV-3b"))["units"][0]["owner"]
    assert before is not None
    assert after not in (before, None)


async def test_several_products_of_one_serial_answer_for_themselves(api: Api) -> None:
    sale = bought("CV-4", "CV-4")
    lines = sale["sale"]["lines"]
    lines.append(lines[0] | {"line": "2", "product": {"code": "KETTLE"}})
    await api.post(sale)
    day = add_months(today(), 9)
    whole = await asked(api, "CV-4", day)

    assert [(one["product"], one["covered"]) for one in whole["units"]] == [
        ("KETTLE", False),
        ("TV-55", True),
    ]
    assert whole["covered"]
    assert whole["sentence"] == " ".join(one["sentence"] for one in whole["units"])
    one = await asked(api, "CV-4", day, product="KETTLE")
    assert (one["covered"], len(one["units"])) == (False, 1)


async def test_an_unknown_serial_and_another_merchants_have_the_same_answer(api: Api) -> None:
    await api.post(bought("CV-5", "CV-5"))
    serials = ("CV-5", "CV-unknown", "CV-5&product=X")
    paths = [f"/v1/coverage?on=2026-01-31&serial={one}" for one in serials]
    foreign, unknown, other = [await api.get(path, OTHER) for path in paths]
    mine = await api.get(paths[2])

    assert [one.status_code for one in (foreign, unknown, other, mine)] == [404] * 4
    assert foreign.content == unknown.content == other.content == mine.content


async def happens(api: Api, key: str, fact: SaleReturned | SaleDeleted) -> None:
    """Something that comes by other doors than this API's, from the same source."""
    order = fact.order
    home = order_home(TENANT, order.namespace, order.reference)
    shop = Principal(TENANT, "shop", "key", Role.INTEGRATION)
    report = Report("other", fact, datetime.now(UTC), home)
    told = await api.parts.asker.ask(reported(report, shop, key, None))
    assert told.outcome is Outcome.APPLIED, told.answer


async def test_what_came_back_was_covered_before_and_what_was_sold_again_is_another(
    api: Api,
) -> None:
    sale = a_sale("CV-6", "CV-6", sold_at="2026-01-10T12:00:00+03:00")
    sold = first(await api.post(sale))
    back = {
        "order": sale["sale"]["order"],
        "reference": "back",
        "returned_at": "2026-03-01T12:00:00+03:00",
        "zone": "Europe/Istanbul",
    }
    await happens(api, "CV-6", SaleReturned.model_validate(back))
    again = first(await api.post(a_sale("CV-6b", "CV-6", sold_at="2026-06-10T12:00:00+03:00")))
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2026, 6, 9), date(2026, 6, 10))
    units = [(await asked(api, "CV-6", day))["units"][0] for day in days]

    assert [(one["warranty"], one["reason"]) for one in units] == [
        (sold["id"], "covered"),
        (sold["id"], "returned"),
        (sold["id"], "returned"),
        (again["id"], "covered"),
    ]


async def test_what_was_deleted_is_as_unknown_as_what_never_was(api: Api) -> None:
    path, sale = "/v1/coverage?on=2026-12-31&serial=", bought("CV-7", "CV-7")
    await api.post(sale)
    assert (await api.get(path + "CV-7")).status_code == 200
    gone = {"order": sale["sale"]["order"], "deleted_at": now()}
    await happens(api, "CV-7", SaleDeleted.model_validate(gone))

    assert (await api.get(path + "CV-7")).content == (await api.get(path + "CV-none")).content


async def test_a_sentence_in_each_language(api: Api) -> None:
    await api.post(bought("CV-8", "CV-8"))
    said = [(await asked(api, "CV-8", locale=one))["sentence"] for one in ("en", "de", "tr", "pl")]

    assert len(set(said)) == 4
    assert all("CV-8" in one for one in said)


async def test_customers_may_ask_and_hear_nobodys_reference(api: Api) -> None:
    await api.post(registers("cv-9", "CV-9"))
    token = await api.person(TENANT, Role.CUSTOMER)
    async with api.client() as client:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.get(
            "/v1/coverage", params={"serial": "CV-9", "on": today().isoformat()}, headers=headers
        )

    assert answer.status_code == 200, answer.text
    assert answer.json()["covered"]
    assert answer.json()["units"][0]["owner"] is None
    assert "cus_" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "serial=x",
        "on=2026-01-31",
        "serial=&on=2026-01-31",
        "serial=%00&on=2026-01-31",
        "serial=x&on=2026-02-30",
        "serial=x&on=30-02-2026",
        "serial=x&on=2026-01-31&locale=fr",
        "serial=x&on=2026-01-31&colour=red",
        f"on=2026-01-31&serial={'x' * 129}",
    ],
)
async def test_what_cannot_be_asked_is_said_by_its_place(api: Api, query: str) -> None:
    answer = await api.get(f"/v1/coverage?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"]


async def test_the_merchants_words_come_before_ours(api: Api) -> None:
    await api.post(bought("CV-10", "CV-10"))
    published = await publish(api, "wording", WORDS)
    assert published.status_code == 201, published.text
    until = (await asked(api, "CV-10"))["units"][0]["ends_on"]
    year, month, day = until.split("-")

    assert (await asked(api, "CV-10", locale="pl"))["sentence"] == f"Do {day}.{month}.{year}."
    assert (await asked(api, "CV-10", locale="de"))["sentence"].startswith("Yours until ")
    gone = await asked(api, "CV-10", date(2020, 1, 1), locale="de")
    assert "nicht gedeckt" in gone["sentence"]
