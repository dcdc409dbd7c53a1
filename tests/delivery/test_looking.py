"""What is due is found without a look at what waits for a later try, however much that is."""

import asyncpg
import pytest

from hub.adapters.postgres import BY_INDEX
from hub.delivery.queue import CLAIM
from hub.delivery.replay import MARK, NEXT, Chosen

pytestmark = pytest.mark.servers

FILL = (
    "insert into tenant values ('acme', 24, 14)",
    "insert into endpoint (id, tenant, address) values ('ep_1', 'acme', 'https://example.org')",
    "insert into endpoint_pace (endpoint, tenant, tokens) values ('ep_1', 'acme', 10)",
    """
    insert into status_event (tenant, id, type, subject, branch, at, seq, body)
    select 'acme', 'e' || n, 'x', 's' || n, '', now(), n, '{}' from generate_series(1, 5000) n
    """,
    """
    insert into delivery (tenant, endpoint, event, subject, due_at)
    select 'acme', 'ep_1', 'e' || n, 's' || n, now() + interval '1 hour' from generate_series(1, 5000) n
    """,
    """
    insert into delivery_replay (tenant, chosen, why, by, upto) values ('acme', '{}', 'w', 'b', 0)
    """,
    """
    insert into delivery_replay_place (replay, endpoint, tenant, found)
    select id, 'ep_1', 'acme', 0 from delivery_replay
    """,
    "analyze",
)
READ = "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'delivery'"
CLAIMING = [10, [1.0], 64]
MOSTLY_DELIVERED = (
    *FILL[:-1],
    "update delivery set state = 'delivered', ended_at = now()",
    "update delivery set state = 'dead' where seq > (select max(seq) - 3 from delivery)",
    "analyze",
)


async def read_for(dsn: str, fills: tuple[str, ...], sql: str, values: list[object]) -> int:
    """How many rows of deliveries are read for it."""
    connection = await asyncpg.connect(dsn, server_settings=BY_INDEX)
    try:
        for fill in fills:
            await connection.execute(fill)
        await connection.execute("select pg_stat_force_next_flush()")
        before = await connection.fetchval(READ)
        await connection.fetch(sql, *values)
        await connection.execute("select pg_stat_force_next_flush()")
        return int(await connection.fetchval(READ) - before)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("sql", "values"), [(CLAIM, CLAIMING), (NEXT, [10])], ids=["claim", "next"]
)
async def test_reads_nothing_that_is_to_be_tried_later(
    dsn: str, sql: str, values: list[object]
) -> None:
    assert await read_for(dsn, FILL, sql, values) < 10


async def test_the_few_that_are_dead_are_marked_without_a_look_at_what_was_delivered(
    dsn: str,
) -> None:
    chosen = Chosen(states=["dead", "skipped"], endpoint="ep_1").values("acme", 2**62)

    assert await read_for(dsn, MOSTLY_DELIVERED, MARK, [*chosen, 0, 500, 1]) < 20
