"""The gauges tell what waits, how long, and whether anything is unaccounted for."""

import asyncio

import pytest

from hub.adapters.kafka import Peek
from hub.recovery.watch import Watch
from hub.telemetry.metrics import Metrics
from tests.ledger.counter import World
from tests.ledger.driver import Hub, count, key_in

pytestmark = pytest.mark.servers

KEY = key_in(0)


async def looked(hub: Hub, peek: Peek) -> Metrics:
    metrics = Metrics()
    watch = Watch(hub.processor.reads.name, hub.settings, hub.db, metrics)
    await watch.look(peek)
    return metrics


def partition(hub: Hub) -> dict[str, str]:
    return {"topic": hub.processor.reads.name, "partition": "0"}


async def test_tells_how_far_behind_and_how_old(hub: Hub, peek: Peek) -> None:
    await hub.start()
    await hub.told_all(count("e1", KEY))
    await hub.stop()
    await hub.tell(count("e2", KEY), count("e3", KEY))
    await asyncio.sleep(1.1)

    value = (await looked(hub, peek)).registry.get_sample_value

    assert value("hub_lag_events", partition(hub)) == 2
    assert 1 <= (value("hub_lag_seconds", partition(hub)) or 0) < 30
    assert value("hub_unaccounted_events", partition(hub)) == 0


async def test_tells_what_is_open_and_what_is_held(hub: Hub, world: World, peek: Peek) -> None:
    world.broken["code"] = ValueError("cannot count this")
    await hub.start()
    await hub.told_all(count("e1", KEY, needs="code"), count("e2", KEY), count("e3", KEY))

    value = (await looked(hub, peek)).registry.get_sample_value

    topic = hub.processor.reads.name
    for state, items in (("dead_lettered", 1), ("held", 2), ("retrying", 0)):
        assert value("hub_open_items", {"topic": topic, "state": state}) == items
    assert (value("hub_oldest_item_seconds", {"topic": topic, "state": "held"}) or 0) > 0
    assert value("hub_held_keys", partition(hub)) == 1


async def test_an_event_in_no_outcome_is_unaccounted(hub: Hub, peek: Peek) -> None:
    await hub.start()
    await hub.told_all(count("e1", KEY))
    await hub.stop()
    await hub.db.execute("update partition_owner set applied = 0")

    value = (await looked(hub, peek)).registry.get_sample_value

    assert value("hub_unaccounted_events", partition(hub)) == 1


async def test_tells_which_projection_is_behind_and_what_stands_still(hub: Hub, peek: Peek) -> None:
    await hub.start()
    await hub.told_all(count("e1", KEY), count("e2", KEY))
    await hub.stop()
    await hub.db.execute("insert into projection_progress values ('activity', 0, 1, 1, 1)")
    await hub.db.execute("update partition_owner set stopped_reason = 'x' where part = 0")

    value = (await looked(hub, peek)).registry.get_sample_value

    labels = {"projection": "activity", "partition": "0"}
    assert value("hub_projection_lag_events", labels) == 1
    assert value("hub_stopped_partitions", {"topic": hub.processor.reads.name}) == 1
