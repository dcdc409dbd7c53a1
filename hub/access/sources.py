"""Sources: which connector speaks for a tenant's feed, what that was told, and the secrets it signs with."""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from connectors.sdk import Connector, SettingsError
from hub.access.keyring import HUB, Keyring
from hub.access.tenants import ERASED, check
from hub.adapters.postgres import Database, Queries, TenantDatabase
from hub.domain.errors import HubError
from schemas.envelope import SOURCE, source_of

log = structlog.get_logger()

MAX_AGE = 5.0
"""Seconds after which a change must have reached everybody."""
MAX_CACHED = 10_000
MAX_TOKEN = 4_000

ONE = "select * from source where tenant = $1 and name = $2"
ALL = "select * from source where $1::text is null or tenant = $1 order by tenant, name"
OF_CONNECTOR = "select * from source where connector = $1 order by tenant, name"
PUT = """
insert into source as s (tenant, name, connector, settings, secrets) values ($1, $2, $3, $4, $5)
on conflict (tenant, name) do update
   set connector = excluded.connector, settings = excluded.settings, changed_at = clock_timestamp(),
       secrets = case when s.secrets = '{}' then excluded.secrets else s.secrets end,
       -- It was given for the address that stood here: another one is not told it.
       token = case when s.connector <> excluded.connector
                      or s.settings::jsonb <> excluded.settings::jsonb then null else s.token end,
       version = s.version + (case when s.connector <> excluded.connector
                                     or s.settings::jsonb <> excluded.settings::jsonb then 1 else 0 end)
returning s.secrets = $5 and s.secrets <> '{}' as is_new
"""
GIVEN = """
update source set token = $3, changed_at = clock_timestamp() where tenant = $1 and name = $2
"""
ROTATE = """
update source set secrets = ($3::bytea[] || secrets)[:2], changed_at = clock_timestamp()
 where tenant = $1 and name = $2 returning name
"""
"""Two are kept, so that a source can change over while it goes on sending."""


class SourceError(HubError):
    """A source cannot be set so, or is not there; the message says what to do."""


class UnusableError(HubError):
    """A source is there and this process cannot use it; the message says why."""


class ErasedSourceError(UnusableError):
    """Nobody can use it any more: its merchant was erased."""


@dataclass(frozen=True, slots=True)
class Source:
    """A feed of a tenant, ready to be used."""

    tenant: str
    name: str
    connector: Connector[Any]
    settings: Any
    """What the connector made of them."""
    sealed: tuple[bytes, ...]
    """Its secrets, newest first."""
    version: int
    changed_at: datetime
    keyring: Keyring | None = None
    sealed_token: bytes | None = None
    """What its vendor lets us ask with."""

    @property
    def token(self) -> str | None:
        """Opened for whoever asks the vendor; None where nobody has given one.

        Raises:
            SealError: it was sealed under another master key.

        """
        if self.keyring is None or self.sealed_token is None:
            return None
        return self.keyring.open(self.tenant, self.sealed_token).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Newest first, opened for whoever needs them: only a door does.

        Raises:
            SealError: they were sealed under another master key.

        """
        if self.keyring is None:
            return ()
        return tuple(self.keyring.open(self.tenant, one).decode() for one in self.sealed)

    @property
    def revision(self) -> int:
        """Of what is said of its records: it grows with the connector's code and with its settings."""
        return self.connector.revision + self.version - 1


@dataclass(frozen=True, slots=True)
class Listed:
    """A source as it stands in its row."""

    tenant: str
    name: str
    connector: str
    secrets: int
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class SourceStore:
    """Writes sources and makes what is in a row usable."""

    connectors: Mapping[str, Connector[Any]]
    keyring: Keyring

    async def put(
        self,
        queries: Queries,
        tenant: str,
        name: str,
        connector: str,
        document: Mapping[str, Any],
    ) -> str | None:
        """Add a source or change it; gives the secret of a source that pushes, the first time only.

        Raises:
            SourceError: it cannot be set so.
            UnknownTenantError, ErasedTenantError: nobody is there to set it for.

        """
        spoken = self._connector(connector)
        if SOURCE.match(source_of(tenant, name)) is None or tenant == HUB:
            message = (
                f"tenant {tenant!r} or source {name!r} cannot stand in an event; "
                "use lower case letters, digits and hyphens"
            )
            raise SourceError(message)
        try:
            spoken.configure(document)
        except SettingsError as error:
            raise SourceError(str(error)) from error
        await check(queries, tenant)
        secret = spoken.push.new_secret() if spoken.push else None
        sealed = [self.keyring.seal(tenant, secret.encode())] if secret else []
        (row,) = await queries.fetch(PUT, tenant, name, connector, json.dumps(document), sealed)
        return secret if row["is_new"] else None

    async def rotate(self, queries: Queries, tenant: str, name: str) -> str:
        """A new secret; it and the one before are valid from now on.

        Raises:
            SourceError: there is no such source, or it does not push.

        """
        row = await _there(queries, tenant, name)
        push = self._connector(row["connector"]).push
        if push is None:
            raise SourceError(f"connector {row['connector']} pushes nothing, so it has no secret")
        secret = push.new_secret()
        sealed = [self.keyring.seal(tenant, secret.encode())]
        await queries.execute(ROTATE, tenant, name, sealed)
        return secret

    async def keep_token(self, queries: Queries, tenant: str, name: str, token: str) -> None:
        """Keep what the vendor of a source lets us ask with; it takes the place of the one before.

        Raises:
            SourceError: there is no such source, it is never asked, or that is no token.

        """
        row = await _there(queries, tenant, name)
        if self._connector(row["connector"]).verify is None:
            message = f"connector {row['connector']} asks its source nothing, so it needs no token"
            raise SourceError(message)
        if not token or len(token) > MAX_TOKEN or not token.isascii() or not token.isprintable():
            message = "a token is printable ASCII; copy it from the vendor's pages as one line"
            raise SourceError(f"{message}, {MAX_TOKEN} characters at most")
        await queries.execute(GIVEN, tenant, name, self.keyring.seal(tenant, token.encode()))

    def _connector(self, name: str) -> Connector[Any]:
        if name not in self.connectors:
            known = ", ".join(sorted(self.connectors)) or "none"
            raise SourceError(f"no connector {name!r} is installed; there are {known}")
        return self.connectors[name]

    def ready(self, row: Any) -> Source | None:
        """The source of a row; None where this process cannot use it."""
        try:
            return self.usable(row)
        except UnusableError:
            return None

    def usable(self, row: Any) -> Source:
        """The source of a row.

        Raises:
            ErasedSourceError: its merchant was erased.
            UnusableError: its connector is no longer there, or not content with it.

        """
        if row["erased_at"] is not None:
            raise ErasedSourceError(ERASED.format(tenant=row["tenant"]))
        try:
            connector = self._connector(row["connector"])
            settings = connector.configure(json.loads(row["settings"]))
        except (SourceError, SettingsError) as error:
            raise _unusable(row, str(error)) from error
        except Exception as error:
            # The connector may be anybody's, and many tenants share the process.
            raise _unusable(row, f"its connector fails on its settings: {error!r}") from error
        return Source(
            row["tenant"],
            row["name"],
            connector,
            settings,
            tuple(row["secrets"]),
            row["version"],
            row["changed_at"],
            self.keyring,
            row["token"],
        )


async def _there(queries: Queries, tenant: str, name: str) -> Any:
    """The row of a source whose merchant is there."""
    rows = await queries.fetch(ONE, tenant, name)
    if not rows:
        raise SourceError(f"{tenant} has no source {name!r}; `hub source list` shows all")
    await check(queries, tenant)
    return rows[0]


def _unusable(row: Any, reason: str) -> UnusableError:
    log.warning("source.unusable", tenant=row["tenant"], source=row["name"], reason=reason)
    return UnusableError(reason)


async def list_sources(database: Database, tenant: str | None = None) -> list[Listed]:
    """Sources of one tenant or of all."""
    return [
        Listed(
            tenant=row["tenant"],
            name=row["name"],
            connector=row["connector"],
            secrets=len(row["secrets"]),
            version=row["version"],
            changed_at=row["changed_at"],
        )
        for row in await database.fetch(ALL, tenant)
    ]


async def sources_of(database: Database, store: SourceStore, connector: str) -> list[Source]:
    """Every usable source of a connector."""
    rows: Sequence[Any] = await database.fetch(OF_CONNECTOR, connector)
    return [source for source in map(store.ready, rows) if source is not None]


Found = Source | UnusableError | None
Load = Callable[[str, str], Awaitable[Any]]
"""The row of (tenant, name), or None."""


def as_engine(database: Database) -> Load:
    """Read as a process that serves every tenant."""

    async def load(tenant: str, name: str) -> Any:
        return await database.fetchrow(ONE, tenant, name)

    return load


def as_tenant(database: TenantDatabase) -> Load:
    """Read as the tenant itself, who sees no other's rows."""

    async def load(tenant: str, name: str) -> Any:
        async with database.speaking_for(tenant) as queries:
            rows = await queries.fetch(ONE, tenant, name)
        return rows[0] if rows else None

    return load


@dataclass(slots=True)
class Sources:
    """Sources by tenant and name, each at most five seconds old."""

    store: SourceStore
    load: Load
    max_age: float = MAX_AGE
    _found: OrderedDict[tuple[str, str], tuple[float, Found]] = field(default_factory=OrderedDict)
    _loading: dict[tuple[str, str], "asyncio.Task[Found]"] = field(default_factory=dict)

    async def get(self, tenant: str, name: str, *, fresh: bool = False) -> Source | None:
        """The source, or None where there is none that could be used.

        Raises:
            StoreUnavailableError: it is not known and cannot be read.

        """
        found = await self._find(tenant, name, fresh=fresh)
        return None if isinstance(found, UnusableError) else found

    async def usable(self, tenant: str, name: str) -> Source | None:
        """The source, or None where there is none.

        Raises:
            StoreUnavailableError: it is not known and cannot be read.
            UnusableError: it is there and cannot be used.

        """
        found = await self._find(tenant, name)
        if isinstance(found, UnusableError):
            raise type(found)(str(found))
        return found

    async def is_erased(self, tenant: str, name: str) -> bool:
        """Whether its merchant was erased, as it was known at the last look.

        Raises:
            StoreUnavailableError: it is not known and cannot be read.

        """
        return isinstance(await self._find(tenant, name), ErasedSourceError)

    async def _find(self, tenant: str, name: str, *, fresh: bool = False) -> Found:
        key = (tenant, name)
        known = self._found.get(key)
        if known is not None and not fresh and time.monotonic() - known[0] < self.max_age:
            return known[1]
        # Many may ask at once; one of them reads for all, whatever becomes of the others.
        task = self._loading.get(key)
        if task is None or fresh:
            task = self._loading[key] = asyncio.create_task(self._read(key))
        return await asyncio.shield(task)

    async def _read(self, key: tuple[str, str]) -> Found:
        asked = time.monotonic()
        try:
            row = await self.load(*key)
        finally:
            if self._loading.get(key) is asyncio.current_task():
                del self._loading[key]
        source: Found
        try:
            source = None if row is None else self.store.usable(row)
        except UnusableError as error:
            source = error
        self._found[key] = (asked, source)
        self._found.move_to_end(key)
        if len(self._found) > MAX_CACHED:
            self._found.popitem(last=False)
        return source
