"""Run Alembic on plain SQL files; imported only by whoever migrates, because it is slow to import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, pool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from hub.adapters.postgres.database import translated
from hub.domain.errors import HubError

HERE = Path(__file__).parent


class OtherSchemaError(HubError):
    """The database has a migration that this code does not know."""


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[AsyncConnection]:
    """SQLAlchemy on a session that asyncpg opens, which alone understands every option of a DSN."""

    async def open_session() -> Any:
        return await asyncpg.connect(dsn, timeout=10)

    with translated():
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=open_session, poolclass=pool.NullPool
        )
        try:
            async with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            # Around what asyncpg raised, SQLAlchemy wraps two layers of its own.
            raise (error.orig and error.orig.__cause__) or error from error
        finally:
            await engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE / "migrations"))
    return config


async def migrate(dsn: str) -> None:
    """Apply whatever is missing; safe to run from several processes at once.

    Raises:
        StoreUnavailableError: the server does not answer, or ends the work.
        OtherSchemaError: the database has a migration that this code does not know.

    """
    async with _connected(dsn) as connection:
        await connection.run_sync(_upgrade)
        await connection.commit()


def _upgrade(connection: Connection) -> None:
    connection.exec_driver_sql("select pg_advisory_xact_lock(5820417)")
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        message = (
            f"the database was migrated by other code than this ({error}); run the release that it was "
            "migrated by, or a newer one; `make clean-state` forgets the state of a demo"
        )
        raise OtherSchemaError(message) from error


async def pending_migrations(dsn: str) -> list[str]:
    """The revisions that the database still lacks."""
    async with _connected(dsn) as connection:
        return await connection.run_sync(_pending)


def _pending(connection: Connection) -> list[str]:
    script = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_revision() or "base"
    return [revision.revision for revision in script.iterate_revisions("head", current)]
