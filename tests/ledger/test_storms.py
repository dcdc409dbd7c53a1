"""When much of what comes makes our code fail, a partition rests instead of setting it all aside."""

import pytest

from tests.ledger.counter import World
from tests.ledger.driver import Hub, Told, count

pytestmark = pytest.mark.servers


def stream(events: int, failing: int, of: int) -> list[Told]:
    """Events of partition 0, each of a counter of its own, so many `of` so many in need of the code."""
    found = [
        count(f"e{n}", f"k{n}", needs="code" if n % of < failing else "") for n in range(4 * events)
    ]
    return [one for one in found if one.partition == 0][:events]


async def test_a_storm_of_three_failing_events_in_five_stops_its_partition(
    hub: Hub, world: World
) -> None:
    """One success in between must not forgive the faults before it."""
    world.broken["code"] = ValueError("a bad release")
    await hub.start(breaker_pause=0.3)
    records = stream(600, failing=3, of=5)
    await hub.tell(*records)
    await hub.stopped("too many faults")
    owner = (await hub.owners())[0]
    assert owner["dead_lettered"] < 150
    await hub.until("select epoch >= 4 from partition_owner where part = 0", "tried again")
    again = (await hub.owners())[0]
    assert again["dead_lettered"] == owner["dead_lettered"], "no rest adds a dead letter"
    world.broken.clear()
    await hub.settled()
    dead = again["dead_lettered"]
    assert await hub.outcomes() == {"applied": len(records) - dead, "dead_lettered": dead}


async def test_one_failing_event_in_ten_is_set_aside_and_the_rest_flows(
    hub: Hub, world: World
) -> None:
    """However many they become in the end."""
    world.broken["code"] = ValueError("a fault")
    await hub.start()
    await hub.told_all(*stream(600, failing=1, of=10))
    dead = (await hub.outcomes())["dead_lettered"]
    assert dead > 40
    assert await hub.outcomes() == {"applied": 600 - dead, "dead_lettered": dead}
