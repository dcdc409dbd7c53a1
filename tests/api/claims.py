"""Claims for the tests of the API: filed, decided, and what has to be there before."""

from datetime import UTC, datetime
from typing import Any

import httpx

from hub.access.permissions import Role
from hub.adapters.kafka import Outlet
from hub.ledger.submit import Submission, Submitter
from schemas.envelope import Envelope, source_of
from schemas.events.product import StockMoved
from schemas.refs import derived_id, movement_home
from tests.api.bodies import a_sale
from tests.api.conftest import PARTITIONS, TENANT, Api, eventually
from tests.api.test_openapi import fits
from tests.api.test_policies import publish

MANAGER, SALES, OWNER = Role.WARRANTY_MANAGER, Role.SALES_STAFF, Role.OWNER
FINANCE, ADMIN = Role.FINANCE_USER, Role.SYSTEM_ADMIN
LIMITS: dict[str, Any] = {
    "limits": [
        {"role": "warranty_manager", "up_to": {"amount": 20_000, "currency": "EUR"}},
        {"role": "owner", "up_to": {"amount": 500_000, "currency": "EUR"}},
    ],
    "four_eyes_above": [{"amount": 40_000, "currency": "EUR"}],
}
NEEDS: dict[str, Any] = {
    "default": {},
    "by_issue": {
        "power": {"required": ["pos_invoice"], "expires_days": 30},
        "hinge": {"required": ["description"]},
    },
}
ISSUES: dict[str, Any] = {
    "types": [
        {"code": "power", "text": {"en": "Power"}},
        {"code": "screen", "text": {"en": "Screen"}},
        {"code": "hinge", "text": {"en": "Hinge"}},
    ]
}


def now() -> str:
    return datetime.now(UTC).isoformat()


def a_claim(warranty: str, issue: str = "screen", **more: Any) -> dict[str, Any]:
    """A claim as staff file it."""
    filed = {"warranty": warranty, "issue": issue, "filed_at": now(), "zone": "Europe/Istanbul"}
    return {**filed, "incident_on": "2026-11-20", "description": "It went dark.", **more}


async def ruled(api: Api) -> None:
    """Have the policies in force by which these claims are decided."""
    for name, document in (("approval", LIMITS), ("evidence", NEEDS), ("issue_types", ISSUES)):
        told = await publish(api, name, document)
        assert told.status_code == 201, told.text


async def sold(api: Api, name: str, price: int = 10_000, **more: Any) -> str:
    """The warranty of a unit that a till has sold for so many cents."""
    sale = a_sale(name, f"SN-{name}", **more)
    sale["sale"]["lines"][0]["price"] = {"amount": price, "currency": "EUR"}
    told = await api.post(sale)
    assert told.status_code == 201, told.text
    return str(told.json()["warranties"][0]["id"])


async def post(api: Api, path: str, by: str, key: str = "", **body: Any) -> httpx.Response:
    async with api.client(by, **({"Idempotency-Key": key} if key else {})) as client:
        return await client.post(path, json=body)


async def filed(api: Api, warranty: str, by: str = SALES, **more: Any) -> str:
    """The id of a claim that was just filed."""
    told = await post(api, "/v1/claims", by, **a_claim(warranty, **more))
    assert told.status_code == 201, told.text
    fits("RequestState", told.json())
    return str(told.json()["claim"]["id"])


async def shown(api: Api, claim: str, by: str = MANAGER, **query: Any) -> Any:
    async with api.client(by) as client:
        told = await client.get(f"/v1/claims/{claim}", params=query)
    assert told.status_code == 200, told.text
    fits("ClaimDocument", told.json())
    assert told.headers["cache-control"] == "no-store"
    return told.json()


async def comes_to(api: Api, claim: str, state: str) -> Any:
    """Wait until a claim has come to a state by itself; as it stands then."""
    found: list[Any] = []

    async def has() -> bool:
        found[:] = [await shown(api, claim)]
        return bool(found[0]["state"] == state)

    await eventually(has)
    return found[0]


async def effect_of(api: Api, claim: str, state: str) -> Any:
    """Wait until the one thing that a claim led to has come to a state."""
    found: list[Any] = []

    async def has() -> bool:
        found[:] = (await shown(api, claim))["effects"]
        return [one["state"] for one in found] == [state]

    await eventually(has)
    return found[0]


async def stocked(api: Api, product: str, quantity: int = 5) -> None:
    """Have so many of a product in stock."""
    fact = StockMoved.model_validate(
        {
            "reference": f"in-{product}",
            "product": product,
            "branch": "north",
            "quantity": quantity,
            "moved_at": "2026-01-01T09:00:00Z",
        }
    )
    home = movement_home(TENANT, "erp", fact.reference)
    envelope = Envelope(
        id=f"stock-{product}",
        source=source_of(TENANT, "erp"),
        type=fact.TYPE,
        time=fact.moved_at,
        tenant=TENANT,
        partitionkey=home,
        correlationid=derived_id("req", f"stock-{product}"),
    )
    outlet = Outlet(api.hub.kafka)
    try:
        submitter = Submitter(api.database, outlet, api.hub.catalog.reads, PARTITIONS)
        body = fact.model_dump_json(exclude_none=True).encode()
        sent = await submitter.send([Submission("stock", envelope, home, body)])
        await submitter.answers(sent, within=20)
    finally:
        await outlet.stop()
