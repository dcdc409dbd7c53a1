"""An operator sees what waits, has it tried again, or ends it with a reason."""

import pytest

from hub.recovery.items import (
    Acted,
    Filter,
    NotPossibleError,
    give_up,
    list_items,
    redrive,
    retry_now,
    wait_until_acted,
)
from tests.ledger.counter import World
from tests.ledger.driver import Hub, count

pytestmark = pytest.mark.servers

BUG = ValueError("cannot count this")


async def broken_key(hub: Hub, world: World) -> None:
    """One dead letter, and one event that is held behind it."""
    world.broken["code"] = BUG
    await hub.start()
    await hub.told_all(count("first", needs="code"), count("second"), count("other", key="b"))


async def test_lists_what_waits_and_why(hub: Hub, world: World) -> None:
    await broken_key(hub, world)

    first, second = await list_items(hub.db)

    assert (first.event_id, first.state) == ("first", "dead_lettered")
    assert "cannot count this" in first.reason
    assert (second.event_id, second.state) == ("second", "held")
    assert 0 <= first.age_seconds < 60
    assert [i.event_id for i in await list_items(hub.db, Filter(state="held"))] == ["second"]
    assert [i.event_id for i in await list_items(hub.db, Filter(reason="cannot"))] == ["first"]
    assert await list_items(hub.db, Filter(tenant="bolt")) == []


async def test_a_redrive_after_the_mend_decides_the_event_and_what_it_held(
    hub: Hub, world: World
) -> None:
    await broken_key(hub, world)
    first, _ = await list_items(hub.db)
    world.broken.clear()

    await redrive(hub.db, first.spot, "mended in 1.2.3")

    assert await wait_until_acted(hub.db, [first.spot], 15) == {first.spot: Acted.SETTLED}
    await hub.until("select count(*) = 0 from item", "nothing is open")
    assert await hub.applied() == ["first", "second"]


async def test_a_redrive_before_the_mend_stays_open(hub: Hub, world: World) -> None:
    await broken_key(hub, world)
    first, _ = await list_items(hub.db)

    await redrive(hub.db, first.spot, "just trying")

    assert await wait_until_acted(hub.db, [first.spot], 15) == {first.spot: Acted.STILL_OPEN}


async def test_says_not_yet_where_no_owner_acts(hub: Hub, world: World) -> None:
    await broken_key(hub, world)
    await hub.stop()
    first, _ = await list_items(hub.db)

    await redrive(hub.db, first.spot, "nobody is there")

    assert await wait_until_acted(hub.db, [first.spot], 0.5) == {first.spot: Acted.NOT_YET}


async def test_giving_up_ends_the_hold_and_keeps_the_reason(hub: Hub, world: World) -> None:
    await broken_key(hub, world)
    first, _ = await list_items(hub.db)

    await give_up(hub.db, first.spot, "sold by mistake")

    assert await wait_until_acted(hub.db, [first.spot], 15) == {first.spot: Acted.SETTLED}
    await hub.until("select count(*) = 0 from item", "nothing is held")
    assert await hub.applied() == ["second"]
    assert (await hub.outcomes())["given_up"] == 1
    bodies = await hub.db.fetch("select body from ledger")
    assert any(b"sold by mistake" in row["body"] for row in bodies)


async def test_giving_up_needs_a_reason(hub: Hub, world: World) -> None:
    await broken_key(hub, world)
    first, _ = await list_items(hub.db)

    with pytest.raises(NotPossibleError, match="needs a reason"):
        await give_up(hub.db, first.spot, "  ")


async def test_what_only_waits_behind_another_names_the_one_to_act_on(
    hub: Hub, world: World
) -> None:
    await broken_key(hub, world)
    first, second = await list_items(hub.db)

    with pytest.raises(NotPossibleError, match=f"redrive or give up {first.offset} instead"):
        await redrive(hub.db, second.spot, "hurry")


async def test_what_is_no_item_is_said_to_be_none(hub: Hub, world: World) -> None:
    await broken_key(hub, world)
    first, _ = await list_items(hub.db)

    with pytest.raises(NotPossibleError, match="no open item"):
        await redrive(hub.db, first.spot._replace(offset=999), "which?")


async def test_retries_everything_at_once_when_the_outside_is_back(hub: Hub, world: World) -> None:
    world.away.add("stock")
    await hub.start()
    keys = [f"k{n}" for n in range(5)]
    await hub.told_all(*(count(key, key=key, needs="stock") for key in keys))
    await hub.db.execute("update item set due_at = now() + interval '1 hour'")
    world.away.clear()

    chosen = await retry_now(hub.db, Filter(state="retrying"), "stock is back")

    assert sorted(item.event_id for item in chosen) == keys
    acted = await wait_until_acted(hub.db, [item.spot for item in chosen], 15)
    assert set(acted.values()) == {Acted.SETTLED}
