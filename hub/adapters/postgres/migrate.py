"""Bring a database to the schema this code needs."""


async def migrate(dsn: str) -> None:
    """Apply whatever is missing; safe to run from several processes at once."""
    # A worker that is started again after a crash should not wait for what it never uses.
    from hub.adapters.postgres import migration  # noqa: PLC0415

    await migration.migrate(dsn)


async def pending_migrations(dsn: str) -> list[str]:
    """The revisions that the database still lacks."""
    from hub.adapters.postgres import migration  # noqa: PLC0415

    return await migration.pending_migrations(dsn)
