"""The random keys of tenants as Postgres keeps them, wrapped, and how every process hears of new ones."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from hub.access.keyring import MATCH, Keyring, StoredKey
from hub.access.tenants import ErasedTenantError
from hub.adapters.postgres import Database, Queries, TenantDatabase
from hub.domain.errors import HubError

log = structlog.get_logger()

REFRESH_SECONDS = 2.0
"""After so long every process has heard of a new key."""
SETTLE_SECONDS = 10.0
"""For so long a new key opens and does not seal yet: until then everybody has heard of it."""

LOAD = "select tenant, version, wrapped, seals from hub_tenant_keys()"
SEEN = "select hub_tenant_keys_seen()"
NEWEST = "select coalesce(max(version), 0) from tenant_key where tenant = $1"
ADD = """
insert into tenant_key (tenant, version, wrapped, seals_from)
values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4)) on conflict do nothing
"""
LISTED = """
select version, wrapped is not null as has_key, created_at, seals_from <= statement_timestamp() as seals,
       resealed_at, retired_at, destroyed_at
  from tenant_key where tenant = $1 and version > 0 order by version desc
"""
RESEALED = """
with newest as (
  update tenant_key set resealed_at = clock_timestamp()
   where tenant = $1 and version = $2 and resealed_at is null)
update tenant_key set retired_at = clock_timestamp()
 where tenant = $1 and version > 0 and version < $2 and retired_at is null
"""
RETIRED = """
select tenant, version from tenant_key
 where wrapped is not null and version > 0 and retired_at < clock_timestamp() - make_interval(days => $1)
 order by tenant, version limit 100
"""
UNFINISHED = """
select tenant, max(version) as version from tenant_key where version > 0 and wrapped is not null
 group by tenant having (array_agg(resealed_at order by version desc))[1] is null
    and bool_or(seals_from <= statement_timestamp()) order by tenant limit 100
"""
DESTROY = """
update tenant_key set wrapped = null, destroyed_at = clock_timestamp(), changed_at = clock_timestamp()
 where tenant = $1 and version = $2 and wrapped is not null
"""
# A tenant that never had a key of its own gets rows without one: the derived key counts for it no longer.
DESTROY_ALL = """
with known as (
  insert into tenant_key (tenant, version, destroyed_at)
  select $1, v, clock_timestamp() from generate_series(0, 1) v on conflict do nothing)
update tenant_key set wrapped = null, destroyed_at = clock_timestamp(), changed_at = clock_timestamp()
 where tenant = $1 and wrapped is not null
"""
REWRAP = """
update tenant_key set wrapped = $4, changed_at = clock_timestamp()
 where tenant = $1 and version = $2 and wrapped = $3
"""
KEPT = "select tenant, version, wrapped from tenant_key where wrapped is not null order by 1, 2"
IS_ERASED = "select 1 from tenant where id = $1 and erased_at is not null"
LOCK = "select pg_advisory_xact_lock(hashtext('tenant_key/' || $1))"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a tenant's key, without the key."""

    version: int
    has_key: bool
    """Whether it can still open anything."""
    created_at: datetime
    seals: bool
    """Whether everybody has heard of it."""
    resealed_at: datetime | None
    """Since when everything that is kept is sealed with it or a newer one."""
    retired_at: datetime | None
    """Since when nothing that is kept is sealed with it."""
    destroyed_at: datetime | None


async def versions_of(queries: Queries, tenant: str) -> list[Version]:
    """The newest first; none where the tenant still has the derived key."""
    return [Version(**dict(row)) for row in await queries.fetch(LISTED, tenant)]


async def new_version(
    database: Database, keyring: Keyring, tenant: str, settle: float = SETTLE_SECONDS
) -> int:
    """Make the next key of a tenant. It seals once everybody has heard of it.

    Raises:
        ErasedTenantError: it may have none any more.

    """
    async with database.transaction() as moment:
        # Two at once would hash with two keys, or take one version for two.
        await moment.execute(LOCK, tenant)
        if await moment.fetch(IS_ERASED, tenant):
            raise ErasedTenantError(tenant)
        await moment.execute(ADD, tenant, MATCH, keyring.new_key(tenant, MATCH), 0.0)
        (row,) = await moment.fetch(NEWEST, tenant)
        version = int(row[0]) + 1
        wrapped = keyring.new_key(tenant, version)
        await moment.execute(ADD, tenant, version, wrapped, settle)
    return version


async def resealed(queries: Queries, tenant: str, version: int) -> None:
    """Everything that is kept is sealed with this key by now, so the older ones retire. They still open."""
    await queries.execute(RESEALED, tenant, version)


async def unfinished(queries: Queries) -> list[tuple[str, int]]:
    """Tenants with a new key under which not everything is sealed yet."""
    return [(row["tenant"], row["version"]) for row in await queries.fetch(UNFINISHED)]


async def long_retired(queries: Queries, days: int) -> list[tuple[str, int]]:
    """Keys that have sealed nothing for so long that no topic has anything under them either."""
    return [(row["tenant"], row["version"]) for row in await queries.fetch(RETIRED, days)]


async def destroy(queries: Queries, tenant: str, version: int) -> None:
    """Throw a key away: whatever it sealed, wherever it still stands, is noise from now on."""
    await queries.execute(DESTROY, tenant, version)


async def destroy_all(database: Database, tenant: str) -> None:
    """Throw away every key of a tenant that is marked as erased, for ever. May be repeated."""
    async with database.transaction() as moment:
        # Whoever is making one is done before, and it goes too, or sees the mark.
        await moment.execute(LOCK, tenant)
        await moment.execute(DESTROY_ALL, tenant)


async def rewrap(database: Database, keyring: Keyring) -> int:
    """Wrap every key with the master key of today; gives how many. May be repeated at any time."""
    rows = await database.fetch(KEPT)
    for row in rows:
        tenant, version, wrapped = row
        again = keyring.rewrapped(tenant, version, wrapped)
        await database.execute(REWRAP, tenant, version, wrapped, again)
    return len(rows)


async def load(queries: Database | TenantDatabase) -> list[StoredKey]:
    """Every key that there is, wrapped."""
    return [StoredKey(**dict(row)) for row in await queries.fetch(LOAD)]


class Follower:
    """Keeps a keyring up to date for as long as a process runs."""

    def __init__(self, keyring: Keyring, queries: Database | TenantDatabase) -> None:
        """Begin with what the keyring knows."""
        self._keyring, self._queries = keyring, queries
        self._seen: Any = None

    async def refresh(self) -> None:
        """Hear of what has changed.

        Raises:
            StoreUnavailableError: Postgres does not answer.
            SealError: a key is wrapped with another master key.

        """
        (seen,) = await self._queries.fetch(SEEN)
        if seen[0] == self._seen:
            return
        self._keyring.learn(await load(self._queries))
        self._seen = seen[0]

    async def run(self) -> None:
        """Look every two seconds. What fails is tried again; the keys that are known stay."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self.refresh()
            except HubError as error:
                log.warning("keys.not_refreshed", reason=str(error))


async def followed(
    keyring: Keyring, queries: Database | TenantDatabase
) -> Callable[[], Coroutine[Any, Any, None]]:
    """Have the keyring know every key now; gives what keeps it so, to run beside the work.

    Raises:
        StoreUnavailableError: Postgres does not answer.
        SealError: a key is wrapped with another master key.

    """
    follower = Follower(keyring, queries)
    await follower.refresh()
    keyring.refresh = follower.refresh
    return follower.run
