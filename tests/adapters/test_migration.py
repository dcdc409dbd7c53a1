"""Migrating understands every DSN that the pool does, and says in a sentence that nobody answers."""

import pytest

from hub.adapters.postgres import Database, migrate, pending_migrations
from hub.adapters.postgres.leases import Leases
from hub.adapters.postgres.migration import OtherSchemaError
from hub.adapters.postgres.migrations import VERSIONS
from hub.audit import chainer
from hub.privacy import keeper
from hub.sdk.failures import DataRefusedError, StoreUnavailableError


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


@pytest.mark.servers
async def test_says_that_other_code_has_migrated(dsn: str, database: Database) -> None:
    await database.execute("update alembic_version set version_num = 'pre_9999_of_tomorrow'")

    with pytest.raises(OtherSchemaError, match=r"pre_9999_of_tomorrow.*or a newer one"):
        await migrate(dsn)


@pytest.mark.servers
@pytest.mark.parametrize("door", ["pull", "files", chainer.DOOR, keeper.DOOR])
async def test_whoever_needs_a_lease_may_hold_one(database: Database, door: str) -> None:
    async with Leases(database, door, 10).held("acme", "pos") as lease:
        assert lease is not None


@pytest.mark.servers
@pytest.mark.parametrize(
    ("sql", "value"), [("select $1::int", "Ada Lovelace"), ("select $1::text::int", "Ada Lovelace")]
)
async def test_what_is_refused_is_not_quoted(database: Database, sql: str, value: str) -> None:
    with pytest.raises(DataRefusedError) as refused:
        await database.fetch(sql, value)

    assert "invalid input" in str(refused.value)
    assert "Ada" not in str(refused.value)


@pytest.mark.servers
async def test_days_that_stand_in_no_policy_are_not_thrown_away(database: Database) -> None:
    dropping = (VERSIONS / "post_0015_retention.sql").read_text()
    await database.execute("create table retention (tenant text primary key, days json not null)")
    await database.execute("""insert into retention values ('acme', '{"contacts": 3000}')""")

    with pytest.raises(StoreUnavailableError, match=r'acme \{"contacts": 3000\}'):
        await database.execute(dropping)
    await database.execute(
        "insert into policy values ('p', 'h', 'acme', 1, 'retention', 1, now(), '{}')"
    )
    await database.execute(dropping)

    assert await database.fetchval("select to_regclass('retention')") is None
