"""Many items at once: when each is wanted stands in its row, so a bulk survives whoever began it."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import asyncpg
import pytest

from hub.recovery import bulk
from hub.recovery.actions import history
from hub.recovery.bulk import begin, go_on, stop
from hub.recovery.bulk_progress import list_bulks, progress
from hub.recovery.choosing import Filter
from hub.recovery.items import find, list_items
from hub.recovery.spot import NotPossibleError
from hub.recovery.wishes import give_up, hold, redrive
from tests.ledger.counter import World
from tests.ledger.driver import Hub, count
from tests.recovery.pausing import Frozen
from tests.recovery.stories import ME, broken_key, many_broken

pytestmark = pytest.mark.servers
DEAD = Filter(state="dead_lettered")


async def test_wants_every_item_that_fits_one_after_the_other_in_all_partitions(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 12)
    await hub.stop()

    number = await begin(hub.db, DEAD, "mended", by=ME, rate=2)

    items = await list_items(hub.db)
    wanted = sorted(items, key=lambda item: item.wanted_at or item.received_at)
    times = [item.wanted_at for item in wanted if item.wanted_at]
    steps = [later - sooner for sooner, later in pairwise(times)]
    assert steps == [timedelta(seconds=0.5)] * 11
    for part in {item.partition for item in items}:
        offsets = [item.offset for item in wanted if item.partition == part]
        assert offsets == sorted(offsets)
    assert {item.partition for item in wanted[:4]} == {0, 1}
    assert {(item.wanted_by, item.wanted_why, item.redrive) for item in items} == {
        (ME, "mended", number)
    }
    one = await progress(hub.db, number)
    assert (one.total, one.still_wanted, one.open_again, one.settled) == (12, 12, 0, 0)
    (said,) = await history(hub.db, items[0].spot)
    assert (said.verb, said.redrive, said.text) == ("redrive", number, "mended")


async def test_leaves_out_what_waits_behind_what_is_on_hold_and_what_somebody_wants(
    hub: Hub, world: World
) -> None:
    await broken_key(hub, world)
    await hub.told_all(
        count("third", key="c", needs="code"), count("fourth", key="d", needs="code")
    )
    await hub.stop()
    third, fourth = [i for i in await list_items(hub.db) if i.event_id in ("third", "fourth")]
    await hold(hub.db, third.spot, "not this one", by=ME)
    await redrive(hub.db, fourth.spot, "at once", by="bob")

    number = await begin(hub.db, Filter(tenant="acme"), "mended", by=ME, rate=10)

    bulk_of = {item.event_id: item.redrive for item in await list_items(hub.db)}
    assert bulk_of == {"first": number, "second": None, third.event_id: None, fourth.event_id: None}
    on_hold = await begin(hub.db, Filter(on_hold=True), "now all", by=ME, rate=10)
    assert (await progress(hub.db, on_hold)).total == 1


async def test_goes_on_where_whoever_began_it_was_killed(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many_broken(hub, world, 7)
    await hub.stop()
    # As if the process had ended after the first statement that marks.
    begun = await hub.db.fetchval(
        "insert into redrive (wanted, chosen, rate, why, by)"
        " values ('redrive', '{\"state\":\"dead_lettered\"}', 2, 'mended', 'ada') returning id"
    )
    monkeypatch.setattr(bulk, "CHUNK", 3)
    assert not (await progress(hub.db, begun)).is_over

    await go_on(hub.db, begun, "it was killed", by=ME)
    await go_on(hub.db, begun, "it was killed", by=ME)

    one = await progress(hub.db, begun)
    assert (one.total, one.still_wanted, one.ready_at is not None) == (7, 7, True)
    times = sorted(i.wanted_at for i in await list_items(hub.db) if i.wanted_at)
    assert min(b - a for a, b in pairwise(times)) >= timedelta(seconds=0.45)


async def test_tells_apart_what_is_settled_what_is_open_again_and_what_is_to_come(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 5)
    number = await begin(hub.db, DEAD, "perhaps", by=ME, rate=1_000)
    await hub.until("select count(*) = 0 from item where wanted is not null", "all are tried")

    failed = await progress(hub.db, number)
    assert (failed.open_again, failed.settled, failed.is_over) == (5, 0, True)

    world.broken.clear()
    again = await begin(hub.db, DEAD, "mended", by=ME, rate=1_000)
    await hub.until("select count(*) = 0 from item", "all are settled")
    assert (await progress(hub.db, again)).settled == 5
    assert [one.id for one in await list_bulks(hub.db)] == [again, number]


async def test_a_bulk_that_was_stopped_wants_nothing_until_it_goes_on(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 4)
    await hub.stop()
    number = await begin(hub.db, DEAD, "mended", by=ME, rate=1)

    assert await stop(hub.db, number, "too soon", by=ME) == 4

    stopped = await progress(hub.db, number)
    assert (stopped.still_wanted, stopped.ended_at is not None) == (0, True)
    await go_on(hub.db, number, "now", by="bob")
    going = await progress(hub.db, number)
    assert (going.total, going.still_wanted, going.ended_at) == (4, 4, None)


async def test_one_that_was_frozen_after_it_marked_ends_no_continuation_early(
    hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many_broken(hub, world, 9)
    await hub.stop()
    monkeypatch.setattr(bulk, "CHUNK", 2)
    sooner, later = Frozen(hub.db, "set ready_at = clock"), Frozen(hub.db, "locked as (")
    beginning = asyncio.create_task(begin(sooner, DEAD, "mended", by=ME, rate=1))
    await sooner.reached.wait()
    (begun,) = await list_bulks(hub.db)
    await stop(hub.db, begun.id, "too soon", by=ME)
    going = asyncio.create_task(go_on(later, begun.id, "now", by="bob"))
    await later.reached.wait()

    sooner.thawed.set()
    await beginning
    later.thawed.set()
    await going

    one = await progress(hub.db, begun.id)
    assert (one.still_wanted, one.state) == (9, "under way")


async def test_one_that_was_frozen_while_it_marked_marks_nothing_of_a_continuation(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 4)
    await hub.stop()
    sooner, later = Frozen(hub.db, "locked as ("), Frozen(hub.db, "locked as (")
    beginning = asyncio.create_task(begin(sooner, DEAD, "mended", by=ME, rate=1))
    await sooner.reached.wait()
    (begun,) = await list_bulks(hub.db)
    await stop(hub.db, begun.id, "too soon", by=ME)
    going = asyncio.create_task(go_on(later, begun.id, "now", by="bob"))
    await later.reached.wait()

    sooner.thawed.set()
    await beginning
    before = await progress(hub.db, begun.id)
    later.thawed.set()
    await going

    assert (before.still_wanted, before.state) == (0, "being marked")
    assert (await progress(hub.db, begun.id)).still_wanted == 4


async def test_goes_on_with_what_fits_no_longer_because_it_was_marked(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 4)
    await hub.stop()
    sooner = await begin(hub.db, DEAD, "mended", by=ME, rate=1)
    await stop(hub.db, sooner, "too soon", by=ME)
    of_a_bulk = await begin(hub.db, Filter(redrive=sooner), "the rest of it", by=ME, rate=1)

    await stop(hub.db, of_a_bulk, "wait", by=ME)
    await go_on(hub.db, of_a_bulk, "now", by=ME)

    assert (await progress(hub.db, of_a_bulk)).still_wanted == 4
    await stop(hub.db, of_a_bulk, "hold them", by=ME)
    for item in await list_items(hub.db):
        await hold(hub.db, item.spot, "ask the till first", by=ME)
    await go_on(hub.db, of_a_bulk, "now", by=ME)
    assert (await progress(hub.db, of_a_bulk)).still_wanted == 0
    held_back = await begin(hub.db, Filter(on_hold=True), "it was asked", by=ME, rate=1)
    await stop(hub.db, held_back, "wait", by=ME)
    await go_on(hub.db, held_back, "now", by=ME)
    going = await progress(hub.db, held_back)
    assert (going.total, going.still_wanted) == (4, 4)


async def test_who_stopped_and_who_continued_a_bulk_and_why_is_on_record_once(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 2)
    await hub.stop()
    number = await begin(hub.db, DEAD, "mended", by=ME, rate=1)
    for _ in range(2):
        await stop(hub.db, number, "too soon", by=ME)
    for _ in range(2):
        await go_on(hub.db, number, "now", by="bob")

    said = await hub.db.fetch(
        "select tenant, verb, by, text, redrive from staff_action where topic is null order by n"
    )
    assert [tuple(row) for row in said] == [
        ("hub", "stop", ME, "too soon", number),
        ("hub", "continue", "bob", "now", number),
    ]
    shown = await hub.db.fetch("select status, reason from trail where log = 'staff' order by n")
    assert [tuple(row) for row in shown[-2:]] == [("stop", "too soon"), ("continue", "now")]
    assert (await progress(hub.db, number)).total == 2


async def test_a_stop_takes_back_what_is_being_marked_at_that_moment(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 4)
    await hub.stop()
    number = await hub.db.fetchval(
        "insert into redrive (wanted, chosen, rate, why, by)"
        " values ('redrive', '{\"state\":\"dead_lettered\"}', 2, 'mended', 'ada') returning id"
    )
    async with hub.db.transaction() as marking:
        # As a statement that marks does.
        await marking.execute("select 1 from redrive where id = $1 for update", number)
        await marking.execute(
            "update item set wanted = 'redrive', wanted_why = 'mended', wanted_by = 'ada', redrive = $1",
            number,
        )
        stopping = asyncio.create_task(stop(hub.db, number, "too soon", by=ME))
        await asyncio.sleep(0.5)

    assert await stopping == 4
    assert (await progress(hub.db, number)).still_wanted == 0


async def test_what_a_later_bulk_has_taken_over_is_open_until_that_settles_it(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 4)
    await hub.stop()
    sooner = await begin(hub.db, DEAD, "mended", by=ME, rate=1)
    await stop(hub.db, sooner, "too slow", by=ME)
    later = await begin(hub.db, DEAD, "mended", by=ME, rate=2)

    taken = await progress(hub.db, sooner)
    assert (taken.total, taken.still_wanted, taken.open_again, taken.settled) == (4, 0, 4, 0)
    assert taken.last_at is None
    going = await progress(hub.db, later)
    assert (going.total, going.still_wanted, going.settled) == (4, 4, 0)
    last = max(item.wanted_at for item in await list_items(hub.db) if item.wanted_at)
    assert going.last_at == last
    await hub.db.execute("delete from item where ctid in (select ctid from item limit 3)")
    assert [(one.open_again, one.settled) for one in await list_bulks(hub.db)] == [(0, 3), (1, 3)]


async def test_whatever_marks_many_or_takes_them_back_locks_them_in_their_order(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 6)
    await hub.stop()
    rows = await hub.db.fetch('select topic, part, "offset" from item order by 1, 2, 3')
    lock = 'select 1 from item where (topic, part, "offset") = ($1, $2, $3) for update'
    waits = (
        "select count(*) > 0 from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database()"
    )
    number = 0

    async def mark() -> None:
        nonlocal number
        number = await begin(hub.db, DEAD, "mended", by=ME, rate=1)

    async def take_back() -> None:
        await stop(hub.db, number, "too soon", by=ME)

    for act in (mark, take_back):
        async with hub.db.transaction() as owner:
            await owner.execute("set local lock_timeout = '0.5s'")
            await owner.execute(lock, *rows[0])
            acting = asyncio.create_task(act())
            await hub.until(waits, "it waits")
            for row in rows[1:]:
                await owner.execute(lock, *row)
        await acting
    assert (await progress(hub.db, number)).open_again == 6


async def test_what_cannot_be_begun_says_why(hub: Hub) -> None:
    for where, rate, why, match in (
        (Filter(), 1.0, "x", "needs a filter"),
        (DEAD, 0.0, "x", "the rate is between"),
        (DEAD, 1e-300, "x", "the rate is between"),
        (DEAD, float("nan"), "x", "the rate is between"),
        (DEAD, 1.0, " ", "needs a reason"),
    ):
        with pytest.raises(NotPossibleError, match=match):
            await begin(hub.db, where, why, by=ME, rate=rate)
    with pytest.raises(NotPossibleError, match="no bulk 99"):
        await stop(hub.db, 99, "x", by=ME)
    for act in (stop, go_on):
        with pytest.raises(NotPossibleError, match="needs a reason"):
            await act(hub.db, 99, " ", by=ME)


async def test_stopping_a_bulk_takes_back_nothing_that_a_person_wants(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 2)
    await hub.stop()
    number = await begin(hub.db, DEAD, "mended", by=ME, rate=1)
    one, _ = await list_items(hub.db)
    await give_up(hub.db, one.spot, "a test sale", by="bob")

    assert await stop(hub.db, number, "too soon", by=ME) == 1

    item = await find(hub.db, one.spot)
    assert (item.wanted, item.wanted_by) == ("give_up", "bob")


async def test_an_item_that_is_put_on_hold_while_a_bulk_marks_stays_on_hold(
    hub: Hub, world: World
) -> None:
    await many_broken(hub, world, 2)
    await hub.stop()
    one, _ = await list_items(hub.db)
    bob = await asyncpg.connect(hub.dsn)
    transaction = bob.transaction()
    await transaction.start()
    await hold(bob, one.spot, "ask the till first", by="bob")
    marking = asyncio.create_task(begin(hub.db, DEAD, "mended", by=ME, rate=1))
    # It waits for the row that bob has changed.
    await asyncio.sleep(0.5)
    await transaction.commit()
    await bob.close()

    assert (await progress(hub.db, await marking)).total == 1

    item = await find(hub.db, one.spot)
    assert (item.on_hold, item.wanted) == ("ask the till first", None)
