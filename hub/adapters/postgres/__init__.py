"""Postgres through asyncpg; the only room that knows either."""

from hub.adapters.postgres.database import BY_INDEX, ENGINE, Database, Queries, connect
from hub.adapters.postgres.migrate import migrate, pending_migrations
from hub.adapters.postgres.tenant import TenantDatabase, connect_for_tenants

__all__ = [
    "BY_INDEX",
    "ENGINE",
    "Database",
    "Queries",
    "TenantDatabase",
    "connect",
    "connect_for_tenants",
    "migrate",
    "pending_migrations",
]
