"""Claims over HTTP: staged until proven, decided by whom may, what they led to told and read."""

from typing import Any

import pytest

from hub.access.keys import COMMAND
from hub.delivery.endpoints import Desk, Shape
from tests.api.bodies import a_registration, a_sale
from tests.api.claims import (
    ADMIN,
    FINANCE,
    MANAGER,
    OWNER,
    SALES,
    a_claim,
    comes_to,
    effect_of,
    filed,
    now,
    post,
    ruled,
    shown,
    sold,
    stocked,
)
from tests.api.conftest import OTHER, TENANT, Api
from tests.api.test_openapi import fits
from tests.api.test_policies import publish
from tests.api.test_products import put
from tests.unit.documents import DOCUMENTS

pytestmark = pytest.mark.servers

ADA = {"name": "Ada Lovelace", "email": "ada@example.org"}


@pytest.fixture(scope="module", autouse=True)
async def policies(api: Api) -> None:
    await ruled(api)


async def test_a_claim_lacks_its_invoice_until_the_till_sells_and_ends_with_a_new_unit(
    api: Api,
) -> None:
    """The whole way: staged, proven by a feed, approved by two, replaced, acknowledged, told plainly."""
    await put(api, "/v1/products/KX-1", {"name": "Kettle"})
    await stocked(api, "KX-1")
    registered = await api.post(
        a_registration(
            "REG-1", "SN-KX-1", product={"code": "KX-1"}, purchased_on="2026-01-28", customer=ADA
        )
    )
    warranty = registered.json()["warranties"][0]["id"]
    claim = await filed(api, warranty, issue="power", preferred="replacement")

    staged = await shown(api, claim)
    assert (staged["state"], staged["missing"]) == ("staged", ["pos_invoice"])
    assert staged["blocked"] == ["evidence_missing"]
    early = await post(api, f"/v1/claims/{claim}/approve", MANAGER, **REPLACEMENT)
    assert (early.status_code, early.json()["reasons"][0]["code"]) == (422, "claim_staged")

    await api.post(a_sale("KX-T-1", "SN-KX-1", product="KX-1"))
    submitted = await comes_to(api, claim, "submitted")
    assert (submitted["missing"], submitted["open"]) == ([], True)

    first = await post(api, f"/v1/claims/{claim}/approve", MANAGER, **REPLACEMENT)
    again = await post(api, f"/v1/claims/{claim}/approve", MANAGER, **REPLACEMENT)
    second = await post(api, f"/v1/claims/{claim}/approve", OWNER, **REPLACEMENT)
    assert (first.status_code, second.status_code) == (201, 201), second.text
    fits("RequestState", first.json())
    assert (first.json()["claim"]["state"], "approval" in first.json()) == ("under_review", True)
    assert (again.status_code, again.json()["reasons"][0]["code"]) == (422, "second_person_needed")
    assert second.headers["location"] == f"/v1/claims/{claim}"

    effect = await effect_of(api, claim, "requested")
    fits("EffectDocument", effect)
    here = f"/v1/effects/{effect['id']}/outcome"
    taken = await post(api, here, TENANT, state="acknowledged", reference="RO-1")
    twice = await post(api, here, TENANT, state="acknowledged", reference="RO-1")
    done = await post(api, here, TENANT, state="done", serial="SN-KX-1-NEW")
    assert (taken.status_code, twice.status_code, done.status_code) == (201, 200, 201)
    assert taken.headers["location"] == f"/v1/effects/{effect['id']}"

    resolved = await comes_to(api, claim, "resolved")
    (replaced,) = resolved["effects"]
    old, new = [
        (await api.get(f"/v1/warranties/{one}")).json()
        for one in (warranty, replaced["replaced_by"])
    ]
    assert (old["status"], new["status"], new["serial"]) == ("ended", "covered", "SN-KX-1-NEW")
    assert new["ends_on"] == old["ends_on"]
    assert [move["after"] for move in resolved["history"]] == STATES
    assert {one["by"]["role"] for one in resolved["verdict"]["approvals"]} == {MANAGER, OWNER}
    await read_plainly(api, claim, staged, resolved)
    await explained(api, claim)


STATES = ["staged", "submitted", "under_review", "approved", "resolved"]
REPLACEMENT: dict[str, Any] = {
    "resolutions": [{"kind": "replacement", "amount": {"amount": 45_000, "currency": "EUR"}}],
    "why": "the heating is faulty",
}
INTERNAL = ("staged", "evidence_missing", "pos_invoice", "under_review", "policy", "faulty")


async def read_plainly(api: Api, claim: str, staged: Any, resolved: Any) -> None:
    """Three sentences at any time, in the customer's language, without a word of ours."""
    german = (await shown(api, claim, locale="de"))["customer"]
    told = [*staged["customer"].values(), *resolved["customer"].values(), *german.values()]

    assert all(told)
    assert german["status"] != resolved["customer"]["status"]
    assert "invoice" in staged["customer"]["next_step"]
    assert [one for one in told for word in INTERNAL if word in one] == []


async def explained(api: Api, claim: str) -> None:
    """Everything in order for staff, the customer's version beside it, and nothing for systems."""
    whole = (await api.get(f"/v1/claims/{claim}/explain?locale=tr", SALES)).json()
    fits("ExplainedClaim", whole)
    steps = whole["steps"]
    what = {one["what"] for one in steps}
    assert {"reported", "evidence", "said", "weighed", "approved", "moved", "asked"} <= what
    assert [one["told"]["after"] for one in steps if one["what"] == "moved"] == STATES
    rules = [one["told"]["ruled"][0] for one in steps if one["what"] == "weighed"]
    assert [(one["policy"], one["version"]) for one in rules] == [("evidence", 1)] * len(rules)
    assert (rules[0]["outcome"], rules[-1]["outcome"]) == ("pos_invoice", "complete")
    assert {one["by"]["role"] for one in steps if one["what"] == "approved"} == {MANAGER, OWNER}
    assert all(one["trace"] for one in steps if one["what"] == "moved")
    assert [one["state"] for one in whole["customer"]["steps"]] == STATES
    assert [
        one for one in whole["customer"]["steps"] for word in INTERNAL if word in str(one)[40:]
    ] == []
    assert (await api.get(f"/v1/claims/{claim}/explain", TENANT)).status_code == 403


async def test_a_system_tells_its_claim_again_and_it_is_the_same_one(api: Api) -> None:
    warranty = await sold(api, "CL-2")
    path = "/v1/claims/helpdesk/T-100"
    body = a_claim(warranty)
    made = await tell(api, path, body)
    again = await tell(api, path, body)
    more = await tell(api, path, {"filed_at": body["filed_at"], "zone": "UTC", "invoice": "CL-2"})
    once = await tell(api, path, body)
    other = await tell(api, path, body | {"issue": "power"})

    assert [one.status_code for one in (made, again, more, once, other)] == [
        201,
        200,
        200,
        200,
        409,
    ]
    ids = {one.json()["claim"]["id"] for one in (made, again, more, once)}
    assert len(ids) == 1
    assert other.json()["reasons"][0]["code"] == "claim_differs"
    whole = await shown(api, ids.pop())
    assert (whole["source"], whole["reference"]) == ("helpdesk", "T-100")
    assert [one["kind"] for one in whole["said"]] == ["description"]
    assert sorted(one["kind"] for one in whole["pieces"]) == ["incident", "invoice", "words"]


async def tell(api: Api, path: str, body: dict[str, Any], **headers: str) -> Any:
    async with api.client(**headers) as client:
        told = await client.put(path, json=body)
    if told.status_code < 300:
        fits("RequestState", told.json())
    return told


async def test_a_key_repeats_the_first_answer_of_a_told_claim(api: Api) -> None:
    body = a_claim(await sold(api, "CL-3"))
    keyed = {"Idempotency-Key": "k-3"}
    made = await tell(api, "/v1/claims/helpdesk/T-3", body, **keyed)
    again = await tell(api, "/v1/claims/helpdesk/T-3", body, **keyed)

    assert (made.status_code, again.status_code) == (201, 201)
    assert made.content == again.content
    assert again.headers["idempotent-replayed"] == "true"


async def test_without_a_reference_a_unit_has_one_open_claim_of_an_issue(api: Api) -> None:
    warranty = await sold(api, "CL-4")
    claim = await filed(api, warranty)
    second = await post(api, "/v1/claims", SALES, **a_claim(warranty))
    named = await post(api, "/v1/claims", SALES, **a_claim(warranty, reference="mine"))
    other = await filed(api, warranty, issue="power")

    assert second.status_code == 409
    assert claim in second.json()["detail"]
    assert named.json()["claim"]["flags"] == [f"possible_duplicate:{claim}"]
    assert other not in {claim, named.json()["claim"]["id"]}


async def test_a_unit_is_named_by_its_serial_where_it_is_one_unit_s(api: Api) -> None:
    warranty = await sold(api, "CL-5")
    body = a_claim(warranty) | {"serial": "sn-cl-5"}
    del body["warranty"]
    told = await post(api, "/v1/claims", SALES, **body)

    assert told.json()["claim"]["warranty"] == warranty


async def test_what_is_said_in_a_claim_is_for_whom_it_is_meant(api: Api) -> None:
    """A question waits for its answer; a note never leaves; another merchant sees nothing of it."""
    claim = await filed(api, await sold(api, "CL-6"))
    here = f"/v1/claims/{claim}"
    noted = await post(api, f"{here}/notes", SALES, text="The third of\nthis batch.")
    asked = await post(api, f"{here}/questions", MANAGER, text="Since when?")
    answered = await post(api, f"{here}/answers", TENANT, text="Since Monday.")

    states = [one.json()["claim"]["state"] for one in (noted, asked, answered)]
    assert states == ["submitted", "awaiting_info", "under_review"]
    staff, system = await shown(api, claim, ADMIN), await shown(api, claim, TENANT)
    told = [(one["kind"], one["text"]) for one in staff["said"]]
    assert told == [
        ("description", "It went dark."),
        ("note", "The third of\nthis batch."),
        ("question", "Since when?"),
        ("answer", "Since Monday."),
    ]
    assert [one["kind"] for one in system["said"]] == ["description", "question", "answer"]
    for path in ("", "/costs"):
        assert (await api.get(here + path, OTHER)).status_code == 404
    assert (await api.get("/v1/claims", OTHER)).json()["claims"] == []
    words = await api.database.fetch("select doc::text as doc from claim where id = $1", claim)
    assert "Monday" not in words[0]["doc"]


async def test_evidence_is_withdrawn_and_taken_back_in_and_the_claim_waits_meanwhile(
    api: Api,
) -> None:
    warranty = (await api.post(a_registration("REG-7", "SN-CL-7", product={"code": "TV-7"}))).json()
    claim = await filed(api, warranty["warranties"][0]["id"], issue="power", invoice="none of ours")
    here = f"/v1/claims/{claim}"
    assert (await shown(api, claim))["missing"] == ["pos_invoice"]
    proofs = f"/v1/warranties/{warranty['warranties'][0]['id']}/proofs"
    offered = await post(api, proofs, TENANT, invoice="R-7")
    await post(api, f"/v1/proofs/{offered.json()['proof']['id']}/accept", MANAGER, why="legible")
    await comes_to(api, claim, "submitted")

    (words,) = [one for one in (await shown(api, claim))["pieces"] if one["kind"] == "words"]
    gone = await post(api, f"{here}/evidence/{words['id']}/withdraw", MANAGER, why="not hers")
    (words,) = [one for one in (await shown(api, claim))["pieces"] if one["kind"] == "words"]
    back = await post(api, f"{here}/evidence/{words['id']}/reinstate", MANAGER, why="it is")
    none = await post(api, f"{here}/evidence/99/withdraw", MANAGER, why="x")

    assert (gone.status_code, back.status_code, none.status_code) == (201, 201, 404)
    assert (words["withdrawn_why"], words["withdrawn_by"]["role"]) == ("not hers", MANAGER)


async def test_costs_are_posted_verified_and_corrected_never_edited(api: Api) -> None:
    claim = await filed(api, await sold(api, "CL-8"))
    here = f"/v1/claims/{claim}/costs"
    cost: dict[str, Any] = {"kind": "parts", "amount": {"amount": 4_900, "currency": "EUR"}}
    made = await post(api, here, FINANCE, reference="INV-1", **cost)
    again = await post(api, here, FINANCE, reference="INV-1", **cost)
    differs = await post(
        api, here, FINANCE, reference="INV-1", **cost | {"amount": {"amount": 1, "currency": "EUR"}}
    )
    wrong: dict[str, Any] = {"kind": "parts", "amount": {"amount": -900, "currency": "EUR"}}
    fixed = await post(api, here, FINANCE, reference="INV-2", corrects="1", why="too much", **wrong)
    own = await post(api, f"{here}/1/verify", FINANCE, why="mine")
    checked = await post(api, f"{here}/1/verify", OWNER, why="seen the paper")
    none = await post(api, f"{here}/9/verify", OWNER, why="x")

    statuses = [one.status_code for one in (made, again, differs, fixed, own, checked, none)]
    assert statuses == [201, 200, 409, 201, 422, 201, 404]
    assert made.headers["location"] == here
    costs = (await api.get(here, SALES)).json()
    fits("Costs", costs)
    assert costs["sums"] == [{"amount": 4_000, "currency": "EUR"}]
    first, second = costs["postings"]
    assert (first["corrected_by"], second["corrects"]) == (["2"], "1")
    assert first["verified"][0]["by"]["role"] == OWNER
    assert (await shown(api, claim))["costs"] == costs["sums"]


async def test_an_override_lifts_what_blocks_a_claim_within_an_allowance(api: Api) -> None:
    await publish(api, "override", DOCUMENTS["override"])
    told = (await api.post(a_registration("REG-9", "SN-CL-9", product={"code": "TV-9"}))).json()
    claim = await filed(api, told["warranties"][0]["id"], issue="power")
    wish: dict[str, Any] = {"amount": {"amount": 5_000, "currency": "EUR"}}

    short = await post(api, f"/v1/claims/{claim}/override", MANAGER, why="because", **wish)
    granted = await post(
        api, f"/v1/claims/{claim}/override", MANAGER, why="a customer of twenty years", **wish
    )

    assert (short.status_code, granted.status_code) == (422, 201), granted.text
    lifted = await comes_to(api, claim, "submitted")
    assert lifted["override"]["why"] == "a customer of twenty years"
    assert "overridden:evidence_missing" in lifted["flags"]


async def test_a_claim_is_withdrawn_denied_and_closed_with_reasons(api: Api) -> None:
    gone = await filed(api, await sold(api, "CL-10"))
    withdrawn = await post(api, f"/v1/claims/{gone}/withdraw", SALES, why="it works again")
    taken = await filed(api, await sold(api, "CL-11"))
    review = await post(api, f"/v1/claims/{taken}/review", MANAGER)
    reason = {"reason": "customer_damage", "why": "the housing is broken"}
    denied = await post(api, f"/v1/claims/{taken}/deny", MANAGER, **reason)
    closed = await post(api, f"/v1/claims/{taken}/close", OWNER, why="the customer knows")

    states = [one.json()["claim"]["state"] for one in (withdrawn, review, denied, closed)]
    assert states == ["cancelled", "under_review", "denied", "resolved"]
    whole = await shown(api, taken)
    assert (whole["verdict"]["reason"], whole["history"][-1]["reason"]) == (
        "customer_damage",
        "closed",
    )


async def test_lists_are_narrowed_and_turned_page_by_page(api: Api) -> None:
    warranties = [await sold(api, f"CL-L{n}", product="LIST-1", branch="east") for n in range(5)]
    claims = sorted([await filed(api, one) for one in warranties])
    waiting = await filed(
        api,
        (await api.post(a_registration("REG-L", "SN-L", product={"code": "LIST-2"}))).json()[
            "warranties"
        ][0]["id"],
        issue="power",
        reference="L-1",
    )

    async def found(**query: Any) -> list[str]:
        ids: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            async with api.client(MANAGER) as client:
                told = await client.get("/v1/claims", params={**query, **cursor})
            assert told.status_code == 200, told.text
            fits("ClaimPage", told.json())
            ids += [one["id"] for one in told.json()["claims"]]
            if told.json()["cursor"] is None:
                return ids
            cursor = {"cursor": told.json()["cursor"]}

    assert await found(product="LIST-1", limit=2) == claims
    assert await found(branch="east", state="submitted", limit=3) == claims
    assert await found(warranty=warranties[0]) == [
        c for c in claims if (await shown(api, c))["warranty"] == warranties[0]
    ]
    assert waiting in await found(code="pos_invoice", limit=1)
    assert waiting in await found(open=True, issue="power")
    assert waiting not in await found(open=False)
    whole = await shown(api, waiting)
    assert await found(source=whole["source"], reference="L-1") == [waiting]
    by_time = await found(product="LIST-1", filed_from="2026-01-01T00:00:00Z", limit=2)
    assert sorted(by_time) == claims
    assert await found(filed_to="2026-01-01T00:00:00Z") == []
    assert (await api.get("/v1/claims?source=shop", MANAGER)).status_code == 422


async def test_what_claims_led_to_is_listed(api: Api) -> None:
    claim = await filed(api, await sold(api, "CL-12"))
    wanted: dict[str, Any] = {"resolutions": [{"kind": "repair"}], "why": "worth it"}
    assert (await post(api, f"/v1/claims/{claim}/approve", MANAGER, **wanted)).status_code == 201
    page = (await api.get(f"/v1/effects?claim={claim}&state=requested&kind=repair", SALES)).json()
    fits("EffectPage", page)
    (effect,) = page["effects"]
    stages = [
        await post(api, f"/v1/effects/{effect['id']}/outcome", TENANT, state=state)
        for state in ("received", "repaired")
    ]
    cost = {"amount": 2_500, "currency": "EUR"}
    done = await post(api, f"/v1/effects/{effect['id']}/outcome", TENANT, state="done", cost=cost)

    assert [one.json()["effect"]["stage"] for one in stages] == ["received", "repaired"]
    assert done.json()["effect"]["state"] == "done"
    whole = await shown(api, claim)
    assert (whole["state"], whole["costs"]) == ("resolved", [cost])
    read = (await api.get(f"/v1/effects/{effect['id']}", TENANT)).json()
    fits("EffectDocument", read)
    assert (await api.get(f"/v1/effects/{effect['id']}", OTHER)).status_code == 404


def test_moments_are_told_with_an_offset() -> None:
    assert now().endswith("+00:00")


async def test_the_audit_says_who_decided_what_and_why(api: Api) -> None:
    claim = await filed(api, await sold(api, "CL-13"))
    await post(api, f"/v1/claims/{claim}/notes", SALES, text="Called twice.")
    reason = {"reason": "no_defect", "why": "it works here"}
    await post(api, f"/v1/claims/{claim}/deny", MANAGER, **reason)

    await api.hub.audited()
    sql = "select action, by_role, why from audit_entry where subject = $1 order by n"
    told = [tuple(row) for row in await api.database.fetch(sql, claim)]
    assert told == [("claim:noted", SALES, ""), ("claim:denied", MANAGER, "it works here")]


TOLD = """
with event as (
  insert into status_event (tenant, id, type, subject, branch, at, seq, body)
  values ($1, 'evt_claim', 'claim.submitted.v1', $2, '', now(), 1, '{}') returning id),
sent as (
  insert into delivery (tenant, endpoint, event, subject, state, ended_at)
  select $1, $3, id, $2, 'delivered', now() from event returning seq)
insert into delivery_attempt (tenant, delivery, n, state, status, outcome)
select $1, seq, 1, 'delivered', 200, 'ok' from sent
"""


async def test_what_others_were_told_of_a_claim_is_part_of_its_story(api: Api) -> None:
    claim = await filed(api, await sold(api, "CL-14"))
    async with api.database.transaction() as queries:
        desk = Desk(queries, api.parts.admission.keyring, TENANT, COMMAND)
        endpoint, _ = await desk.add(Shape(address="https://shop.example.com/hook"))
        await queries.execute(TOLD, TENANT, claim, endpoint.id)

    steps = (await api.get(f"/v1/claims/{claim}/explain", SALES)).json()["steps"]
    (message,) = [one for one in steps if one["what"] == "message"]
    assert (message["told"]["state"], message["told"]["type"]) == (
        "delivered",
        "claim.submitted.v1",
    )
    assert [one["status"] for one in message["told"]["attempts"]] == [200]
