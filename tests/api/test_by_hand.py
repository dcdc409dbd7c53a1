"""Decisions by hand over HTTP: done, proposed, approved; overrides counted exactly however many ask."""

import asyncio
from typing import Any

import httpx
import pytest

from hub.access.permissions import Role
from tests.api.bodies import a_sale
from tests.api.conftest import OTHER, TENANT, Api, eventually
from tests.api.test_openapi import fits
from tests.api.test_policies import OWNER, publish
from tests.unit.documents import DOCUMENTS

pytestmark = pytest.mark.servers

MANAGER, SALES = Role.WARRANTY_MANAGER, Role.SALES_STAFF


async def sold(api: Api, name: str) -> str:
    told = await api.post(a_sale(name, name))
    return str(told.json()["warranties"][0]["id"])


async def post(api: Api, path: str, by: str, key: str = "", **body: Any) -> httpx.Response:
    async with api.client(by, **({"Idempotency-Key": key} if key else {})) as client:
        return await client.post(path, json=body)


async def shown(api: Api, warranty: str) -> Any:
    whole = (await api.get(f"/v1/warranties/{warranty}")).json()
    fits("WarrantyWithHistory", whole)
    return whole


async def test_a_named_role_does_it_and_the_history_says_who_and_why(api: Api) -> None:
    warranty = await sold(api, "BH-1")
    path = f"/v1/warranties/{warranty}/status"
    done = await post(api, path, MANAGER, "h1", change="end", why="given up")
    again = await post(api, path, MANAGER, "h1", change="end", why="given up")
    twice = await post(api, path, MANAGER, change="end", why="given up")

    assert (done.status_code, again.status_code, twice.status_code) == (201, 201, 409)
    assert again.headers["idempotent-replayed"] == "true"
    fits("RequestState", done.json())
    whole = await shown(api, warranty)
    assert whole["status"] == "ended"
    assert [one["what"] for one in whole["history"]] == ["sold", "ended"]
    assert whole["history"][-1]["by"]["role"] == MANAGER
    assert whole["history"][-1]["by"]["why"] == "given up"
    did, refused = await entries(api, warranty)
    assert (did, refused[:2]) == (
        ("status:changed", MANAGER, "given up"),
        ("event:rejected", MANAGER),
    )


async def entries(api: Api, subject: str) -> list[tuple[str, str, str]]:
    """What the audit log has of it: what was done, in which role, and why."""
    await api.hub.audited()
    sql = "select action, by_role, why from audit_entry where subject = $1 order by n"
    return [tuple(row) for row in await api.database.fetch(sql, subject)]


async def test_another_role_proposes_and_somebody_else_approves(api: Api) -> None:
    warranty = await sold(api, "BH-2")
    path = f"/v1/warranties/{warranty}/status"
    asked = await post(api, path, SALES, change="end", why="the customer called")
    proposal = asked.json()["proposal"]
    assert asked.headers["location"] == f"/v1/proposals/{proposal['id']}"
    own = await post(api, f"{asked.headers['location']}/approve", SALES, why="mine")
    foreign = await post(api, f"{asked.headers['location']}/approve", TENANT, why="a key")
    assert (own.status_code, foreign.status_code) == (422, 403)
    assert (await shown(api, warranty))["status"] == "covered"
    pending = (await api.get("/v1/proposals?state=pending", OWNER)).json()
    fits("ProposalPage", pending)
    assert proposal["id"] in [one["id"] for one in pending["proposals"]]
    assert (await api.get("/v1/proposals?state=pending", Role.SYSTEM_ADMIN)).status_code == 200

    done = await post(api, f"{asked.headers['location']}/approve", MANAGER, why="yes")

    assert done.json()["proposal"]["state"] == "approved"
    whole = await shown(api, warranty)
    assert whole["status"] == "ended"
    assert whole["history"][-1]["by"]["proposal"] == proposal["id"]
    assert whole["proposals"][0]["by_role"] == SALES
    assert await entries(api, warranty) == [("status:proposed", SALES, "the customer called")]
    refused, approved = await entries(api, proposal["id"])
    assert (refused[:2], approved[:2]) == (
        ("event:rejected", SALES),
        ("proposal:approved", MANAGER),
    )
    async with api.client(OWNER) as client:
        found = (await client.get("/v1/audit", params={"subject": warranty})).json()["entries"]
    assert {"status:proposed", "proposal:approved"} <= {one["action"] for one in found}
    fits("ProposalDocument", (await api.get(asked.headers["location"], OWNER)).json())


async def test_another_merchants_warranties_and_proposals_are_nothing(api: Api) -> None:
    warranty = await sold(api, "BH-3")
    told = await post(api, f"/v1/warranties/{warranty}/status", SALES, change="end", why="x")
    proposal = told.json()["proposal"]["id"]
    theirs = (await api.post(a_sale("BH-3", "BH-3"), tenant=OTHER)).json()["warranties"][0]["id"]

    for path in (f"/v1/warranties/{theirs}/status", f"/v1/warranties/{theirs}/override"):
        told = await post(api, path, OWNER, change="reinstate", why="x" * 10)
        assert told.status_code == 404, path
    assert (await api.get("/v1/proposals", OTHER)).status_code == 403
    assert proposal not in (await api.get(f"/v1/warranties/{theirs}", OTHER)).text


async def test_overrides_asked_for_at_once_never_exceed_the_allowance(api: Api) -> None:
    """Over many warranties on all partitions: one home counts what a person may."""
    limits = {"count_per_month": 5, "amount_per_month": {"amount": 40_000, "currency": "EUR"}}
    await publish(api, "override", DOCUMENTS["override"] | limits)
    await asyncio.sleep(1.1)
    warranties = [await sold(api, f"G-{n}") for n in range(12)]
    wish: dict[str, Any] = {
        "change": "extend",
        "until": "2031-01-01",
        "amount": {"amount": 9_000, "currency": "EUR"},
    }
    told = await asyncio.gather(
        *(
            post(api, f"/v1/warranties/{one}/override", MANAGER, why="kept waiting long", **wish)
            for one in warranties
        )
    )

    granted = [w for w, one in zip(warranties, told, strict=True) if one.status_code == 201]
    assert len(granted) == 4, [one.text for one in told]
    assert {one.status_code for one in told} == {201, 422}

    async def all_extended() -> bool:
        ends = [(await shown(api, one))["ends_on"] for one in granted]
        return set(ends) == {"2031-01-01"}

    await eventually(all_extended)
    for one in set(warranties) - set(granted):
        assert (await shown(api, one))["ends_on"] == "2028-01-31"
    last = (await shown(api, granted[0]))["history"][-1]
    assert (last["what"], last["by"]["override"][:4]) == ("extended", "ovr_")
    used = [("override:used", MANAGER, "kept waiting long")]
    assert await entries(api, granted[0]) == used


async def test_an_override_needs_a_reason_and_the_permission(api: Api) -> None:
    warranty = await sold(api, "BH-4")
    path = f"/v1/warranties/{warranty}/override"
    wish: dict[str, Any] = {
        "change": "extend",
        "until": "2031-01-01",
        "amount": {"amount": 1, "currency": "EUR"},
    }
    short = await post(api, path, MANAGER, why="too short", **wish)
    sales = await post(api, path, SALES, why="a long enough reason", **wish)
    float_money = await post(
        api,
        path,
        MANAGER,
        why="a long enough reason",
        **wish | {"amount": {"amount": 1.5, "currency": "EUR"}},
    )

    assert (short.status_code, sales.status_code, float_money.status_code) == (422, 403, 422)
    assert short.json()["errors"][0]["pointer"] == "#/why"
