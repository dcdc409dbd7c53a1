"""Postgres through asyncpg; the only room that knows either."""

from hub.adapters.postgres.database import Database, connect
from hub.adapters.postgres.migrate import migrate, pending_migrations

__all__ = ["Database", "connect", "migrate", "pending_migrations"]
