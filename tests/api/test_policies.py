"""Policies over HTTP: published by whom may, read by staff, explained to customers, refused in words."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from hub.access.permissions import Role
from tests.api.bodies import a_sale
from tests.api.conftest import OTHER, TENANT, Api
from tests.api.test_openapi import fits
from tests.unit.documents import DOCUMENTS, a_map, an_area

pytestmark = pytest.mark.servers

OWNER: str = Role.OWNER


async def publish(
    api: Api, name: str, document: Any, *, key: str = "", by: str = OWNER, **rest: Any
) -> httpx.Response:
    path = "/v1/setup" if name == "setup_map" else f"/v1/policies/{name}"
    async with api.client(by, **({"Idempotency-Key": key} if key else {})) as client:
        return await client.post(path, json={"document": document, "why": "a test", **rest})


async def test_publishes_reads_compares_and_explains(api: Api) -> None:
    first = await publish(api, "coverage", DOCUMENTS["coverage"], key="c1", expects_version=0)
    again = await publish(api, "coverage", DOCUMENTS["coverage"], key="c1", expects_version=0)
    shorter = {"default": {"standard": {"months": 12, "type": "limited"}}}
    second = await publish(api, "coverage", shorter, expects_version=1)
    await publish(api, "exclusions", DOCUMENTS["exclusions"])

    assert (first.status_code, again.status_code, second.status_code) == (201, 201, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content
    fits("RequestState", first.json())
    assert first.headers["location"] == "/v1/policies/coverage/versions/1"
    version = (await api.get(first.headers["location"], OWNER)).json()
    fits("PolicyVersionDocument", version)
    assert version["document"] == DOCUMENTS["coverage"]
    assert version["by"]["role"] == "owner"
    whole = (await api.get("/v1/policies/coverage", Role.SALES_STAFF)).json()
    fits("PolicyDocument", whole)
    assert (whole["in_force"]["number"], len(whole["versions"])) == (2, 2)
    diff = (await api.get("/v1/policies/coverage/diff?from=1&to=2", OWNER)).json()
    fits("PolicyDiff", diff)
    assert "~ /default/standard/months: 24 is now 12" in [one["line"] for one in diff["changes"]]
    listed = (await api.get("/v1/policies", OWNER)).json()
    fits("PolicyList", listed)
    assert {"name": "coverage", "in_force": 2, "last": 2} in listed["policies"]
    text = (await api.get("/v1/policies/coverage/explain?locale=de", OWNER)).text
    assert text.splitlines()[:2] == [
        "Was nicht gedeckt ist",
        "- Stürze und Wasser sind nicht gedeckt.",
    ]
    assert text.index("5-15 Tage") < text.index("12 Monate")


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (
            {"types": [{"code": "a", "text": {"en": "A"}, "parent": "a"}]},
            "/document/types/0/parent",
        ),
        ({"types": []}, "/document/types"),
        ({"types": [{"code": "a", "text": {"en": "A"}}], "colour": 1}, "/document/colour"),
    ],
)
async def test_says_where_a_document_is_wrong(api: Api, document: Any, pointer: str) -> None:
    told = await publish(api, "issue_types", document)

    assert told.status_code == 422
    fits("Problem", told.json())
    assert told.json()["reasons"][0]["message"].startswith(f"{pointer}: ")


async def test_refuses_a_catastrophic_pattern_the_past_and_what_is_no_policy(api: Api) -> None:
    pattern = await publish(api, "serial_rules", {"rules": [{"pattern": r"(a+)+\1"}]})
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    late = await publish(api, "stock", DOCUMENTS["stock"], effective_from=past)
    nothing = await publish(api, "weather", {})
    mapped = await publish(api, "evidence", [])

    assert "/document/rules/0/pattern" in pattern.json()["detail"]
    assert late.json()["reasons"][0]["code"] == "effective_in_past"
    assert (nothing.status_code, mapped.status_code) == (404, 422)


async def test_of_two_who_publish_at_once_one_is_told_of_the_other(api: Api) -> None:
    documents = [{"contacts": 100 + n} for n in range(8)]
    told = await asyncio.gather(
        *(publish(api, "retention", one, expects_version=0) for one in documents)
    )

    assert sorted(one.status_code for one in told) == [201] + [409] * 7
    stands = (await api.get("/v1/policies/retention/versions/1", OWNER)).json()
    winner = next(n for n, one in enumerate(told) if one.status_code == 201)
    assert stands["document"] == documents[winner]


async def test_only_an_owner_publishes_and_each_merchant_sees_its_own(api: Api) -> None:
    await publish(api, "approval", DOCUMENTS["approval"])
    others = [
        await publish(api, "approval", DOCUMENTS["approval"], by=role)
        for role in (Role.WARRANTY_MANAGER, Role.SYSTEM_ADMIN, TENANT, OTHER, "hub")
    ]

    assert {one.status_code for one in others} == {403}
    assert (await api.get("/v1/policies/approval", OTHER)).status_code == 404
    assert (await api.get("/v1/policies/approval/versions/1", OTHER)).status_code == 404


async def test_the_map_is_its_owners_and_going_live_says_what_is_missing(api: Api) -> None:
    before = (await api.get("/v1/setup", Role.SALES_STAFF)).json()
    fits("Setup", before)
    assert before["version"] == 0
    assert before["map"]["portal_status"]["owner"] == "sales_staff"
    stranger = await publish(api, "setup_map", {"cost_posting": an_area()}, by=Role.SALES_STAFF)
    assert stranger.json()["reasons"][0]["code"] == "not_named"

    async with api.client(OWNER) as client:
        nearly = await client.post("/v1/setup/go-live", json={"why": "we open"})
    assert nearly.status_code == 422
    assert any("/setup_map/cost_posting" in one["message"] for one in nearly.json()["reasons"])

    for name, document in DOCUMENTS.items():
        assert (await publish(api, name, document)).status_code in {200, 201}
    assert (await publish(api, "setup_map", a_map())).status_code == 201
    async with api.client(OWNER) as client:
        live = await client.post("/v1/setup/go-live", json={"why": "we open"})
        again = await client.post("/v1/setup/go-live", json={"why": "we open"})
    assert (live.status_code, again.status_code) == (201, 200)
    assert live.json()["live_since"] == again.json()["live_since"]
    after = (await api.get("/v1/setup", OWNER)).json()
    assert (after["missing"], after["live_since"]) == ([], live.json()["live_since"])
    await api.hub.audited()
    sql = "select action, by_role from audit_entry where subject = $1 and action like 'tenant:%'"
    kept = [tuple(row) for row in await api.database.fetch(sql, TENANT)]
    assert kept == [("tenant:went_live", "owner")]


async def test_a_sale_is_decided_by_the_policy_and_says_so(api: Api) -> None:
    """The worker may remember for a second that there is none, so the sale is of a later moment."""
    months = {"default": {"standard": {"months": 7, "type": "limited"}}}
    published = (await publish(api, "coverage", months)).json()["policy"]
    await asyncio.sleep(1.1)
    told = await api.post(a_sale("P-1", "P-1", sold_at=datetime.now(UTC).isoformat()))

    shown = (await api.get(told.headers["location"])).json()
    fits("WarrantyWithHistory", shown)
    (ruling,) = shown["rulings"]
    assert (ruling["policy"], ruling["version"]) == ("coverage", published["version"])
    assert (ruling["months"], ruling["rule"], ruling["type"]) == (7, "default", "limited")
    assert ruling["ends_on"] == shown["ends_on"]
    assert ruling["event"] == shown["history"][0]["event"]
