"""An owner looks after endpoints: sees which is in trouble, reads why, mends it, and has things sent again."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from hub.delivery.endpoints import Endpoint
from tests.delivery.receiver import Got, answer, listening
from tests.ui.eyes import DESKTOP, PHONE, Looker
from tests.ui.house import House
from tests.ui.owners import Owners
from tests.ui.test_reading import OVERFLOW, SMALL, WRONG, tab_to

pytestmark = [pytest.mark.servers, pytest.mark.ui]

SCRIPT = "<script>alert(document.cookie)</script>"
RTL = "\u202e\u05d0\u05d1\u05d2 <b>\u202d"


async def refusing(got: Got, number: int) -> bytes:
    """What no retry would change."""
    return answer(400, f"no such field: {SCRIPT}".encode())


async def dead(owners: Owners, number: int = 1, **more: Any) -> tuple[Endpoint, list[str]]:
    """An endpoint that has refused so many."""
    async with listening(refusing) as receiver, owners.delivering():
        endpoint = await owners.endpoint(receiver.url, **more)
        events = await owners.tell(number)
        await owners.until(endpoint, dead=number)
        await owners.known_to_fail(endpoint)
    return endpoint, events


async def test_the_one_in_trouble_stands_first_with_what_to_do(
    looker: Looker, house: House, owners: Owners
) -> None:
    well = await owners.endpoint(about="The till")
    off = await owners.endpoint(about="The web shop")
    bad = await owners.endpoint(about="The archive")
    await owners.tell(3)
    execute = house.database.execute
    why = "nothing has gone well for 120 hours"
    await execute(
        "update endpoint set state = 'disabled', state_why = $2 where id = $1", off.id, why
    )
    await execute(
        "update endpoint_pace set failing_since = now() - interval '3 hours' where endpoint = $1",
        bad.id,
    )
    page = await looker.signed_in()
    await page.get_by_role("link", name="Endpoints").click()

    titles = page.locator(".endpoint h2")
    await expect(titles).to_have_text(
        [re.compile("web shop"), re.compile("archive"), re.compile("till")]
    )
    await expect(page.get_by_text("2 of 3 need somebody")).to_be_visible()
    first = page.locator(".endpoint").first
    await expect(first).to_contain_text("disabled")
    await expect(first).to_contain_text(f"{why}; 3 wait for it")
    await expect(first).to_contain_text("enable it again")
    await expect(page.locator(".endpoint").nth(1)).to_contain_text("for 3 h")
    await expect(page.locator(".endpoint").nth(1)).to_contain_text("If none does, it is disabled")
    await expect(page.locator(".endpoint").nth(2)).to_contain_text("3 due, 0 later")
    assert well.id != off.id


async def test_a_test_is_sent_and_its_page_says_by_itself_that_it_arrived(
    looker: Looker, owners: Owners
) -> None:
    page = await looker.signed_in()
    async with listening() as receiver:
        endpoint = await owners.endpoint(receiver.url, about="The till")
        await page.goto(f"/endpoints/{endpoint.id}")
        await page.get_by_role("button", name="Send a test").click()
        await expect(page.get_by_role("status")).to_contain_text("A test is on its way")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("waits")
        async with owners.delivering():
            # Nobody reloads: the page hears of it by itself.
            await expect(page.get_by_role("heading", level=1)).to_contain_text(
                "delivered", timeout=20_000
            )
    await expect(page.locator(".attempts")).to_contain_text("200")
    await expect(page.get_by_label("Answer to attempt 1")).to_have_text("ok")
    assert '"type": "endpoint.tested.v1"' in await page.get_by_label("Payload").inner_text()


async def test_an_endpoint_is_paused_resumed_and_enabled_again(
    looker: Looker, house: House, owners: Owners
) -> None:
    endpoint = await owners.endpoint()
    page = await looker.signed_in()
    await page.goto(f"/endpoints/{endpoint.id}")

    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_role("status")).to_contain_text("It is paused")
    await expect(page.locator("h1 .tag")).to_contain_text("paused")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("status")).to_contain_text("It is asked again")
    await house.database.execute(
        "update endpoint set state = 'disabled' where id = $1", endpoint.id
    )
    await page.reload()
    await page.get_by_role("button", name="Enable again").click()
    await expect(page.locator("h1 .tag")).to_contain_text("active")
    sql = "select doc->>'state' as state, by_id from audit_entry where subject = $1 and action = 'endpoint:changed'"
    rows = await house.database.fetch(sql, endpoint.id)
    assert sorted(row["state"] for row in rows) == ["active", "active", "paused"]
    assert "fixture" not in {row["by_id"] for row in rows}


async def test_a_new_secret_is_shown_once_and_both_sign(looker: Looker, owners: Owners) -> None:
    page = await looker.signed_in()
    async with listening() as receiver:
        endpoint = await owners.endpoint(receiver.url)
        await page.goto(f"/endpoints/{endpoint.id}")
        await page.get_by_role("button", name="Make a new secret").click()
        secret = await page.get_by_label("Secret verifies v1").input_value()
        assert secret.startswith("whsec_")
        await expect(page.get_by_text("it and the secret before both sign")).to_be_visible()
        await expect(page.locator("#secret-card")).to_contain_text("signs until")
        await expect(page.locator("#secret-card")).to_contain_text("ends secret 1 at once")
        await page.get_by_role("link", name="I have copied it").click()
        assert secret not in await page.content()
        await owners.tell()
        async with owners.delivering():
            await owners.until(endpoint, delivered=1)

    assert receiver.got[0].headers["webhook-signature"].count("v1,") == 2


async def test_a_dead_letter_is_read_and_sent_again(
    looker: Looker, house: House, owners: Owners
) -> None:
    endpoint, (event,) = await dead(owners, about="The till")
    page = await looker.signed_in()
    await page.goto("/endpoints")
    await expect(page.locator(".endpoint")).to_contain_text("nothing waits for it, 1 is dead")
    await page.get_by_role("link", name="The till").click()
    await page.get_by_role("link", name="Dead", exact=True).click()
    await page.get_by_role("link", name="warranty.activated.v1").click()

    await expect(page.locator(".attempts")).to_contain_text("It answered 400")
    await expect(page.get_by_label("Answer to attempt 1")).to_have_text(f"no such field: {SCRIPT}")
    await expect(page.get_by_text("webhook-signature")).to_be_hidden()
    await page.get_by_text("The headers it is signed").click()
    await expect(page.get_by_text("webhook-signature")).to_be_visible()
    await expect(page.get_by_role("link", name="its trace")).to_have_attribute(
        "href", "/trace/wty_aaaaaaaaaaaaaaaa_1"
    )
    await page.get_by_label("Reason").fill("the field is there now")
    await page.get_by_role("button", name="Send again").click()
    await expect(page.get_by_role("status")).to_contain_text("under the ids it had")
    async with listening() as receiver:
        await house.database.execute(
            "update endpoint set address = $2, version = version + 1 where id = $1",
            *(endpoint.id, receiver.url),
        )
        async with owners.delivering():
            await expect(page.get_by_role("heading", level=1)).to_contain_text(
                "over", timeout=20_000
            )
            await owners.until(endpoint, delivered=1)
    assert receiver.ids == [event]
    sql = "select why, by_id from audit_entry where action = 'delivery:replayed' and why = $1"
    (row,) = await house.database.fetch(sql, "the field is there now")
    assert row["by_id"]


async def test_picked_ones_are_tried_and_sent_again_with_the_keyboard_alone(
    looker: Looker, house: House, owners: Owners
) -> None:
    endpoint, events = await dead(owners, 3, about="The till")
    number = await owners.number(endpoint, events[1])
    page = await looker.signed_in()
    await page.goto(f"/endpoints/{endpoint.id}")
    for _ in range(60):
        await page.keyboard.press("Tab")
        script = "document.activeElement.getAttribute('aria-label')"
        if await page.evaluate(script) == f"Pick delivery {number}":
            break
    await page.keyboard.press("Space")
    await tab_to(page, "Dry run for the picked ones")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("1 delivery would be sent")
    await tab_to(page, "Reason")
    await page.keyboard.type("only this one")
    await tab_to(page, "Send 1 again")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(": 1 delivery")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("under way")
    await tab_to(page, "Reason")
    await page.keyboard.type("not today")
    await tab_to(page, "Stop")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("stopped")
    await owners.until(endpoint, dead=3)
    sql = "select count(*) from audit_entry where action = 'delivery:replay_stopped' and why = 'not today'"
    assert await house.database.fetchval(sql) == 1


async def test_all_that_fit_are_counted_where_they_would_go(looker: Looker, owners: Owners) -> None:
    async with listening(refusing) as receiver, owners.delivering():
        first = await owners.endpoint(receiver.url, about="The till")
        second = await owners.endpoint(receiver.url, about="The archive")
        await owners.tell(2)
        await owners.until(first, dead=2)
        await owners.until(second, dead=2)
    page = await looker.signed_in()
    await page.goto("/deliveries?state=dead")
    await page.get_by_role("link", name="Dry run for all that fit").click()

    await expect(page.get_by_role("heading", level=1)).to_contain_text("4 deliveries")
    places = page.locator(".bulks li")
    await expect(places).to_have_count(2)
    await expect(places.filter(has_text="The till")).to_contain_text("2 to The till")
    await expect(places.first).to_contain_text("the oldest made")
    await page.get_by_label("Endpoint", exact=True).select_option(label="The archive")
    await page.get_by_role("button", name="Count these").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("2 deliveries")
    await page.get_by_label("delivered", exact=True).check()
    await page.get_by_label("dead", exact=True).uncheck()
    await page.get_by_role("button", name="Count these").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("nothing would be sent")


async def test_a_button_pressed_twice_sends_once(
    looker: Looker, house: House, owners: Owners
) -> None:
    endpoint, _ = await dead(owners, 2)
    page = await looker.signed_in()
    await page.goto(f"/deliveries/replays/try?endpoint={endpoint.id}")
    await page.get_by_label("Reason").fill("pressed twice")
    await page.get_by_role("button", name="Send 2 again").dblclick()

    await expect(page.get_by_role("heading", level=1)).to_contain_text("Replay")
    sql = "select count(*) from delivery_replay where why = 'pressed twice'"
    assert await house.database.fetchval(sql) == 1


async def hostile(owners: Owners, house: House) -> tuple[Endpoint, int]:
    """An endpoint of which nothing is as it should be."""
    long = "a-very-long-name-without-any-place-to-break-" * 4

    async def answering(got: Got, number: int) -> bytes:
        return answer(400, (SCRIPT + RTL + long * 2 + "x" * 20_000).encode())

    async with listening(answering) as receiver, owners.delivering():
        endpoint = await owners.endpoint(receiver.url, about=(SCRIPT + RTL + long)[:200])
        (event,) = await owners.tell(1, f"wty_{SCRIPT}{RTL}{long}")
        await owners.until(endpoint, dead=1)
    return endpoint, await owners.number(endpoint, event)


async def test_whatever_others_write_is_text_and_wraps(
    looker: Looker, house: House, owners: Owners
) -> None:
    endpoint, number = await hostile(owners, house)
    page = await looker.signed_in(size=PHONE)
    begun = f"/deliveries/replays/try?endpoint={endpoint.id}"
    for path in (
        "/endpoints",
        f"/endpoints/{endpoint.id}",
        "/deliveries",
        f"/deliveries/{number}",
        begun,
    ):
        await page.goto(path)
        assert await page.evaluate(OVERFLOW) == [0, []], path
        assert await page.locator("main script").count() == 0, path
        assert await page.locator("main bdi b, main pre b").count() == 0, path
        await expect(page.locator("main")).to_contain_text(SCRIPT)
    await page.get_by_label("Reason").fill(f"{SCRIPT}{RTL}")
    await page.get_by_role("button", name="Send 1 again").click()
    await expect(page.locator("main")).to_contain_text(SCRIPT)
    assert await page.evaluate(OVERFLOW) == [0, []]
    await page.goto(f"/deliveries/{number}")
    shown = await page.get_by_label("Answer to attempt 1").inner_text()
    assert shown.startswith(SCRIPT)
    assert len(shown) > 10_000


async def look_at(page: Page, name: str, screens: Path | None = None) -> None:
    """A page that everybody can read and use."""
    assert await page.evaluate(OVERFLOW) == [0, []], name
    assert await page.evaluate(SMALL) == [], name
    assert await page.evaluate(WRONG) == [], name
    if screens:
        width = await page.evaluate("innerWidth")
        dark = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        scheme = "dark" if dark else "light"
        path = screens / f"endpoints-{name}-{width}-{scheme}.png"
        await page.screenshot(path=path, full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_every_page_of_owners_reads_well_on_every_screen(  # noqa: PLR0913, PLR0917 - who looks, at what, how
    looker: Looker,
    house: House,
    owners: Owners,
    screens: Path,
    size: tuple[int, int],
    scheme: str,
) -> None:
    off = await owners.endpoint("https://archive.example.com/in", about="The archive")
    why = "nothing has gone well for 120 hours"
    sql = "update endpoint set state = 'disabled', state_why = $2 where id = $1"
    await house.database.execute(sql, off.id, why)
    await owners.endpoint("service@voltage.example", kind="mail", about="Mails to customers")
    endpoint, events = await dead(owners, 4, about="The web shop", ordering="per_subject")
    page = await looker.signed_in(size=size, color_scheme=scheme)

    for name, path in (
        ("list", "/endpoints"),
        ("one", f"/endpoints/{endpoint.id}"),
        ("deliveries", "/deliveries"),
        ("delivery", f"/deliveries/{await owners.number(endpoint, events[-1])}"),
        ("try", f"/deliveries/replays/try?endpoint={endpoint.id}"),
    ):
        await page.goto(path)
        await look_at(page, name, screens)
        # Taking a picture leaves traces on the page.
        await page.goto(path)
        for summary in await page.locator("main summary").all():
            await summary.click()
        await look_at(page, f"{name}-open", screens)
    await page.goto(f"/deliveries/replays/try?endpoint={endpoint.id}")
    await page.get_by_label("Reason").fill("the shop's system is mended")
    await page.get_by_role("button", name="Send 4 again").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Replay")
    await look_at(page, "replay", screens)
    await page.goto("/deliveries/replays")
    await look_at(page, "replays", screens)
    await page.goto(f"/endpoints/{endpoint.id}")
    await page.get_by_role("button", name="Make a new secret").click()
    await expect(page.get_by_label("Secret verifies v1")).to_be_visible()
    await look_at(page, "secret", screens)
