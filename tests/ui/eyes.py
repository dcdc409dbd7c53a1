"""Somebody in front of a screen: opens pages in windows of any kind and notices every fault."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.ui.house import TENANT

DESKTOP, PHONE, NARROW = (1280, 900), (390, 844), (320, 640)


@dataclass(slots=True)
class Looker:
    """Opens pages of one address."""

    browser: Browser
    url: str
    tokens: dict[str, str]
    faults: list[str] = field(default_factory=list)
    _open: list[BrowserContext] = field(default_factory=list)

    async def window(self, size: tuple[int, int] = DESKTOP, **options: Any) -> Page:
        """A window in which nobody is signed in."""
        width, height = size
        context = await self.browser.new_context(
            viewport={"width": width, "height": height}, base_url=self.url, **options
        )
        self._open.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", lambda said: self._heard(said))  # noqa: PLW0108 - it keeps notes on a bound method
        page.on("request", lambda one: self._asked(one))  # noqa: PLW0108 - as above
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        return page

    async def signed_in(
        self, tenant: str = TENANT, size: tuple[int, int] = DESKTOP, **options: Any
    ) -> Page:
        """A window whose person has signed in, at the board."""
        page = await self.window(size, **options)
        await page.goto("/sign-in")
        await page.get_by_label("API key").fill(self.tokens[tenant])
        await page.get_by_role("button", name="Sign in with key").click()
        await page.wait_for_url(f"{self.url}/")
        return page

    async def person(self, typed: Mapping[str, str]) -> Page:
        """A window in which somebody has signed in by merchant, e-mail and password."""
        page = await self.window()
        await page.goto("/sign-in")
        await page.get_by_label("Merchant").fill(typed["tenant"])
        await page.get_by_label("E-mail address").fill(typed["email"])
        await page.get_by_label("Password").fill(typed["password"])
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await page.wait_for_url(f"{self.url}/")
        return page

    async def board(
        self, tenant: str = TENANT, size: tuple[int, int] = DESKTOP, **options: Any
    ) -> Page:
        """The board, live."""
        page = await self.signed_in(tenant, size, **options)
        await expect(page.locator("#live-word")).to_have_text("Live")
        return page

    async def close(self) -> None:
        """Close every window."""
        for context in self._open:
            await context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        # A server that is gone, or a key that is wrong, is what some tests are about.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.faults.append(f"asked elsewhere: {request.url}")
