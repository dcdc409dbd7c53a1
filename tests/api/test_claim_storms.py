"""Many decide one claim at once: one decision stands, with one set of effects."""

import asyncio
from collections import Counter

import httpx
import pytest

from hub.access.keys import COMMAND
from hub.access.people import Invitation, invite
from hub.access.permissions import Role
from hub.access.post import Wording
from hub.access.sessions import begin
from tests.api.claims import a_claim, filed, shown, sold
from tests.api.conftest import TENANT, Api

pytestmark = pytest.mark.servers

MANY = 64


async def somebody(api: Api, n: int) -> str:
    """The access token of a manager of their own."""
    async with api.database.transaction() as queries:
        asked = Invitation(TENANT, f"storm-{n}@acme.example", Role.WARRANTY_MANAGER)
        person = await invite(queries, api.parts.admission.keyring, asked, COMMAND, Wording(""))
        await queries.execute("update person set state = 'active' where id = $1", person)
        begun = await begin(queries, TENANT, person, Role.WARRANTY_MANAGER)
    return await api.parts.admission.access_token(begun)


async def decide(api: Api, claim: str, token: str, n: int) -> httpx.Response:
    """A half of them approve, the others deny; whoever is not answered in time asks again."""
    approve = n % 2 == 0
    path = f"/v1/claims/{claim}/{'approve' if approve else 'deny'}"
    wanted = {"resolutions": [{"kind": "repair"}, {"kind": "write_off"}], "why": f"person {n}"}
    body = wanted if approve else {"reason": "no_defect", "why": f"person {n}"}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"decide-{n}"}
    async with httpx.AsyncClient(base_url=api.url, timeout=60) as client:
        while True:
            told = await client.post(path, json=body, headers=headers)
            if told.status_code != 202 and told.json().get("code") != "request-in-progress":
                return told


async def test_64_people_decide_one_claim_at_once_and_one_decision_stands(api: Api) -> None:
    claim = await filed(api, await sold(api, "ST-1"))
    tokens = [await somebody(api, n) for n in range(MANY)]

    told = await asyncio.gather(*(decide(api, claim, token, n) for n, token in enumerate(tokens)))

    assert Counter(one.status_code for one in told) == {201: 1, 409: MANY - 1}
    (winner,) = [n for n, one in enumerate(told) if one.status_code == 201]
    whole = await shown(api, claim)
    assert whole["verdict"]["why"] == f"person {winner}"
    decisions = [one for one in whole["history"] if one["before"] == "under_review"]
    assert len(decisions) == 1
    expected = ["repair", "write_off"] if winner % 2 == 0 else []
    assert sorted(one["kind"] for one in whole["effects"]) == expected
    assert whole["verdict"]["by"]["id"] in next(
        one.json()["detail"] for one in told if one.status_code == 409
    )
    said = "select count(*)::int from claim_effect where claim = $1"
    assert await api.database.fetchval(said, claim) == len(expected)


async def test_one_claim_filed_many_times_at_once_is_one(api: Api) -> None:
    warranty = await sold(api, "ST-2")
    body = a_claim(warranty)

    async def tell(n: int) -> httpx.Response:
        keyed = {"Idempotency-Key": f"file-{n}"}
        async with api.client(TENANT, **keyed) as client:
            while True:
                told = await client.put("/v1/claims/helpdesk/ST-2", json=body)
                if told.status_code != 202 and told.json().get("code") != "request-in-progress":
                    return told

    told = await asyncio.gather(*(tell(n) for n in range(32)))

    assert Counter(one.status_code for one in told) == {201: 1, 200: 31}
    assert len({one.json()["claim"]["id"] for one in told}) == 1
    whole = await shown(api, told[0].json()["claim"]["id"])
    assert len(whole["pieces"]) == 2
