"""What cannot be claimed or decided: refused with the reason and what to do instead."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.bodies import a_registration, a_sale
from tests.api.claims import (
    FINANCE,
    MANAGER,
    OWNER,
    SALES,
    a_claim,
    comes_to,
    filed,
    post,
    ruled,
    shown,
    sold,
)
from tests.api.conftest import OTHER, TENANT, Api
from tests.api.test_openapi import fits
from tests.media.files import a_photo

pytestmark = pytest.mark.servers

NOWHERE = "wty_aaaaaaaaaaaaaaaa_1"
REPAIR: dict[str, Any] = {"resolutions": [{"kind": "repair"}], "why": "worth it"}


@pytest.fixture(scope="module", autouse=True)
async def policies(api: Api) -> None:
    await ruled(api)


def refused(told: httpx.Response, status: int, code: str = "") -> str:
    """What is said of it."""
    assert told.status_code == status, told.text
    fits("Problem", told.json())
    if code:
        assert [one["code"] for one in told.json()["reasons"]] == [code]
    return str(told.json()["detail"])


async def nothing_was_filed(api: Api, warranty: str) -> bool:
    sql = "select count(*)::int from claim where warranty = $1"
    return bool(await api.database.fetchval(sql, warranty) == 0)


async def test_an_unknown_and_a_foreign_warranty_are_not_there(api: Api) -> None:
    theirs = (await api.post(a_sale("BI-1", "BI-1"), tenant=OTHER)).json()["warranties"][0]["id"]

    for warranty in (NOWHERE, theirs):
        told = await post(api, "/v1/claims", SALES, **a_claim(warranty))
        assert "/v1/warranties" in refused(told, 404)
        async with api.client() as client:
            put = await client.put("/v1/claims/helpdesk/BI-1", json=a_claim(warranty))
        refused(put, 404)
    assert await nothing_was_filed(api, theirs)


async def test_a_serial_of_nobody_or_of_several_is_no_unit(api: Api) -> None:
    one = await sold(api, "BI-2", product="BI-A")
    await api.post(a_sale("BI-2b", "SN-BI-2", product="BI-B"))
    body = a_claim(one)
    del body["warranty"]
    none = await post(api, "/v1/claims", SALES, **body, serial="SN-nobody")
    several = await post(api, "/v1/claims", SALES, **body, serial="SN-BI-2")
    both = await post(api, "/v1/claims", SALES, **body, serial="SN-BI-2", warranty=one)
    neither = await post(api, "/v1/claims", SALES, **body)

    assert "label" in refused(none, 404)
    assert one in refused(several, 422, "serial_ambiguous")
    assert "either" in both.json()["errors"][0]["message"]
    assert (both.status_code, neither.status_code) == (422, 422)
    async with api.client() as client:
        told = await client.put("/v1/claims/helpdesk/BI-2", json=body)
    assert "new" in refused(told, 422, "warranty_missing")


async def test_an_unknown_issue_is_answered_with_those_there_are(api: Api) -> None:
    warranty = await sold(api, "BI-3")
    told = await post(api, "/v1/claims", SALES, **a_claim(warranty, issue="colour"))

    assert "there are power, screen, hinge" in refused(told, 422, "unknown_issue")
    assert await nothing_was_filed(api, warranty)


async def test_somebody_elses_media_show_nothing_here(api: Api) -> None:
    warranty, other = await sold(api, "BI-4"), await sold(api, "BI-5")
    async with api.client() as client:
        sent = await client.post(
            f"/v1/warranties/{other}/media",
            content=a_photo(64, 64),
            headers={"Content-Type": "image/jpeg"},
        )
    photo = sent.json()["id"]
    told = await post(api, "/v1/claims", SALES, **a_claim(warranty, photos=[photo]))
    assert f"/v1/warranties/{warranty}/media" in refused(told, 404)
    claim = await filed(api, warranty)
    for path in ("evidence", "answers"):
        refused(await post(api, f"/v1/claims/{claim}/{path}", TENANT, photos=[photo]), 404)
    mine = await filed(api, other, photos=[photo])

    assert (await shown(api, claim))["pieces"][0]["kind"] != "photo"
    assert (await shown(api, mine))["pieces"][0]["value"] == photo


async def test_what_has_not_happened_yet_is_no_incident(api: Api) -> None:
    warranty = await sold(api, "BI-6")
    ahead = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"
    told = await post(api, "/v1/claims", SALES, **a_claim(warranty, incident_on=ahead))
    assert "correct the day" in refused(told, 422, "incident_in_future")
    claim = await filed(api, warranty)
    more = await post(api, f"/v1/claims/{claim}/evidence", TENANT, incident_on=ahead)

    refused(more, 422, "incident_in_future")


async def test_an_approval_names_what_it_leads_to_and_a_denial_explains(api: Api) -> None:
    claim = await filed(api, await sold(api, "BI-7"))
    here = f"/v1/claims/{claim}"
    for body in ({"why": "yes"}, {"why": "yes", "resolutions": []}, {**REPAIR, "why": " "}):
        told = await post(api, f"{here}/approve", MANAGER, **body)
        assert told.json()["errors"][0]["pointer"] in {"#/resolutions", "#/why"}
        refused(told, 422)
    for body in ({"reason": "no_defect"}, {"why": "no"}, {"reason": "no_defect", "why": ""}):
        refused(await post(api, f"{here}/deny", MANAGER, **body), 422)

    assert (await shown(api, claim))["state"] == "submitted"


async def test_who_decides_twice_hears_what_stands(api: Api) -> None:
    claim = await filed(api, await sold(api, "BI-8"))
    here = f"/v1/claims/{claim}"
    done = await post(api, f"{here}/approve", MANAGER, **REPAIR)
    again = await post(api, f"{here}/approve", MANAGER, **REPAIR)
    other = await post(api, f"{here}/deny", OWNER, reason="no_defect", why="it works")
    added = await post(api, f"{here}/evidence", TENANT, invoice="late")

    assert (done.status_code, again.status_code) == (201, 200)
    assert "approved by usr_" in refused(other, 409, "already_decided")
    refused(added, 409, "already_decided")
    refused(await post(api, f"{here}/withdraw", SALES, why="no more"), 409)
    assert len((await shown(api, claim))["effects"]) == 1


async def test_nothing_is_approved_that_lacks_its_evidence(api: Api) -> None:
    told = (await api.post(a_registration("BI-REG", "SN-BI-9", product={"code": "TV"}))).json()
    warranty = told["warranties"][0]["id"]
    claim = await filed(api, warranty, issue="power")
    early = await post(api, f"/v1/claims/{claim}/approve", MANAGER, **REPAIR)
    assert "pos_invoice" in refused(early, 422, "claim_staged")
    await api.post(a_sale("BI-9", "SN-BI-9", product="TV"))
    await comes_to(api, claim, "submitted")
    cheap = [{"kind": "repair", "amount": {"amount": 100, "currency": "EUR"}}]
    wish: dict[str, Any] = {"resolutions": cheap, "why": "it is here now"}
    done = await post(api, f"/v1/claims/{claim}/approve", MANAGER, **wish)

    assert done.json()["claim"]["state"] == "approved"


async def test_what_rests_on_something_withdrawn_is_not_decided_until_there_is_better(
    api: Api,
) -> None:
    claim = await filed(api, await sold(api, "BI-10"), issue="hinge")
    here = f"/v1/claims/{claim}"
    (words,) = [one["id"] for one in (await shown(api, claim))["pieces"] if one["kind"] == "words"]
    await post(api, f"{here}/evidence/{words}/withdraw", MANAGER, why="somebody else's")
    refused(await post(api, f"{here}/approve", MANAGER, **REPAIR), 422, "claim_staged")
    staged = await shown(api, claim)
    await post(api, f"{here}/evidence", TENANT, description="It stays dark.")
    done = await post(api, f"{here}/approve", MANAGER, **REPAIR)

    assert (staged["state"], staged["missing"]) == ("staged", ["description"])
    assert done.status_code == 201, done.text


async def test_two_managers_at_once_are_one_decision(api: Api) -> None:
    """The second hears what stands, and whoever is above his limit who else has to agree."""
    claim = await filed(api, await sold(api, "BI-11"))
    here = f"/v1/claims/{claim}"
    done = await post(api, f"{here}/deny", MANAGER, reason="no_defect", why="it works")
    other = await post(api, f"{here}/approve", OWNER, **REPAIR)
    nobody = await filed(api, await sold(api, "BI-12"))
    lacks = await post(api, f"/v1/claims/{nobody}/approve", FINANCE, **REPAIR)

    assert done.status_code == 201
    assert "denied" in refused(other, 409, "already_decided")
    assert "finance_user" in refused(lacks, 422, "limit_exceeded")


async def test_no_refund_is_above_the_price(api: Api) -> None:
    claim = await filed(api, await sold(api, "BI-13", price=10_000))
    here = f"/v1/claims/{claim}/approve"
    more = {"kind": "refund", "amount": {"amount": 10_001, "currency": "EUR"}}
    other = {"kind": "refund", "amount": {"amount": 10, "currency": "USD"}}

    told = await post(api, here, MANAGER, resolutions=[more], why="yes")
    assert "lower the amount" in refused(told, 422, "refund_above_price")
    told = await post(api, here, MANAGER, resolutions=[other], why="yes")
    refused(told, 422, "currencies_differ")
    whole = await post(api, here, MANAGER, resolutions=[{"kind": "refund"}], why="all of it")
    assert whole.json()["claim"]["state"] == "approved"
    (effect,) = (await shown(api, claim))["effects"]
    assert effect["amount"] == {"amount": 10_000, "currency": "EUR"}


async def test_nobody_decides_his_own_claim(api: Api) -> None:
    claim = await filed(api, await sold(api, "BI-14"), by=MANAGER)
    own = await post(api, f"/v1/claims/{claim}/approve", MANAGER, **REPAIR)
    other = await post(api, f"/v1/claims/{claim}/approve", OWNER, **REPAIR)

    assert "somebody else" in refused(own, 422, "own_claim")
    assert other.status_code == 201


async def test_an_illegal_move_says_what_would_be_legal(api: Api) -> None:
    claim = await filed(api, await sold(api, "BI-15"))
    here = f"/v1/claims/{claim}"
    early = await post(api, f"{here}/close", MANAGER, why="done")
    assert "under_review" in refused(early, 409, "illegal_move")
    await post(api, f"{here}/withdraw", SALES, why="it works again")
    late = await post(api, f"{here}/approve", MANAGER, **REPAIR)

    assert "nothing follows" in refused(late, 409, "illegal_move")


@pytest.mark.parametrize(
    "path",
    [
        *("", "/costs", "/explain"),
        *("/evidence", "/answers", "/withdraw", "/review", "/questions", "/notes", "/approve"),
        *("/deny", "/evidence/1/withdraw", "/evidence/1/reinstate", "/close", "/override"),
    ],
)
async def test_a_claim_that_is_not_there_is_looked_for_in_the_list(api: Api, path: str) -> None:
    async with api.client(MANAGER) as client:
        ask = client.get if path in {"", "/costs", "/explain"} else client.post
        told = await ask(f"/v1/claims/clm_aaaaaaaaaaaaaaaa_1{path}")
        bad = await ask(f"/v1/claims/C-1{path}")

    assert "/v1/claims" in refused(told, 404)
    assert "clm_" in refused(bad, 422)


async def test_an_effect_is_told_only_what_it_can_come_to(api: Api) -> None:
    claim = await filed(api, await sold(api, "BI-16"))
    refund: dict[str, Any] = {"resolutions": [{"kind": "refund"}], "why": "all of it"}
    await post(api, f"/v1/claims/{claim}/approve", MANAGER, **refund)
    (effect,) = (await shown(api, claim))["effects"]
    here = f"/v1/effects/{effect['id']}/outcome"

    refused(await post(api, here, TENANT, state="repaired"), 422, "stage_of_repair")
    refused(await post(api, here, TENANT, state="lost"), 422)
    open_still = await post(api, f"/v1/claims/{claim}/close", MANAGER, why="enough")
    assert effect["id"] in refused(open_still, 409, "effects_open")
    none = await post(api, "/v1/effects/eff_aaaaaaaaaaaaaaaa_1/outcome", TENANT, state="done")
    assert "/v1/effects" in refused(none, 404)
