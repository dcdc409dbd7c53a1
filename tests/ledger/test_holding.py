"""Too early is no failure: the event waits in its home and holds nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from tests.ledger.counter import Counted, World, home_of
from tests.ledger.driver import Hub, count

pytestmark = pytest.mark.servers

DUE = "update timer set due_at = clock_timestamp() - interval '1 second' where name = $1"


async def test_an_early_event_does_not_hold_what_it_waits_for(hub: Hub) -> None:
    """Hole 1: the return waits for the sale; if it held the home, the sale would wait for the return."""
    await hub.start()
    await hub.told_all(count("return", at_least=1))
    assert await hub.outcomes() == {"early": 1}
    await hub.told_all(count("sale"), count("x1", "b"))
    assert await hub.applied() == ["sale", "return"]
    assert await hub.outcomes() == {"applied": 3}
    assert await hub.items() == []


async def test_early_events_are_tried_again_until_nothing_more_moves(hub: Hub) -> None:
    """Hole 1: each of them makes the next one possible, whatever the order of arrival."""
    await hub.start()
    await hub.told_all(*(count(f"e{n}", at_least=n) for n in (4, 2, 3, 1)))
    assert await hub.outcomes() == {"early": 4}
    await hub.told_all(count("e0"))
    assert await hub.applied() == [f"e{n}" for n in range(5)]


async def test_an_early_event_repeated_waits_once(hub: Hub) -> None:
    """Hole 1: the sender repeats until it is answered; it is the same event."""
    await hub.start()
    early = count("early", at_least=1)
    await hub.told_all(early, early)
    await hub.told_all(count("e1"), early)
    assert await hub.applied() == ["e1", "early"]
    assert await hub.outcomes() == {"applied": 2, "deduplicated": 2}


async def test_an_early_event_waits_over_a_restart_and_ends_when_patience_ends(hub: Hub) -> None:
    """Hole 1: nothing comes; after the merchant's patience it is rejected with the reason."""
    await hub.start()
    await hub.told_all(count("early", at_least=1))
    await hub.stop()
    await hub.start()
    await hub.db.execute(DUE, "waiting")
    again = "select due_at > clock_timestamp() from timer where name = 'waiting'"
    await hub.until(again, "tried and set again")
    assert await hub.outcomes() == {"early": 1}
    await hub.db.execute("update timer set due_at = clock_timestamp() where name = 'waiting'")
    await hub.db.execute(
        """update counter set inbox = jsonb_set(inbox::jsonb, '{waiting,0,received_at}',
           '"2026-01-01T00:00:00Z"')::json"""
    )
    await hub.until("select rejected = 1 from partition_owner where next_offset > 0", "given up")
    await hub.settled()
    (refused,) = await hub.status()
    assert b"waited 14 days" in refused.value
    assert await hub.db.fetchval("select count(*) from timer") == 0


async def test_a_timer_survives_a_restart_and_fires_once(hub: Hub) -> None:
    """Hole 10: the owner fires it, with the time it was due as the event's time."""
    await hub.start()
    soon = datetime.now(UTC) + timedelta(hours=1)
    await hub.told_all(count("e1", wake=soon))
    await hub.stop()
    await hub.db.execute(DUE, "wake")
    await hub.start()
    await hub.until("select total = 101 from counter where id = $1", "fired", home_of("a"))
    await hub.told_all(count("e2"))
    assert await hub.total() == 102
    assert await hub.db.fetchval("select count(*) from timer") == 0
    assert await hub.outcomes() == {"applied": 2}, "a timer is no accepted event"


async def test_a_timer_of_a_held_home_waits_until_it_is_released(hub: Hub, world: World) -> None:
    """Hole 10: the timer is an input of the same home and must not overtake."""
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    soon = datetime.now(UTC) + timedelta(hours=1)
    await hub.told_all(count("e1", wake=soon), count("e2", needs="code"))
    await hub.db.execute(DUE, "wake")
    await hub.told_all(count("x1", "b"))
    assert await hub.total() == 1
    world.broken.clear()
    await hub.want("e2", "redrive")
    await hub.until("select total = 102 from counter where id = $1", "fired", home_of("a"))
    assert (await hub.applied())[:2] == ["e1", "e2"]


LOST = """
update counter set inbox = jsonb_set(inbox::jsonb, '{waiting,0,%s}', '%s')::json where id = $1
"""


@pytest.mark.parametrize(
    ("what", "by", "reason"),
    [
        ("type", '"counter.dropped.v1"', "unknown event type 'counter.dropped.v1'"),
        ("fact", '{"by": 3, "needs": "x"}', "not a valid counter.counted.v1: key: Field required"),
    ],
)
async def test_an_early_event_that_a_newer_release_cannot_read_holds_up_nobody(
    hub: Hub, what: str, by: str, reason: str
) -> None:
    await hub.start()
    await hub.told_all(count("lost", at_least=2), count("early", at_least=1))
    await hub.stop()
    await hub.db.execute(LOST % (what, by), home_of("a"))
    await hub.start()
    await hub.told_all(count("sale"), count("x1", "b"))

    assert await hub.applied() == ["sale", "early"]
    assert await hub.outcomes() == {"applied": 3, "dead_lettered": 1}
    (item,) = await hub.items()
    assert (item["event_id"], item["home"], item["code"]) == ("lost", None, "invalid")
    assert reason in item["reason"]
    (copy,) = await hub.dead_letters()
    assert reason.encode() in dict(copy.headers)["hub-reason"]
    await hub.want("lost", "redrive")
    await hub.until("select attempt = 2 from item", "tried again, and as invalid as before")


async def test_a_timer_lets_go_of_an_early_event_that_cannot_be_read(hub: Hub) -> None:
    await hub.start()
    await hub.told_all(count("lost", at_least=1))
    await hub.stop()
    await hub.db.execute(LOST % ("type", '"counter.dropped.v1"'), home_of("a"))
    await hub.db.execute(DUE, "waiting")
    await hub.start()
    await hub.until("select count(*) = 1 from item", "set aside")
    assert await hub.outcomes() == {"dead_lettered": 1}
    assert await hub.db.fetchval("select count(*) from timer") == 0


async def test_an_early_event_that_could_be_read_again_is_decided_after_all(hub: Hub) -> None:
    await hub.start()
    await hub.told_all(count("lost", at_least=1))
    await hub.stop()
    await hub.db.execute(LOST % ("type", '"counter.dropped.v1"'), home_of("a"))
    await hub.start()
    await hub.told_all(count("sale"))
    await hub.stop()
    later = replace(hub.processor, consumes=(*hub.processor.consumes, Dropped))
    await hub.start(processor=later)
    await hub.want("lost", "redrive", "the type is back")
    await hub.until("select count(*) = 0 from item", "decided")

    assert await hub.applied() == ["sale", "lost"]


class Dropped(Counted):
    """A count of a type that one release had forgotten."""

    TYPE: ClassVar[str] = "counter.dropped.v1"
