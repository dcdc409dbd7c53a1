"""An operator sees what waits: one by one, page by page, and counted by what they have in common."""

import pytest

from hub.recovery.choosing import Filter
from hub.recovery.groups import groups
from hub.recovery.items import list_items, page
from hub.recovery.notes import note
from hub.recovery.showing import show
from hub.recovery.spot import NotPossibleError
from hub.recovery.wishes import hold
from tests.ledger.counter import World
from tests.ledger.driver import Hub, count
from tests.recovery.stories import BUG, ME, broken_key

pytestmark = pytest.mark.servers


async def test_lists_what_waits_and_why(hub: Hub, world: World) -> None:
    first, second = await broken_key(hub, world)

    assert (first.event_id, first.state) == ("first", "dead_lettered")
    assert "cannot count this" in first.reason
    assert (second.event_id, second.state) == ("second", "held")
    assert 0 <= first.age_seconds < 60


async def test_every_part_of_a_filter_narrows_the_list(hub: Hub, world: World) -> None:
    first, second = await broken_key(hub, world)
    await note(hub.db, first.spot, "source_informed", "Till 4 was asked", by=ME)
    await hold(hub.db, first.spot, "until they answer", by=ME)

    async def found(**parts: object) -> list[str]:
        return [item.event_id for item in await list_items(hub.db, Filter(**parts))]  # type: ignore[arg-type]

    assert await found(state="held") == ["second"]
    assert await found(reason="CANNOT") == ["first"]
    assert await found(note="till 4") == ["first"]
    assert await found(on_hold=True) == ["first"]
    assert await found(on_hold=False) == ["second"]
    assert await found(home=second.home, type="counter.counted.v1") == ["first", "second"]
    for nobody in ({"tenant": "bolt"}, {"source": "x"}, {"code": "x"}, {"release": "x"}):
        assert await found(**nobody) == []


async def test_pages_follow_each_other_without_a_gap(hub: Hub, world: World) -> None:
    await broken_key(hub, world)

    first = await page(hub.db, limit=1)
    second = await page(hub.db, limit=1, cursor=first.cursor)

    assert [item.event_id for item in (*first.items, *second.items)] == ["first", "second"]
    assert second.cursor is None
    with pytest.raises(NotPossibleError, match="begin without one"):
        await page(hub.db, cursor="nonsense")


async def test_equal_faults_of_different_ids_are_one_group(hub: Hub, world: World) -> None:
    await hub.start()
    for n in range(3):
        world.broken["code"] = ValueError(f"unit wty_ab{n}cd_{n} of 'Mrs {n}' costs {n}.50")
        await hub.told_all(count(f"e{n}", key=f"k{n}", needs="code"))

    (group,) = await groups(hub.db)

    assert (group.items, group.homes) == (3, 3)
    assert group.reason == "ValueError: unit # of … costs #"
    assert group.example in {item.spot for item in await list_items(hub.db)}
    assert group.oldest <= group.newest


async def test_the_same_fault_of_another_release_is_another_group(hub: Hub, world: World) -> None:
    world.broken["code"] = ValueError("a fault that the next release still has")
    for release in ("1.4.1", "1.4.2"):
        await hub.start(release=release)
        await hub.told_all(count(release, key=release, needs="code"))
        await hub.stop()

    found = {group.release: group.items for group in await groups(hub.db)}
    (later,) = await list_items(hub.db, Filter(release="1.4.2"))

    assert found == {"1.4.1": 1, "1.4.2": 1}
    assert (later.event_id, later.release) == ("1.4.2", "1.4.2")


async def test_shows_what_an_item_waits_for_and_what_it_holds_back(hub: Hub, world: World) -> None:
    first, second = await broken_key(hub, world)

    in_front, behind = await show(hub.db, first.spot), await show(hub.db, second.spot)

    assert "Traceback" in in_front.error
    assert str(BUG) in in_front.error
    assert in_front.holds == (second.offset,)
    assert "redrive it once the cause is mended" in in_front.waits_for
    assert behind.behind == first.spot
    assert f"offset {first.offset} of the same home" in behind.waits_for
