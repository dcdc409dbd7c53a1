"""Who may see and do what on owners' pages, and what becomes of what others write there."""

import re
from html import unescape

import pytest

from hub.access.keys import issue
from hub.access.permissions import Role
from tests.delivery.receiver import Got, answer, listening
from tests.ui.house import OTHER, TENANT, House, stranger
from tests.ui.owners import AGAIN, Owners, ended, posts, replays, versions
from tests.ui.test_people import somebody

pytestmark = pytest.mark.servers


async def test_whoever_only_reads_sees_no_buttons_and_is_refused_when_he_sends_anyway(
    house: House, owners: Owners
) -> None:
    endpoint, (delivery,) = await ended(owners, "dead")
    scopes = ("endpoint:read", "delivery:read", "trace:read")
    house.tokens["reader"] = await issue(
        house.database, TENANT, "reader", role=Role.SYSTEM_ADMIN, scopes=scopes
    )
    before = await versions(house, endpoint)
    paths = (
        *("/endpoints", f"/endpoints/{endpoint.id}", "/deliveries", f"/deliveries/{delivery}"),
        *(AGAIN, f"{AGAIN}/try"),
    )
    async with house.pages() as pages, house.browsing(pages, "reader") as client:
        read = [await client.get(path) for path in paths]
        sent = [await client.post(path, data=data) for path, data in posts(endpoint, delivery)]
        board = await client.get("/")

    assert {one.status_code for one in read} == {200}
    for one in read:
        forms = re.findall(r'<form[^>]*action="([^"]+)"[^>]*method="post"', one.text)
        assert forms == ["/sign-out"], one.url
        assert 'type="checkbox" name="delivery"' not in one.text
    assert {one.status_code for one in sent} == {403}
    assert "endpoint:change" in sent[0].text
    assert "delivery:replay" in sent[3].text
    assert await versions(house, endpoint) == before
    assert not await replays(house, "not mine to send")
    assert 'href="/endpoints"' in board.text
    assert 'href="/items"' not in board.text


async def test_an_operator_reads_and_replays_but_changes_nothing(
    house: House, owners: Owners
) -> None:
    endpoint, (delivery,) = await ended(owners, "dead")
    tenant = f"?tenant={TENANT}"
    async with house.pages() as pages, house.browsing(pages, "hub") as client:
        shown = await client.get(f"/endpoints/{endpoint.id}{tenant}")
        *changes, again = [
            await client.post(path + tenant, data=data) for path, data in posts(endpoint, delivery)
        ]

    assert shown.status_code == 200
    assert "Send a test" not in shown.text
    assert "Make a new secret" not in shown.text
    assert {one.status_code for one in changes} == {403}
    assert (again.status_code, f"tenant={TENANT}" in again.headers["location"]) == (303, True)
    sql = "select by from delivery_replay where why = 'not mine to send'"
    assert await house.database.fetchval(sql) == "hub/ops"


async def test_sales_staff_are_shown_no_way_to_endpoints(house: House, owners: Owners) -> None:
    endpoint, _ = await ended(owners, "dead")
    typed = await somebody(house, Role.SALES_STAFF)
    async with house.pages() as pages, stranger(pages) as client:
        await client.post("/sign-in", data=typed)
        board = await client.get("/")
        read = [
            await client.get(path) for path in ("/endpoints", f"/endpoints/{endpoint.id}", AGAIN)
        ]

    assert 'href="/endpoints"' not in board.text
    assert {one.status_code for one in read} == {403}


async def test_what_an_owner_does_stands_in_the_audit_under_his_name(
    house: House, owners: Owners
) -> None:
    endpoint, (delivery,) = await ended(owners, "dead")
    typed = await somebody(house, Role.OWNER)
    async with house.pages() as pages, stranger(pages) as client:
        await client.post("/sign-in", data=typed)
        for number, (path, data) in enumerate(posts(endpoint, delivery)):
            version = {"version": "2"} if path.endswith("/secret") else {}
            done = await client.post(path, data=data | version)
            assert done.status_code == (200 if version else 303), (number, done.text[-800:])

    sql = """
    select action, by_id, by_role from audit_entry
     where subject = $1 and by_id <> 'fixture' or why = 'not mine to send' and by_role = 'owner' order by n
    """
    rows = await house.database.fetch(sql, endpoint.id)
    assert [row["action"] for row in rows] == [
        *("endpoint:changed", "endpoint:secret_rotated", "delivery:replayed")
    ]
    assert {row["by_role"] for row in rows} == {"owner"}
    assert all(row["by_id"].startswith("usr_") for row in rows)


async def test_another_merchant_sees_and_touches_nothing(house: House, owners: Owners) -> None:
    endpoint, (delivery,) = await ended(owners, "dead", about="Nobody else's hook")
    before = await versions(house, endpoint)
    async with house.pages() as pages:
        async with house.browsing(pages) as client:
            begun = await client.post(
                AGAIN, data={"delivery": str(delivery), "seen": "0", "reason": "of ours"}
            )
        there = begun.headers["location"].partition("?")[0]
        async with house.browsing(pages, OTHER) as client:
            own = f"?tenant={TENANT}"
            read = [
                await client.get(path + own)
                for path in (f"/endpoints/{endpoint.id}", f"/deliveries/{delivery}", there)
            ]
            lists = [await client.get(path + own) for path in ("/endpoints", "/deliveries", AGAIN)]
            tried = await client.get(f"{AGAIN}/try?delivery={delivery}&tenant={TENANT}")
            *acts, again = [
                await client.post(path + own, data=data) for path, data in posts(endpoint, delivery)
            ]
            stopped = await client.post(there + "/stop", data={"reason": "of theirs"})

    assert {one.status_code for one in (*read, *acts, stopped)} == {404}
    assert all("else's hook" not in unescape(one.text) for one in lists)
    assert all(endpoint.id not in one.text for one in lists)
    assert "nothing would be sent again" in tried.text
    assert again.status_code == 409
    assert await versions(house, endpoint) == before


async def test_whoever_was_shut_out_a_moment_ago_takes_no_secret_with_him(
    house: House, owners: Owners
) -> None:
    endpoint, (delivery,) = await ended(owners, "dead")
    house.tokens["leaving"] = await issue(house.database, TENANT, "leaving", role=Role.SYSTEM_ADMIN)
    before = await versions(house, endpoint)
    async with house.pages(remembered=600) as pages, house.browsing(pages, "leaving") as client:
        known = await client.get("/endpoints")
        revoke = "update api_key set revoked_at = now() where principal = 'leaving'"
        await house.database.execute(revoke)
        still = await client.get("/endpoints")
        changes = [
            await client.post(path, data=data) for path, data in posts(endpoint, delivery)[:3]
        ]

    assert (known.status_code, still.status_code) == (200, 200)
    assert {one.headers["location"] for one in changes} == {"/sign-in?next=/"}
    assert await versions(house, endpoint) == before


async def test_a_list_shows_what_fits_and_every_page_of_it(house: House, owners: Owners) -> None:
    endpoint, numbers = await ended(owners, "dead", 70)
    (event,) = await owners.tell(1, "wty_bbbbbbbbbbbbbbbb_1")
    here = f"/endpoints/{endpoint.id}"
    seen: list[int] = []
    async with house.pages() as pages, house.browsing(pages) as client:
        where: str | None = f"{here}?state=dead"
        while where is not None:
            page = (await client.get(where)).text
            seen += map(int, re.findall(r'href="/deliveries/(\d+)', page))
            found = re.search(r'href="([^"]+)" rel="next"', page)
            where = unescape(found[1]) if found else None

        async def shown(query: str) -> list[int]:
            page = (await client.get(f"{here}?{query}")).text
            return list(map(int, re.findall(r'<a href="/deliveries/(\d+)', page)))

        other = await owners.number(endpoint, event)
        assert await shown("subject=wty_bbbbbbbbbbbbbbbb_1") == [other]
        assert await shown(f"event={event}") == [other]
        assert await shown("state=open") == [other]
        assert await shown("type=warranty.ended.v1") == []
        assert await shown("since=2999-01-01T00:00:00") == []
        assert await shown("until=2999-01-01T00:00:00&state=open") == [other]
        # What cannot be meant is left out.
        assert len(await shown("since=x&type=y&state=z&before=-1&event=%00")) == 30
        # No replay is chosen by an event's id, so none is offered.
        assert "Dry run for all" not in (await client.get(f"{here}?event={event}")).text

    assert seen == sorted(numbers, reverse=True)


async def test_an_answer_is_kept_as_text_on_every_page(house: House, owners: Owners) -> None:
    said = '"><script>alert(1)</script>'

    async def answering(got: Got, number: int) -> bytes:
        return answer(400, said.encode())

    async with listening(answering) as receiver, owners.delivering():
        endpoint = await owners.endpoint(receiver.url, about=said)
        (event,) = await owners.tell(1, f"wty_{said}")
        await owners.until(endpoint, dead=1)
    delivery = await owners.number(endpoint, event)
    async with house.pages() as pages, house.browsing(pages) as client:
        begun = await client.post(
            AGAIN, data={"delivery": str(delivery), "seen": "0", "reason": said}
        )
        there = begun.headers["location"].partition("?")[0]
        read = [
            await client.get(path)
            for path in (
                *("/endpoints", f"/endpoints/{endpoint.id}", "/deliveries", AGAIN, there),
                *(f"/deliveries/{delivery}", f"{AGAIN}/try?endpoint={endpoint.id}"),
            )
        ]

    for one in read:
        assert one.status_code == 200
        assert said in unescape(one.text), one.url
        assert "<script>alert" not in one.text, one.url
