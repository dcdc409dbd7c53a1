"""A hub to look at, and a real Chromium to look with."""

import os
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.ui.eyes import Looker
from tests.ui.house import House, Pages, at_work
from tests.ui.owners import Owners

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_CHROMIUM = "no Chromium: install one (apt-get install chromium) or set HUB_CHROMIUM"


@pytest.fixture(scope="module")
async def house(kafka: str, postgres: str, migrated: str) -> AsyncIterator[House]:
    """One hub for all tests of a file that look; each has orders of its own."""
    name = f"ui{uuid.uuid4().hex[:8]}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f"create database {name} template {migrated} strategy file_copy")
    async with at_work(kafka, postgres.rsplit("/", 1)[0] + f"/{name}", f"{name}.") as house:
        yield house
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
async def pages(house: House) -> AsyncIterator[Pages]:
    """The pages, served by a process of this test's own."""
    async with house.pages() as pages:
        yield pages


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; skips the test where there is none."""
    found = os.environ.get("HUB_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip(NO_CHROMIUM)
    return found


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A real browser, for all tests of a session."""
    quiet = ["--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    # Without root's own sandbox; what it opens is only ever ours.
    arguments = [*quiet, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture
async def looker(browser: Browser, house: House, pages: Pages) -> AsyncIterator[Looker]:
    """Opens pages; at the end, no page may have had a fault or asked anybody else for anything."""
    looker = Looker(browser, pages.url, house.tokens)
    yield looker
    await looker.close()
    assert looker.faults == []


@pytest.fixture
async def page(looker: Looker) -> Page:
    """The board, signed in for a tenant, and live."""
    return await looker.board()


@pytest.fixture(scope="session")
def screens() -> Path:
    """Where pictures go, to be looked at by a person."""
    folder = Path(__file__).parents[2] / ".hub" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
async def owners(house: House) -> AsyncIterator[Owners]:
    """A merchant's endpoints; at the end there are none."""
    owners = Owners(house)
    yield owners
    await owners.end()
