"""A registration is verified at the shop before it activates: asked once, patient, explained, and never lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest

from connectors.shopify import CONNECTOR
from hub.access.sources import SourceStore
from hub.bootstrap.deciding import shops_asked
from hub.settings import Settings
from tests.api.bodies import a_registration
from tests.api.conftest import TENANT, Api, Hub, eventually
from tests.api.test_policies import publish
from tests.intake.corner import KEYRING
from tests.shopify import Shop, a_shop, an_order

pytestmark = pytest.mark.servers

SOURCE = "webshop"
PATIENCE = 4.0
"""Seconds for which a caller waits."""
OPEN = "select open_since is not null from dependency where name = 'shop webshop'"
ATTEMPTS = "select max(attempt) from item where state = 'retrying'"
WAITING = "select count(*) from item where state = 'retrying'"


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with a_shop() as one:
        one.has(an_order("#1001", ("TV-55", 1)))
        yield one


@pytest.fixture
async def asking(idle: Hub, shop: Shop) -> AsyncIterator[Api]:
    """A hub whose merchant has registrations verified at a shop."""
    settings = Settings(delivery_networks="127.0.0.0/8")
    idle.asking = partial(shops_asked, settings, idle.database, KEYRING)
    store = SourceStore({"shopify": CONNECTOR}, KEYRING)
    document = {"shop": "acme.myshopify.com", "gateway": shop.url}
    await store.put(idle.database, TENANT, SOURCE, "shopify", document)
    await store.keep_token(idle.database, TENANT, SOURCE, shop.token)
    await idle.start()
    async with idle.api(patience=PATIENCE) as api:
        told = await publish(api, "shop_verification", {"source": SOURCE})
        assert told.status_code == 201, told.text
        await asyncio.sleep(1.1)
        yield api


def registers(
    reference: str, order: str | None = "#1001", email: str = "Ada@Example.com", **more: Any
) -> Any:
    told = {
        "registered_at": datetime.now(UTC).isoformat(),
        "product": {"code": "TV-55"},
        "order": order,
        "customer": {"email": email},
    }
    return a_registration(reference, f"SN-{reference}", **told | more)


async def decided(api: Api, told: httpx.Response) -> Any:
    """What was decided of a request in the end."""
    said: dict[str, Any] = {}

    async def is_decided() -> bool:
        said.update((await api.get(told.headers["Location"])).json())
        return said["state"] in {"accepted", "rejected", "set_aside"}

    await eventually(is_decided, 40)
    return said


async def rehearsed(api: Api) -> tuple[str, str]:
    """What would become of what waits, and why: nobody is asked for that."""
    row = await api.database.fetchrow('select topic, part, "offset" as at from item')
    async with api.client(f"{TENANT}/admin") as client:
        path = f"/v1/items/{row['topic']}/{row['part']}/{row['at']}/rehearsal"
        said = (await client.post(path)).json()
    (event,) = said["item"]["events"]
    return event["outcome"], event["reason"].partition(": ")[2]


def codes(told: httpx.Response) -> list[str]:
    assert told.status_code == 422, told.text
    return [reason["code"] for reason in told.json()["reasons"]]


async def test_what_the_shop_confirms_activates_at_once_and_is_explained(
    asking: Api, shop: Shop
) -> None:
    told = await asking.post(registers("r1"))

    assert told.status_code == 201, told.text
    assert len(shop.asked) == 1
    (unit,) = told.json()["warranties"]
    shown = (await asking.get(f"/v1/warranties/{unit['id']}", f"{TENANT}/admin")).json()
    (confirmed,) = shown["verifications"]
    assert (confirmed["policy"], confirmed["version"]) == ("shop_verification", 1)
    assert (confirmed["order"], confirmed["product"]) == ("#1001", "TV-55")
    assert confirmed["answer"]["source"] == SOURCE
    assert await asking.database.fetchval("select count(*) from shop_answer") == 1
    await asking.hub.audited()
    trace = await asking.get(f"/v1/trace/{unit['id']}", f"{TENANT}/admin")
    assert '"verified_by"' in trace.text
    assert "is being asked" in trace.text
    kept = await asking.database.fetchval("select doc::text from shop_answer")
    assert "ada" not in kept.lower()


async def test_what_it_does_not_confirm_is_refused_with_the_reason(asking: Api, shop: Shop) -> None:
    shop.has(
        an_order("#2", ("TV-55", 1), cancelledAt="2026-01-01T00:00:00Z"),
        an_order("#3", ("TV-55", 1), test=True),
        an_order("#4", ("TV-55", 1), displayFinancialStatus="PENDING"),
        an_order("#5", ("TV-55", 0), displayFinancialStatus="PARTIALLY_REFUNDED"),
        an_order("#6", ("SAW", 1)),
    )
    wanted = {
        "#2": "shop_order_cancelled",
        "#3": "shop_order_test",
        "#4": "shop_order_unpaid",
        "#5": "shop_order_refunded",
        "#6": "shop_product_differs",
        "#7": "shop_order_unknown",
    }

    told = {name: await asking.post(registers(f"n{name[1:]}", name)) for name in wanted}
    stranger = await asking.post(registers("n8", "#2", "bob@example.com"))
    silent = await asking.post(registers("n9", None))

    assert {name: codes(one) for name, one in told.items()} == {
        name: [code] for name, code in wanted.items()
    }
    assert codes(stranger) == ["shop_email_differs"]
    assert codes(silent) == ["field_missing"]
    assert await asking.database.fetchval("select count(*) from unit") == 0


async def test_a_shop_that_is_away_keeps_it_pending_and_never_refuses_it(
    asking: Api, shop: Shop
) -> None:
    shop.status = 503
    told = await asking.post(registers("r1"))

    assert told.status_code == 202, told.text
    assert told.json()["state"] == "retrying"
    shop.status = 200
    assert (await decided(asking, told))["state"] == "accepted"


async def test_while_it_is_away_nobody_asks_but_a_probe_and_then_all_go_on(
    asking: Api, shop: Shop
) -> None:
    shop.status = 500
    first = await asyncio.gather(*(asking.post(registers(f"r{n}")) for n in range(8)))

    async def is_open() -> bool:
        return bool(await asking.database.fetchval(OPEN))

    await eventually(is_open)
    attempts = await asking.database.fetchval(ATTEMPTS)
    late = await asking.post(registers("late"))
    asked = len(shop.asked)
    await asyncio.sleep(3)

    assert {one.status_code for one in (*first, late)} == {202}
    assert len(shop.asked) - asked <= 3, "one probe at most, of three attempts"
    assert await asking.database.fetchval(ATTEMPTS) == attempts, "no attempt is burned"
    shop.status = 200
    for one in (*first, late):
        assert (await decided(asking, one))["state"] == "accepted"
    assert await asking.database.fetchval(WAITING) == 0
    assert not await asking.database.fetchval(OPEN)


@pytest.mark.parametrize(
    ("status", "what"), [(401, "hub source token"), (403, "hub source token"), (404, "source set")]
)
async def test_a_refused_token_is_away_and_says_what_to_do(
    asking: Api, shop: Shop, status: int, what: str
) -> None:
    shop.status = status
    told = await asking.post(registers("r1"))
    reason = await asking.database.fetchval("select reason from item")

    assert told.status_code == 202
    assert str(status) in reason
    assert what in reason
    assert shop.token not in reason
    tries = await asking.database.fetchval(ATTEMPTS)
    assert len(shop.asked) <= tries + 1, "asking again within one try would not help"
    shop.status = 200
    assert (await decided(asking, told))["state"] == "accepted"


async def test_a_throttled_shop_is_left_alone_for_as_long_as_it_says(
    asking: Api, shop: Shop
) -> None:
    shop.status, shop.retry_after = 429, "6"
    told = await asking.post(registers("r1"))
    due = "select extract(epoch from due_at - clock_timestamp())::float8 from item"

    assert told.status_code == 202
    assert await asking.database.fetchval(due) > 0.2
    assert len(shop.asked) == 1
    shop.status = 200
    assert (await decided(asking, told))["state"] == "accepted"


async def test_a_slow_shop_holds_up_nobody_else(asking: Api, shop: Shop) -> None:
    shop.slow = 2.5
    slow = asyncio.create_task(asking.post(registers("r1")))
    await asyncio.sleep(0.8)
    began = asyncio.get_running_loop().time()
    others = [await asking.post(registers(f"q{n}", None)) for n in range(5)]

    assert asyncio.get_running_loop().time() - began < 2
    assert {one.status_code for one in others} == {422}
    told = await slow
    assert told.status_code == 201, "whoever waits hears the answer, and not that something is away"


async def test_what_was_answered_first_decides_whenever_it_is_decided(
    asking: Api, shop: Shop
) -> None:
    """The worker ends after the shop has answered and before the registration is decided by it."""
    hub = asking.hub
    shop.slow = 1.0
    posting = asyncio.create_task(asking.post(registers("r1")))

    async def is_asked() -> bool:
        return bool(shop.asked)

    async def is_answered() -> bool:
        return bool(await asking.database.fetchval("select count(*) from shop_answer"))

    await eventually(is_asked)
    # Its next turn comes later than the answer, so that it is decided by another worker.
    await asking.database.execute("update item set due_at = now() + interval '1 hour'")
    await eventually(is_answered)
    await hub.stop()
    shop.has(an_order("#1001", ("TV-55", 1), cancelledAt="2026-01-01T00:00:00Z"))
    await asking.database.execute("update item set due_at = now()")
    await hub.start()

    assert (await posting).status_code == 201
    assert len(shop.asked) == 1


async def test_a_source_that_cannot_be_asked_yet_is_named_with_what_to_do(
    asking: Api, shop: Shop
) -> None:
    await asking.database.execute("update source set token = null")
    told = await asking.post(registers("r1"))
    reason = await asking.database.fetchval("select reason from item")

    assert told.status_code == 202
    assert f"hub source token {TENANT} {SOURCE}" in reason
    assert await rehearsed(asking) == (
        "retrying",
        f"would wait until source {SOURCE!r} has answered",
    )
    store = SourceStore({"shopify": CONNECTOR}, KEYRING)
    await store.keep_token(asking.database, TENANT, SOURCE, shop.token)
    assert (await decided(asking, told))["state"] == "accepted"


async def test_nobody_is_asked_at_an_address_that_is_not_public(idle: Hub, shop: Shop) -> None:
    idle.asking = partial(shops_asked, Settings(), idle.database, KEYRING)
    store = SourceStore({"shopify": CONNECTOR}, KEYRING)
    document = {"shop": "acme.myshopify.com", "gateway": shop.url}
    await store.put(idle.database, TENANT, SOURCE, "shopify", document)
    await store.keep_token(idle.database, TENANT, SOURCE, shop.token)
    await idle.start()
    async with idle.api(patience=PATIENCE) as api:
        await publish(api, "shop_verification", {"source": SOURCE})
        await asyncio.sleep(1.1)
        told = await api.post(registers("r1"))

    assert told.status_code == 202
    assert "not public" in await idle.database.fetchval("select reason from item")
    assert shop.asked == []
