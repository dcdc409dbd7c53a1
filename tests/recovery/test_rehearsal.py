"""A rehearsal tells what would become of items, with the engine's own code, and writes nothing."""

import pytest

from hub.access.keyring import Keyring
from hub.recovery.choosing import Filter
from hub.recovery.rehearsal import rehearse, rehearse_many
from hub.recovery.snapshot import snapshot
from hub.recovery.spot import NotPossibleError
from hub.recovery.today import Today
from hub.sdk.failures import StoreUnavailableError
from tests.ledger.counter import World
from tests.ledger.driver import Hub, count
from tests.recovery.stories import broken_key

pytestmark = pytest.mark.servers


async def test_tells_how_an_item_and_those_behind_it_would_end_after_the_mend(
    hub: Hub, world: World, today: Today
) -> None:
    first, _ = await broken_key(hub, world)
    await hub.told_all(count("third", by=-1), count("fourth", nick="a-nick"))
    world.broken.clear()

    told = await rehearse(hub.db, today, first.spot)

    assert (told.item.was.state, told.item.outcome) == ("dead_lettered", "applied")
    assert "cannot count this" in told.item.was.reason
    assert [(one.event_id, one.outcome) for one in told.followers] == [
        ("second", "applied"),
        ("third", "rejected"),
        ("fourth", "applied"),
    ]
    assert told.left_behind == 0
    (event,) = told.item.events
    assert [(said.type, said.subject) for said in event.said] == [("counter.total.v1", "first")]
    (row,) = event.changes
    assert (row.table, row.place, bytes(row.old)) == ("counter", "", b"null")
    (after,) = told.followers[0].events
    assert {change.place: (bytes(change.old), bytes(change.new)) for change in after.changes} == {
        "total": (b"1", b"2"),
        "seen.1": (b"null", b'"second"'),
    }
    (named,) = told.followers[2].events
    assert [(name.kind, name.value) for name in named.names] == [("nick", "a-nick")]


async def test_tells_that_the_fault_is_still_there_and_who_waits_on(
    hub: Hub, world: World, today: Today
) -> None:
    first, _ = await broken_key(hub, world)

    told = await rehearse(hub.db, today, first.spot)

    assert (told.item.outcome, told.followers, told.left_behind) == ("dead_lettered", (), 1)
    assert "ValueError" in told.item.code
    assert not told.item.would_settle


async def test_what_waits_behind_another_names_the_one_to_rehearse(
    hub: Hub, world: World, today: Today
) -> None:
    first, second = await broken_key(hub, world)

    with pytest.raises(NotPossibleError, match=f"behind offset {first.offset} .* rehearse that"):
        await rehearse(hub.db, today, second.spot)


async def test_many_are_counted_by_how_they_ended_and_would_end(
    hub: Hub, world: World, today: Today
) -> None:
    world.broken |= {"code": ValueError("cannot"), "more": KeyError("what")}
    await hub.start()
    await hub.told_all(
        count("a1", key="a", needs="code"),
        count("a2", key="a"),
        count("b1", key="b", needs="code"),
        count("c1", key="c", needs="more"),
    )
    del world.broken["code"]

    told = await rehearse_many(hub.db, today, Filter(), details=1)

    assert (told.items, told.more, len(told.details)) == (3, False, 1)
    counted = {(one.was.split()[0], one.would_be.split()[0]): one.items for one in told.counts}
    assert counted == {("dead_lettered", "applied"): 2, ("dead_lettered", "dead_lettered"): 1}
    some = await rehearse_many(hub.db, today, Filter(), limit=1)
    assert (some.items, some.more) == (1, True)


async def test_writes_nothing(hub: Hub, world: World, today: Today) -> None:
    first, _ = await broken_key(hub, world)
    await hub.stop()
    world.broken.clear()
    before = await _everything(hub)

    assert (await rehearse(hub.db, today, first.spot)).item.outcome == "applied"
    assert (await rehearse_many(hub.db, today, Filter())).items == 1

    assert await _everything(hub) == before


async def test_postgres_itself_refuses_whatever_a_rehearsal_would_write(hub: Hub) -> None:
    with pytest.raises(StoreUnavailableError, match="read-only transaction"):
        async with snapshot(hub.db) as queries:
            await queries.execute("update item set version = version + 1")


ROWS = "select t::text as row from {table} t order by 1"


async def _everything(hub: Hub) -> dict[str, list[str]]:
    """Every row of every table."""
    tables = await hub.db.fetch("select tablename from pg_tables where schemaname = 'public'")
    names = [row["tablename"] for row in tables]
    found = {name: await hub.db.fetch(ROWS.format(table=name)) for name in names}
    return {name: [row["row"] for row in rows] for name, rows in found.items()}


async def test_what_nobody_can_open_is_told_and_the_others_are_tried(
    hub: Hub, world: World, today: Today
) -> None:
    _, second = await broken_key(hub, world)
    await hub.told_all(count("lost", key="c", needs="code"), count("behind", key="c"))
    await hub.stop()
    strange = Keyring(b"x" * 32).seal("acme", b"x")
    spoil = "update item set sealed = $2, version = version + 1 where event_id = $1"
    await hub.db.execute(spoil, "lost", strange)
    await hub.db.execute(spoil, second.event_id, strange)
    world.broken.clear()

    told = await rehearse_many(hub.db, today, Filter(tenant="acme"))

    ends = {one.item.event_id: (one.item.outcome, one.item.code) for one in told.details}
    assert ends == {"first": ("applied", ""), "lost": ("held", "sealed")}
    assert {one.would_be: one.items for one in told.counts} == {"applied": 1, "held sealed": 1}
    (foremost,) = [one for one in told.details if one.item.event_id == "first"]
    assert [(one.outcome, one.code) for one in foremost.followers] == [("held", "sealed")]
    assert foremost.left_behind == 1
    (lost,) = [one for one in told.details if one.item.event_id == "lost"]
    assert "HUB_MASTER_KEY" in lost.item.reason
    assert (lost.followers, lost.left_behind) == ((), 1)
