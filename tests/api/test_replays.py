"""A caller tries what a replay would say, asks for it and watches it; nobody else sees it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from hub.adapters.postgres import ENGINE, connect
from hub.recovery.replayer import Replayer
from tests.api.conftest import CORNER, TENANT, Api, Hub
from tests.api.test_items import post as posted
from tests.api.test_openapi import fits
from tests.intake.corner import Shop, a_shop, a_translator, accounted, at_work, land

pytestmark = pytest.mark.servers
ADMIN, STRANGER = f"{TENANT}/admin", "globex/admin"
WHY = "the mapping was mended"


@pytest.fixture(scope="module")
async def shop(hub: Hub) -> AsyncIterator[Shop]:
    """A shop of the tenant, of which two sales have landed and are decided."""
    async with a_shop(hub.kafka.bootstrap, hub.dsn, hub.database, CORNER) as shop:
        async with at_work(a_translator(shop, hub.database, hub.processor.reads)):
            await land(shop, {"order": "R-1", "serials": ["R1"]}, {"number": "R-2"})
            await accounted(shop, 2, parked=1)
        yield shop


@asynccontextmanager
async def at_it(hub: Hub, shop: Shop) -> AsyncIterator[None]:
    """A translator, with what works on replays beside it."""
    pool = await connect(hub.dsn, size=4, settings={"role": ENGINE})
    replayer = Replayer(shop.topic.name, pool, hub.kafka, hub.today, every=0.1)
    task = asyncio.create_task(replayer.run())
    async with at_work(a_translator(shop, hub.database, hub.processor.reads)):
        yield
    task.cancel()
    await asyncio.wait([task])
    await pool.close()


def wanted(**changes: Any) -> dict[str, Any]:
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    given = {"connector": CORNER.name, "since": since, "dry_run": True, "reason": WHY}
    return given | changes


async def post(api: Api, where: str, body: object = None, tenant: str = ADMIN) -> httpx.Response:
    return await posted(api, where, body, tenant)


async def over(api: Api, where: str, tenant: str = ADMIN) -> dict[str, Any]:
    for _ in range(200):
        found: dict[str, Any] = (await api.get(where, tenant)).json()
        if found["state"] in {"done", "refused", "stopped"}:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def test_a_replay_is_tried_asked_for_watched_and_done_once(api: Api, shop: Shop) -> None:
    asked = await post(api, "/v1/replays", wanted(source="corner"))
    fits("Replay", asked.json())
    assert (asked.status_code, asked.json()["state"]) == (202, "asked")
    async with at_it(api.hub, shop):
        tried = await over(api, asked.headers["location"])
        body = wanted(dry_run=False)
        begun, again = [await post(api, "/v1/replays", body) for _ in range(2)]
        done = await over(api, begun.headers["location"])

    fits("Replay", tried)
    assert {(one["was"], one["would_be"]): one["items"] for one in tried["result"]["outcomes"]} == {
        ("translated", "translated"): 1,
        ("parked", "parked order_missing"): 1,
    }
    assert (begun.status_code, again.json()["n"]) == (202, begun.json()["n"])
    assert (done["state"], done["progress"]) == ("done", 1)
    assert await api.database.fetchval("select count(*) from unit where serial = 'R1'") == 1
    page = (await api.get("/v1/replays?limit=1", ADMIN)).json()
    older = (await api.get(f"/v1/replays?limit=1&cursor={page['cursor']}", ADMIN)).json()
    fits("ReplayPage", page)
    assert [one["n"] for one in (*page["replays"], *older["replays"])] == [done["n"], tried["n"]]
    said = "select by from staff_action where verb = 'replay' and text = $1"
    assert await api.database.fetchval(said, WHY) == ADMIN


async def test_nobody_else_sees_it_or_stops_it_and_an_operator_does(api: Api, shop: Shop) -> None:
    asked = await post(api, "/v1/replays", wanted(dry_run=False, reason="mine"))
    there = asked.headers["location"]

    assert (await api.get(there, STRANGER)).status_code == 404
    assert (await api.get("/v1/replays", STRANGER)).json()["replays"] == []
    assert (await post(api, f"{there}/stop", {"reason": "no"}, STRANGER)).status_code == 404
    for_us = await post(api, f"/v1/replays?tenant={TENANT}", wanted(), STRANGER)
    assert for_us.status_code == 403
    assert (await api.get(there, "hub")).status_code == 404
    assert (await api.get(f"{there}?tenant={TENANT}", "hub")).json()["reason"] == ""
    unasked = await post(api, f"{there}/stop?tenant={TENANT}", {}, "hub")
    stopped = await post(api, f"{there}/stop?tenant={TENANT}", {"reason": "too soon"}, "hub")
    everybodys = await post(api, "/v1/replays", wanted(), "hub")
    async with at_it(api.hub, shop):
        whole = await over(api, everybodys.headers["location"], "hub")

    assert unasked.status_code == 422
    fits("Replay", stopped.json())
    assert stopped.json()["state"] == "stopped"
    assert (whole["tenant"], whole["result"]["records"]) == ("hub", 2)


async def test_what_cannot_be_replayed_is_answered_with_what_can(api: Api, shop: Shop) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    early = "2026-01-01T00:00:00Z"
    for changes, status, said in (
        ({"since": early, "until": early}, 409, "is not before `until`"),
        ({"since": later}, 409, "has not come yet"),
        ({"until": later}, 409, "leave it out to mean all until now"),
        ({"connector": "tills"}, 409, f"those that do: {CORNER.name}"),
        ({"source": "nobody"}, 409, "no source 'nobody'"),
        ({"reason": ""}, 422, "correct #/reason"),
        ({"since": "2026-01-01"}, 422, "correct #/since"),
        ({"dry_run": "yes"}, 422, "correct #/dry_run"),
    ):
        answer = await post(api, "/v1/replays", wanted(**changes))
        assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
    assert (await api.get("/v1/replays/999999", ADMIN)).status_code == 404
    assert (await post(api, "/v1/replays/999999/stop", {"reason": "x"})).status_code == 404


async def test_hundreds_asked_at_once_leave_a_few_open_and_tell_the_others(
    api: Api, shop: Shop
) -> None:
    answers = await asyncio.gather(
        *(post(api, "/v1/replays", wanted(reason=f"{n}")) for n in range(200))
    )
    begun = [one for one in answers if one.status_code == 202]
    refused = [one for one in answers if one.status_code == 409]
    for one in begun:
        await post(api, f"{one.headers['location']}/stop", {"reason": "tidy up"})

    assert (len(begun), len(refused)) == (10, 190)
    assert {one.json()["detail"] for one in refused} == {
        "10 replays are open already; wait until one is over, or stop one"
    }
