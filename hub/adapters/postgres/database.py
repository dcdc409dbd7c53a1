"""A pool whose sessions cannot hold a lock for long, and whose errors say what to do."""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast

import asyncpg

from hub.sdk.failures import DataRefusedError, DecideAgainError, StoreUnavailableError

NAME_TAKEN = "HB001"
ROW_MOVED = "HB002"
DECIDE_AGAIN = frozenset({NAME_TAKEN, ROW_MOVED, "40001", "40P01"})
DATA_CLASSES = ("22", "23", "54")
"""Bad data, a violated constraint, a value beyond a limit: the fault of one event, not of the store."""

SESSION = {
    # A worker that is frozen or cut off from the network must not keep a lock for hours.
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
    "application_name": "warranty-hub",
}

BY_INDEX = {
    # The engine's statements never change and touch rows by key alone. A plan made while a table
    # was still empty would read it whole for as long as the session lives.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    # Nor sort what an index gives in its order, of which only the beginning is wanted.
    "enable_sort": "off",
    "enable_incremental_sort": "off",
    "max_parallel_workers_per_gather": "0",
}
"""Session settings for a pool that only reads and writes by key."""

ENGINE, API = "hub_engine", "hub_api"
"""The roles that migrations create: one decides and projects, one sees a tenant at a time."""

Record = asyncpg.Record


class Queries(Protocol):
    """What both a pool and a transaction can do."""

    async def fetch(self, sql: str, *values: object) -> list[Any]: ...
    async def execute(self, sql: str, *values: object) -> str: ...
    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None: ...


class Database:
    """A pool of sessions. Every statement outside `transaction()` commits by itself."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        """Take over an open pool."""
        self._pool = pool

    async def close(self) -> None:
        """Close the sessions, without waiting for ever for a server that is gone."""
        try:
            await self._pool.close()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            self._pool.terminate()

    async def fetch(self, sql: str, *values: object) -> list[Any]:
        """All rows of a statement."""
        with translated():
            return await self._pool.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: object) -> Any:
        """The first row, or None."""
        with translated():
            return await self._pool.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: object) -> Any:
        """The first column of the first row, or None."""
        with translated():
            return await self._pool.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        """Run a statement; the status line, such as `UPDATE 1`."""
        with translated():
            return await self._pool.execute(sql, *values)

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each row, all or none."""
        with translated():
            await self._pool.executemany(sql, rows)

    async def copy(
        self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """Append many rows by COPY."""
        with translated():
            await self._pool.copy_records_to_table(table, columns=columns, records=rows)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Queries]:
        """Statements that commit together."""
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                yield cast("Queries", connection)


VALUES = "22"
QUOTED = re.compile(r"""["'].*["']""", re.DOTALL)
# A server that ends while it is asked can leave the client confused about its own connection.
LOST = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


class translated:  # noqa: N801 - reads as a phrase: `with translated():`
    """Turn what asyncpg raises into what the caller should do."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise ours from theirs."""
        if isinstance(error, asyncpg.PostgresError):
            raise _ours(error) from error
        if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
            # The client itself refuses a value that no column of that type can hold.
            raise DataRefusedError("22000", str(error).partition(": ")[0]) from error
        if isinstance(error, LOST):
            raise StoreUnavailableError(f"{type(error).__name__}: {error}") from error


def _ours(error: asyncpg.PostgresError) -> Exception:
    state = error.sqlstate or ""
    # Without the DETAIL, which may quote the data, as may what is said of a value itself.
    said = str(error.args[0]) if error.args else type(error).__name__
    if state.startswith(VALUES):
        said = QUOTED.sub("…", said)
    if state in DECIDE_AGAIN:
        return DecideAgainError(f"{state}: {said}")
    if state[:2] in DATA_CLASSES:
        return DataRefusedError(state, said)
    return StoreUnavailableError(f"{state}: {said}")


async def connect(dsn: str, *, size: int = 8, settings: dict[str, str] | None = None) -> Database:
    """Open a pool of at most `size` sessions.

    Raises:
        StoreUnavailableError: the server does not answer.

    """
    with translated():
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            command_timeout=40,
            timeout=10,
            server_settings={**SESSION, **(settings or {})},
            reset=_keep,
        )
    return Database(pool)


async def _keep(_connection: object) -> None:
    """No session is ever told anything of its own, so there is nothing to take back after each use."""
