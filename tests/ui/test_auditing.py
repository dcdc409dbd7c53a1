"""Somebody audits: finds who did what, draws the month's sample, and reviews it."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from hub.access.permissions import Role
from hub.audit.entries import By, Entry, record
from hub.audit.samples.drawing import Wish, draw
from tests.ui.eyes import DESKTOP, NARROW, PHONE, Looker
from tests.ui.house import TENANT, House, eventually
from tests.ui.test_people import somebody
from tests.ui.test_reading import OVERFLOW, SMALL, WRONG, tab_to

pytestmark = [pytest.mark.servers, pytest.mark.ui]
CLOSED = """
insert into audit_entry (tenant, at, action, subject, by_kind, by_id, doc)
select $1, '2026-10-07 12:00Z', 'event:decided', home, 'source', 'till',
       json_build_object('stage', 'decided', 'said', json_build_array(
         json_build_object('type', 'warranty.ended.v1', 'subject', 'wty_' || home || '_1')))
  from (select repeat(c, 16) as home from unnest(array['b', 'c', 'd', 'e', 'f']) c) homes
"""


async def fits(page: Page, what: str) -> None:
    assert await page.evaluate(OVERFLOW) == [0, []], what
    assert await page.evaluate(SMALL) == [], f"too small to touch on {what}"
    assert await page.evaluate(WRONG) == [], what


async def test_an_auditor_finds_by_keyboard_who_did_what(looker: Looker, house: House) -> None:
    ann = By(kind="person", id="usr_ann", role="owner")
    why = "The till of Pier 9 was replaced"
    entry = Entry(tenant=TENANT, action="key:issued", subject="key_9", by=ann, why=why)
    await record(house.database, entry)
    await house.sell("A-1")
    await house.shown("A-1")
    page = await looker.signed_in()

    await page.get_by_role("link", name="Audit").click()
    await expect(page.get_by_text("event:decided").first).to_be_visible()
    await tab_to(page, "Search")
    await page.keyboard.press("Enter")
    await page.get_by_label("Reason contains").focus()
    await page.keyboard.type("pier 9 was")
    await page.keyboard.press("Enter")

    found = page.locator(".history li")
    await expect(found).to_have_count(1)
    await expect(found).to_contain_text("key:issued")
    await expect(found).to_contain_text("usr_ann, owner")
    await page.get_by_role("link", name="key_9").click()
    await expect(page.get_by_label("What it was done to")).to_have_value("key_9")


async def test_a_sample_is_drawn_and_a_record_reviewed(
    looker: Looker, house: House, screens: Path
) -> None:
    await house.database.execute(CLOSED, TENANT)
    page = await looker.person(await somebody(house, Role.OWNER))
    await page.goto("/audit/samples")
    await page.get_by_label("Month").fill("2099-01")
    await page.get_by_role("button", name="Draw").click()
    await expect(page.get_by_role("alert")).to_contain_text("2099-01 is not over")
    await page.get_by_label("Month").fill("2026-10")
    await page.get_by_label("Records").fill("3")
    await page.get_by_label("Seed").fill("s1")
    await page.get_by_role("button", name="Draw").click()
    await expect(
        page.get_by_text("3 of 5 closed records, by seed s1. 3 to review.")
    ).to_be_visible()

    first = page.locator("section").first
    for line in await first.locator("fieldset").all():
        await line.get_by_label("fine", exact=True).check()
    await first.locator("fieldset").last.get_by_label("unclear").check()
    await first.get_by_role("button", name="Keep this review").click()
    await expect(page.get_by_role("alert")).to_contain_text("what is unclear, in 10 characters")
    await first.get_by_label("What is not fine").last.fill("The letter gives no reason")
    await page.screenshot(path=screens / "sample.png", full_page=True)
    await first.get_by_role("button", name="Keep this review").click()

    await expect(first).to_contain_text("The letter gives no reason")
    await expect(page.get_by_text("2 to review.")).to_be_visible()
    await page.goto("/audit/samples")
    await expect(page.get_by_text("1 with findings")).to_be_visible()


async def test_the_pages_fit_every_screen_and_can_be_heard(
    looker: Looker, house: House, screens: Path
) -> None:
    await house.sell("A-2")
    await house.shown("A-2")
    wish = Wish(tenant=TENANT, month="2026-09", size=1, seed="fits")
    ann = By(kind="person", id="usr_ann", role="owner")
    await house.database.execute(CLOSED.replace("2026-10", "2026-09"), TENANT)
    await draw(house.database, wish, ann)

    async def is_entered() -> bool:
        sql = "select exists (select 1 from audit_entry where doc ->> 'event' = 'sale-A-2')"
        return bool(await house.database.fetchval(sql))

    await eventually(is_entered)
    for name, size in (("desktop", DESKTOP), ("phone", PHONE), ("narrow", NARROW)):
        page = await looker.signed_in("hub", size)
        for path in ("/audit", "/audit?subject=x&since=2026-01-01", "/audit/samples"):
            await page.goto(f"{path}{'&' if '?' in path else '?'}tenant={TENANT}")
            await fits(page, f"{path} {name}")
        await page.goto(f"/audit?tenant={TENANT}")
        await page.screenshot(path=screens / f"audit-{name}.png")
        await page.goto(f"/audit/samples?tenant={TENANT}")
        await page.locator(".bulks a").first.click()
        await fits(page, f"sample {name}")
        await page.screenshot(path=screens / f"sample-{name}.png")


async def test_a_sample_that_is_none_is_said_to_be_none(looker: Looker, house: House) -> None:
    page = await looker.signed_in("hub")

    await page.goto(f"/audit/samples/smp_none?tenant={TENANT}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is there")
