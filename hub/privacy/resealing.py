"""Sealing anew what a tenant's older keys have sealed, a piece of a table at a time.

Nothing is ever added: a row takes its new seal only where it still has the old one. So whoever is
erased meanwhile stays erased, and two that seal anew at once harm nothing.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from hub.access.keyring import DERIVED, Keyring, SealError
from hub.access.tenant_keys import (
    destroy,
    long_retired,
    new_version,
    resealed,
    unfinished,
    versions_of,
)
from hub.adapters.postgres import Database
from hub.privacy.columns import SEALED, Sealed

PAGES = 64
"""Of a table, read at a time."""
PAUSE = 0.2
DESTROY_DAYS = 31
"""A day longer than any topic keeps what a key has sealed."""

SIZE = "select pg_relation_size($1::regclass) / current_setting('block_size')::int as pages"


def _old(one: Sealed) -> str:
    return f"""
select ctid, {one.values} as sealed from {one.table}
 where ctid >= $1 and ctid < $2 and tenant = $3 and {one.column} is not null
   and exists (select 1 from unnest({one.values}) s where substring(s from 1 for 5) <> $4)"""


def _swap(one: Sealed) -> str:
    value = "$3::bytea[]" if one.many else "($3::bytea[])[1]"
    return f"update {one.table} set {one.column} = {value} where ctid = $1 and {one.values} = $2::bytea[]"


async def reseal(database: Database, keyring: Keyring, tenant: str) -> AsyncGenerator[int, None]:
    """One pass over every table; gives, piece by piece, how many rows had an older seal."""
    header = keyring.header(tenant)
    if header == DERIVED:
        return
    for one in SEALED:
        pages = await database.fetchval(SIZE, one.table)
        # What is sealed anew moves to the end, which this pass need not look at again.
        for page in range(0, pages, PAGES):
            span = (page, 0), (page + PAGES, 0)
            rows = await database.fetch(_old(one), *span, tenant, header)
            yield await _again(database, keyring, tenant, one, rows)


async def _again(
    database: Database, keyring: Keyring, tenant: str, one: Sealed, rows: list[Any]
) -> int:
    swaps = []
    for row in rows:
        try:
            bodies = [await keyring.opened(tenant, sealed) for sealed in row["sealed"]]
        except SealError:
            # Nobody can read it any more, under whichever key it stands.
            continue
        swaps.append((row["ctid"], row["sealed"], [keyring.seal(tenant, one) for one in bodies]))
    if swaps:
        await database.executemany(_swap(one), swaps)
    return len(swaps)


async def is_clean(database: Database, keyring: Keyring, tenant: str) -> bool:
    """Seal anew in one pass, and say whether there was nothing to do."""
    return sum([count async for count in reseal(database, keyring, tenant)]) == 0


async def begin(database: Database, keyring: Keyring, tenant: str) -> int:
    """Give a tenant a new key, or go on with the one that was given last; gives its version."""
    known = await versions_of(database, tenant)
    if known and known[0].resealed_at is None and known[0].has_key:
        return known[0].version
    return await new_version(database, keyring, tenant)


async def finish(database: Database, keyring: Keyring, tenant: str, version: int) -> None:
    """Wait until the key seals, seal everything anew and retire those before; goes on where it stopped."""
    while not await _seals(database, tenant, version):  # noqa: ASYNC110 - a table tells nobody
        await asyncio.sleep(PAUSE)
    if keyring.refresh is not None:
        await keyring.refresh()
    while not await is_clean(database, keyring, tenant):
        pass
    await resealed(database, tenant, version)


async def _seals(database: Database, tenant: str, version: int) -> bool:
    return any(one.seals and one.version >= version for one in await versions_of(database, tenant))


async def go_on(database: Database, keyring: Keyring) -> int:
    """Finish what somebody began and did not finish; gives how many tenants."""
    left = await unfinished(database)
    for tenant, version in left:
        await finish(database, keyring, tenant, version)
    return len(left)


async def destroy_retired(database: Database, keyring: Keyring, days: int = DESTROY_DAYS) -> int:
    """Throw away keys under which nothing stands any more; gives how many."""
    old = await long_retired(database, days)
    for tenant, version in old:
        # A process that was frozen for weeks may have sealed with it since.
        if await is_clean(database, keyring, tenant):
            await destroy(database, tenant, version)
    return len(old)
