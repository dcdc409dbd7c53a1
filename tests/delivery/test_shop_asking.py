"""Asking a shop: behind the guard, some at once, patiently, and whatever fails has a name and a next step."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from connectors.sdk import Connector, ShopOrder, Verify
from connectors.shopify import CONNECTOR
from hub.access.keyring import Keyring
from hub.access.sources import Sources, SourceStore, as_engine
from hub.access.tenants import put
from hub.adapters.postgres import Database
from hub.delivery.egress import Egress
from hub.delivery.shop_asking import ShopAsker
from hub.delivery.shop_lines import ShopLines
from hub.ledger.breakers import Breakers, Dependency
from hub.ledger.outside import NotAnsweredError, PendingError
from hub.ledger.shop_answers import shop_answers
from hub.registry import connectors
from hub.sdk.asking import UnansweredError
from hub.sdk.events import AskShop
from tests.delivery.conftest import KEYRING, LOOPBACK, TENANT
from tests.shopify import Shop, a_shop, an_order

pytestmark = pytest.mark.servers

SHOP = Dependency(TENANT, "shop webshop")
ADA = KEYRING.hashed(TENANT, "email", "ada@example.com")


def asks(order: str = "#1001", event: str = "reg-1", source: str = "webshop") -> UnansweredError:
    return UnansweredError(AskShop(TENANT, "portal", event, order, "TV-55", ADA), source)


@dataclass(slots=True)
class Desk:
    """An asker at work, and a look at what it kept."""

    asker: ShopAsker
    database: Database

    async def told(self, error: UnansweredError, *, insists: bool = False) -> Exception | None:
        """What an event hears at last: why there is no answer, or nothing where there is one."""
        async with asyncio.timeout(20):
            while isinstance(said := self.asker.heard(error, insists=insists), PendingError):
                await asyncio.sleep(0.05)
                if (await shop_answers(self.database, [error.ask]))[error.ask] is not None:
                    return None
        return said


@asynccontextmanager
async def a_desk(
    database: Database, connector: Connector[Any] = CONNECTOR, keyring: Keyring = KEYRING
) -> AsyncIterator[Desk]:
    known = {**connectors(), connector.name: connector}
    sources = Sources(SourceStore(known, keyring), as_engine(database), max_age=0.0)
    lines = ShopLines(Egress(LOOPBACK))
    asker = ShopAsker(database, keyring, sources, lines, Breakers(database))
    try:
        yield Desk(asker, database)
    finally:
        await asker.aclose()


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    """A shop that is a source of the tenant's."""
    await put(database, TENANT, 24, 14)
    async with a_shop() as one:
        one.has(an_order("#1001", ("TV-55", 1)))
        store = SourceStore(connectors(), KEYRING)
        document = {"shop": "acme.myshopify.com", "gateway": one.url}
        await store.put(database, TENANT, "webshop", "shopify", document)
        await store.keep_token(database, TENANT, "webshop", one.token)
        yield one


@pytest.fixture
async def desk(database: Database, shop: Shop) -> AsyncIterator[Desk]:
    async with a_desk(database) as one:
        yield one


Find = Callable[[httpx.AsyncClient, Any, str, str], Any]


def finding(find: Find, **more: Any) -> Connector[Any]:
    """A connector that asks in its own way."""
    return replace(CONNECTOR, verify=Verify(find, lambda settings: settings.url, **more))


async def test_what_it_hears_is_kept_before_anybody_decides_by_it(desk: Desk, shop: Shop) -> None:
    error = asks()
    first = desk.asker.heard(error, insists=False)
    assert await desk.told(error) is None

    assert isinstance(first, PendingError)
    assert first.look_again is not None
    answer = (await shop_answers(desk.database, [error.ask]))[error.ask]
    assert answer is not None
    assert (answer.email_fits, answer.ordered, answer.units) == (True, True, 1)


async def test_the_first_answer_stands_whatever_is_heard_later(desk: Desk, shop: Shop) -> None:
    error = asks()
    assert await desk.told(error) is None
    shop.has(an_order("#1001", ("TV-55", 1), cancelledAt="2026-01-01T00:00:00Z"))
    desk.asker.heard(error, insists=False)
    await asyncio.sleep(0.5)

    answer = (await shop_answers(desk.database, [error.ask]))[error.ask]
    assert answer is not None
    assert not answer.cancelled
    assert len(shop.asked) == 2


async def test_an_event_that_is_looked_at_often_is_asked_for_once(desk: Desk, shop: Shop) -> None:
    shop.slow = 0.5
    for _ in range(20):
        desk.asker.heard(asks(), insists=False)
    assert await desk.told(asks()) is None

    assert len(shop.asked) == 1


async def test_a_moment_of_weakness_is_not_noticed(desk: Desk, shop: Shop) -> None:
    shop.status = 503
    desk.asker.heard(asks(), insists=False)
    await shop.was_asked.wait()
    shop.status = 200

    assert await desk.told(asks()) is None
    assert len(shop.asked) <= 3


async def test_four_at_once_and_the_others_later(database: Database, shop: Shop) -> None:
    at_once, most = 0, 0

    async def find(*_: Any) -> Sequence[ShopOrder]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1
        return []

    async with a_desk(database, finding(find)) as desk:
        errors = [asks(event=f"reg-{n}") for n in range(20)]
        waits = [desk.asker.heard(error, insists=False) for error in errors]
        assert [await desk.told(error) for error in errors] == [None] * 20

    assert most == 4
    later = [one.look_again or 0 for one in waits if isinstance(one, PendingError)]
    assert later == sorted(later)
    assert later[-1] > later[0], "the more are before it, the later it is looked at"


async def test_who_waits_for_a_line_to_a_shop_that_goes_away_asks_no_more(
    database: Database, shop: Shop
) -> None:
    async with a_desk(database) as desk:
        shop.status = 401
        errors = [asks(event=f"reg-{n}") for n in range(40)]
        for error in errors:
            desk.asker.heard(error, insists=False)
        await asyncio.sleep(1.5)

        assert desk.asker.breakers.is_open(SHOP)
        assert len(shop.asked) < 15
        said = desk.asker.heard(asks(event="late"), insists=False)
        assert isinstance(said, PendingError)
        assert said.look_again is None
        assert "hub source token" in str(said), "who comes late hears what to do as well"
        shop.status = 200
        assert await desk.told(asks(event="probe"), insists=True) is None
        assert not desk.asker.breakers.is_open(SHOP)


async def test_when_it_goes_away_again_those_that_were_let_go_do_not_all_ask(
    database: Database, shop: Shop
) -> None:
    """Once it is back, all that waits is tried at once, each as an item that asks for itself."""
    async with a_desk(database) as desk:
        shop.status = 401
        for n in range(40):
            desk.asker.heard(asks(event=f"reg-{n}"), insists=True)
        await asyncio.sleep(1.5)

        assert desk.asker.breakers.is_open(SHOP)
        assert len(shop.asked) < 15


async def test_one_question_finds_out_whether_a_shop_is_back_whoever_insists(
    database: Database, shop: Shop
) -> None:
    async with a_desk(database) as desk:
        shop.status = 401
        for n in range(10):
            desk.asker.heard(asks(event=f"reg-{n}"), insists=False)
        await asyncio.sleep(1.0)
        assert desk.asker.breakers.is_open(SHOP)
        before = len(shop.asked)

        said = [desk.asker.heard(asks(event=f"redrive-{n}"), insists=True) for n in range(40)]
        await asyncio.sleep(1.0)

        later = [one.look_again for one in said if isinstance(one, PendingError)]
        assert (len(later), later.count(None)) == (40, 39)
        assert len(shop.asked) == before + 1


async def test_so_many_are_asked_and_the_rest_look_again_soon(
    database: Database, shop: Shop
) -> None:
    """Nobody tells an event that who asked for it is gone: no pause may be long."""
    shop.slow = 5.0
    async with a_desk(database) as desk:
        said = [desk.asker.heard(asks(event=f"reg-{n}"), insists=False) for n in range(1_000)]

        assert len(asyncio.all_tasks()) < 300
        assert max(one.look_again or 0 for one in said if isinstance(one, PendingError)) <= 15


async def test_what_was_being_decided_is_not_held_while_a_shop_is_asked(
    desk: Desk, shop: Shop
) -> None:
    class Plan:
        """Whatever a decision holds."""

    def decided() -> "weakref.ref[Plan]":
        plan = Plan()
        try:
            raise asks()
        except UnansweredError as error:
            desk.asker.heard(error, insists=False)
        return weakref.ref(plan)

    shop.slow = 1.0
    held = decided()
    gc.collect()

    assert held() is None


async def test_a_line_that_was_hung_up_is_taken_by_nobody_who_waits_for_it() -> None:
    lines = ShopLines(Egress(LOOPBACK))

    async def waits() -> bool:
        async with lines.taken("shop", "http://127.0.0.1:1", 1) as client:
            return client.is_closed

    async with lines.taken("shop", "http://127.0.0.1:1", 1):
        waiting = asyncio.create_task(waits())
        await asyncio.sleep(0)
    async with lines.taken("shop", "http://127.0.0.1:2", 1):
        assert not await waiting
    await lines.aclose()


async def test_one_that_insists_hears_nothing_stale(desk: Desk, shop: Shop) -> None:
    shop.status = 401
    for n in range(5):
        desk.asker.heard(asks(event=f"reg-{n}"), insists=False)
    await asyncio.sleep(0.5)
    assert desk.asker.breakers.is_open(SHOP)
    error = asks(event="probe")
    desk.asker.heard(error, insists=True)
    await asyncio.sleep(0.5)
    shop.status = 200

    assert isinstance(desk.asker.heard(error, insists=True), PendingError)
    assert await desk.told(error, insists=True) is None


async def test_a_fault_of_ours_is_no_matter_of_the_shop(database: Database, shop: Shop) -> None:
    async def find(*_: Any) -> Sequence[ShopOrder]:
        raise ZeroDivisionError("ours")

    async with a_desk(database, finding(find)) as desk:
        said = await desk.told(asks())

        assert isinstance(said, ZeroDivisionError)
        assert not desk.asker.breakers.is_open(SHOP)


async def test_a_shop_that_says_nothing_is_given_up_in_time(database: Database, shop: Shop) -> None:
    async def find(*_: Any) -> Sequence[ShopOrder]:
        await asyncio.sleep(60)
        return []

    async with a_desk(database, finding(find)) as desk:
        desk.asker.patience = 0.2
        said = await desk.told(asks())

    assert isinstance(said, NotAnsweredError)
    assert "TimeoutError" in str(said)


async def test_an_answer_without_end_is_not_read(desk: Desk, shop: Shop) -> None:
    shop.says = {"data": {"orders": {"nodes": []}}, "padding": "x" * 3_000_000}

    said = await desk.told(asks())
    assert isinstance(said, NotAnsweredError)
    assert "bytes" in str(said)


async def test_what_a_person_has_to_do_first_is_said(database: Database, shop: Shop) -> None:
    store = SourceStore(connectors(), KEYRING)
    await store.put(database, TENANT, "till", "pos", {"zone": "UTC"})
    await store.put(database, TENANT, "bare", "shopify", {"shop": "acme.myshopify.com"})
    await store.put(database, TENANT, "bad", "shopify", {"shop": "acme.myshopify.com"})
    await database.execute("update source set settings = '{}' where name = 'bad'")
    async with a_desk(database) as desk:
        said = {
            name: str(await desk.told(asks(source=name)))
            for name in ("nowhere", "till", "bare", "bad")
        }

    assert "hub source set" in said["nowhere"]
    assert "name the source of a shop in the policy" in said["till"]
    assert "hub source token acme bare" in said["bare"]
    assert "--option shop=" in said["bad"]


async def test_a_token_under_another_key_is_not_sent_anywhere(
    database: Database, shop: Shop
) -> None:
    async with a_desk(database, keyring=Keyring(b"other" * 8)) as desk:
        assert isinstance(await desk.told(asks()), NotAnsweredError)

    assert shop.asked == []


async def test_an_end_in_the_midst_of_asking_leaves_nothing_behind(
    database: Database, shop: Shop
) -> None:
    shop.slow = 2
    async with a_desk(database) as desk:
        desk.asker.heard(asks(), insists=False)
        await shop.was_asked.wait()

    assert await database.fetchval("select count(*) from shop_answer") == 0
    assert not [task for task in asyncio.all_tasks() if "ShopAsker" in repr(task.get_coro())]
