"""One moment of the database to read from; Postgres itself refuses every write in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.adapters.postgres import Database, Queries

READ_ONLY = "set transaction isolation level repeatable read, read only"
LIMITS = (
    "set local statement_timeout = '60s'",
    "set local idle_in_transaction_session_timeout = '60s'",
)


@asynccontextmanager
async def snapshot(source: Database | Queries) -> AsyncIterator[Queries]:
    """Statements that all see the same moment, take no lock on any row and write nothing.

    A single session that speaks for a tenant goes on speaking for it.
    """
    if isinstance(source, Database):
        async with source.transaction() as queries:
            for setting in (READ_ONLY, *LIMITS):
                await queries.execute(setting)
            yield queries
        return
    await source.execute("begin")
    try:
        for setting in (READ_ONLY, *LIMITS):
            await source.execute(setting)
        yield source
    finally:
        await source.execute("rollback")
