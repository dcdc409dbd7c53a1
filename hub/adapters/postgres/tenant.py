"""Sessions that see one tenant: the policy of every table asks whom the session speaks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg

from hub.adapters.postgres.database import API, SESSION, Queries, translated

SPEAK_FOR = "select set_config('hub.tenant', $1, false)"
SPEAK_FOR_NOW = "select set_config('hub.tenant', $1, true)"
"""Until the transaction ends."""


class TenantDatabase:
    """A pool in the API's role. Without a tenant its sessions see no row."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Take over an open pool."""
        self._pool = pool

    @asynccontextmanager
    async def speaking_for(self, tenant: str) -> AsyncIterator[Queries]:
        """A session that sees the rows of this tenant alone; every statement commits by itself."""
        with translated():
            async with self._pool.acquire() as connection:
                # Whoever is broken off while it is told for whom to speak may have told it.
                try:
                    await connection.execute(SPEAK_FOR, tenant)
                    yield cast("Queries", connection)
                finally:
                    await _silenced(connection)

    @asynccontextmanager
    async def transaction_for(self, tenant: str) -> AsyncIterator[Queries]:
        """The same, but statements commit together."""
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(SPEAK_FOR_NOW, tenant)
                yield cast("Queries", connection)

    async def fetch(self, sql: str, *values: object) -> list[Any]:
        """Rows that are no tenant's: figures, or what a function gives that names its tenant itself."""
        with translated():
            return await self._pool.fetch(sql, *values)

    async def close(self) -> None:
        """Close the sessions, without waiting for ever for a server that is gone."""
        try:
            await self._pool.close()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            self._pool.terminate()


async def connect_for_tenants(dsn: str, *, size: int = 16) -> TenantDatabase:
    """Open a pool of at most `size` sessions in the API's role.

    Raises:
        StoreUnavailableError: the server does not answer, or the login is no member of the role.

    """
    with translated():
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            command_timeout=15,
            timeout=10,
            server_settings={**SESSION, "role": API},
            reset=_keep,
        )
    return TenantDatabase(pool)


async def _silenced(connection: Any) -> None:
    """Have a session speak for nobody; one that cannot be told so is thrown away.

    Replaces nothing that the block has raised.
    """
    if connection.is_closed():
        return
    try:
        await connection.execute(SPEAK_FOR, "")
    except BaseException as error:
        connection.terminate()
        if not isinstance(error, Exception):
            raise


async def _keep(_connection: object) -> None:
    """Nothing is left behind but the tenant, which `speaking_for` takes back itself."""
