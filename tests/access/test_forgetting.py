"""What is over, and what is due, is found by its time, however much is not."""

import asyncpg
import pytest

pytestmark = pytest.mark.servers

MANY = 20_000
FILL = (
    "insert into tenant values ('acme', 24, 14)",
    "insert into person (id, tenant, role, email_hash, email) values ('usr_1', 'acme', 'owner', 'h', '')",
    """
    insert into person_session (id, tenant, person, expires_at, ended_at)
    select 'ses_' || n, 'acme', 'usr_1', now() + interval '20 days',
           case when n <= 5 then now() - interval '31 days' end from generate_series(1, 20000) n
    """,
    """
    insert into single_use (hash, tenant, person, purpose, expires_at)
    select sha256(n::text::bytea), 'acme', 'usr_1', 'reset',
           now() + case when n <= 5 then interval '-2 days' else interval '1 day' end
      from generate_series(1, 20000) n
    """,
    """
    insert into mail (tenant, purpose, sealed, due_at)
    select 'acme', 'invite', '', now() + interval '1 hour' from generate_series(1, 20000) n
    """,
    "analyze person_session, single_use, mail",
)
READ_WHOLE = """
select sum(seq_scan) from pg_stat_user_tables where relname in ('person_session', 'single_use')
"""


MAILS_READ = "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'mail'"


async def test_what_is_over_is_forgotten_without_a_look_at_all_that_is_not(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for sql in FILL:
            await connection.execute(sql)
        await connection.execute("select pg_stat_force_next_flush()")
        before = await connection.fetchval(READ_WHOLE)

        await connection.execute("select hub_forget_old()")

        await connection.execute("select pg_stat_force_next_flush()")
        after = await connection.fetchval(READ_WHOLE)
        left = [
            await connection.fetchval(f"select count(*) from {table}")  # noqa: S608 - names of ours
            for table in ("person_session", "single_use")
        ]
    finally:
        await connection.close()

    assert left == [MANY - 5, MANY - 5]
    assert after - before == 0


async def test_mails_are_taken_without_a_look_at_all_that_wait_for_later(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for sql in FILL:
            await connection.execute(sql)
        await connection.execute("update mail set due_at = now() where n <= 3")
        await connection.execute("select pg_stat_force_next_flush()")
        before = await connection.fetchval(MAILS_READ)

        taken = await connection.fetch("select n from hub_mail_due(10, 60)")

        await connection.execute("select pg_stat_force_next_flush()")
        after = await connection.fetchval(MAILS_READ)
    finally:
        await connection.close()

    assert len(taken) == 3
    assert after - before < 20
