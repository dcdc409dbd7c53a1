"""Run Alembic on plain SQL files; imported only by whoever migrates, because it is slow to import."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

HERE = Path(__file__).parent


def _engine(dsn: str) -> AsyncEngine:
    url = dsn.replace("postgresql://", "postgresql+asyncpg://", 1).replace(
        "postgres://", "postgresql+asyncpg://", 1
    )
    return create_async_engine(url, poolclass=pool.NullPool)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE / "migrations"))
    return config


async def migrate(dsn: str) -> None:
    """Apply whatever is missing; safe to run from several processes at once."""
    engine = _engine(dsn)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
            await connection.commit()
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    connection.exec_driver_sql("select pg_advisory_xact_lock(5820417)")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def pending_migrations(dsn: str) -> list[str]:
    """The revisions that the database still lacks."""
    engine = _engine(dsn)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_pending)
    finally:
        await engine.dispose()


def _pending(connection: Connection) -> list[str]:
    script = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_revision() or "base"
    return [revision.revision for revision in script.iterate_revisions("head", current)]
