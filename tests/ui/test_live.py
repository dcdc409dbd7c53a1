"""The board in a real browser: it changes by itself, and goes on after whatever happens."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from hub.access import keys
from tests.ui.eyes import Looker
from tests.ui.house import House, Pages, eventually

pytestmark = [pytest.mark.servers, pytest.mark.ui]

SOON = 10_000


async def _mark(page: Page) -> None:
    """Something that a reload would take away."""
    await page.evaluate("window.marked = true")


async def _is_marked(page: Page) -> bool:
    return bool(await page.evaluate("window.marked === true"))


async def test_shows_a_sale_without_a_reload(page: Page, house: House) -> None:
    await _mark(page)

    await house.sell("L-1", quantity=2)

    row = page.get_by_role("listitem").filter(has_text="L-1")
    await expect(row).to_contain_text("2 activated", timeout=SOON)
    await expect(page.get_by_role("row").filter(has_text="till")).to_contain_text("0.")
    assert await _is_marked(page)


async def test_counts_on_while_one_looks(page: Page, house: House) -> None:
    accepted = page.locator("#part-success .sum dd").first
    before = _number(await accepted.inner_text())

    for number in range(5):
        await house.sell(f"L-2-{number}")

    await expect(accepted).to_have_text(re.compile(_spaced(before + 5)), timeout=SOON)


def _number(text: str) -> int:
    return int("".join(filter(str.isdigit, text)))


def _spaced(number: int) -> str:
    return f"^{number:,}$".replace(",", "\u202f")


async def test_says_in_words_what_needs_a_person_and_what_to_do(page: Page, house: House) -> None:
    said = page.get_by_role("status").first

    await house.spoil()

    await expect(page.locator("h1")).to_contain_text("Something needs a person", timeout=SOON)
    await expect(page.locator("#part-verdict")).to_contain_text("hub items --state dead_lettered")
    await expect(page.locator("#gauge-dead_lettered")).to_contain_text("act")
    await expect(said).to_have_text("Something needs a person; dead letters wait for a person")


async def test_tells_a_listener_of_a_change_once_and_not_of_every_figure(
    page: Page, house: House
) -> None:
    await page.evaluate(
        """window.heard = [];
        new MutationObserver(() => heard.push(document.getElementById('said').textContent))
          .observe(document.getElementById('said'), {childList: true});"""
    )

    for number in range(4):
        await house.sell(f"L-4-{number}")
        await asyncio.sleep(0.7)
    await expect(page.locator("#part-events")).to_contain_text("L-4-3", timeout=SOON)

    assert await page.evaluate("heard") == []
    live = page.locator("[aria-live], [role=status], [role=alert], [role=log]")
    assert await live.count() == 1


async def test_keeps_still_on_request_and_goes_on_from_now(page: Page, house: House) -> None:
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("#live-word")).to_have_text("Paused")
    await house.sell("L-5")
    await house.shown("L-5")
    await asyncio.sleep(2)
    await expect(page.locator("#part-events")).not_to_contain_text("L-5")

    await page.get_by_role("button", name="Go on").click()

    await expect(page.locator("#part-events")).to_contain_text("L-5", timeout=SOON)
    await expect(page.locator("#live-word")).to_have_text("Live")


async def test_closes_its_stream_while_it_is_paused(page: Page, pages: Pages) -> None:
    await page.get_by_role("button", name="Pause").click()

    async def is_idle() -> bool:
        return pages.web.board.viewers == 0

    await eventually(is_idle, 5)


async def test_holds_the_list_still_under_a_hand_and_catches_up_when_it_leaves(
    page: Page, house: House
) -> None:
    await house.sell("L-6-first")
    link = page.get_by_role("link", name="L-6-first")
    await expect(link).to_be_visible(timeout=SOON)

    await link.focus()
    for number in range(20):
        await house.sell(f"L-6-{number}")
    await house.shown("L-6-19")
    await asyncio.sleep(2)
    await expect(link).to_be_focused()
    await expect(page.get_by_text("Held still while you are here")).to_be_visible()

    await page.get_by_label("Find an order").focus()
    await expect(link).to_have_count(0, timeout=SOON)
    await expect(page.locator("#part-events")).to_contain_text("L-6-19")


async def test_leaves_what_somebody_opened_open(page: Page, house: House) -> None:
    lag = page.locator("#gauge-lag details")
    await lag.locator("summary").click()
    await page.locator("#gauge-lag summary").focus()

    await house.sell("L-7")
    await expect(page.locator("#part-events")).to_contain_text("L-7", timeout=SOON)

    await expect(lag).to_have_attribute("open", "")
    await expect(page.locator("#gauge-lag summary")).to_be_focused()


async def test_comes_back_after_the_server_was_started_again(looker: Looker, house: House) -> None:
    async with house.pages() as first:
        port = int(first.url.rpartition(":")[2])
        elsewhere = Looker(looker.browser, first.url, looker.tokens)
        page = await elsewhere.board()
        await _mark(page)
        await first.stop()
        await expect(page.locator("#live-word")).to_have_text(re.compile("lost"), timeout=SOON)

    async with house.pages(port=port):
        await expect(page.locator("#live-word")).to_have_text("Live", timeout=3 * SOON)
        await house.sell("L-8")
        await expect(page.locator("#part-events")).to_contain_text("L-8", timeout=SOON)
        await expect(page.get_by_role("status").first).to_have_text("Live")
        assert await _is_marked(page)
        await elsewhere.close()

    assert elsewhere.faults == []


async def test_leads_to_the_door_once_the_key_is_revoked(
    looker: Looker, house: House, pages: Pages
) -> None:
    token = await keys.issue(house.database, "acme", "gone-soon")
    looker.tokens = {**looker.tokens, "leaver": token}
    page = await looker.board("leaver")

    await keys.revoke(house.database, token)
    pages.web.board.longest = 0
    pages.web.board.close()

    await page.wait_for_url(re.compile("/sign-in"), timeout=2 * SOON)


async def test_signs_in_by_an_address_and_takes_the_key_out_of_it(
    looker: Looker, house: House
) -> None:
    page = await looker.window()

    await page.goto(f"/enter#{house.tokens['acme']}")
    await page.wait_for_url(f"{looker.url}/")

    assert "whk_" not in await page.evaluate("JSON.stringify(history.state) + location")
    assert await page.evaluate("document.cookie") == ""
    await page.go_back()
    assert "whk_" not in page.url


async def test_says_so_where_the_key_in_an_address_is_none(looker: Looker) -> None:
    page = await looker.window()

    await page.goto("/enter#whk_0123")

    await expect(page.get_by_role("status")).to_contain_text("none of ours")
    assert "whk_" not in page.url


async def test_runs_nothing_that_a_till_sent(looker: Looker, house: House) -> None:
    nasty = "<img src=x onerror=document.title='owned'><script>alert(1)</script>"
    await house.sell(f"L-9{nasty}", serial=f"S{nasty}", branch=f"B{nasty}")

    page = await looker.board()
    await expect(page.locator("#part-events")).to_contain_text(f"B{nasty}", timeout=SOON)
    await page.get_by_role("link", name="L-9").click()
    await expect(page.locator("h1")).to_contain_text("The way of")

    assert await page.title() != "owned"
    assert await page.locator("img[src=x]").count() == 0


async def test_works_without_scripts(looker: Looker, house: House) -> None:
    await house.sell("L-10")
    await house.shown("L-10")
    page = await looker.signed_in(java_script_enabled=False)

    await expect(page.locator("#part-events")).to_contain_text("L-10")
    await expect(page.get_by_text("Looks again every 10 s")).to_be_visible()
    assert '<noscript><meta http-equiv="refresh" content="10">' in await page.content()
    await page.get_by_role("link", name="L-10").click()
    await expect(page.locator("h1")).to_contain_text("The way of")
    await page.go_back()
    await page.get_by_role("link", name="Stand still").click()
    await expect(page.get_by_text("Stands still")).to_be_visible()
    assert 'http-equiv="refresh"' not in await page.content()
