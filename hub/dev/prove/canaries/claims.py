"""Made-up people in claims: in what happened, what was asked, answered and noted, and where nobody is meant."""

import json
from typing import Any

import httpx

from hub.dev.crash.installation import ZONE
from hub.dev.prove.canaries.doors import NOON, Ear
from hub.dev.prove.canaries.people import ALL, EMAILS, NAMES, PHONES, contact, whole

WORDS = "\n".join(ALL)
Headers = dict[str, str]


def a_claim(n: int, **more: Any) -> dict[str, Any]:
    """Trouble with what the nth of them bought."""
    filed = {"serial": f"SN-A-{n}", "issue": "power", "filed_at": NOON, "zone": ZONE}
    return {**filed, "description": WORDS, **more}


def bad_claims() -> list[Any]:
    """Somebody where nobody is meant."""
    return [
        a_claim(0, issue=NAMES[0]),
        a_claim(1, zone=EMAILS[0]),
        a_claim(2, incident_on=PHONES[0]),
        a_claim(3, description=[WORDS]),
        a_claim(4, **whole()),
        a_claim(0, photos=list(ALL)),
        a_claim(0) | {"serial": EMAILS[1]},
        a_claim(0, customer={"email": NAMES[1]}),
        WORDS,
    ]


async def tell(http: httpx.AsyncClient, ear: Ear, api: str, key: Headers) -> None:
    """What a system tells of claims, well and badly; whoever reads a claim is meant to read its words."""
    for n in range(5):
        known = {"customer": contact(n)} if n % 2 else {}
        for good in (a_claim(n, **known), a_claim(n, invoice=f"A-{n}")):
            where = f"{api}/v1/claims/canary/C-{n}"
            await ear.sent(http, "PUT", where, key, json.dumps(good, ensure_ascii=False))
    for bad in bad_claims():
        told = json.dumps(bad, ensure_ascii=False)
        await ear.sent(http, "POST", f"{api}/v1/claims", key, told)
    for claim in await claims(http, api, key):
        for path, said in (
            ("evidence", {"description": WORDS, "invoice": "A-1"}),
            ("answers", {"text": WORDS}),
            ("answers", {"text": 7, EMAILS[0]: NAMES[0]}),
            ("costs", {"reference": "c", "kind": NAMES[0], "amount": PHONES[0]}),
        ):
            body = json.dumps(said, ensure_ascii=False)
            await ear.sent(http, "POST", f"{api}/v1/claims/{claim}/{path}", key, body)


async def decide(http: httpx.AsyncClient, ear: Ear, api: str, staff: Headers) -> None:
    """What staff say about them, and why."""
    because = f"{EMAILS[0]} called from {PHONES[0]}"
    for claim in await claims(http, api, staff):
        for path, said in (
            ("notes", {"text": WORDS}),
            ("questions", {"text": WORDS}),
            ("evidence/1/withdraw", {"why": because}),
            ("deny", {"reason": NAMES[0], "why": because}),
            ("deny", {"reason": "other", "why": because}),
            ("close", {"why": because}),
        ):
            body = json.dumps(said, ensure_ascii=False)
            await ear.sent(http, "POST", f"{api}/v1/claims/{claim}/{path}", staff, body)
        await ear.sent(http, "GET", f"{api}/v1/claims/{claim}/explain?locale={NAMES[0]}", staff)


async def claims(http: httpx.AsyncClient, api: str, headers: Headers) -> list[str]:
    """Those there are."""
    answer = await http.get(f"{api}/v1/claims", headers=headers)
    return [one["id"] for one in answer.raise_for_status().json()["claims"]]
