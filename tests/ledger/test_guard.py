"""What a consumer gives is not always what stands in the log, and an offset is not always an event."""

import pytest
from aiokafka import AIOKafkaProducer

from tests.ledger.driver import Hub, Told, count, eventually, key_in

pytestmark = pytest.mark.servers


async def transact(hub: Hub, *records: Told, commit: bool = True) -> None:
    """Publish as a stranger with a transactional producer does."""
    producer = AIOKafkaProducer(
        bootstrap_servers=hub.settings.bootstrap, transactional_id=hub.processor.reads.name
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        for told in records:
            await producer.send_and_wait(
                hub.processor.reads.name,
                told.value,
                key=told.key,
                partition=told.partition,
                headers=told.headers,
            )
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()


async def stepped_over(hub: Hub) -> int:
    return (await hub.outcomes()).get("stepped_over", 0)


async def test_a_strangers_transaction_marker_is_stepped_over_and_counted(hub: Hub) -> None:
    """Hole 3: the marker takes an offset that no read gives; the guard must not seek back for ever."""
    await hub.start()
    await transact(hub, count("e1"), count("e2"))
    await hub.told_all(count("e3"))
    await transact(hub, count("e4"))
    await hub.told_all(count("e5"))
    assert await hub.applied() == ["e1", "e2", "e3", "e4", "e5"]
    assert await hub.outcomes() == {"applied": 5, "stepped_over": 2}


async def test_what_a_stranger_aborted_was_never_accepted(hub: Hub) -> None:
    """Hole 3: aborted records and their marker are stepped over like any hole in the log."""
    await hub.start()
    await hub.told_all(count("e1"))
    await transact(hub, count("never"), count("neither"), commit=False)
    await hub.told_all(count("e2"))
    assert await hub.applied() == ["e1", "e2"]
    assert await hub.outcomes() == {"applied": 2, "stepped_over": 3}


async def test_a_marker_at_the_very_end_of_the_log_does_not_wait_for_a_later_record(
    hub: Hub,
) -> None:
    """Hole 3: nothing follows the marker, and `waiting` must become 0 by itself all the same."""
    await hub.start()
    await transact(hub, count("e1"))
    await hub.settled()
    assert await hub.outcomes() == {"applied": 1, "stepped_over": 1}
    await transact(hub, count("never"), commit=False)
    await hub.settled()
    assert await hub.outcomes() == {"applied": 1, "stepped_over": 3}
    await hub.told_all(count("e2"))
    assert await hub.applied() == ["e1", "e2"]


async def test_an_open_transaction_at_the_end_of_the_log_is_waited_for(hub: Hub) -> None:
    """Hole 3: what is not committed yet may still become an event, so nothing steps over it."""
    await hub.start()
    await hub.told_all(count("e1"))
    producer = AIOKafkaProducer(
        bootstrap_servers=hub.settings.bootstrap, transactional_id=f"{hub.processor.name}-open"
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        open_one = count("e2")
        await producer.send_and_wait(
            hub.processor.reads.name,
            open_one.value,
            partition=open_one.partition,
            headers=open_one.headers,
        )
        await hub.tell(count("e3"))
        other = key_in(1 - open_one.partition)
        for n in range(5):
            # Turns of the other partition pass while this one has nothing that it may read.
            await hub.tell(count(f"o{n}", other))
            await eventually(lambda n=n: _reached(hub, other, f"o{n}"), "the other went on")  # type: ignore[misc]
        assert await hub.applied() == ["e1"]
        assert await stepped_over(hub) == 0
        await producer.commit_transaction()
    finally:
        await producer.stop()
    await hub.settled()
    assert await hub.applied() == ["e1", "e2", "e3"]
    assert await stepped_over(hub) == 1


async def _reached(hub: Hub, key: str, event: str) -> bool:
    return event in await hub.applied(key)


async def test_records_that_a_reading_skipped_are_read_again(hub: Hub) -> None:
    """Hole 3 and the 234 lost: the consumer's position runs ahead behind our back; the guard seeks back."""
    running = await hub.start()
    await hub.told_all(*(count(f"e{n}") for n in range(5)))
    part = count("e0").partition
    owned = running.worker.member.owned[part]
    for n in range(5, 45, 4):
        await hub.db.fetchval("select 1")
        owned.engine.feed.seek(part, n + 2)
        await hub.told_all(*(count(f"e{m}") for m in range(n, n + 4)))
    assert await hub.applied() == [f"e{n}" for n in range(45)]
    assert await stepped_over(hub) == 0


async def test_workers_that_come_and_go_under_load_lose_and_double_nothing(hub: Hub) -> None:
    """The fence alone lost 234 events: each rebalance rewinds or skips what is being read."""
    hub.batch = 7
    await hub.start(name="first")
    keys = [f"k{n}" for n in range(6)]
    told = 0
    for _ in range(2):
        other = await hub.start(name="other")
        for _ in range(40):
            await hub.tell(*(count(f"{key}-{told}", key) for key in keys))
            told += 1
        await other.stop()
        hub.running.remove(other)
    await hub.settled(30)
    for key in keys:
        assert await hub.applied(key) == [f"{key}-{n}" for n in range(told)]
