"""What many events need and is away: nobody asks it but a probe, no attempt is burned, all go on at once."""

import asyncio

import pytest

from hub.domain.errors import UnavailableError
from hub.ledger.breakers import BreakerPolicy, Breakers, Dependency, count_breakers
from hub.ledger.patience import Patience
from hub.telemetry.metrics import Metrics
from tests.ledger.counter import World
from tests.ledger.driver import Hub, count

pytestmark = pytest.mark.servers

STOCK = "vendor:stock"
OPEN = "select count(*) = 1 from dependency where open_since is not null"
PRESSED = (0.2,)
"""Two attempts, and then it would be a dead letter."""


async def test_while_its_breaker_is_open_no_attempt_is_burned_and_then_all_go_on(
    hub: Hub, world: World
) -> None:
    world.away.add(STOCK)
    await hub.start(schedule=PRESSED)
    await hub.told_all(*(count(f"e{n}", f"k{n}", needs=STOCK) for n in range(20)))
    await hub.until(OPEN, "the breaker opened")
    await asyncio.sleep(1.5)
    waiting = await hub.outcomes()
    world.away.clear()
    await hub.until("select count(*) = 0 from item", "released")
    assert waiting == {"retrying": 20}
    assert await hub.outcomes() == {"applied": 20}
    assert not await hub.db.fetchval(OPEN)


async def test_what_comes_while_it_is_open_waits_without_having_failed(
    hub: Hub, world: World
) -> None:
    world.away.add(STOCK)
    await hub.start(schedule=PRESSED)
    await hub.told_all(*(count(f"e{n}", f"k{n}", needs=STOCK) for n in range(5)))
    await hub.until(OPEN, "the breaker opened")
    await hub.told_all(count("late", "k9", needs=STOCK), count("well", "k8"))
    late = "select attempt = 0 and due_at is null from item where event_id = 'late'"
    await hub.until(late, "it waits, untried")
    assert await hub.applied("k8") == ["well"]


async def test_a_fault_of_ours_closes_the_breaker_for_it_is_an_answer_of_theirs(
    hub: Hub, world: World
) -> None:
    world.away.add(STOCK)
    await hub.start(schedule=PRESSED)
    await hub.told_all(*(count(f"e{n}", f"k{n}", needs=STOCK) for n in range(6)))
    await hub.until(OPEN, "the breaker opened")
    world.broken[STOCK] = ZeroDivisionError("our fault")
    world.away.clear()
    await hub.until("select count(*) = 6 from item where state = 'dead_lettered'", "it answers")
    assert not await hub.db.fetchval(OPEN)


async def test_a_breaker_is_one_for_all_processes_and_one_for_each_tenant(hub: Hub) -> None:
    ours, theirs = Breakers(hub.db), Breakers(hub.db)
    stock, others = Dependency("acme", STOCK), Dependency("other", STOCK)
    for _ in range(3):
        ours.failed(stock, "no answer")
        theirs.failed(stock, "no answer")
    await ours.tell()
    await theirs.tell()
    assert theirs.is_open(stock)
    await asyncio.sleep(0.6)
    await ours.look()
    assert ours.is_open(stock)
    assert not ours.is_open(others)
    theirs.worked(stock)
    await theirs.tell()
    await asyncio.sleep(0.6)
    await ours.look()
    assert not ours.is_open(stock)


async def test_whatever_is_said_of_what_is_away_can_be_told_and_names_nobody(hub: Hub) -> None:
    said = "no \x00 answer \ud800 for jane.doe@example.org" + "x" * 5_000
    error = UnavailableError(said, "vendor\x00\ud800" + "y" * 5_000)
    breakers = Breakers(hub.db)
    Patience(breakers).fate("acme", error, 0)
    await breakers.tell()
    (row,) = await hub.db.fetch("select name, reason from dependency")
    assert row["name"] == error.dependency
    assert len(row["name"]) == 200
    assert "jane.doe" not in row["reason"]
    assert len(row["reason"]) <= 1_000


async def test_a_breaker_for_which_nothing_waits_any_more_is_closed(hub: Hub, world: World) -> None:
    world.away.add(STOCK)
    await hub.start(schedule=PRESSED)
    await hub.told_all(*(count(f"e{n}", f"k{n}", needs=STOCK) for n in range(5)))
    await hub.until(OPEN, "the breaker opened")
    await hub.stop()
    metrics = Metrics()
    long_ago = "update dependency set probe_at = now() - interval '5 min'"
    for given_up in (False, True):
        if given_up:
            await hub.db.execute("delete from item")
        await hub.db.execute(long_ago)
        await count_breakers(hub.db, metrics)
        assert await hub.db.fetchval(OPEN) is not given_up
    hub.balanced = False


async def test_a_breaker_for_which_only_what_is_on_hold_waits_is_closed(
    hub: Hub, world: World
) -> None:
    """Nothing of it would try whether what is away is back, so nobody would ever hear that it is."""
    world.away.add(STOCK)
    await hub.start(schedule=PRESSED)
    await hub.told_all(*(count(f"e{n}", f"k{n}", needs=STOCK) for n in range(5)))
    await hub.until(OPEN, "the breaker opened")
    await hub.stop()
    metrics = Metrics()
    long_ago = "update dependency set probe_at = now() - interval '5 min'"
    for held in (4, 5):
        await hub.db.execute(
            "update item set on_hold = 'ask them', version = version + 1"
            ' where ctid in (select ctid from item order by part, "offset" limit $1)',
            held,
        )
        await hub.db.execute(long_ago)
        await count_breakers(hub.db, metrics)
        assert await hub.db.fetchval(OPEN) is (held == 4)
    await hub.db.execute("update item set on_hold = null, version = version + 1")
    world.away.clear()
    await hub.start(schedule=PRESSED)
    await hub.until("select count(*) = 0 from item", "what is released goes on")


async def test_failures_of_long_ago_do_not_count(hub: Hub) -> None:
    breakers = Breakers(hub.db, BreakerPolicy(failures=3, forget=0.3))
    stock = Dependency("acme", STOCK)
    for _ in range(4):
        breakers.failed(stock, "no answer")
        await breakers.tell()
        await asyncio.sleep(0.4)
    assert not await hub.db.fetchval(OPEN)
