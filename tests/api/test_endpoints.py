"""Endpoints by the API: added once, changed as seen, tested, given secrets, watched, replayed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from hub.access.keyring import Keyring
from hub.delivery.chores import Chores
from hub.delivery.dispatcher import Dispatcher
from hub.delivery.egress import Egress, Rules
from hub.delivery.http import HttpDestination
from hub.telemetry.metrics import Metrics
from tests.api.conftest import OTHER as OTHERS
from tests.api.conftest import TENANT as OURS
from tests.api.conftest import Api, eventually
from tests.api.test_openapi import fits
from tests.delivery.receiver import Got, Receiver, answer, listening

pytestmark = pytest.mark.servers
URL = "https://shop.example.com/hook"
TENANT, OTHER = f"{OURS}/admin", f"{OTHERS}/admin"
"""Who looks after endpoints at both merchants."""


@pytest.fixture
async def delivering(api: Api) -> AsyncIterator[None]:
    """A process that delivers, to loopback too."""
    kinds = {"http": HttpDestination(Egress(Rules.read("127.0.0.0/8")))}
    dispatcher = Dispatcher(api.database, Keyring(b"k" * 32), kinds, Metrics(), 0.001)
    chores = Chores(api.database, Metrics())
    tasks = [asyncio.create_task(one) for one in (dispatcher.run(), chores.run())]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await kinds["http"].aclose()


async def add(api: Api, tenant: str = TENANT, key: str = "", **more: Any) -> Any:
    """Add an endpoint."""
    headers = {"Idempotency-Key": key} if key else {}
    async with api.client(tenant) as client:
        return await client.post("/v1/endpoints", json={"address": URL} | more, headers=headers)


async def call(api: Api, method: str, path: str, tenant: str = TENANT, **more: Any) -> Any:
    """Ask for something."""
    async with api.client(tenant) as client:
        return await client.request(method, path, **more)


async def test_an_endpoint_is_added_once_and_its_secret_is_shown_once(api: Api) -> None:
    first = await add(api, key="ep 1", types=["warranty.ended.v1"])
    again = await add(api, key="ep 1", types=["warranty.ended.v1"])
    other = await add(api, key="ep 1", types=[])

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.json() == first.json()
    assert other.json()["code"] == "idempotency-key-reused"
    fits("AddedEndpoint", first.json())
    place = first.headers["location"]
    assert (await api.get(place, TENANT)).json() == first.json()["endpoint"]
    live = (await api.get(f"{place}/secrets", TENANT)).json()
    fits("LiveSecrets", live)
    assert live["secrets"][0]["public"] == first.json()["secret"]["public"]
    assert "whsec" not in str(live)
    entries = await api.database.fetch(
        "select action, by_role from audit_entry where subject = $1", place.rsplit("/", 1)[-1]
    )
    assert [row["action"] for row in entries] == ["endpoint:added"]


@pytest.mark.parametrize(
    "address",
    ["https://user:pass@example.com/", "https://example.com/#x", "https://exa\\mple.com/x"],
)
async def test_an_address_that_cannot_be_used_is_refused_with_what_to_do(
    api: Api, address: str
) -> None:
    refused = await add(api, address=address)

    assert (refused.status_code, refused.json()["code"]) == (422, "rejected")
    assert "cannot be used" in refused.json()["detail"]


async def test_mails_to_customers_are_an_endpoint_without_a_secret(api: Api) -> None:
    own: dict[str, Any] = {"kind": "mail", "address": "service@shop.example"}
    own |= {"locale": "de", "suppliers": ["bolt"]}
    added = await add(api, key="mail 1", **own)
    again = await add(api, key="mail 1", **own)
    place, shown = added.headers["location"], added.json()["endpoint"]

    assert (added.status_code, added.json()["secret"]) == (201, None)
    assert again.json() == added.json()
    fits("AddedEndpoint", added.json())
    assert (shown["kind"], shown["ordering"], shown["locale"]) == ("mail", "per_subject", "de")
    assert "claim.denied.v1" in shown["types"]
    assert shown["suppliers"] == ["bolt"]
    star = {"If-Match": "*"}
    fewer = {"types": ["claim.denied.v1"], "suppliers": []}
    changed = await call(api, "PATCH", place, json=fewer, headers=star)
    assert (changed.json()["types"], changed.json()["suppliers"]) == (["claim.denied.v1"], [])
    for method, path, body in (
        ("POST", "/v1/endpoints", {"kind": "mail", "address": URL}),
        ("POST", "/v1/endpoints", own | {"types": ["write_off.recorded.v1"]}),
        ("POST", "/v1/endpoints", own | {"kind": "http"}),
        ("PATCH", place, {"address": "a@b.example, c@d.example"}),
        ("PATCH", place, {"types": ["warranty.refused.v1"]}),
        ("POST", f"{place}/secrets", {}),
    ):
        refused = await call(api, method, path, json=body, headers=star)
        assert refused.status_code in {400, 422}, (path, refused.text)


async def test_it_is_changed_only_as_it_was_seen(api: Api) -> None:
    added = await add(api)
    place, tag = added.headers["location"], added.headers["etag"]

    changed = await call(api, "PATCH", place, json={"rate": 5.0}, headers={"If-Match": tag})
    late = await call(api, "PATCH", place, json={"rate": 6.0}, headers={"If-Match": tag})
    blind = await call(api, "PATCH", place, json={"rate": 6.0})

    assert (changed.status_code, late.status_code, blind.status_code) == (200, 412, 428)
    assert (changed.json()["rate"], changed.json()["address"]) == (5.0, URL)
    assert changed.headers["etag"] != tag
    fits("Endpoint", changed.json())

    newest = {"If-Match": changed.headers["etag"]}
    gone = await call(api, "DELETE", place, headers=newest)
    assert (gone.status_code, gone.json()) == (200, {"given_up": 0})
    assert (await api.get(place, TENANT)).status_code == 404


async def test_another_tenant_sees_and_touches_nothing(api: Api) -> None:
    place = (await add(api)).headers["location"]
    star = {"If-Match": "*"}
    for method, path, body in (
        ("GET", place, None),
        ("GET", f"{place}/secrets", None),
        ("PATCH", place, {"rate": 1.0}),
        ("DELETE", place, None),
        ("POST", f"{place}/test", None),
        ("POST", f"{place}/secrets", {}),
    ):
        refused = await call(api, method, path, OTHER, json=body, headers=star)
        assert refused.status_code == 404, (method, path)
    assert place[-23:] not in (await api.get("/v1/endpoints?limit=200", OTHER)).text
    assert (await api.get(place, TENANT)).json()["rate"] == 50.0


async def test_an_operator_reads_for_any_tenant_and_changes_nothing(api: Api) -> None:
    place = (await add(api)).headers["location"]

    read = await api.get(f"{place}?tenant={OURS}", "hub")
    headers = {"If-Match": "*"}
    changed = await call(api, "PATCH", f"{place}?tenant={OURS}", "hub", json={}, headers=headers)
    assert (read.status_code, changed.status_code) == (200, 403)


async def settled(api: Api, number: int) -> Any:
    """The delivery, once it is delivered or dead."""

    async def holds() -> bool:
        found = (await api.get(f"/v1/deliveries/{number}", TENANT)).json()
        return found["delivery"]["state"] in {"delivered", "dead"}

    await eventually(holds)
    return (await api.get(f"/v1/deliveries/{number}", TENANT)).json()


async def test_a_test_goes_the_whole_way_and_both_secrets_of_a_rotation_sign(
    api: Api, delivering: None
) -> None:
    async with listening() as receiver:
        added = (await add(api, address=receiver.url, payload="full")).json()
        place = f"/v1/endpoints/{added['endpoint']['id']}"
        rotated = await call(api, "POST", f"{place}/secrets", json={})
        sent = await call(api, "POST", f"{place}/test")
        found = await settled(api, sent.json()["delivery"])

    assert (rotated.status_code, sent.status_code) == (201, 202)
    fits("DeliveryWithAttempts", found)
    assert [(one["n"], one["state"], one["status"]) for one in found["attempts"]] == [
        (1, "delivered", 200)
    ]
    got = receiver.got[0]
    for secret in (added["secret"]["secret"], rotated.json()["secret"]):
        Webhook(secret).verify(got.body, got.headers)
    assert got.event == found["body"]
    listed = (await api.get(f"/v1/deliveries?endpoint={added['endpoint']['id']}", TENANT)).json()
    fits("DeliveryPage", listed)
    assert [one["state"] for one in listed["deliveries"]] == ["delivered"]


async def dead_letters(api: Api, receiver: Receiver, count: int) -> str:
    """An endpoint whose receiver refused so many."""
    endpoint: str = (await add(api, address=receiver.url, rate=1_000.0)).json()["endpoint"]["id"]
    for _ in range(count):
        await call(api, "POST", f"/v1/endpoints/{endpoint}/test")

    async def all_dead() -> bool:
        path = f"/v1/deliveries?endpoint={endpoint}&state=dead&limit=200"
        return len((await api.get(path, TENANT)).json()["deliveries"]) == count

    await eventually(all_dead)
    return endpoint


async def test_what_is_dead_is_counted_then_replayed_under_the_same_ids(
    api: Api, delivering: None
) -> None:
    refusing = True

    async def answering(_got: Got, _number: int) -> bytes:
        return answer(400 if refusing else 200)

    async with listening(answering) as receiver:
        endpoint = await dead_letters(api, receiver, 5)
        refused, refusing = receiver.ids, False
        where = {"where": {"endpoint": endpoint}}
        tried = await call(api, "POST", "/v1/deliveries/replays/rehearsal", json=where)
        begun = await call(
            api, "POST", "/v1/deliveries/replays", json=where | {"reason": "it was wrong"}
        )

        async def drained() -> bool:
            return sorted(receiver.ids[5:]) == sorted(refused)

        await eventually(drained)
        number = begun.json()["id"]
        done = (await api.get(f"/v1/deliveries/replays/{number}", TENANT)).json()

    fits("DeliveryReplayCount", tried.json())
    fits("DeliveryReplay", begun.json())
    assert (tried.json()["count"], begun.json()["found"], done["marked"]) == (5, 5, 5)
    assert done["state"] == "marked"
    fits("DeliveryReplayPage", (await api.get("/v1/deliveries/replays", TENANT)).json())
    audited = await api.database.fetch(
        "select why from audit_entry where action = 'delivery:replayed' and subject = $1",
        f"replay_{number}",
    )
    assert [row["why"] for row in audited] == ["it was wrong"]


async def test_another_tenant_replays_nothing_of_ours(api: Api, delivering: None) -> None:
    async def refusing(_got: Got, _number: int) -> bytes:
        return answer(400)

    async with listening(refusing) as receiver:
        endpoint = await dead_letters(api, receiver, 1)
        where = {"where": {"endpoint": endpoint}, "reason": "mine now"}
        begun = await call(api, "POST", "/v1/deliveries/replays", OTHER, json=where)

    assert begun.json()["found"] == 0
    seen = await call(api, "GET", f"/v1/deliveries/replays/{begun.json()['id']}")
    assert seen.status_code == 404


async def test_a_rotation_that_says_what_it_saw_is_not_done_twice(api: Api) -> None:
    added = (await add(api)).json()["endpoint"]
    place, seen = f"/v1/endpoints/{added['id']}/secrets", {"If-Match": f'"{added["version"]}"'}

    first = await call(api, "POST", place, json={}, headers=seen)
    again = await call(api, "POST", place, json={}, headers=seen)

    assert (first.status_code, again.status_code) == (201, 412)
    assert len((await api.get(place, TENANT)).json()["secrets"]) == 2


async def test_a_replay_asked_again_by_its_key_is_the_same(api: Api) -> None:
    wish: dict[str, Any] = {"where": {"states": ["delivered"]}, "reason": "they lost it"}
    path, key = "/v1/deliveries/replays", {"Idempotency-Key": "again 1"}

    first = await call(api, "POST", path, json=wish, headers=key)
    same = await call(api, "POST", path, json=wish, headers=key)
    differs = await call(api, "POST", path, json=wish | {"reason": "why not"}, headers=key)
    unnamed = await call(api, "POST", path, json=wish)
    theirs = await call(api, "POST", path, OTHER, json=wish, headers=key)

    assert (first.status_code, same.status_code, differs.status_code) == (201, 201, 422)
    assert differs.json()["type"].endswith("key-reused")
    assert same.json()["id"] == first.json()["id"]
    assert len({one.json()["id"] for one in (first, unnamed, theirs)}) == 3
