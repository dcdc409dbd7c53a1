"""A name has one holder, whoever asks at the same moment."""

import asyncio

import asyncpg
import pytest

from tests.ledger.counter import KIND, home_of
from tests.ledger.driver import Hub, count, key_in

pytestmark = pytest.mark.servers

BLOCKED = """
select count(*) > 0 from pg_stat_activity
 where datname = current_database() and wait_event_type = 'Lock' and application_name = 'warranty-hub'"""


async def test_of_many_homes_that_want_one_name_exactly_one_gets_it(hub: Hub) -> None:
    """Hole 15: both partitions decide at once, each finds the names free; all names are fought over."""
    await hub.start()
    await hub.claimed()
    keys = [key_in(part, f"s{n}x") for n in range(16) for part in (0, 1)]
    for n in range(0, 64, 2):
        key = keys[n // 2]
        await hub.tell(count(f"{key}-1", key, nick=f"n{n % 4}"), count(f"{key}-2", key, nick="n1"))
    await hub.settled()
    holders = await hub.db.fetch("select value, count(*) from name group by value")
    assert {row["value"]: row["count"] for row in holders} == {"n0": 1, "n1": 1, "n2": 1}
    assert await hub.outcomes() == {"applied": 3, "rejected": 61}
    assert await hub.items() == []


async def test_a_name_taken_between_lookup_and_commit_is_looked_up_again(
    hub: Hub, database: str
) -> None:
    """Hole 15: our batch found the name free; another owner commits it first; ours decides again."""
    await hub.start()
    await hub.claimed()
    rival = await asyncpg.connect(database)
    try:
        async with asyncio.timeout(20):
            transaction = rival.transaction()
            await transaction.start()
            await rival.execute(
                "insert into name (kind, tenant, value, home, id) values ($1, 'acme', 'n1', $2, 'x')",
                KIND,
                home_of("rival"),
            )
            await hub.tell(count("e1", nick="n1"), count("e2"))
            await hub.until(BLOCKED, "the batch waits for the name")
            await transaction.commit()
    finally:
        await rival.close()
    await hub.settled()
    assert await hub.applied() == ["e2"]
    assert await hub.outcomes() == {"applied": 1, "rejected": 1}


async def test_a_name_granted_by_the_batch_in_flight_is_seen_by_the_next(hub: Hub) -> None:
    """Hole 15: the next batch is decided before the one with the name has committed."""
    hub.batch = 1
    first, second = key_in(0, "first"), key_in(0, "second")
    await hub.tell(count("e1", first, nick="n1"), count("e2", second, nick="n1"))
    await hub.tell(*(count(f"f{n}", first) for n in range(5)))
    await hub.start()
    await hub.settled()
    assert await hub.applied(second) == []
    assert await hub.outcomes() == {"applied": 6, "rejected": 1}
    redecided = hub.metrics.registry.get_sample_value(
        "hub_redecided_batches_total", {"topic": hub.processor.reads.name, "partition": "0"}
    )
    assert not redecided, "nothing had to be decided again for it"


async def test_a_released_name_still_leads_home_and_is_taken_over(hub: Hub) -> None:
    """Hole 15: released, not gone; and whoever had it keeps its hands off the new holder's."""
    first, second = key_in(0, "first"), key_in(1, "second")
    await hub.start()
    await hub.told_all(count("e1", first, nick="n1"))
    await hub.told_all(count("e2", first, drop="n1"))
    row = await hub.db.fetchrow("select home, id, released from name")
    assert (row["home"], row["id"], row["released"]) == (home_of(first), "e1", True)
    await hub.told_all(count("e3", second, of="n1"))
    assert await hub.applied(first) == ["e1", "e2", "e3"]
    await hub.told_all(count("e4", second, nick="n1"))
    await hub.told_all(count("e5", first, drop="n1"))
    row = await hub.db.fetchrow("select home, released from name")
    assert (row["home"], row["released"]) == (home_of(second), False)
    assert (await hub.outcomes())["applied"] == 5
