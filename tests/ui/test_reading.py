"""The pages for every pair of hands and eyes: by keyboard, on a phone, for whoever hears them."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.ui.eyes import DESKTOP, NARROW, PHONE, Looker
from tests.ui.house import House

pytestmark = [pytest.mark.servers, pytest.mark.ui]

SOON = 10_000
OVERFLOW = """() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  const out = [...document.querySelectorAll('body *')].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1) && !one.closest('pre, svg, .skip');
  });
  return [wide, out.slice(0, 5).map((one) => one.outerHTML.slice(0, 120))];
}"""
SMALL = """() => [...document.querySelectorAll('a, button, summary, input:not([type=hidden]), select')]
  .filter((one) => one.checkVisibility() && !one.closest('.skip'))
  .filter((one) => { const box = one.getBoundingClientRect();
    return box.width > 1 && (box.height < 24 || box.width < 24) && getComputedStyle(one).display !== 'inline'; })
  .map((one) => one.outerHTML.slice(0, 120))"""
# A merchant's usual figures, and then the width of each source's name in em and the lines it takes.
LARGE = """() => [...document.querySelectorAll('.rates tbody tr')].map((row) => {
  [...row.querySelectorAll('td')].slice(1).forEach((cell, n) => { cell.textContent = n ? '12,345' : '123.4'; });
  return row.querySelector('th'); }).map((th) => {
    const style = getComputedStyle(th);
    return [th.clientWidth / parseFloat(style.fontSize), th.clientHeight / (1.3 * parseFloat(style.fontSize))]; })"""
ORDER = "[...document.querySelectorAll('*')].indexOf(document.activeElement)"
# What assistive technology needs, checked by hand on every page.
WRONG = """() => {
  const wrong = [], all = (what) => [...document.querySelectorAll(what)];
  const named = (one) => one.getAttribute('aria-label') || one.innerText || one.textContent.trim()
    || one.labels?.[0]?.innerText || one.querySelector?.('img')?.alt;
  if (!document.documentElement.lang) wrong.push('no language');
  if (!document.title.trim()) wrong.push('no title');
  if (all('main').length !== 1) wrong.push('not one main');
  if (all('header').length !== 1) wrong.push('not one banner');
  if (all('h1').length !== 1) wrong.push(`${all('h1').length} h1`);
  let level = 0;
  for (const one of all('h1, h2, h3, h4')) {
    if (one.closest('dialog')) continue;
    const next = Number(one.tagName[1]);
    if (next > level + 1) wrong.push(`heading jumps to ${next}: ${one.innerText}`);
    level = next;
  }
  for (const one of all('a[href], button, summary'))
    if (!named(one)) wrong.push('unnamed ' + one.outerHTML.slice(0, 80));
  for (const one of all('input:not([type=hidden]), select, progress'))
    if (!one.labels?.length && !one.getAttribute('aria-label')) wrong.push('unlabelled ' + one.outerHTML);
  for (const one of all('img')) if (!one.hasAttribute('alt')) wrong.push('img without alt');
  for (const one of all('svg')) if (one.getAttribute('aria-hidden') !== 'true') wrong.push('svg that is read');
  for (const one of all('[style], [onclick]')) wrong.push('inline ' + one.outerHTML.slice(0, 80));
  for (const one of all('[tabindex]')) if (one.tabIndex > 0) wrong.push('order of its own');
  for (const one of all('th')) if (!one.scope) wrong.push('th without scope');
  for (const one of all('[aria-describedby]'))
    for (const id of one.getAttribute('aria-describedby').split(' '))
      if (!document.getElementById(id)) wrong.push('describes nothing: ' + id);
  const ids = all('[id]').map((one) => one.id);
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) wrong.push('twice: ' + id);
  return wrong;
}"""


async def focused(page: Page) -> str:
    """What the focus is on, as it would be read out."""
    script = """() => { const one = document.activeElement;
      return one.labels?.[0]?.innerText || one.innerText || one.tagName; }"""
    return str(await page.evaluate(script)).strip()


async def tab_to(page: Page, text: str, limit: int = 60) -> None:
    """Press Tab until the focus is there; each stop on the way can be seen."""
    for _ in range(limit):
        await page.keyboard.press("Tab")
        outline = await page.evaluate(
            "(({outlineStyle, outlineWidth}) => outlineStyle + outlineWidth)"
            "(getComputedStyle(document.activeElement))"
        )
        assert outline == "solid3px", f"nobody sees the focus on {await focused(page)}"
        if text in await focused(page):
            return
    pytest.fail(f"no way to {text!r} by Tab")


async def test_can_be_used_by_keyboard_alone(looker: Looker, house: House) -> None:
    await house.sell("K-1")
    await house.shown("K-1")
    page = await looker.window()
    await page.goto("/sign-in")
    await expect(page.get_by_label("Merchant")).to_be_focused()
    for _ in range(4):
        await page.keyboard.press("Tab")
    await expect(page.get_by_label("API key")).to_be_focused()
    await page.keyboard.type(house.tokens["acme"])
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{looker.url}/")

    await tab_to(page, "Find an order")
    await page.keyboard.type("K-1")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("The way of K-1")
    await tab_to(page, "All figures")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{looker.url}/")

    await tab_to(page, "Pause")
    await page.keyboard.press("Space")
    await expect(page.locator("#live-word")).to_have_text("Paused")
    await tab_to(page, "K-1")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("The way of")
    await tab_to(page, "Sign out")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{looker.url}/sign-in")


async def test_skips_to_the_figures(page: Page) -> None:
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("Tab")
    assert await focused(page) == "Skip to the page"
    await page.keyboard.press("Enter")

    assert await page.evaluate("document.activeElement.id") == "main"


async def test_traps_the_focus_nowhere(page: Page) -> None:
    await page.get_by_role("button", name="Pause").click()
    seen: list[int] = []
    for _ in range(120):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement === document.body"):
            break
        seen.append(await page.evaluate(ORDER))

    assert seen == sorted(set(seen))
    assert 8 < len(seen) < 120


@pytest.mark.parametrize("size", [NARROW, PHONE, (768, 1024), DESKTOP])
async def test_fits_every_window_without_scrolling_sideways(
    looker: Looker, house: House, size: tuple[int, int]
) -> None:
    long = "a-very-long-reference-without-any-place-to-break-" * 3
    await house.sell(
        f"W-{size[0]}-{long}"[:120], serial=f"W{size[0]}{long}"[:120], branch=long[:90]
    )
    await house.shown(f"W-{size[0]}-{long}"[:120])
    page = await looker.board("hub", size)
    await _fits(page, "the board")
    for summary in await page.locator("summary").all():
        await summary.click()
    await _fits(page, "the board with everything open")
    await page.get_by_role("link", name=f"W-{size[0]}").first.click()
    await expect(page.locator("h1")).to_contain_text("The way of")
    for summary in await page.locator("summary").all():
        await summary.click()
    await _fits(page, "a trace")
    await page.goto("/trace?q=nothing-like-it")
    await _fits(page, "a search without a result")


async def _fits(page: Page, what: str) -> None:
    assert await page.evaluate(OVERFLOW) == [0, []], what
    assert await page.evaluate(SMALL) == [], f"too small to touch on {what}"


async def test_can_be_heard(looker: Looker, house: House) -> None:
    await house.sell("H-1", serial="SN-H-1")
    await house.shown("H-1")
    page = await looker.window()
    found: dict[str, Any] = {}
    for path in ("/sign-in", "/enter"):
        await page.goto(path)
        found[path] = await page.evaluate(WRONG)
    page = await looker.board("hub")
    for path in ("/?tenant=acme", "/trace/H-1?tenant=acme", "/trace/nothing", "/trace?q=SN-H-1"):
        await page.goto(path)
        found[path] = await page.evaluate(WRONG)

    assert found == {path: [] for path in found}


async def test_moves_nothing_for_whoever_asked_for_rest(looker: Looker) -> None:
    page = await looker.board(reduced_motion="reduce")

    moving = await page.evaluate("document.getAnimations().length")

    assert moving == 0


async def test_can_be_read_at_twice_the_size(looker: Looker) -> None:
    page = await looker.board(size=(640, 450), device_scale_factor=2)

    await _fits(page, "the board at 200 %")


@pytest.mark.parametrize("size", [DESKTOP, PHONE, NARROW])
async def test_names_every_source_in_words_and_not_letter_by_letter(
    looker: Looker, house: House, screens: Path, size: tuple[int, int]
) -> None:
    await house.sell(f"N-{size[0]}", source="marketplace-feed")
    await house.shown(f"N-{size[0]}")
    page = await looker.board(size=size)
    await expect(page.locator(".rates tbody th").first).to_be_visible(timeout=SOON)
    cells = await page.evaluate(LARGE)
    await page.locator(".rates").screenshot(path=screens / f"rates-{size[0]}.png")

    assert all(width >= 6 for width, _ in cells), cells
    assert all(lines <= 4 for _, lines in cells), cells
    await _fits(page, f"the board at {size[0]} px")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
async def test_is_pictured_for_a_person_to_look_at(
    looker: Looker, house: House, screens: Path, scheme: str, size: tuple[int, int]
) -> None:
    name = f"{size[0]}x{size[1]}"
    for number in range(12):
        source = ("till", "shop", "market")[number % 3]
        branch = ("Harbour Street", "Old Market", "Airport")[number % 3]
        order = f"P-{name}-{scheme}-{number}"
        await house.sell(order, serial=f"SN-{order}", branch=branch, source=source)
    await house.shown(f"P-{name}-{scheme}-11")
    page = await looker.board("hub", size, color_scheme=scheme)
    await page.goto("/?tenant=acme")
    await expect(page.locator("#live-word")).to_have_text("Live", timeout=SOON)
    await page.screenshot(path=screens / f"board-{name}-{scheme}.png")
    await page.get_by_role("link", name=f"P-{name}").first.click()
    await expect(page.locator("h1")).to_contain_text("The way of")
    await page.screenshot(path=screens / f"trace-{name}-{scheme}.png")

    assert (screens / f"board-{name}-{scheme}.png").stat().st_size > 20_000
