"""What owners' pages make of a form: sent twice, drawn long ago, without a reason, from elsewhere."""

import asyncio
import re

import pytest

from tests.ui.house import House
from tests.ui.owners import AGAIN, Owners, ended, posts, replays, versions

pytestmark = pytest.mark.servers


async def test_a_replay_that_is_sent_twice_is_one(house: House, owners: Owners) -> None:
    _, numbers = await ended(owners, "delivered", 3)
    picked = ",".join(map(str, numbers))
    async with house.pages() as pages, house.browsing(pages) as client:
        form = await client.get(f"{AGAIN}/try?delivery={picked}")
        found = re.search(r'name="seen" value="(\d+)"', form.text)
        assert found
        sent = {"delivery": picked, "state": "delivered", "reason": "sent twice", "seen": found[1]}
        at_once = await asyncio.gather(*(client.post(AGAIN, data=sent) for _ in range(4)))
        later = await client.post(AGAIN, data=sent)
        told = await client.get(later.headers["location"])
        other = await client.post(AGAIN, data=sent | {"reason": "sent twice, and meant so"})
        anew = await client.get(f"{AGAIN}/try?delivery={picked}")
        found = re.search(r'name="seen" value="(\d+)"', anew.text)
        assert found
        meant = await client.post(AGAIN, data=sent | {"seen": found[1]})

    places = {one.headers["location"].partition("?")[0] for one in (*at_once, later)}
    assert len(places) == 1
    assert "nothing was begun twice" in told.text
    assert other.headers["location"].partition("?")[0] not in places
    # Whoever counts again and sends again means it.
    assert meant.headers["location"].partition("?")[0] not in places
    assert await replays(house, "sent twice") == 2


async def test_a_secret_is_not_made_twice_by_one_form(house: House, owners: Owners) -> None:
    endpoint, _ = await ended(owners, "dead")
    here = f"/endpoints/{endpoint.id}"
    sent = {"grace": "3600", "version": str(endpoint.version)}
    async with house.pages() as pages, house.browsing(pages) as client:
        made = await client.post(f"{here}/secret", data=sent)
        again = await client.post(f"{here}/secret", data=sent)
        odd = [
            await client.post(f"{here}/secret", data=sent | more)
            for more in ({"grace": "-1"}, {"grace": "999"}, {"version": ""}, {"version": "x"})
        ]

    secret = re.search(r"whsec_[\w+/=]+", made.text)
    assert secret
    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    assert (again.status_code, "whsec_" in again.text) == (409, False)
    assert "Nothing was done now" in again.text
    assert {one.status_code for one in odd} == {409}
    sql = "select count(*) from endpoint_secret where endpoint = $1"
    assert await house.database.fetchval(sql, endpoint.id) == 2


async def test_a_state_is_changed_only_as_it_was_seen(house: House, owners: Owners) -> None:
    endpoint, _ = await ended(owners, "dead")
    here = f"/endpoints/{endpoint.id}/state"
    async with house.pages() as pages, house.browsing(pages) as client:
        paused = [
            await client.post(here, data={"state": "paused", "version": "1"}) for _ in range(2)
        ]
        late = await client.post(here, data={"state": "active", "version": "1"})
        odd = await client.post(here, data={"state": "deleted", "version": "2"})

    # Who says it twice is told that it is so.
    assert [one.status_code for one in paused] == [303, 303]
    assert (late.status_code, "changed it meanwhile" in late.text) == (409, True)
    assert odd.status_code == 409
    assert (await versions(house, endpoint))[:2] == ("paused", 2)


async def test_forms_from_elsewhere_without_a_reason_or_of_nonsense_are_refused(
    house: House, owners: Owners
) -> None:
    endpoint, (delivery,) = await ended(owners, "dead")
    good = {"delivery": str(delivery), "seen": "0", "reason": "of no use"}
    wrong = (
        *({"reason": ""}, {"reason": " \0"}, {"seen": ""}, {"state": "waiting"}, {"state": "x"}),
        *({"delivery": "x"}, {"delivery": "9" * 30}, {"delivery": ",".join(["1"] * 1_001)}),
        *({"endpoint": "ep_x"}, {"type": "x.v1"}, {"since": "yesterday"}, {"rate": "0"}),
        *({"rate": "nan"}, {"rate": "1e9"}, {"since": "2026-01-02", "until": "2026-01-01"}),
        {"delivery": str(10**12)},
    )
    before = await versions(house, endpoint)
    async with house.pages() as pages, house.browsing(pages) as client:
        refused = [await client.post(AGAIN, data=good | one) for one in wrong]
        forged = [
            await client.post(path, data=data, headers={"Sec-Fetch-Site": "cross-site"})
            for path, data in posts(endpoint, delivery)
        ]
        unread = [
            await client.get(f"{AGAIN}/try?{query}")
            for query in ("state=waiting", "since=x", "endpoint=1", "delivery=x", "picked=yes")
        ]
        begun = await client.post(AGAIN, data=good)
        there = begun.headers["location"].partition("?")[0]
        unsaid = await client.post(f"{there}/stop", data={"reason": " "})
        nowhere = [
            await client.get(path)
            for one in ("9" * 30, "x", "0", "%00")
            for path in (f"/endpoints/{one}", f"/deliveries/{one}", f"{AGAIN}/{one}")
        ]

    assert [one.status_code for one in refused] == [409] * len(wrong)
    assert {one.status_code for one in forged} == {403}
    assert {one.status_code for one in unread} == {409}
    assert (unsaid.status_code, "needs a reason" in unsaid.text) == (409, True)
    assert {one.status_code for one in nowhere} == {404}
    assert await replays(house, "of no use") == 1
    assert await versions(house, endpoint) == before


async def test_whoever_sends_mails_again_is_told_that_customers_hear_of_it(
    house: House, owners: Owners
) -> None:
    mails, _ = await ended(owners, "delivered", address="service@shop.example", kind="mail")
    hook, _ = await ended(owners, "delivered")
    async with house.pages() as pages, house.browsing(pages) as client:
        told = [
            "customers are written to once more"
            in (await client.get(f"{AGAIN}/try?state=delivered&endpoint={one.id}")).text
            for one in (mails, hook)
        ]

    assert told == [True, False]
