"""An operator has an item tried again, holds it back, or ends it; who did and why is kept."""

import pytest

from hub.recovery.actions import history
from hub.recovery.items import find, list_items
from hub.recovery.spot import NotPossibleError
from hub.recovery.wishes import Acted, give_up, hold, redrive, release, wait_until_acted
from tests.ledger.counter import World
from tests.ledger.driver import Hub
from tests.recovery.stories import ME, broken_key

pytestmark = pytest.mark.servers


async def test_a_redrive_after_the_mend_decides_the_event_and_what_it_held(
    hub: Hub, world: World
) -> None:
    first, _ = await broken_key(hub, world)
    world.broken.clear()

    await redrive(hub.db, first.spot, "mended in 1.2.3", by=ME)

    assert await wait_until_acted(hub.db, [first.spot], 15) == {first.spot: Acted.SETTLED}
    await hub.until("select count(*) = 0 from item", "nothing is open")
    assert await hub.applied() == ["first", "second"]


async def test_a_redrive_before_the_mend_stays_open(hub: Hub, world: World) -> None:
    first, _ = await broken_key(hub, world)

    await redrive(hub.db, first.spot, "just trying", by=ME)

    assert await wait_until_acted(hub.db, [first.spot], 15) == {first.spot: Acted.STILL_OPEN}


async def test_says_not_yet_where_no_owner_acts(hub: Hub, world: World) -> None:
    first, _ = await broken_key(hub, world)
    await hub.stop()

    await redrive(hub.db, first.spot, "nobody is there", by=ME)

    assert await wait_until_acted(hub.db, [first.spot], 0.5) == {first.spot: Acted.NOT_YET}


async def test_giving_up_ends_the_hold_and_keeps_the_reason(hub: Hub, world: World) -> None:
    first, _ = await broken_key(hub, world)

    await give_up(hub.db, first.spot, "sold by mistake", by=ME)

    assert await wait_until_acted(hub.db, [first.spot], 15) == {first.spot: Acted.SETTLED}
    await hub.until("select count(*) = 0 from item", "nothing is held")
    assert await hub.applied() == ["second"]
    assert (await hub.outcomes())["given_up"] == 1
    bodies = await hub.db.fetch("select body from ledger")
    assert any(b"sold by mistake" in row["body"] for row in bodies)


async def test_who_wanted_what_and_why_outlives_the_item(hub: Hub, world: World) -> None:
    first, _ = await broken_key(hub, world)
    await hold(hub.db, first.spot, "ask the till first", by=ME)
    await give_up(hub.db, first.spot, "they say it was a test", by="bob")
    await hub.until("select count(*) = 0 from item", "nothing is open")

    gave_up, held = await history(hub.db, first.spot)

    assert (gave_up.verb, gave_up.by, gave_up.text) == ("give_up", "bob", "they say it was a test")
    assert (held.verb, held.by, held.event_id) == ("hold", ME, "first")


async def test_what_only_waits_behind_another_names_the_one_to_act_on(
    hub: Hub, world: World
) -> None:
    first, second = await broken_key(hub, world)

    with pytest.raises(NotPossibleError, match=f"redrive or give up {first.offset} instead"):
        await redrive(hub.db, second.spot, "hurry", by=ME)
    with pytest.raises(NotPossibleError, match=f"hold or give up {first.offset} instead"):
        await hold(hub.db, second.spot, "wait", by=ME)


async def test_a_hold_ends_by_release_or_by_redrive(hub: Hub, world: World) -> None:
    first, _ = await broken_key(hub, world)
    await hub.stop()

    await hold(hub.db, first.spot, "not before Monday", by=ME)
    assert (await find(hub.db, first.spot)).on_hold == "not before Monday"
    await release(hub.db, first.spot, "it is Monday", by=ME)
    assert (await find(hub.db, first.spot)).on_hold is None
    with pytest.raises(NotPossibleError, match="is not on hold; redrive it"):
        await release(hub.db, first.spot, "again", by=ME)
    await hold(hub.db, first.spot, "still not", by=ME)
    await redrive(hub.db, first.spot, "now", by=ME)

    item = await find(hub.db, first.spot)
    assert (item.on_hold, item.wanted, item.wanted_by) == (None, "redrive", ME)


async def test_a_wish_needs_a_reason_and_an_item(hub: Hub, world: World) -> None:
    first, _ = await broken_key(hub, world)

    for act in (redrive, give_up, hold):
        with pytest.raises(NotPossibleError, match="needs a reason"):
            await act(hub.db, first.spot, "  ", by=ME)
        with pytest.raises(NotPossibleError, match="no open item"):
            await act(hub.db, first.spot._replace(offset=999), "which?", by=ME)
    actions = await hub.db.fetchval("select count(*) from staff_action")
    assert (actions, len(await list_items(hub.db))) == (0, 2)


async def test_a_wish_said_twice_is_one_wish_until_it_stands_no_longer(
    hub: Hub, world: World
) -> None:
    first, _ = await broken_key(hub, world)
    said = "select count(*) from staff_action"
    for _ in range(2):
        await hold(hub.db, first.spot, "wait", by=ME)
    assert await hub.db.fetchval(said) == 1
    await redrive(hub.db, first.spot, "perhaps", by=ME)
    assert await wait_until_acted(hub.db, [first.spot], 15) == {first.spot: Acted.STILL_OPEN}

    world.broken.clear()
    await redrive(hub.db, first.spot, "perhaps", by=ME)

    assert await wait_until_acted(hub.db, [first.spot], 15) == {first.spot: Acted.SETTLED}
    await redrive(hub.db, first.spot, "perhaps", by=ME)
    assert await hub.db.fetchval(said) == 3
