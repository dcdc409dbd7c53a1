"""What is due is found without a look at what waits for a later try, however much that is."""

import asyncpg
import pytest

from hub.adapters.postgres import BY_INDEX
from hub.delivery.queue import CLAIM
from hub.delivery.replay import NEXT

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
CLAIMING = [10, [1.0]]


@pytest.mark.parametrize(
    ("sql", "values"), [(CLAIM, CLAIMING), (NEXT, [10])], ids=["claim", "next"]
)
async def test_reads_nothing_that_is_to_be_tried_later(
    dsn: str, sql: str, values: list[object]
) -> None:
    connection = await asyncpg.connect(dsn, server_settings=BY_INDEX)
    try:
        for fill in FILL:
            await connection.execute(fill)
        await connection.execute("select pg_stat_force_next_flush()")
        before = await connection.fetchval(READ)
        await connection.fetch(sql, *values)
        await connection.execute("select pg_stat_force_next_flush()")
        after = await connection.fetchval(READ)
    finally:
        await connection.close()

    assert after - before < 10
