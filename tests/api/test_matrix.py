"""Every route, called as every role at its own and at another merchant, answers what the matrix says.

The calls are made from the API's own description, so a new route is called too.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from hub.access.keyring import Keyring
from hub.access.keys import COMMAND, issue
from hub.access.people import Invitation, invite
from hub.access.permissions import MATRIX, PERSONS, Permission, Role
from hub.access.post import Wording
from hub.api.describing import permission_of
from hub.delivery.endpoints import Desk, Shape
from tests.api.bodies import a_sale
from tests.api.conftest import OTHER, TENANT, Api, eventually
from tests.api.test_openapi import document, operations, routes
from tests.media.files import a_photo
from tests.unit.documents import DOCUMENTS

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

KEYRING = Keyring(b"k" * 32)
SYSTEM_ROLES = (Role.INTEGRATION, Role.SYSTEM_ADMIN, Role.SUPPLIER)
WAY = '{"path": "/v1/x", "principal": null, "hash": "0", "size": 1, "suppressed": 0}'
"""A line of a trail, as a refusal leaves one."""


EVENT = """
insert into status_event (tenant, id, type, subject, branch, at, seq, body)
values ($1, 'evt_' || $2::bigint, 'x', 'x', '', now(), 1, '{}')
"""
DELIVERY = """
insert into delivery (seq, tenant, endpoint, event, subject, state, ended_at) overriding system value
values ($3::bigint, $1, $2, 'evt_' || $3::bigint, 'x', 'dead', now())
"""
FAR = "select setval(pg_get_serial_sequence('redrive', 'id'), 500000)"
NEXT = "select setval(pg_get_serial_sequence('delivery', 'seq'), 1000000)"
"""What is made by itself has none of the numbers given here."""
REPLAY = """
insert into delivery_replay (id, tenant, chosen, why, by, upto) overriding system value
values ($2::bigint, $1, '{}', 'matrix', 'x/y', 0)
"""
PLACE = """
insert into delivery_replay_place (replay, endpoint, tenant, found, state) values ($3, $2, $1, 0, 'marked')
"""

TRANSLATED = """
insert into replay (n, tenant, connector, topic, since, dry_run, why, by, state) overriding system value
values ($2::bigint, $1, 'pos', 'raw.pos.v1', now(), true, 'matrix', 'x/y', 'done')
"""
SAMPLE = """
insert into audit_sample (id, tenant, month, size, seed, population, by)
values ($2, $1, '2025-01-01', 1, 'matrix', 1, 'x/y')
"""
SAMPLED = "insert into audit_sampled (sample, place, tenant, kind, record) values ($2, 1, $1, 'warranty_activated', $3)"
ERASURE = "insert into privacy_request (id, tenant, kind, by_kind, by_id) values ($2, $1, 'export', 'x', 'y')"
CENT = {"amount": 1, "currency": "EUR"}
POLICY, PRODUCT = "coverage", "MX-1"
"""Their names are the same everywhere: whoever asks for one is shown their own."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls, and whose things the matrix says they may see."""

    tenant: str
    kind: str
    role: Role
    token: str

    def __str__(self) -> str:
        """Without the token."""
        return f"{self.role} ({self.kind}) of {self.tenant}"


@dataclass(frozen=True, slots=True)
class Theirs:
    """What exists at one merchant."""

    tenant: str
    parts: dict[str, str]
    """The values of a path, by name."""
    marks: tuple[str, ...]
    """What stands nowhere but in this merchant's things."""

    def filled(self, path: str) -> str:
        """The path of one of these things."""
        return path.replace("/versions/{number}", "/versions/1").format(**self.parts)

    def is_foreign(self, caller: Caller, path: str) -> bool:
        """Whether the path names what is this merchant's and not the caller's."""
        shared = any(f"{{{name}}}" in path for name in ("name", "code", "source"))
        return caller.tenant != self.tenant and "{" in path and not shared


@pytest.fixture(scope="module")
async def callers(api: Api) -> list[Caller]:
    """A person for each role at both merchants, and a key for each role that a system may have."""
    found = [Caller("hub", "key", Role.OPERATOR, api.tokens["hub"])]
    for tenant in (TENANT, OTHER):
        for role in SYSTEM_ROLES:
            token = await issue(api.database, tenant, f"m-{role.replace('_', '-')}", role=role)
            found.append(Caller(tenant, "key", role, token))
        people = {role: await api.person(tenant, role) for role in PERSONS}
        found += [Caller(tenant, "person", role, token) for role, token in people.items()]
    return found


@pytest.fixture(scope="module")
async def merchants(api: Api, callers: list[Caller]) -> AsyncIterator[list[Theirs]]:
    """Things of both merchants, one of each kind that a path can name."""
    api.hub.broken.add("Matrix")
    await api.database.execute(FAR)
    yield [await _theirs(api, tenant) for tenant in (TENANT, OTHER)]
    api.hub.broken.discard("Matrix")
    await api.database.execute("delete from item where reason like '%Matrix%'")


async def _theirs(api: Api, tenant: str) -> Theirs:
    order = f"MX-{tenant}"
    contact = {"name": "Ada L", "email": f"mx@{tenant}.example"}
    sold = await api.post(a_sale(order, order, customer=contact), key=order, tenant=tenant)
    await api.post(a_sale(f"{order}-bad", f"{order}-bad", branch="Matrix"), tenant=tenant)
    where = "tenant = $1 and code <> '' order by received_at desc limit 1"

    async def has_item() -> bool:
        return bool(await api.database.fetchval(f"select 1 from item where {where}", tenant))  # noqa: S608 - a text of ours

    await eventually(has_item)
    item = await api.database.fetchrow(f"select * from item where {where}", tenant)  # noqa: S608 - a text of ours
    redrive = await api.database.fetchval(
        "insert into redrive (tenant, wanted, chosen, rate, why, by, ready_at, ended_at) "
        "values ($1, 'redrive', '{}', 1, 'matrix', 'x/y', now(), now()) returning id",
        tenant,
    )
    await api.database.execute(
        "insert into trail (log, n, line, tenant, at, stage, status, correlation, source, doc) "
        "values ('door', $2, 0, $1, now(), 'refused', '422', $3, 'api', $4)",
        *(tenant, redrive, f"way-{order}", WAY),
    )
    endpoint = await _endpoint(api, tenant, redrive)
    key = await issue(api.database, tenant, f"victim-{tenant}")
    async with api.database.transaction() as queries:
        asked = Invitation(tenant, f"victim@{tenant}.example", Role.SALES_STAFF)
        person = await invite(queries, KEYRING, asked, COMMAND, Wording(""))
    warranty = sold.json()["warranties"][0]["id"]
    customer = await api.database.fetchval("select customer from unit where id = $1", warranty)
    parts = {
        "warranty": warranty,
        "customer": customer,
        "request": sold.json()["id"],
        "text": f"way-{order}",
        "topic": item["topic"],
        "partition": str(item["part"]),
        "offset": str(item["offset"]),
        "number": str(redrive),
        "endpoint": endpoint,
        "proposal": await _laid_down(api, tenant, warranty),
        **await _shown(api, tenant, warranty),
        **await _claimed(api, tenant, warranty),
        **await _looked_at(api, tenant, redrive, warranty),
        "name": POLICY,
        "code": PRODUCT,
        "person": person,
        "key": key.split("_")[2],
    }
    marks = (
        f"way-{order}",
        warranty,
        customer,
        sold.json()["id"],
        endpoint,
        person,
        f"victim@{tenant}.example",
        parts["key"],
        parts["claim"],
        parts["effect"],
    )
    return Theirs(tenant, parts, marks)


async def _looked_at(api: Api, tenant: str, number: int, warranty: str) -> dict[str, str]:
    """A sample, a wish about somebody's data and a replay of this number, by their names in a path."""
    sample, wish = f"smp_matrix-{tenant}", f"per_{tenant.encode().hex():0>32}"
    async with api.database.transaction() as queries:
        await queries.execute(SAMPLE, tenant, sample)
        await queries.execute(SAMPLED, tenant, sample, warranty)
        await queries.execute(ERASURE, tenant, wish)
        await queries.execute(TRANSLATED, tenant, number)
    return {"sample": sample, "place": "1", "request_id": wish}


async def _laid_down(api: Api, tenant: str, warranty: str) -> str:
    """A policy that is published, a product and a category, and what somebody proposes about a warranty."""
    policy: Any = {"document": DOCUMENTS[POLICY], "why": "matrix"}
    change = {"change": "end", "why": "matrix"}
    async with httpx.AsyncClient(base_url=api.url, timeout=30) as client:
        for role, method, path, body in (
            (Role.OWNER, "POST", f"/v1/policies/{POLICY}", policy),
            (Role.OWNER, "PUT", f"/v1/products/{PRODUCT}", {"name": "Drill"}),
            (Role.OWNER, "PUT", f"/v1/categories/{PRODUCT}", {}),
            (Role.SALES_STAFF, "POST", f"/v1/warranties/{warranty}/status", change),
        ):
            headers = {"Authorization": f"Bearer {await api.person(tenant, role)}"}
            told = await client.request(method, path, json=body, headers=headers)
            assert told.status_code == 201, told.text
    return str(told.json()["proposal"]["id"])


async def _shown(api: Api, tenant: str, warranty: str) -> dict[str, str]:
    """A file about a warranty, and the proof of purchase that it is."""
    async with httpx.AsyncClient(base_url=api.url, timeout=30) as client:
        client.headers["Authorization"] = f"Bearer {await api.person(tenant, Role.SALES_STAFF)}"
        kind = {"Content-Type": "image/jpeg"}
        here = f"/v1/warranties/{warranty}"
        sent = await client.post(f"{here}/media", content=a_photo(64, 64), headers=kind)
        assert sent.status_code == 201, sent.text
        media = sent.json()["id"]
        told = await client.post(f"{here}/proofs", json={"media": media})
        assert told.status_code == 201, told.text
    return {"media": media, "proof": told.json()["proof"]["id"]}


async def _claimed(api: Api, tenant: str, warranty: str) -> dict[str, str]:
    """A claim that was approved, with a piece of evidence, a posting and what it led to."""
    filed = {"warranty": warranty, "issue": "power", "filed_at": "2026-06-01T10:00:00Z"}
    wanted = {"resolutions": [{"kind": "write_off", "amount": CENT}], "why": "matrix"}
    async with httpx.AsyncClient(base_url=api.url, timeout=30) as client:
        told = await _posted(
            api,
            client,
            (tenant, Role.SALES_STAFF, "/v1/claims"),
            {**filed, "zone": "UTC", "invoice": "M-1"},
        )
        claim = told["claim"]["id"]
        here = f"/v1/claims/{claim}"
        await _posted(api, client, (tenant, Role.OWNER, f"{here}/approve"), wanted)
        cost = {"reference": "matrix", "kind": "other", "amount": CENT}
        await _posted(api, client, (tenant, Role.FINANCE_USER, f"{here}/costs"), cost)
        client.headers["Authorization"] = f"Bearer {await api.person(tenant, Role.OWNER)}"
        (effect,) = (await client.get("/v1/effects", params={"claim": claim})).json()["effects"]
    named = {"source": "matrix", "external_id": "MX-1", "piece": "1", "posting": "1"}
    return {"claim": claim, "effect": effect["id"], **named}


async def _posted(
    api: Api, client: httpx.AsyncClient, to: tuple[str, Role, str], body: Any
) -> dict[str, Any]:
    tenant, role, path = to
    shown = {"Authorization": f"Bearer {await api.person(tenant, role)}"}
    told = await client.post(path, json=body, headers=shown)
    assert told.status_code == 201, told.text
    return dict(told.json())


async def _endpoint(api: Api, tenant: str, number: int) -> str:
    """An endpoint with a delivery and a replay of this number; nobody delivers here."""
    async with api.database.transaction() as queries:
        desk = Desk(queries, KEYRING, tenant, COMMAND)
        endpoint, _ = await desk.add(Shape(address="https://shop.example.com/hook"))
        values = tenant, endpoint.id, number
        await queries.execute(EVENT, tenant, number)
        await queries.execute(DELIVERY, *values)
        await queries.execute(NEXT)
        await queries.execute(REPLAY, tenant, number)
        await queries.execute(PLACE, *values)
    return endpoint.id


def calls() -> Iterator[tuple[str, str, Permission, Any]]:
    """Method, path, permission and an example body of each route that asks who calls."""
    for name, operation in operations():
        method, path = name.split(" ", 1)
        if "x-permission" in operation:
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            example = body.get("example") or next(
                (one["value"] for one in body.get("examples", {}).values()), None
            )
            yield method, path, Permission(operation["x-permission"]), example


def test_the_routes_name_what_the_matrix_knows() -> None:
    asked = {permission for *_, permission, _ in calls()}

    assert asked == set(Permission)
    assert {permission_of(route) for route in routes()} - {None} == asked
    assert set(MATRIX) == set(Role)


def test_whoever_has_no_role_in_the_matrix_may_nothing() -> None:
    with pytest.raises(ValueError, match="king"):
        Role("king")
    assert not any(Role.CUSTOMER.may(one) for one in Permission if one.endswith(":manage"))


async def test_every_route_as_every_role_at_both_merchants_is_as_the_matrix_says(
    api: Api, callers: list[Caller], merchants: list[Theirs]
) -> None:
    differences: list[str] = []
    leaks: list[str] = []
    made = 0
    async with httpx.AsyncClient(base_url=api.url, timeout=30) as client:
        for method, path, permission, example in calls():
            # An operator asks for more here than anybody may in a minute.
            await api.database.execute("delete from limit_rate")
            for caller in callers:
                for theirs in merchants:
                    answer = await _call(client, caller, theirs, (method, path), example)
                    made += 1
                    said = f"{method} {path} as {caller} at {theirs.tenant}: {answer.status_code}"
                    if not _is_as_said(caller, theirs, path, permission, answer.status_code):
                        differences.append(said)
                    if _leaks(caller, theirs, path, answer.text):
                        leaks.append(said)
    print(f"{made} calls, {len(differences)} differences, {len(leaks)} leaks")  # noqa: T201 - the figures

    assert made == len(list(calls())) * len(callers) * len(merchants)
    assert (differences, leaks) == ([], [])


async def _call(
    client: httpx.AsyncClient, caller: Caller, theirs: Theirs, asked: tuple[str, str], body: Any
) -> httpx.Response:
    """At another merchant with a body that is good, at one's own with one that changes nothing."""
    method, path = asked
    headers = {"Authorization": f"Bearer {caller.token}", "If-Match": '"999999"'}
    if path == "/v1/auth/logout" and caller.kind == "person":
        # Whoever calls is needed for the next call.
        headers["Authorization"] += "x"
    given = body if theirs.is_foreign(caller, path) else {"nothing": "of use"}
    sent = given if method in ("POST", "PUT", "PATCH") else None
    return await client.request(method, theirs.filled(path), headers=headers, json=sent)


def _is_as_said(
    caller: Caller, theirs: Theirs, path: str, permission: Permission, status: int
) -> bool:
    """Refused for want of a permission, or else answered; and what is another's is not there."""
    if path == "/v1/auth/logout":
        return status == (401 if caller.kind == "person" else 403)
    may = permission in MATRIX[caller.role]
    if not may:
        return status == 403
    if theirs.is_foreign(caller, path):
        return status == 404
    return status not in (401, 403, 404) and status < 500


def _leaks(caller: Caller, theirs: Theirs, path: str, text: str) -> bool:
    """Whether an answer tells of another merchant more than its caller said in the path."""
    told = [mark for mark in theirs.marks if mark not in theirs.filled(path)]
    return caller.tenant != theirs.tenant and any(mark in text for mark in told)


async def test_whoever_shows_nothing_of_ours_is_told_nothing(
    api: Api, merchants: list[Theirs]
) -> None:
    async with httpx.AsyncClient(base_url=api.url, timeout=30) as client:
        for method, path, _, _ in calls():
            for theirs in merchants:
                for shown in (
                    {},
                    {"Authorization": "Bearer nothing"},
                    {"Authorization": "Basic eDp5"},
                ):
                    answer = await client.request(method, theirs.filled(path), headers=shown)
                    assert answer.status_code == 401, f"{method} {path}"
                    assert not any(mark in answer.text for mark in theirs.marks)


def test_every_route_that_asks_nobody_is_a_way_to_sign_in() -> None:
    public = {name for name, one in operations() if "x-permission" not in one}

    assert public == {f"POST /v1/auth/{one}" for one in ("login", "refresh", "forgot", "reset")}
    assert document()["security"] == [{"key": []}]
