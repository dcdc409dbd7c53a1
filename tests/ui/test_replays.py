"""Somebody has a time translated again: tried first, begun, watched and stopped, in a real browser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from hub.adapters.postgres import ENGINE, connect
from hub.recovery.replayer import Replayer
from tests.intake.corner import Shop, a_shop, a_translator, accounted, at_work, land
from tests.ui.eyes import DESKTOP, PHONE, Looker
from tests.ui.house import CORNER, OTHER, TENANT, House
from tests.ui.test_reading import OVERFLOW, SMALL, WRONG, tab_to

pytestmark = [pytest.mark.servers, pytest.mark.ui]


@pytest.fixture(scope="module")
async def shop(house: House) -> AsyncIterator[Shop]:
    """A shop of which two sales have landed; one of them could not be translated."""
    async with a_shop(house.kafka.bootstrap, house.dsn, house.database, CORNER) as shop:
        async with at_work(a_translator(shop, house.database, house.processor.reads)):
            await land(shop, {"order": "P-1", "serials": ["P1"]}, {"number": "P-2"})
            await accounted(shop, 2, parked=1)
        yield shop
        # Other tests count what waits.
        await house.database.execute("delete from item where topic = $1", shop.topic.name)


@pytest.fixture(autouse=True)
async def nothing_open(house: House) -> AsyncIterator[None]:
    """At the end nobody waits for a translator."""
    yield
    await house.database.execute("update replay set stop_at = now() where stop_at is null")


@asynccontextmanager
async def at_it(house: House, shop: Shop) -> AsyncIterator[None]:
    """A translator, with what works on replays beside it."""
    pool = await connect(house.dsn, size=4, settings={"role": ENGINE})
    replayer = Replayer(shop.topic.name, pool, house.kafka, house.today, every=0.1)
    task = asyncio.create_task(replayer.run())
    async with at_work(a_translator(shop, house.database, house.processor.reads)):
        yield
    task.cancel()
    await asyncio.wait([task])
    await pool.close()


async def ask(page: Page, reason: str = "the mapping was mended", query: str = "") -> None:
    await page.goto(f"/replays{query}")
    since = datetime.now(UTC) - timedelta(hours=1)
    await page.get_by_label("Landed since").fill(since.strftime("%Y-%m-%dT%H:%M:%S"))
    await page.get_by_label("Reason").fill(reason)
    await page.get_by_role("button", name="Dry run").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Dry run")


async def test_a_replay_is_tried_and_begun_from_what_waits(
    looker: Looker, house: House, shop: Shop
) -> None:
    page = await looker.signed_in()
    await page.goto("/items")
    await page.get_by_role("link", name="Replay the time in which they landed").click()
    await ask(page)
    await expect(page.get_by_text("A translator of")).to_be_visible()
    async with at_it(house, shop):
        # Nobody reloads: the page hears of it by itself.
        await expect(page.get_by_role("heading", level=2)).to_contain_text(
            "2 records", timeout=20_000
        )
        await expect(page.locator(".was-would").first).to_contain_text("parked order missing")
        await page.get_by_label("Reason").fill("as the dry run has shown")
        await page.get_by_role("button", name="Replay").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Replay")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("over", timeout=20_000)
        await expect(page.get_by_text("100 %")).to_be_visible()
    assert await page.get_by_role("progressbar").get_attribute("value") == "1.0000"
    said = "select by from staff_action where verb = 'replay' and text = 'as the dry run has shown'"
    assert await house.database.fetchval(said) == "acme/shop"


async def test_a_typed_reason_outlives_every_look_of_the_page_and_is_insisted_on(
    looker: Looker, shop: Shop
) -> None:
    page = await looker.signed_in()
    await ask(page)
    await page.get_by_label("Reason").fill("the wrong")
    await asyncio.sleep(5)
    await expect(page.get_by_label("Reason")).to_have_value("the wrong")
    await page.get_by_label("Reason").press_sequentially(" hour")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_role("status")).to_contain_text("It is to be stopped")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("stopped")


async def test_a_replay_is_asked_for_with_the_keyboard_alone(looker: Looker, shop: Shop) -> None:
    page = await looker.signed_in()
    await page.goto("/replays")
    await tab_to(page, "Reason")
    await page.keyboard.type("by keyboard")
    await tab_to(page, "Dry run")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("waits")
    await tab_to(page, "Reason")
    await page.keyboard.type("enough")
    await tab_to(page, "Stop")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("It is to be stopped")


async def test_what_cannot_be_is_said_beside_what_was_typed(looker: Looker, shop: Shop) -> None:
    page = await looker.signed_in()
    await page.goto("/replays")
    await page.get_by_label("Landed since").fill("2026-01-02T00:00:00")
    await page.get_by_label("And before").fill("2026-01-01T00:00:00")
    await page.get_by_label("Reason").fill("a reason that is kept")
    await page.get_by_role("button", name="Dry run").click()

    await expect(page.get_by_role("alert")).to_contain_text("is not before `until`")
    await expect(page.get_by_label("Reason")).to_have_value("a reason that is kept")
    await expect(page.get_by_label("And before")).to_have_value("2026-01-01T00:00")


async def test_forms_without_a_reason_and_of_others_are_refused(house: House, shop: Shop) -> None:
    sent = {"connector": CORNER.name, "since": "2026-01-01T00:00", "until": "", "source": ""}
    async with house.pages() as pages, house.browsing(pages) as client:
        bare = await client.post("/replays", data=sent)
        odd = [
            await client.post("/replays", data=sent | {"reason": "x", "since": since})
            for since in ("", "yesterday", "9" * 400, "0001-01-01T00:00+23:00")
        ]
        asked = await client.post("/replays", data=sent | {"reason": "mine"})
        there = asked.headers["location"]
        unsaid = await client.post(f"{there}/stop", data={})
        too_soon = await client.post(f"{there}/begin", data={"reason": ""})
        forged = await client.post(
            "/replays", data=sent | {"reason": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        async with house.browsing(pages, OTHER) as other:
            theirs = [
                await other.get(there),
                await other.post(f"{there}/stop", data={"reason": "no"}),
            ]
        numbers = [await client.get(f"/replays/{one}") for one in ("9" * 30, "x", "0")]

    assert (bare.status_code, "needs a reason" in bare.text) == (409, True)
    assert {one.status_code for one in odd} == {409}
    assert (asked.status_code, forged.status_code) == (303, 403)
    assert (unsaid.status_code, "needs a reason" in unsaid.text) == (409, True)
    assert (too_soon.status_code, "needs a reason" in too_soon.text) == (409, True)
    assert {one.status_code for one in (*theirs, *numbers)} == {404}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_every_page_of_replays_reads_well_on_every_screen(  # noqa: PLR0913, PLR0917 - who looks, at what, how
    looker: Looker, house: House, shop: Shop, screens: Path, size: tuple[int, int], scheme: str
) -> None:
    page = await looker.signed_in("hub", size=size, color_scheme=scheme)

    async def look(name: str) -> None:
        # Taking a picture leaves traces on the page.
        await page.goto(page.url)
        if name == "tried":
            await page.get_by_text("one by one").click()
        assert await page.evaluate(OVERFLOW) == [0, []], name
        assert await page.evaluate(SMALL) == [], name
        assert await page.evaluate(WRONG) == [], name
        picture = screens / f"replays-{name}-{size[0]}-{scheme}.png"
        await page.screenshot(path=picture, full_page=True)

    await ask(page, f"seen at {size[0]}, {scheme}", f"?tenant={TENANT}")
    await look("waits")
    async with at_it(house, shop):
        await expect(page.get_by_role("heading", level=2)).to_contain_text(
            "2 records", timeout=20_000
        )
    await look("tried")
    await page.get_by_role("button", name="Replay").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("waits")
    await look("begun")
    await page.goto(f"/replays?tenant={TENANT}")
    await look("list")
