"""A partition always finds its owner again, and nobody else writes it meanwhile."""

import asyncio

import asyncpg
import pytest

from tests.ledger.counter import World, home_of, newer
from tests.ledger.driver import Hub, count, eventually

pytestmark = pytest.mark.servers

TAKE = "update partition_owner set epoch = epoch + 1, claimed_by = 'a late claim'"
BLOCKED = """
select count(*) > 0 from pg_stat_activity
 where datname = current_database() and wait_event_type = 'Lock' and application_name = 'warranty-hub'"""


async def test_an_owner_that_was_fenced_by_a_late_claim_claims_again(hub: Hub) -> None:
    """Hole 5 (i): a paused member bumps the epoch and dies; no rebalance ever comes."""
    await hub.start()
    await hub.told_all(count("e1"))
    await hub.db.execute(TAKE)
    await hub.told_all(count("e2"), count("e3"))
    assert await hub.applied() == ["e1", "e2", "e3"]


async def test_a_claim_that_fails_is_tried_again_before_anything_is_read(hub: Hub) -> None:
    """Hole 5 (ii): Postgres is away at the claim; what Kafka gave meanwhile must not be skipped."""
    await hub.tell(count("e1"), count("e2"))
    await hub.db.execute("alter table partition_owner rename to gone")
    running = await hub.start()

    async def waits() -> bool:
        return not running.worker.member.ready()[0] and bool(running.worker.member.ready()[1])

    await eventually(waits, "not ready")
    await hub.tell(count("e3"))
    await hub.db.execute("alter table gone rename to partition_owner")
    await hub.settled()
    assert await hub.applied() == ["e1", "e2", "e3"]


async def test_no_session_is_ever_idle_in_a_transaction(hub: Hub) -> None:
    """Hole 6: a worker frozen between BEGIN and COMMIT would hold its rows for hours."""
    hub.batch = 5
    idle = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'"
    await hub.start()
    await hub.told_all(count("e0"))
    await hub.tell(*(count(f"e{n}") for n in range(1, 400)))
    seen = 0
    while len(await hub.applied()) < 400:
        seen += await hub.db.fetchval(idle)
    assert seen == 0


async def test_every_session_gives_up_what_a_frozen_worker_would_hold(hub: Hub) -> None:
    """Hole 6: the belt beside the one statement."""
    settings = ("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout")
    for setting in settings:
        assert await hub.db.fetchval(f"select current_setting('{setting}')") != "0"


async def test_a_row_that_moved_under_its_owner_is_read_and_decided_again(
    hub: Hub, database: str
) -> None:
    """Hole 10: a backfill writes the home between our read and our write; neither is lost."""
    await hub.start()
    await hub.told_all(count("e1"))
    intruder = await asyncpg.connect(database)
    try:
        async with asyncio.timeout(20):
            transaction = intruder.transaction()
            await transaction.start()
            await intruder.execute(
                """update counter set version = version + 1, total = 1001,
                   doc = jsonb_set(doc::jsonb, '{total}', '1001')::json where id = $1""",
                home_of("a"),
            )
            await hub.tell(count("e2"))
            await hub.until(BLOCKED, "the batch waits for the row")
            await transaction.commit()
    finally:
        await intruder.close()
    await hub.settled()
    assert await hub.total() == 1002
    assert await hub.applied() == ["e1", "e2"]
    assert await hub.items() == []


async def test_only_one_of_two_owners_writes(hub: Hub, database: str) -> None:
    """The fence: a batch decided under an old epoch is refused whole when its turn comes."""
    await hub.start()
    await hub.told_all(count("e1"))
    intruder = await asyncpg.connect(database)
    try:
        transaction = intruder.transaction()
        await transaction.start()
        await intruder.execute("update partition_owner set epoch = epoch + 1")
        await hub.tell(count("e2"))
        await hub.until(BLOCKED, "the batch waits for the owner row")
        await transaction.commit()
    finally:
        await intruder.close()
    await hub.settled()
    assert await hub.applied() == ["e1", "e2"]
    rows = (await hub.owners()).values()
    assert max(row["epoch"] for row in rows) >= 3


async def test_old_code_does_not_claim_what_newer_code_has_written(hub: Hub) -> None:
    """Hole 19: a rolling deploy gives the partition back to code that drops unknown fields."""
    new = await hub.start(processor=newer(hub.processor, 2))
    await hub.told_all(count("e1"))
    await hub.claimed()
    await hub.stop()
    assert new.task.done()
    await hub.start()
    await hub.stopped("written by newer code (version 2)")
    await hub.tell(count("e2"))
    await hub.stop()
    await hub.start(processor=newer(hub.processor, 2))
    await hub.settled()
    assert await hub.applied() == ["e1", "e2"]
    blobs = await hub.db.fetchval("select count(*) from ledger where epoch > 0")
    assert blobs == 2, "the old code wrote nothing"


async def test_a_broken_store_burns_no_attempt_and_dead_letters_nothing(
    hub: Hub, world: World
) -> None:
    """Hole 11: a failover raises in every half of a batch; good events must not be set aside."""
    await hub.start()
    await hub.told_all(count("e1"))
    await hub.db.execute(
        """create function fail_over() returns trigger language plpgsql as $$
           begin raise exception using errcode = '57P01', message = 'terminating connection'; end $$"""
    )
    await hub.db.execute(
        "create trigger failing before insert or update on counter execute function fail_over()"
    )
    await hub.tell(*(count(f"e{n}") for n in range(2, 30)))
    tried = "select epoch > 9 from partition_owner where next_offset = 1"
    await hub.until(tried, "claimed again and again")
    await hub.db.execute("drop trigger failing on counter")
    await hub.settled()
    assert await hub.applied() == [f"e{n}" for n in range(1, 30)]
    assert await hub.items() == []
