"""Migrating understands every DSN that the pool does, and says in a sentence that nobody answers."""

import pytest

from hub.adapters.postgres import Database, migrate, pending_migrations
from hub.sdk.failures import StoreUnavailableError


async def test_says_that_postgres_is_away() -> None:
    for act in (migrate, pending_migrations):
        with pytest.raises(StoreUnavailableError):
            await act("postgresql://hub@127.0.0.1:1/hub")


@pytest.mark.servers
async def test_takes_the_options_of_an_ordinary_dsn(dsn: str) -> None:
    assert await pending_migrations(f"{dsn}?sslmode=disable&application_name=me") == []
    await migrate(f"{dsn}?sslmode=disable")


@pytest.mark.servers
async def test_says_what_postgres_refuses(dsn: str, database: Database) -> None:
    await database.execute("delete from alembic_version")

    with pytest.raises(StoreUnavailableError, match="already exists"):
        await migrate(dsn)
