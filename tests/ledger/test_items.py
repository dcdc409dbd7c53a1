"""What could not be decided is kept, tried again and released, and its home keeps its order."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.ledger.counter import Counted, World, home_of
from tests.ledger.driver import Hub, count, key_in, told

pytestmark = pytest.mark.servers


async def test_while_something_outside_is_away_its_home_is_held_and_then_released_in_order(
    hub: Hub, world: World
) -> None:
    """Hole 1: only what waits for the outside holds its home; others flow; nobody has to ask."""
    world.away.add("stock")
    await hub.start()
    await hub.told_all(
        count("e1"), count("e2", needs="stock"), count("e3"), count("e4"), count("x1", "b")
    )
    assert await hub.applied() == ["e1"]
    assert await hub.applied("b") == ["x1"]
    assert await hub.outcomes() == {"applied": 2, "retrying": 1, "held": 2}
    world.away.clear()
    await hub.until("select count(*) = 0 from item", "released")
    assert await hub.applied() == ["e1", "e2", "e3", "e4"]
    assert await hub.outcomes() == {"applied": 5}


async def test_each_failed_attempt_waits_longer_and_the_home_stays_held(
    hub: Hub, world: World
) -> None:
    """Hole 10: the owner alone tries again, by Postgres's clock and by the schedule."""
    world.away.add("stock")
    await hub.start()
    await hub.told_all(count("e1", needs="stock"))
    await hub.until("select attempt = 2 from item", "tried twice")
    wait = await hub.db.fetchval("select extract(epoch from due_at - clock_timestamp()) from item")
    assert 3 < wait < 5.5
    assert world.tries == ["e1", "e1"]


async def test_a_follower_that_fails_when_it_is_released_waits_for_its_own_time(
    hub: Hub, world: World
) -> None:
    """Released behind a redrive, the follower is away: no second try before it is due."""
    world.broken["code"] = ValueError("a fault")
    world.away.add("stock")
    await hub.start()
    await hub.told_all(count("e1", needs="code"), count("e2", needs="stock"), count("e3"))
    world.broken.clear()
    await hub.want("e1", "redrive")
    await hub.until("select count(*) = 1 from item where state = 'retrying'", "e2 tried")
    due = "select due_at > clock_timestamp() from item where event_id = 'e2'"
    assert await hub.db.fetchval(due)
    assert await hub.db.fetchval("select attempt from item where event_id = 'e2'") == 1
    assert await hub.applied() == ["e1"], "what stands behind e2 does not overtake it"
    assert world.tries.count("e2") == 1
    world.away.clear()
    await hub.until("select count(*) = 0 from item", "released")
    assert world.tries.count("e2") == 2
    assert await hub.applied() == ["e1", "e2", "e3"]


async def test_a_fault_of_ours_becomes_a_dead_letter_with_its_traceback_and_holds_its_home(
    hub: Hub, world: World
) -> None:
    """Hole 11: one event is set aside, its followers wait, its neighbours flow."""
    world.broken["code"] = ValueError("odd \ud800 text \x00")
    await hub.start()
    await hub.told_all(count("e1", needs="code"), count("e2"), count("x1", "b"))
    one, two = await hub.items()
    assert (one["state"], two["state"]) == ("dead_lettered", "held")
    assert "Traceback" in one["error"]
    assert "ValueError" in one["reason"]
    assert await hub.outcomes() == {"applied": 1, "dead_lettered": 1, "held": 1}
    (letter,) = await hub.dead_letters()
    headers = dict(letter.headers)
    assert b"ValueError" in headers["hub-reason"]
    assert headers["ce_id"] == b"e1"
    assert b"counter" not in letter.value, "the body is sealed"


async def test_a_redriven_dead_letter_is_applied_and_releases_its_followers_in_order(
    hub: Hub, world: World
) -> None:
    """Hole 10: the tool only asks; the owner applies, head first, then what came behind it."""
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    await hub.told_all(count("e1", needs="code"), *(count(f"e{n}") for n in range(2, 8)))
    world.broken.clear()
    await hub.want("e1", "redrive")
    await hub.until("select count(*) = 0 from item", "released")
    assert await hub.applied() == [f"e{n}" for n in range(1, 8)]
    assert await hub.outcomes() == {"applied": 7}


async def test_a_redrive_that_fails_again_keeps_holding_and_counts_the_attempt(
    hub: Hub, world: World
) -> None:
    """A redrive into the same fault changes the attempt and nothing else."""
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    await hub.told_all(count("e1", needs="code"), count("e2"))
    await hub.want("e1", "redrive")
    await hub.until("select attempt = 2 from item where event_id = 'e1'", "tried again")
    assert await hub.outcomes() == {"dead_lettered": 1, "held": 1}
    assert await hub.applied() == []


async def test_giving_up_a_dead_letter_releases_its_followers_with_the_reason_on_record(
    hub: Hub, world: World
) -> None:
    """The event is never applied; what waited behind it goes on in order."""
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    await hub.told_all(count("e1", needs="code"), count("e2"), count("e3"))
    await hub.want("e1", "give_up", "sold twice, see ticket 7")
    await hub.until("select count(*) = 0 from item", "released")
    assert await hub.applied() == ["e2", "e3"]
    assert await hub.outcomes() == {"applied": 2, "given_up": 1}
    blobs = await hub.db.fetch("select body from ledger order by n")
    assert any(b"sold twice, see ticket 7" in row["body"] for row in blobs)


async def test_giving_up_a_follower_does_not_try_the_dead_letter_before_it(
    hub: Hub, world: World
) -> None:
    """Nobody asked for the head, so it is neither tried nor does anything pass it."""
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    await hub.told_all(count("e1", needs="code"), count("e2"), count("e3"))
    world.broken.clear()
    await hub.want("e2", "give_up", "not wanted")
    await hub.until("select count(*) = 2 from item", "e2 gone")
    await hub.told_all(count("x1", "b"), count("e4"))
    await hub.until("select count(*) = 3 from item", "e4 held")
    assert world.tries == ["e1", "x1"]
    await hub.want("e1", "redrive")
    await hub.until("select count(*) = 0 from item", "released")
    assert await hub.applied() == ["e1", "e3", "e4"]


async def test_a_redrive_asked_for_a_follower_waits_until_its_turn(hub: Hub, world: World) -> None:
    """Asked for out of order, with one event a batch: nothing overtakes inside a home."""
    hub.batch = 1
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    await hub.told_all(count("e1", needs="code"), *(count(f"e{n}") for n in range(2, 6)))
    world.broken.clear()
    await hub.want("e4", "redrive")
    await hub.told_all(count("x1", "b"))
    await hub.want("e1", "redrive")
    await hub.until("select count(*) = 0 from item", "released")
    assert await hub.applied() == [f"e{n}" for n in range(1, 6)]


async def test_two_homes_redriven_at_once_are_both_released_whatever_a_batch_holds(
    hub: Hub, world: World
) -> None:
    """The followers of the second home are not forgotten because the first home's fill the batch."""
    hub.batch = 3
    world.broken["code"] = ValueError("a fault")
    same = [key for key in ("a", "b", "c", "d", "e", "f") if count("x", key).partition == 0][:2]
    await hub.start()
    records = [
        count(f"{key}{n}", key, needs="code" if not n else "") for key in same for n in range(8)
    ]
    await hub.told_all(*records)
    world.broken.clear()
    for key in same:
        await hub.want(f"{key}0", "redrive")
    await hub.until("select count(*) = 0 from item", "released")
    for key in same:
        assert await hub.applied(key) == [f"{key}{n}" for n in range(8)]


async def test_live_events_of_a_home_queue_behind_its_released_followers(
    hub: Hub, world: World
) -> None:
    """Hole 10: the redrive and the live stream meet in one loop, so the order of arrival stands."""
    hub.batch = 4
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    await hub.told_all(count("e0", needs="code"), *(count(f"e{n}") for n in range(1, 10)))
    world.broken.clear()
    await hub.want("e0", "redrive")
    for n in range(10, 60):
        await hub.tell(count(f"e{n}"))
    await hub.until("select count(*) = 0 from item", "released")
    await hub.settled()
    await hub.until("select count(*) = 0 from item", "released")
    assert await hub.applied() == [f"e{n}" for n in range(60)]


async def test_held_events_survive_a_restart(hub: Hub, world: World) -> None:
    """The next owner reads which homes are held, and releases them in order."""
    world.away.add("stock")
    first = await hub.start()
    await hub.told_all(count("e1", needs="stock"), count("e2"))
    await first.stop()
    hub.running.clear()
    await hub.start()
    await hub.told_all(count("e3"))
    assert await hub.outcomes() == {"retrying": 1, "held": 2}
    world.away.clear()
    await hub.until("select count(*) = 0 from item", "released")
    assert await hub.applied() == ["e1", "e2", "e3"]


async def test_the_breaker_stops_a_partition_that_meets_only_faults_and_it_goes_on_by_itself(
    hub: Hub, world: World
) -> None:
    """Broken code would make dead letters of everything: after 20 in a row the partition rests."""
    world.broken["code"] = ValueError("a bad release")
    await hub.start(breaker_pause=0.3)
    records = [count(f"e{n}", f"k{n}", needs="code") for n in range(60)]
    mine = [r for r in records if r.partition == 0]
    await hub.tell(*mine)
    reached = "select dead_lettered = 20 and next_offset = 20 from partition_owner where part = 0"
    await hub.until(reached, "tripped")
    await hub.until("select epoch >= 4 from partition_owner where part = 0", "tried again")
    assert await hub.db.fetchval(reached), "the events after are not dead-lettered"
    world.broken.clear()
    await hub.settled()
    assert await hub.outcomes() == {"applied": len(mine) - 20, "dead_lettered": 20}


async def test_events_that_are_themselves_to_blame_do_not_trip_the_breaker(hub: Hub) -> None:
    """Hole 7: thirty fat invoices in a row are thirty dead letters; the shop next door goes on."""
    await hub.start()
    fat = [count(f"f{n}", f"k{n}", words=1_100_000) for n in range(60)]
    fat = [one for one in fat if one.partition == count("e1").partition]
    await hub.told_all(*fat, count("e1"))
    assert len(fat) > 20
    assert await hub.applied() == ["e1"]
    assert await hub.outcomes() == {"applied": 1, "dead_lettered": len(fat)}


async def test_an_event_that_nobody_can_place_is_a_dead_letter_that_holds_nothing(
    hub: Hub, world: World
) -> None:
    """Hole 11: the rule that computes the home breaks over one event, not over the partition."""
    world.unplaceable.add("odd")
    await hub.start()
    odd = told("o1", Counted(key="odd"), partition=count("e1").partition)
    await hub.told_all(count("e1"), odd, count("e2"))
    assert await hub.applied() == ["e1", "e2"]
    (item,) = await hub.items()
    assert (item["event_id"], item["home"], item["state"]) == ("o1", None, "dead_lettered")
    assert "LookupError" in item["reason"]
    world.unplaceable.clear()
    await hub.want("o1", "redrive")
    await hub.until("select count(*) = 0 from item", "applied")
    assert sum((await hub.outcomes()).values()) >= 3


async def test_a_redriven_event_whose_home_is_known_by_now_overtakes_nobody_there(
    hub: Hub, world: World
) -> None:
    """What had no home waits behind what came before it, and goes before what came after it."""
    world.away.add("stock")
    world.unplaceable.add("a")
    await hub.start(schedule=(600,))
    await hub.told_all(count("early"))
    await hub.until("select count(*) = 1 from item where home is null", "nobody can place it")
    world.unplaceable.clear()
    await hub.told_all(count("e1", needs="stock"))
    world.unplaceable.add("a")
    await hub.told_all(count("late"))
    await hub.until("select count(*) = 2 from item where home is null", "nor this one")
    world.unplaceable.clear()
    await hub.want("late", "redrive")
    await hub.until("select count(*) = 1 from item where state = 'held'", "it waits its turn")
    await hub.want("early", "redrive")
    await hub.until("select count(*) = 2 from item", "the first one goes first")
    assert await hub.applied() == ["early"]
    world.away.clear()
    await hub.want("e1", "redrive")
    await hub.until("select count(*) = 0 from item", "all are applied")
    assert await hub.applied() == ["early", "e1", "late"]


async def test_what_is_no_event_stays_a_dead_letter_when_it_is_redriven(hub: Hub) -> None:
    """A redrive cannot make sense of nonsense; giving up ends it."""
    await hub.start()
    await hub.told_all(told("bad", b"{nonsense"))
    await hub.want("bad", "redrive")
    await hub.until("select attempt = 2 from item", "tried again")
    assert await hub.outcomes() == {"dead_lettered": 1}
    await hub.want("bad", "give_up", "nonsense")
    await hub.until("select count(*) = 0 from item", "gone")
    assert await hub.outcomes() == {"given_up": 1}


async def test_an_early_event_that_is_away_when_its_turn_comes_is_tried_again(
    hub: Hub, world: World
) -> None:
    """What waited is due at last, and something outside is away: it holds, and is not lost."""
    world.away.add("stock")
    await hub.start()
    await hub.told_all(count("early", at_least=1, needs="stock"))
    await hub.told_all(count("e1"), count("e2"))
    assert await hub.applied() == ["e1"]
    assert await hub.outcomes() == {"applied": 1, "retrying": 1, "held": 1}
    world.away.clear()
    await hub.until("select count(*) = 0 from item", "released")
    assert await hub.applied() == ["e1", "early", "e2"]


async def test_a_redriven_event_that_turns_out_early_and_then_breaks_is_a_dead_letter_again(
    hub: Hub, world: World
) -> None:
    """One batch settles an item and makes it anew: the row's version must fit, or it loops."""
    world.broken["first"] = ValueError("a fault")
    world.broken["second"] = ValueError("another fault")
    await hub.start()
    await hub.told_all(count("e1", needs="first", at_least=0), count("e2", needs="second"))
    # e1 is a dead letter, e2 is held behind it.
    assert await hub.outcomes() == {"dead_lettered": 1, "held": 1}
    await hub.want("e1", "redrive")
    await hub.until("select attempt = 2 from item where event_id = 'e1'", "tried again")
    world.broken.clear()
    await hub.want("e1", "redrive")
    await hub.until("select count(*) = 0 from item", "released")
    assert await hub.applied() == ["e1", "e2"]


async def test_a_dead_letter_keeps_the_time_of_its_first_receipt(hub: Hub, world: World) -> None:
    """Hole 22: patience and the check of times count from there, however late the redrive."""
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    before = datetime.now(UTC)
    await hub.told_all(count("e1", needs="code"))
    (item,) = await hub.items()
    assert abs((item["received_at"] - before).total_seconds()) < 10


async def test_only_the_item_that_cannot_be_stored_is_blamed_however_many_are_tried_with_it(
    hub: Hub, world: World
) -> None:
    """One is redriven and refused again, the other is merely due: neither may keep the other waiting."""
    world.away.add("shop")
    fine, nul = key_in(0, "fine"), key_in(0, "nul")
    await hub.start(schedule=(1.0,))
    await hub.told_all(count("e1", fine, needs="shop"), count("e2", nul, note="a\x00b"))
    await hub.until("select count(*) = 1 from item where event_id = 'e2'", "refused")
    await hub.stop()
    await asyncio.sleep(1.2)
    world.away.clear()
    await hub.want("e2", "redrive")
    await hub.start(schedule=(1.0,))
    await hub.until(
        "select attempt = 2 and wanted is null from item where event_id = 'e2'", "again"
    )
    await hub.until("select count(*) = 1 from item", "the other is decided")
    assert await hub.applied(fine) == ["e1"]


async def test_a_redrive_of_what_still_cannot_be_stored_ends(hub: Hub) -> None:
    """It is asked of Postgres once more for each wish, and not for ever."""
    await hub.start()
    await hub.told_all(count("e1", note="a\x00b"))
    for attempt in (2, 3):
        await hub.want("e1", "redrive")
        again = f"select attempt = {attempt} and wanted is null from item"  # noqa: S608 - a number
        await hub.until(again, "tried again")


async def test_what_was_sealed_with_a_key_that_is_gone_waits_on_hold_and_can_be_given_up(
    hub: Hub, world: World
) -> None:
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    await hub.told_all(count("e1", needs="code"), count("e2"))
    await hub.db.execute("update item set sealed = sealed || '\\x00' where event_id = 'e1'")
    await hub.want("e1", "redrive")
    await hub.until("select on_hold is not null from item where event_id = 'e1'", "on hold")
    await hub.want("e1", "give_up", "its key is gone")
    await hub.until("select count(*) = 0 from item", "ended")
    assert await hub.applied() == ["e2"]
    assert await hub.outcomes() == {"applied": 1, "given_up": 1}
    bodies = await hub.db.fetch("select body from ledger")
    assert any(b"its key is gone" in row["body"] and b'"e1"' in row["body"] for row in bodies)


async def test_a_process_with_another_key_takes_back_nothing_and_tries_once_a_wish(
    hub: Hub, world: World
) -> None:
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    await hub.told_all(count("e1", needs="code"))
    sealed = await hub.db.fetchval("select sealed from item")
    await hub.db.execute("update item set sealed = sealed || '\\x00', redrive = 7")
    held = "select on_hold like '%HUB_MASTER_KEY%' from item"
    said = "select count(*) from staff_action where by = 'hub' and verb = 'hold'"
    for times in (1, 2):
        await hub.db.execute("update item set wanted = 'redrive', on_hold = null")
        await hub.until(held, "on hold")
        await asyncio.sleep(1.2)
        assert await hub.db.fetchval(said) == times
    (item,) = await hub.items()
    assert (item["wanted"], item["redrive"], "a fault" in item["reason"]) == ("redrive", 7, True)
    world.broken.clear()
    await hub.db.execute("update item set sealed = $1, on_hold = null", sealed)
    await hub.until("select count(*) = 0 from item", "tried with the key it was sealed with")


async def test_items_are_locked_in_the_order_of_their_offsets(hub: Hub, world: World) -> None:
    """Whoever marks many at once does so too: in another order each would wait for the other."""
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    first, last = sorted((key_in(0, "z"), key_in(0, "a")), key=home_of)
    await hub.told_all(count("e1", last, needs="code"), count("e2", first, needs="code"))
    await hub.stop()
    world.broken.clear()
    for event in ("e1", "e2"):
        await hub.want(event, "redrive")
    lock = "select 1 from item where event_id = $1 for update"
    async with hub.db.transaction() as marking:
        await marking.execute("set local lock_timeout = '0.5s'")
        await marking.execute(lock, "e1")
        await hub.start()
        waits = (
            "select count(*) > 0 from pg_stat_activity"
            " where wait_event_type = 'Lock' and datname = current_database()"
        )
        await hub.until(waits, "the owner waits")
        await marking.execute(lock, "e2")
    await hub.until("select count(*) = 0 from item", "both are tried")
