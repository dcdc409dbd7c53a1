"""A person mends a payload: what came is kept, what is decided is known under both, and it can be undone."""

import json

import msgspec
import pytest

from hub.recovery.actions import history
from hub.recovery.editing import edit, undo
from hub.recovery.items import Item, find, list_items
from hub.recovery.opening import look
from hub.recovery.spot import NotPossibleError
from hub.recovery.today import Today
from hub.recovery.wishes import redrive
from tests.ledger.counter import World
from tests.ledger.driver import Hub, count, told
from tests.recovery.stories import ME

pytestmark = pytest.mark.servers

MENDED = b'{"key": "a", "by": 5}'


async def a_wrong_event_and_two_behind(hub: Hub, world: World) -> Item:
    world.broken["code"] = ValueError("no such thing as code")
    await hub.start()
    await hub.told_all(count("first", by=1, needs="code"), count("second"), count("third", by=2))
    return (await list_items(hub.db))[0]


async def settled(hub: Hub) -> None:
    await hub.until("select count(*) = 0 from item", "nothing is open")
    await hub.settled()


async def test_a_dead_letter_holds_a_key_and_an_edited_redrive_releases_the_later_ones_in_order(
    hub: Hub, world: World, today: Today
) -> None:
    first = await a_wrong_event_and_two_behind(hub, world)

    edited = await edit(hub.db, today, first.spot, MENDED, "code is no dependency", by=ME)
    await redrive(hub.db, first.spot, "mended", by=ME)
    await settled(hub)

    assert set(edited.changed) == {"by", "needs", *_defaults()}
    assert await hub.applied() == ["first", "second", "third"]
    assert await hub.total() == 8


def _defaults() -> set[str]:
    """What the test's event spells out and the mended body leaves out."""
    spelt = json.loads(count("x").value or b"")
    return {name for name in spelt if name not in ("key", "by", "needs")}


async def test_a_repeat_of_what_came_and_one_of_what_was_mended_hear_the_first_answer(
    hub: Hub, world: World, today: Today
) -> None:
    first = await a_wrong_event_and_two_behind(hub, world)
    await edit(hub.db, today, first.spot, MENDED, "mend", by=ME)
    await redrive(hub.db, first.spot, "mended", by=ME)
    await settled(hub)

    await hub.told_all(
        count("first", by=1, needs="code"),
        told("first", MENDED, partition=first.partition),
        count("first", by=77),
    )

    outcomes = await hub.outcomes()
    assert (outcomes["deduplicated"], outcomes["rejected"]) == (2, 1)
    assert await hub.total() == 8


async def test_what_was_mended_is_known_though_it_came_early_and_failed_at_its_turn(
    hub: Hub, world: World, today: Today
) -> None:
    first = await a_wrong_event_and_two_behind(hub, world)
    mended = b'{"key": "a", "by": 5, "at_least": 10, "needs": "later"}'
    world.broken["later"] = ValueError("no such thing either")
    await edit(hub.db, today, first.spot, mended, "mend", by=ME)
    await redrive(hub.db, first.spot, "mended", by=ME)
    await settled(hub)
    await hub.told_all(count("enough", by=7))
    await hub.until("select count(*) = 1 from item", "it failed when its turn came")
    world.broken.clear()
    await redrive(hub.db, (await list_items(hub.db))[0].spot, "mended, too", by=ME)
    await settled(hub)

    await hub.told_all(
        count("first", by=1, needs="code"), told("first", mended, partition=first.partition)
    )

    assert (await hub.outcomes())["deduplicated"] == 2
    assert await hub.total() == 15


async def test_a_repeat_that_came_while_it_lay_dead_is_recognised_when_its_turn_comes(
    hub: Hub, world: World, today: Today
) -> None:
    first = await a_wrong_event_and_two_behind(hub, world)
    await hub.told_all(count("first", by=1, needs="code"))
    await edit(hub.db, today, first.spot, MENDED, "mend", by=ME)

    await redrive(hub.db, first.spot, "mended", by=ME)
    await settled(hub)

    assert (await hub.outcomes())["deduplicated"] == 1
    assert await hub.applied() == ["first", "second", "third"]


async def test_what_was_sent_rightly_meanwhile_is_not_decided_twice(
    hub: Hub, world: World, today: Today
) -> None:
    await hub.start()
    await hub.told_all(told("one", b'{"key": 1}'), told("one", MENDED))
    (item,) = await list_items(hub.db)
    assert "not a valid" in item.reason

    await edit(hub.db, today, item.spot, MENDED, "as it was sent since", by=ME)
    await redrive(hub.db, item.spot, "mended", by=ME)
    await settled(hub)

    assert (await hub.outcomes())["deduplicated"] == 1
    assert await hub.applied() == ["one"]


async def test_a_body_that_would_live_elsewhere_is_refused(
    hub: Hub, world: World, today: Today
) -> None:
    first = await a_wrong_event_and_two_behind(hub, world)

    with pytest.raises(NotPossibleError, match="belongs to another home"):
        await edit(hub.db, today, first.spot, b'{"key": "b"}', "the wrong key", by=ME)


async def test_the_original_is_kept_and_comes_back_by_undo(
    hub: Hub, world: World, today: Today
) -> None:
    first = await a_wrong_event_and_two_behind(hub, world)
    came = (await look(hub.db, today, first.spot, "to mend it", by=ME)).text
    await edit(hub.db, today, first.spot, MENDED, "mend", by=ME)
    await edit(hub.db, today, first.spot, b'{"key": "a", "by": 6}', "mend better", by=ME)

    opened = await look(hub.db, today, first.spot, "to be sure", by=ME)
    assert (json.loads(opened.text)["by"], opened.original) == (6, came)
    assert (await find(hub.db, first.spot)).edited

    undone = await undo(hub.db, today, first.spot, "it was right", by=ME)

    assert undone.is_original
    assert (await look(hub.db, today, first.spot, "to be sure", by=ME)).text == came
    assert not (await find(hub.db, first.spot)).edited
    with pytest.raises(NotPossibleError, match="as it came"):
        await undo(hub.db, today, first.spot, "once more", by=ME)


async def test_an_edit_is_kept_with_hashes_and_places_and_without_a_value(
    hub: Hub, world: World, today: Today
) -> None:
    first = await a_wrong_event_and_two_behind(hub, world)
    await edit(hub.db, today, first.spot, b'{"key": "a", "note": "canary"}', "mend", by=ME)

    (action,) = await history(hub.db, first.spot)

    told_of = msgspec.json.decode(action.doc)
    assert (action.verb, action.by, action.text) == ("edit", ME, "mend")
    assert len(told_of["before"]) == len(told_of["after"]) == 64
    assert "note" in told_of["changed"]
    assert b"canary" not in bytes(action.doc)
    sealed = await hub.db.fetchval("select sealed from item where event_id = 'first'")
    assert b"canary" not in sealed


async def test_a_body_that_breaks_the_schema_is_refused_with_the_place(
    hub: Hub, world: World, today: Today
) -> None:
    first = await a_wrong_event_and_two_behind(hub, world)

    for body, why in (
        (b"{", "not valid"),
        (b'{"by": 1}', "key: Field required"),
        (b'{"key": "a", "by": "many"}', "by: Input should be"),
    ):
        with pytest.raises(NotPossibleError, match=why):
            await edit(hub.db, today, first.spot, body, "mend", by=ME)
    assert (await find(hub.db, first.spot)).version == first.version


async def test_shows_where_a_payload_breaks_its_schema_and_keeps_who_looked(
    hub: Hub, world: World, today: Today
) -> None:
    await hub.start()
    await hub.told_all(told("one", b'{"by": "many"}'))
    (item,) = await list_items(hub.db)

    opened = await look(hub.db, today, item.spot, "a customer asked", by=ME)

    assert [breach.place for breach in opened.breaches] == ["key", "by"]
    assert msgspec.json.decode(opened.schema)["properties"]["by"]["type"] == "integer"
    assert opened.headers["ce_id"] == "one"
    (action,) = await history(hub.db, item.spot)
    assert (action.verb, action.by, action.text) == ("look", ME, "a customer asked")
