"""A caller sees what waits and steers it: the story of one dead letter, and of many."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.api.bodies import a_sale
from tests.api.conftest import OTHER, TENANT, Api, eventually
from tests.api.test_openapi import fits

pytestmark = pytest.mark.servers

MENDED = "the branch is in its list now"


@pytest.fixture(name="api")
def for_admins(api: Api) -> Api:
    """Whoever looks after items is the system admin of a merchant; sales are a shop's still."""
    admins = {tenant: api.tokens[f"{tenant}/admin"] for tenant in (TENANT, OTHER)}
    return replace(api, tokens=api.tokens | admins)


@pytest.fixture
async def broken(api: Api) -> AsyncIterator[set[str]]:
    """Branches that our code does not know; at the end it knows them all, and nothing waits."""
    yield api.hub.broken
    api.hub.broken.clear()
    async with api.client("hub") as client:
        for tenant in (TENANT, OTHER):
            for item in (await client.get("/v1/items", params={"tenant": tenant})).json()["items"]:
                await client.post(
                    f"{path(item)}/give-up", params={"tenant": tenant}, json={"reason": "tidy up"}
                )
    await eventually(lambda: _none_open(api))


async def _none_open(api: Api) -> bool:
    return not await api.database.fetchval("select count(*) from item")


def path(item: dict[str, Any]) -> str:
    return f"/v1/items/{item['topic']}/{item['partition']}/{item['offset']}"


async def dead_letter(api: Api, order: str, branch: str, tenant: str = TENANT) -> dict[str, Any]:
    """A sale that our code could not decide, as it is listed."""
    api.hub.broken.add(branch)
    answer = await api.post(a_sale(order, order, branch=branch), tenant=tenant)
    assert answer.status_code == 202

    async def is_listed() -> bool:
        return bool((await listed(api, tenant, type="sale.recorded.v1"))["items"])

    await eventually(is_listed)
    found = await listed(api, tenant, reason=branch)
    return found["items"][-1]  # type: ignore[no-any-return]


async def listed(api: Api, tenant: str = TENANT, **where: str) -> dict[str, Any]:
    async with api.client(tenant) as client:
        answer = await client.get("/v1/items", params=where)
    assert answer.status_code == 200, answer.text
    fits("ItemPage", answer.json())
    return answer.json()  # type: ignore[no-any-return]


async def post(api: Api, where: str, body: object = None, tenant: str = TENANT) -> httpx.Response:
    async with api.client(tenant) as client:
        if body is None:
            return await client.post(where)
        return await client.post(where, json=body)


async def gone(api: Api, item: dict[str, Any]) -> None:
    """Wait until its owner has settled it."""

    async def is_gone() -> bool:
        return (await api.get(path(item))).status_code == 404

    await eventually(is_gone)


async def test_a_dead_letter_is_found_understood_tried_and_redriven(
    api: Api, broken: set[str]
) -> None:
    item = await dead_letter(api, "I-1", "Pier 1")
    behind = await api.post(a_sale("I-1", "I-1", branch="Elsewhere"), key="later")
    assert behind.status_code == 202

    grouped = (await api.get("/v1/items/groups?state=dead_lettered")).json()
    counts = (await api.get("/v1/items/counts")).json()
    shown = await api.get(path(item))
    tried = await post(api, f"{path(item)}/rehearsal")
    broken.clear()
    mended = await post(api, f"{path(item)}/rehearsal")
    wished = await post(api, f"{path(item)}/redrive", {"reason": MENDED})
    again = await post(api, f"{path(item)}/redrive", {"reason": MENDED})
    await gone(api, item)
    late = await post(api, f"{path(item)}/redrive", {"reason": MENDED})

    fits("Groups", grouped)
    assert [one["items"] for one in grouped["groups"]] == [1]
    assert (counts["dead_lettered"], counts["held"]) == (1, 1)
    fits("Shown", shown.json())
    assert shown.headers["etag"] == f'"{item["version"]}"'
    assert "Traceback" in shown.json()["error"]
    assert len(shown.json()["holds"]) == 1
    assert tried.json()["item"]["outcome"] == "dead_lettered"
    fits("Rehearsal", mended.json())
    assert mended.json()["item"]["outcome"] == "applied"
    assert [one["was"]["state"] for one in mended.json()["followers"]] == ["held"]
    assert (wished.status_code, again.status_code, late.status_code) == (202, 202, 202)
    fits("Wished", wished.json())
    assert late.json()["item"] is None
    await eventually(lambda: _none_open(api))
    said = "select count(*) from staff_action where verb = 'redrive' and text = $1"
    assert await api.database.fetchval(said, MENDED) == 1
    assert await api.database.fetchval("select by from staff_action where text = $1", MENDED) == (
        f"{TENANT}/admin"
    )


async def test_a_hold_a_release_and_the_end(api: Api, broken: set[str]) -> None:
    item = await dead_letter(api, "I-2", "Pier 2")

    held = await post(api, f"{path(item)}/hold", {"reason": "ask the branch"})
    on_hold = await listed(api, on_hold="true")
    released = await post(api, f"{path(item)}/release", {"reason": "they said it is fine"})
    not_held = await post(api, f"{path(item)}/release", {"reason": "once more"})
    ended = await post(api, f"{path(item)}/give-up", {"reason": "a test sale"})
    await gone(api, item)

    assert held.json()["item"]["on_hold"] == "ask the branch"
    assert [one["offset"] for one in on_hold["items"]] == [item["offset"]]
    assert (released.status_code, ended.status_code) == (202, 202)
    assert not_held.status_code == 409
    assert "is not on hold; redrive it" in not_held.json()["detail"]


async def test_a_payload_is_opened_for_a_reason_mended_and_put_back(
    api: Api, broken: set[str]
) -> None:
    item = await dead_letter(api, "I-3", "Pier 3")
    version = (await api.get(path(item))).headers["etag"]

    async def put(text: str, tag: str) -> httpx.Response:
        async with api.client() as client:
            body = {"text": text, "reason": "a known branch"}
            headers = {"If-Match": tag} if tag else {}
            return await client.put(f"{path(item)}/payload", json=body, headers=headers)

    in_address = await api.get(f"{path(item)}/payload?reason=to+mend+it")
    unasked = await post(api, f"{path(item)}/payload", {})
    opened = (await post(api, f"{path(item)}/payload", {"reason": "to mend it"})).json()
    mended_text = opened["text"].replace("Pier 3", "Pier 33")
    unversioned, wrong = await put(mended_text, ""), await put('{"lines": []}', version)
    mended, late = await put(mended_text, version), await put(mended_text, version)
    async with api.client() as client:
        undone = await client.post(
            f"{path(item)}/payload/original",
            json={"reason": "the first was right"},
            headers={"If-Match": mended.headers["etag"]},
        )
    looked = "select count(*) from staff_action where verb = 'look' and text = 'to mend it'"

    assert (in_address.status_code, unasked.status_code) == (405, 422)
    fits("Opened", opened)
    assert "Pier 3" in opened["text"]
    assert opened["schema"]["properties"]["lines"]
    assert await api.database.fetchval(looked) == 1
    assert unversioned.status_code == 428
    assert wrong.status_code == 409
    assert "order" in {one["pointer"] for one in wrong.json()["errors"]}
    assert mended.status_code == 200
    fits("Edited", mended.json())
    assert mended.json()["changed"] == ["branch"]
    assert late.status_code == 412
    assert undone.json()["is_original"] is True


OVERTAKEN = """
create function overtake() returns trigger language plpgsql as $$
begin
  update item set version = version + 1 where topic = new.topic and part = new.part and "offset" = new."offset";
  return null;
end $$;
create trigger overtaken after insert on staff_action
  for each row when (new.verb = 'edit') execute function overtake()"""


async def test_who_edits_is_told_the_version_of_that_edit_whatever_happens_at_once(
    api: Api, broken: set[str]
) -> None:
    item = await dead_letter(api, "I-31", "Pier 31")
    version = (await api.get(path(item))).headers["etag"]
    opened = (await post(api, f"{path(item)}/payload", {"reason": "to mend it"})).json()

    async def put(tag: str) -> httpx.Response:
        async with api.client() as client:
            body = {"text": opened["text"].replace("Pier 31", "Pier"), "reason": "its old name"}
            where = f"{path(item)}/payload"
            return await client.put(where, json=body, headers={"If-Match": tag})

    await api.database.execute(OVERTAKEN)
    try:
        mended = await put(version)
    finally:
        await api.database.execute("drop function overtake cascade")

    assert mended.status_code == 200
    assert (await put(mended.headers["etag"])).status_code == 412


async def test_notes_are_written_once_and_found(api: Api, broken: set[str]) -> None:
    item = await dead_letter(api, "I-4", "Pier 4")
    note = {"code": "source_informed", "text": "Till 4 was asked"}

    first = await post(api, f"{path(item)}/notes", note)
    again = await post(api, f"{path(item)}/notes", note)
    empty = await post(api, f"{path(item)}/notes", {"code": "other"})
    found = (await api.get("/v1/notes?text=till+4")).json()
    theirs = (await api.get("/v1/notes", OTHER)).json()

    assert (first.status_code, empty.status_code) == (201, 409)
    assert first.json() == again.json()
    fits("NotePage", found)
    assert [one["text"] for one in found["notes"]] == ["Till 4 was asked"]
    assert theirs["notes"] == []


async def test_many_are_tried_wanted_watched_and_stopped(api: Api, broken: set[str]) -> None:
    for number in range(3):
        await dead_letter(api, f"I-5{number}", "Pier 5")
    where = {"state": "dead_lettered", "reason": "Pier 5"}
    slowly = {"where": where, "reason": "slowly", "rate": 0.01}

    begun = await post(api, "/v1/redrives", slowly)
    again = await post(api, "/v1/redrives", slowly)
    unasked = await post(api, f"{begun.headers['location']}/stop", {})
    stopped = await post(api, f"{begun.headers['location']}/stop", {"reason": "too slow"})
    broken.clear()
    tried = await post(api, "/v1/redrives/rehearsal", {"where": where})
    wanted = await post(api, "/v1/redrives", {"where": where, "reason": MENDED, "rate": 100})
    await eventually(lambda: _none_open(api))
    over = await api.get(wanted.headers["location"])
    pages = (await api.get("/v1/redrives?limit=1")).json()
    older = (await api.get(f"/v1/redrives?limit=1&cursor={pages['cursor']}")).json()

    assert begun.status_code == 201
    fits("Bulk", begun.json())
    assert (begun.json()["total"], again.json()["id"]) == (3, begun.json()["id"])
    assert unasked.status_code == 422
    fits("Stopped", stopped.json())
    said = "select by from staff_action where verb = 'stop' and text = 'too slow'"
    assert await api.database.fetchval(said) == f"{TENANT}/admin"
    assert stopped.json()["left"] == 3
    fits("ManyRehearsed", tried.json())
    (count,) = tried.json()["counts"]
    assert (count["would_be"], count["items"]) == ("applied", 3)
    assert (over.json()["settled"], over.json()["still_wanted"]) == (3, 0)
    fits("BulkPage", pages)
    assert [one["id"] for one in (*pages["redrives"], *older["redrives"])] == [
        over.json()["id"],
        begun.json()["id"],
    ]


async def test_a_bulk_says_which_items_it_means(api: Api) -> None:
    everything = await post(api, "/v1/redrives", {"where": {}, "reason": "all"})
    unknown = await api.get("/v1/redrives/999999")

    assert everything.status_code == 409
    assert "name in `where` which items" in everything.json()["detail"]
    assert unknown.status_code == 404


async def test_an_operator_speaks_for_any_tenant_and_a_tenant_for_its_own(
    api: Api, broken: set[str]
) -> None:
    item = await dead_letter(api, "I-6", "Pier 6", OTHER)
    there = f"{path(item)}?tenant={OTHER}"

    assert (await api.get(path(item))).status_code == 404
    assert (await post(api, f"{path(item)}/give-up", {"reason": "not mine"})).status_code == 404
    assert (await api.get(there)).status_code == 403
    assert (await api.get(path(item), "hub")).status_code == 404
    assert (await api.get(there, "hub")).json()["item"]["tenant"] == OTHER
    theirs = (await api.get(f"/v1/items?tenant={OTHER}", "hub")).json()
    assert [one["offset"] for one in theirs["items"]] == [item["offset"]]
    assert item["offset"] not in {one["offset"] for one in (await listed(api))["items"]}


async def test_pages_follow_each_other_and_a_made_up_cursor_is_refused(
    api: Api, broken: set[str]
) -> None:
    for number in range(3):
        await dead_letter(api, f"I-7{number}", "Pier 7")

    first = await listed(api, limit="2")
    second = await listed(api, limit="2", cursor=first["cursor"])
    refused = await api.get("/v1/items?cursor=nonsense")

    assert (len(first["items"]), len(second["items"]), second["cursor"]) == (2, 1, None)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "?cursor"


async def test_a_number_of_very_many_digits_is_no_fault_of_ours(api: Api) -> None:
    digits = "1" * 5_000
    headers = {"If-Match": f'"{digits}"', "Content-Type": "application/json"}
    async with api.client() as client:
        answers = [
            await client.put("/v1/items/t/0/0/payload", headers=headers, content=b"{}"),
            await client.get(f"/v1/redrives/{digits}"),
            await client.post(f"/v1/redrives/{digits}/stop"),
        ]

    assert [one.status_code for one in answers] == [422, 404, 404]
