"""Somebody looks after what waits: a dead letter that holds an order, and many that failed alike."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from hub.recovery.items import list_items
from hub.recovery.wishes import give_up
from tests.ui.eyes import DESKTOP, PHONE, Looker
from tests.ui.house import OTHER, TENANT, House, eventually
from tests.ui.test_reading import OVERFLOW, SMALL, WRONG, tab_to

pytestmark = [pytest.mark.servers, pytest.mark.ui]

ME = "somebody else"


@pytest.fixture
async def broken(house: House) -> AsyncIterator[set[str]]:
    """Branches that our code does not know; at the end nothing waits any more."""
    yield house.broken
    house.broken.clear()
    for item in await list_items(house.database):
        await give_up(house.database, item.spot, "tidy up", by=ME)
    await eventually(lambda: none_open(house))


async def none_open(house: House) -> bool:
    return not await house.database.fetchval("select count(*) from item")


async def stuck(house: House, *orders: str, branch: str, tenant: str = TENANT) -> None:
    """Sales that our code cannot decide."""
    house.broken.add(branch)
    for order in orders:
        await house.sell(order, branch=branch, tenant=tenant)
    sql = "select count(*) from item where event_id = any($1::text[])"
    events = [f"sale-{order}" for order in orders]

    async def are_kept() -> bool:
        return bool(await house.database.fetchval(sql, events) == len(orders))

    await eventually(are_kept)


async def held_behind(house: House, order: str) -> None:
    """A second word on an order, which waits behind the first."""
    await house.sell(order, event=f"later-{order}")
    sql = "select exists (select 1 from item where event_id = $1 and state = 'held')"

    async def is_held() -> bool:
        return bool(await house.database.fetchval(sql, f"later-{order}"))

    await eventually(is_held)


async def at(page: Page, event: str) -> None:
    """Open the page of an item from the list."""
    await page.goto(f"/items?tenant={TENANT}")
    await page.get_by_role("link", name=event).first.click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(event)


async def test_an_operator_mends_a_dead_letter_and_what_it_held_goes_on(
    looker: Looker, house: House, broken: set[str]
) -> None:
    await stuck(house, "W-1", branch="Pier 9")
    await held_behind(house, "W-1")
    page = await looker.signed_in("hub")

    await page.goto(f"/?tenant={TENANT}")
    await page.get_by_role("link", name="Dead letters").click()
    await expect(page.get_by_role("link", name="Dead letters 1")).to_have_attribute(
        "aria-current", "page"
    )
    await page.get_by_role("link", name="sale-W-1").click()
    await expect(page.get_by_text("holds back 1")).to_be_visible()
    await page.get_by_role("link", name="Try it with today's code").click()
    await expect(page.locator(".beside-table td.act")).to_have_text("dead lettered")

    await page.get_by_label("Why do you open it?").fill("to see the branch")
    await page.get_by_role("button", name="Open the payload").click()
    text = page.get_by_label("Mend it")
    assert '"branch": "Pier 9"' in await text.input_value()
    await text.fill((await text.input_value()).replace("Pier 9", "Harbour Street"))
    await page.locator("#edit-reason").fill("the branch was renamed")
    await page.get_by_role("button", name="Save the mended payload").click()
    await expect(page.get_by_role("status")).to_contain_text("The new payload stands in its place")

    await page.get_by_role("link", name="Try it with today's code").click()
    await expect(page.locator(".beside-table td.fine").first).to_have_text("applied")
    await expect(page.locator(".diff tbody tr").first).to_be_visible()
    await page.get_by_label("Reason kept for ever").fill("mended")
    await page.get_by_role("button", name="Retry now").click()
    await expect(page.get_by_role("status")).to_contain_text("is settled")
    await expect(page.get_by_text("edited the payload")).to_be_visible()

    await eventually(lambda: none_open(house))
    sql = "select by from staff_action where verb = 'look' and text = 'to see the branch'"
    assert await house.database.fetchval(sql) == "hub/ops"


async def test_a_payload_that_breaks_its_schema_is_refused_in_place_with_what_was_typed(
    looker: Looker, house: House, broken: set[str]
) -> None:
    await stuck(house, "W-2", branch="Pier 8")
    page = await looker.signed_in()
    await at(page, "sale-W-2")
    await page.get_by_label("Why do you open it?").fill("to mend it")
    await page.get_by_role("button", name="Open the payload").click()

    await page.get_by_label("Mend it").fill('{"lines": "none"}')
    await page.locator("#edit-reason").fill("a try")
    await page.get_by_role("button", name="Save the mended payload").click()

    await expect(page.get_by_role("alert")).to_contain_text("not what its schema asks for")
    await expect(page.locator("ul.wrong")).to_contain_text("order Field required")
    assert '"lines"' in await page.get_by_label("Mend it").input_value()


async def test_what_is_no_valid_event_is_shown_with_its_breaches_marked(
    looker: Looker, house: House, broken: set[str]
) -> None:
    await house.sell("W-3", quantity=0)

    async def is_kept() -> bool:
        return bool(await house.database.fetchval("select count(*) from item"))

    await eventually(is_kept)
    page = await looker.signed_in()
    await at(page, "sale-W-3")
    await page.get_by_label("Why do you open it?").fill("to see what is wrong")
    await page.get_by_role("button", name="Open the payload").click()

    await expect(page.locator("mark").last).to_contain_text('"quantity": 0')
    await expect(page.get_by_label("JSON Schema")).to_contain_text('"title": "SaleRecorded"')


async def test_a_bulk_is_tried_begun_watched_stopped_and_continued(
    looker: Looker, house: House, broken: set[str]
) -> None:
    orders = [f"W-4{number}" for number in range(6)]
    await stuck(house, *orders, branch="Pier 7")
    page = await looker.signed_in()
    await page.goto("/items?state=dead_lettered&reason=Pier+7")
    await page.get_by_role("link", name="Dry run for all that fit").click()
    await expect(page.locator(".was-would tbody")).to_contain_text("6dead lettered")

    broken.clear()
    await page.reload()
    await expect(page.locator(".was-would tbody strong")).to_have_text("applied")
    await page.get_by_label("Items a second").fill("0.2")
    await page.get_by_label("Reason kept for ever").fill("the branch is known now")
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Retry of 6 items")
    assert await page.get_by_role("progressbar").get_attribute("max") == "6"
    await page.get_by_label("Reason").fill("too slow")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("stopped")
    await page.get_by_label("Reason").fill("as fast as it may be")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("under way")

    await page.goto("/items/all?state=dead_lettered&reason=Pier+7")
    await page.get_by_label("Items a second").fill("no")
    await page.get_by_label("Reason kept for ever").fill("faster")
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("alert")).to_contain_text("The rate is between")


async def test_a_bulk_runs_to_its_end_before_the_eyes_of_who_began_it(
    looker: Looker, house: House, broken: set[str]
) -> None:
    await stuck(house, *(f"W-5{number}" for number in range(5)), branch="Pier 6")
    broken.clear()
    page = await looker.signed_in()
    await page.goto("/items/all?state=dead_lettered&reason=Pier+6")
    await page.get_by_label("Items a second").fill("2")
    await page.get_by_label("Reason kept for ever").fill("known now")
    await page.get_by_role("button", name="Begin").click()

    await expect(page.get_by_text("5 of 5")).to_be_visible(timeout=30_000)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("over")


async def test_a_bulk_that_goes_on_leaves_alone_what_is_being_typed(
    looker: Looker, house: House, broken: set[str]
) -> None:
    await stuck(house, *(f"W-9{number}" for number in range(4)), branch="Pier 1")
    broken.clear()
    page = await looker.signed_in()
    await page.goto("/items/all?state=dead_lettered&reason=Pier+1")
    await page.get_by_label("Items a second").fill("0.5")
    await page.get_by_label("Reason kept for ever").fill("known now")
    await page.get_by_role("button", name="Begin").click()
    await page.get_by_label("Reason").fill("I am not")
    await expect(page.get_by_text("2 of 4")).to_be_visible(timeout=20_000)
    await page.get_by_label("Reason").press_sequentially(" done")

    await expect(page.get_by_label("Reason")).to_have_value("I am not done")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("stopped")
    said = "select count(*) from staff_action where verb = 'stop' and text = 'I am not done'"
    assert await house.database.fetchval(said) == 1


async def test_a_bulk_is_neither_stopped_nor_continued_without_a_reason(
    house: House, broken: set[str]
) -> None:
    await stuck(house, "W-95", branch="Pier 0")
    async with house.pages() as pages, house.browsing(pages) as client:
        chosen = {"state": "dead_lettered", "rate": "0.01", "reason": "slowly"}
        begun = (await client.post("/redrives", data=chosen)).headers["location"]
        refused = [await client.post(f"{begun}/{act}") for act in ("stop", "continue")]

    assert [one.status_code for one in refused] == [409, 409]
    assert all("needs a reason" in one.text for one in refused)
    acts = "select count(*) from staff_action where verb in ('stop', 'continue') and redrive = $1"
    assert not await house.database.fetchval(acts, int(begun.rpartition("/")[2]))


async def test_every_bulk_is_found_however_many_came_after_it(house: House) -> None:
    sql = """
    insert into redrive (tenant, wanted, chosen, rate, why, by, ready_at)
    select $1, 'redrive', '{"state":"parked"}', 1, 'one of many', 'acme/many', now()
      from generate_series(1, 25) returning id
    """
    made = {row["id"] for row in await house.database.fetch(sql, TENANT)}
    seen: set[int] = set()
    try:
        async with house.pages() as pages, house.browsing(pages) as client:
            where: str | None = "/redrives"
            while where is not None:
                page = (await client.get(where)).text
                seen |= set(map(int, re.findall(r'href="/redrives/(\d+)', page)))
                found = re.search(r'href="([^"]+)" rel="next"', page)
                where = unescape(found[1]) if found else None
    finally:
        await house.database.execute("delete from redrive where by = 'acme/many'")

    assert made <= seen


async def test_a_hold_is_put_on_seen_and_taken_off_with_the_keyboard_alone(
    looker: Looker, house: House, broken: set[str]
) -> None:
    await stuck(house, "W-6", branch="Pier 5")
    page = await looker.signed_in()
    await page.goto("/items")

    await tab_to(page, "sale-W-6")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("sale-W-6")
    await tab_to(page, "Reason")
    await page.keyboard.type("ask the branch")
    await tab_to(page, "Hold")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("It is on hold")
    await expect(page.get_by_text("it is on hold: ask the branch")).to_be_visible()
    await tab_to(page, "Reason")
    await page.keyboard.type("they know")
    await tab_to(page, "Release")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("on hold no longer")


async def test_a_note_is_kept_and_found(looker: Looker, house: House, broken: set[str]) -> None:
    await stuck(house, "W-7", branch="Pier 4")
    page = await looker.signed_in()
    await at(page, "sale-W-7")
    await page.get_by_label("Note", exact=True).fill("Till 4 was <b>asked</b>")
    await page.get_by_role("button", name="Keep the note").click()
    await expect(page.get_by_role("status")).to_contain_text("The note is kept")
    await page.get_by_role("link", name="Notes").click()
    await page.get_by_label("A text that it contains").fill("till 4")
    await page.get_by_role("button", name="Search").click()

    await expect(page.locator(".history .said")).to_have_text("Till 4 was <b>asked</b>")


async def test_what_is_away_stands_above_the_retry_queue(
    looker: Looker, house: House, broken: set[str]
) -> None:
    await house.database.execute(
        "insert into dependency (tenant, name, failures, open_since, probe_at, reason)"
        " values ($1, 'the tax office', 7, now() - interval '3 min', now() + interval '1 min', 'it timed out')",
        TENANT,
    )
    page = await looker.signed_in()
    await page.goto("/items?state=retrying")

    await expect(page.locator(".away")).to_contain_text("the tax office since")
    await expect(page.locator(".away")).to_contain_text("0 items wait for it")
    await house.database.execute("delete from dependency")


async def test_a_tenant_sees_and_steers_its_own_items_alone(
    house: House, looker: Looker, broken: set[str]
) -> None:
    await stuck(house, "W-8", branch="Pier 3", tenant=OTHER)
    (item,) = await list_items(house.database)
    where = f"/items/{item.topic}/{item.partition}/{item.offset}"
    async with house.pages() as pages, house.browsing(pages) as client:
        listed = await client.get(f"/items?tenant={OTHER}")
        shown = await client.get(f"{where}?tenant={OTHER}")
        steered = await client.post(f"{where}/steer", data={"act": "give-up", "reason": "mine"})
        forged = await client.post(
            f"{where}/steer", data={"act": "hold"}, headers={"Sec-Fetch-Site": "cross-site"}
        )

    assert "sale-W-8" not in listed.text
    assert (shown.status_code, steered.status_code, forged.status_code) == (404, 404, 403)


@pytest.mark.parametrize("asked", ["?cursor=x", "?state=nonsense", "?reason=%00", "?partition=9e9"])
async def test_answers_whatever_is_asked_of_the_list(house: House, asked: str) -> None:
    async with house.pages() as pages, house.browsing(pages) as client:
        assert (await client.get(f"/items{asked}")).status_code == 200
        assert (await client.get("/items/x/0/99999999999999999999")).status_code == 404
        for one in ("9" * 20, "9" * 5_000, "x", "%D9%A3"):
            assert (await client.get(f"/redrives/{one}")).status_code == 404
            assert (await client.get(f"/items/x/{one}/0")).status_code == 404
            assert (await client.get(f"/items?partition={one}&redrive={one}")).status_code == 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.usefixtures("broken")
async def test_every_page_reads_well_on_every_screen(
    looker: Looker, house: House, screens: Path, size: tuple[int, int], scheme: str
) -> None:
    orders = [f"W-{size[0]}-{scheme}-{number}" for number in range(3)]
    await stuck(house, *orders, branch="Pier 2")
    await held_behind(house, orders[0])
    page = await looker.signed_in(size=size, color_scheme=scheme)

    async def look(name: str) -> None:
        assert await page.evaluate(OVERFLOW) == [0, []], name
        assert await page.evaluate(SMALL) == [], name
        assert await page.evaluate(WRONG) == [], name
        picture = screens / f"waiting-{name}-{size[0]}-{scheme}.png"
        await page.screenshot(path=picture, full_page=True)

    await page.goto("/items")
    await look("list")
    await at(page, f"sale-{orders[0]}")
    await page.get_by_label("Note", exact=True).fill("The branch was asked")
    await page.get_by_role("button", name="Keep the note").click()
    house.broken.clear()
    await page.get_by_role("link", name="Try it with today's code").click()
    await look("item")
    await page.get_by_label("Why do you open it?").fill("to see the branch")
    await page.get_by_role("button", name="Open the payload").click()
    await look("payload")
    await page.goto("/items/all?state=dead_lettered")
    await look("bulk")
    await page.get_by_label("Items a second").fill("0.5")
    await page.get_by_label("Reason kept for ever").fill("known now")
    await page.get_by_role("button", name="Begin").click()
    await look("redrive")
    await page.goto("/redrives")
    await look("redrives")
    await page.goto("/notes")
    await look("notes")
