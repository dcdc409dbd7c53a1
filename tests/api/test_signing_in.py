"""Signing in over HTTP: the whole story of a person, and what each misuse is answered."""

import asyncio
import time

import httpx
import msgspec
import pytest

from hub.access.keyring import Keyring
from hub.access.keys import COMMAND, issue, revoke
from hub.access.limits import LOAD, SYSTEM, Limit, set_limits
from hub.access.people import Invitation, deactivate, everybody, invite
from hub.access.permissions import Role
from hub.access.post import Letter, Wording
from hub.adapters.postgres import Database
from tests.api.conftest import OTHER, TENANT, Api, Hub
from tests.api.test_openapi import fits

pytestmark = pytest.mark.servers

PASSWORD = "a sentence nobody guesses"  # noqa: S105 - an example
KEYRING = Keyring(b"k" * 32)


async def mailed(database: Database) -> str:
    """The token of the mail that is on its way; it is sent then."""
    row = await database.fetchrow("select tenant, sealed from mail order by n desc limit 1")
    await database.execute("delete from mail")
    letter = msgspec.json.decode(KEYRING.open(row["tenant"], row["sealed"]), type=Letter)
    return letter.text.partition("#")[2].split()[0]


async def an_owner(api: Api, email: str, role: Role = Role.OWNER) -> str:
    async with api.database.transaction() as queries:
        asked = Invitation(TENANT, email, role)
        return await invite(queries, KEYRING, asked, COMMAND, Wording(""))


def anybody(api: Api) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=api.url, timeout=30)


async def test_people_are_listed_page_by_page_each_once(idle: Hub) -> None:
    async with idle.api() as api, anybody(api) as client:
        # In one transaction, so that all came at the same moment.
        async with api.database.transaction() as queries:
            for n in range(5):
                asked = Invitation(TENANT, f"p{n}@example.org", Role.SALES_STAFF)
                await invite(queries, KEYRING, asked, COMMAND, Wording(""))
        shown = {"Authorization": f"Bearer {await api.person(TENANT, Role.OWNER)}"}
        whole = (await client.get("/v1/people", headers=shown)).json()
        pages = [(await client.get("/v1/people?limit=2", headers=shown)).json()]
        while pages[-1]["cursor"]:
            asked_next = f"/v1/people?limit=2&cursor={pages[-1]['cursor']}"
            pages.append((await client.get(asked_next, headers=shown)).json())
        wrong = await client.get("/v1/people?cursor=usr_1", headers=shown)
        everyone = await everybody(api.database, KEYRING, TENANT)

    seen = [one["id"] for page in pages for one in page["people"]]
    assert seen == [one["id"] for one in whole["people"]] == [one.id for one in everyone]
    assert len(set(seen)) == len(seen) >= 6
    assert whole["cursor"] is None
    assert all(len(page["people"]) == 2 for page in pages[:-1])
    assert wrong.status_code == 422
    fits("People", pages[0])


async def test_the_whole_story_of_a_person(idle: Hub) -> None:
    async with idle.api() as api, anybody(api) as client:
        person = await an_owner(api, "ada@example.org")
        chosen = await client.post(
            "/v1/auth/reset", json={"token": await mailed(api.database), "password": PASSWORD}
        )
        said = {"tenant": TENANT, "email": "ada@example.org", "password": PASSWORD}
        signed_in = await client.post("/v1/auth/login", json=said)
        shown = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        me = await client.get("/v1/me", headers=shown)
        invited = await client.post(
            "/v1/people", json={"email": "bob@example.org", "role": "sales_staff"}, headers=shown
        )
        changed = await client.put(
            f"/v1/people/{invited.json()['id']}/role", json={"role": "finance_user"}, headers=shown
        )
        listed = await client.get("/v1/people", headers=shown)
        renewed = await client.post(
            "/v1/auth/refresh", json={"refresh_token": signed_in.json()["refresh_token"]}
        )
        left = await client.post("/v1/auth/logout", headers=shown)
        after = await client.get("/v1/me", headers=shown)
        never = await client.post(
            "/v1/auth/refresh", json={"refresh_token": renewed.json()["refresh_token"]}
        )

    assert (chosen.status_code, signed_in.status_code, me.status_code) == (204, 200, 200)
    assert signed_in.headers["cache-control"] == "no-store"
    fits("Tokens", signed_in.json())
    fits("Self", me.json())
    assert (me.json()["id"], me.json()["role"]) == (person, "owner")
    assert invited.status_code == 201
    fits("ShownPerson", changed.json())
    assert changed.json()["role"] == "finance_user"
    assert {one["email"] for one in listed.json()["people"]} == {
        "ada@example.org",
        "bob@example.org",
    }
    assert (renewed.status_code, left.status_code) == (200, 204)
    assert (after.status_code, never.status_code) == (401, 401)


async def test_nothing_tells_who_is_known(idle: Hub) -> None:
    async with idle.api() as api, anybody(api) as client:
        await set_limits(api.database, TENANT, LOAD | {Limit.AUTH: 1_000_000}, SYSTEM)
        await an_owner(api, "ada@example.org")
        await client.post(
            "/v1/auth/reset", json={"token": await mailed(api.database), "password": PASSWORD}
        )
        logins = [
            await client.post(
                "/v1/auth/login", json={"tenant": tenant, "email": email, "password": "wrong"}
            )
            for tenant, email in (
                (TENANT, "ada@example.org"),
                (TENANT, "eve@example.org"),
                (OTHER, "ada@example.org"),
                ("nobody", "ada@example.org"),
            )
        ]
        forgot = [
            await client.post("/v1/auth/forgot", json={"tenant": tenant, "email": email})
            for tenant, email in (
                (TENANT, "ada@example.org"),
                (TENANT, "eve@example.org"),
                ("no", "a@b"),
            )
        ]

    assert {(one.status_code, one.content) for one in logins} == {(401, logins[0].content)}
    assert {(one.status_code, one.content) for one in forgot} == {(202, b"")}


@pytest.mark.parametrize("length", [201, 10_000, 1_000_000])
async def test_a_password_of_ten_thousand_characters_is_refused_before_it_costs_anything(
    api: Api, length: int
) -> None:
    async with anybody(api) as client:
        said = {"tenant": TENANT, "email": "ada@example.org", "password": "x" * length}
        began = time.process_time()
        login = await client.post("/v1/auth/login", json=said)
        reset = await client.post(
            "/v1/auth/reset", json={"token": f"whs_{TENANT}_x", "password": "x" * length}
        )
        cost = time.process_time() - began

    assert (login.status_code, reset.status_code) == (422, 422)
    assert "xxxx" not in login.text + reset.text
    assert cost < 1


async def test_an_account_and_an_address_have_so_many_tries(idle: Hub) -> None:
    async with idle.api() as api, anybody(api) as client:
        said = {"tenant": TENANT, "email": "ada@example.org", "password": "wrong"}
        mine = [await client.post("/v1/auth/login", json=said) for _ in range(6)]
        others = 0
        while others < 60:
            other = said | {"email": f"{others}@example.org"}
            if (await client.post("/v1/auth/login", json=other)).status_code == 429:
                break
            others += 1

    assert [one.status_code for one in mine] == [401] * 5 + [429]
    assert mine[-1].json()["code"] == "too-many-requests"
    assert int(mine[-1].headers["retry-after"]) > 0
    assert mine[-1].headers["ratelimit-policy"] == '"auth";q=5;w=60'
    # Twenty of an address, six of them used, and what came back meanwhile.
    assert 14 <= others < 60


async def test_whoever_floods_a_door_hides_nobody_elses_try_behind_the_same_proxy(
    idle: Hub,
) -> None:
    async with idle.api(proxies=1) as api, anybody(api) as client:

        def suppressed() -> float:
            sample = api.parts.metrics.registry.get_sample_value
            return sample("hub_refusals_suppressed_total", {"door": "api"}) or 0

        shown = {"Authorization": "Bearer none-of-ours"}
        flood = shown | {"X-Forwarded-For": "192.0.2.1"}
        while not suppressed():
            await asyncio.gather(*(client.get("/v1/me", headers=flood) for _ in range(20)))
        before = suppressed()
        await client.get("/v1/me", headers=shown | {"X-Forwarded-For": "192.0.2.2"})

        assert suppressed() == before


async def test_a_minutes_worth_of_writes_is_answered_and_then_429(idle: Hub) -> None:
    async with idle.api() as api:
        await set_limits(api.database, TENANT, {Limit.WRITE: 3, Limit.READ: 100}, SYSTEM)
        answers = [await api.post({}) for _ in range(5)]
        read = await api.get("/v1/me")

    assert [one.status_code for one in answers] == [422, 422, 422, 429, 429]
    assert answers[3].headers["ratelimit"].startswith('"write";r=0;t=')
    assert int(answers[3].headers["retry-after"]) <= 20
    assert (read.status_code, read.headers["ratelimit-policy"]) == (200, '"read";q=100;w=60')


async def test_a_merchant_gives_out_and_ends_keys_of_its_own(api: Api) -> None:
    async with api.client(f"{TENANT}/admin") as client:
        given = await client.post(
            "/v1/keys", json={"principal": "till-9", "scopes": ["warranty:read"]}
        )
        listed = await client.get("/v1/keys")
        ended = await client.post(f"/v1/keys/{given.json()['id']}/revoke")
        again = await client.post(f"/v1/keys/{given.json()['id']}/revoke")
        wrong = [
            await client.post("/v1/keys", json={"principal": "till-9", "role": role})
            for role in ("owner", "king", "operator")
        ]
    async with api.client(f"{OTHER}/admin") as strangers:
        foreign = await strangers.post(f"/v1/keys/{given.json()['id']}/revoke")

    fits("GivenKey", given.json())
    fits("KeyList", listed.json())
    assert given.json()["key"] not in listed.text
    assert ended.json()["revoked_at"] == again.json()["revoked_at"] is not None
    assert {one.status_code for one in wrong} == {422}
    assert foreign.status_code == 404


async def test_a_narrowed_key_gives_out_none_that_may_do_more(api: Api) -> None:
    async with api.client(f"{TENANT}/admin") as client:
        narrow = await client.post(
            "/v1/keys",
            json={
                "principal": "clerk",
                "role": "system_admin",
                "scopes": ["key:manage", "key:read"],
            },
        )
    shown = {"Authorization": f"Bearer {narrow.json()['key']}"}
    async with httpx.AsyncClient(base_url=api.url, headers=shown) as clerk:
        wider = await clerk.post("/v1/keys", json={"principal": "more", "role": "system_admin"})
        within = await clerk.post(
            "/v1/keys", json={"principal": "less", "role": "system_admin", "scopes": ["key:read"]}
        )

    assert (wider.status_code, within.status_code) == (403, 201)


async def test_a_key_that_ends_gives_out_none_that_outlives_it(api: Api) -> None:
    async with api.client(f"{TENANT}/admin") as client:
        body = {"principal": "guest", "role": "system_admin", "days": 7}
        guest = await client.post("/v1/keys", json=body)
    shown = {"Authorization": f"Bearer {guest.json()['key']}"}
    async with httpx.AsyncClient(base_url=api.url, headers=shown) as client:
        wanted = [{"principal": "stays"} | days for days in ({}, {"days": 30}, {"days": 5})]
        answers = [await client.post("/v1/keys", json=one) for one in wanted]

    assert [one.status_code for one in answers] == [403, 403, 201]
    assert "name `days`, 6 at most" in answers[0].json()["detail"]


async def test_whoever_was_let_go_a_moment_ago_gives_nothing_out_that_stays(idle: Hub) -> None:
    async with idle.api() as api:
        told = {
            "/v1/people": {"email": "eve@example.org", "role": "owner"},
            "/v1/keys": {"principal": "till-9"},
            "/v1/endpoints": {"address": "https://shop.example.com/hook"},
        }
        shown = (
            await api.person(TENANT, Role.OWNER),
            await issue(api.database, TENANT, "desk", role=Role.SYSTEM_ADMIN),
        )
        before = [await said_by(api, token, "/v1/me") for token in shown]
        async with api.database.transaction() as queries:
            person = api.hub.people[TENANT, Role.OWNER]
            await deactivate(queries, TENANT, person, COMMAND)
        await revoke(api.database, shown[1])
        owner = [await said_by(api, shown[0], path, body) for path, body in told.items()]
        del told["/v1/people"]
        admin = [await said_by(api, shown[1], path, body) for path, body in told.items()]
        rows = await api.database.fetch(
            "select 1 from person where role = 'owner' and state = 'invited'"
        )

    assert before == [200, 200]
    assert (owner, admin, rows) == ([401] * 3, [401] * 2, [])


async def said_by(api: Api, token: str, path: str, body: object = None) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=30) as client:
        said = await (client.get(path) if body is None else client.post(path, json=body))
    return said.status_code


async def test_the_last_owner_cannot_let_himself_go(idle: Hub) -> None:
    async with idle.api() as api, anybody(api) as client:
        person = await an_owner(api, "ada@example.org")
        await client.post(
            "/v1/auth/reset", json={"token": await mailed(api.database), "password": PASSWORD}
        )
        said = {"tenant": TENANT, "email": "ada@example.org", "password": PASSWORD}
        token = (await client.post("/v1/auth/login", json=said)).json()["access_token"]
        shown = {"Authorization": f"Bearer {token}"}
        gone = await client.post(f"/v1/people/{person}/deactivate", headers=shown)
        less = await client.put(
            f"/v1/people/{person}/role", json={"role": "customer"}, headers=shown
        )
        king = await client.put(f"/v1/people/{person}/role", json={"role": "king"}, headers=shown)

    assert (gone.status_code, less.status_code, king.status_code) == (409, 409, 422)
    assert "last owner" in gone.json()["detail"]
