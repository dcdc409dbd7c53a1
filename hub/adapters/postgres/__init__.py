"""Postgres through asyncpg; the only room that knows either."""

from hub.adapters.postgres.database import BY_INDEX, Database, connect
from hub.adapters.postgres.migrate import migrate, pending_migrations

__all__ = ["BY_INDEX", "Database", "connect", "migrate", "pending_migrations"]
