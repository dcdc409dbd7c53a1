"""Endpoints: added, changed, ended, given new secrets; each act stands in the audit."""

import secrets as tokens
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from hub.access.keyring import Keyring
from hub.adapters.postgres import Queries
from hub.audit.entries import By, Entry, record
from hub.delivery.bodies import Payload
from hub.delivery.endpoint_secrets import Drawer
from hub.delivery.kinds import Kind, Ordering, UnfitError, kind_of
from hub.delivery.schedule import BREAKS_AT
from hub.delivery.secrets import Secret
from hub.domain.errors import HubError
from schemas.policies.parts import Locale
from schemas.refs import derived_id

State = Literal["active", "paused", "disabled", "deleted"]
GRACE_SECONDS = 86_400.0
"""How long the secret before the newest still signs."""
MAX_LIMIT = 200
CHANGEABLE = (
    *("address", "about", "types", "branches", "suppliers", "payload", "ordering"),
    *("rate", "at_once", "timeout", "locale", "state"),
)

COLUMNS = """
e.id, e.kind, e.address, e.about, e.types, e.branches, e.suppliers, e.payload, e.ordering, e.rate, e.at_once,
e.timeout, e.locale, e.state, e.state_why, e.version, e.created_at, e.changed_at, p.failing_since,
p.opened_at as breaker_since
"""
ONE = f"""
select {COLUMNS} from endpoint e join endpoint_pace p on p.endpoint = e.id
 where e.tenant = $1 and e.id = $2 and e.state <> 'deleted'
"""
ALL = f"""
select {COLUMNS} from endpoint e join endpoint_pace p on p.endpoint = e.id
 where e.tenant = $1 and e.state <> 'deleted' and e.id > $2 order by e.id limit $3
"""
ADD = """
with added as (
  insert into endpoint (id, tenant, kind, address, about, types, branches, suppliers, payload, ordering, rate,
                        at_once, timeout, locale, state)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict (id) do nothing returning id)
insert into endpoint_pace (endpoint, tenant) select id, $2 from added
"""
CHANGE = """
update endpoint set address = $4, about = $5, types = $6, branches = $7, suppliers = $8,
       payload = $9, ordering = $10, rate = $11, at_once = $12, timeout = $13, locale = $14, state = $15,
       state_why = $16, version = version + 1,
       changed_at = clock_timestamp()
 where tenant = $1 and id = $2 and ($3::bigint is null or version = $3) and state <> 'deleted'
"""
LOCK = "select from endpoint where tenant = $1 and id = $2 for update"
TOUCH = """
update endpoint set version = version + 1, changed_at = clock_timestamp()
 where tenant = $1 and id = $2 and ($3::bigint is null or version = $3) and state <> 'deleted'
"""
# Whoever says that it may be asked again is believed: what it failed at before is forgotten.
CALM = """
update endpoint_pace set failures = 0, opened_at = null, probes = 0, failing_since = null, warned = 0,
       quiet_until = '-infinity' where endpoint = $1
"""
# One that was given up is asked by one attempt first. Once that goes well all that waits is due, as after any silence.
TRY = f"""
update endpoint_pace set failures = {BREAKS_AT}, opened_at = clock_timestamp(), probe_at = '-infinity'
 where endpoint = $1
"""
DELETE = """
update endpoint set state = 'deleted', state_why = $4, version = version + 1, changed_at = clock_timestamp()
 where tenant = $1 and id = $2 and ($3::bigint is null or version = $3) and state <> 'deleted'
"""
GIVE_UP = """
update delivery set state = 'given_up', ended_at = clock_timestamp(), outcome = 'endpoint_deleted'
 where endpoint = $1 and state in ('waiting', 'sending')
"""


ID_LENGTH = 3 + 20


class EndpointGoneError(HubError):
    """There is no such endpoint."""


class EndpointChangedError(HubError):
    """Somebody changed it meanwhile."""


class KeyReusedError(HubError):
    """An Idempotency-Key came before, with something else."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants an endpoint to be."""

    address: str
    kind: str = "http"
    about: str = ""
    types: list[str] = []
    branches: list[str] = []
    suppliers: list[str] = []
    payload: Payload = "thin"
    ordering: Ordering = "none"
    rate: float = 50.0
    at_once: int = 8
    timeout: float = 15.0
    locale: Locale = "en"
    state: Literal["active", "paused"] = "active"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as it stands."""

    id: str
    kind: str
    address: str
    about: str
    types: list[str]
    """None listed: every type."""
    branches: list[str]
    suppliers: list[str]
    payload: Payload
    ordering: Ordering
    rate: float
    """Messages a second, at most."""
    at_once: int
    timeout: float
    locale: Locale
    """In which people are written to."""
    state: State
    state_why: str
    version: int
    created_at: datetime
    changed_at: datetime
    failing_since: datetime | None
    """Since when nothing has gone well."""
    breaker_since: datetime | None
    """Since when it is asked by one attempt at a time."""


async def find(queries: Queries, tenant: str, name: str) -> Endpoint:
    """One endpoint.

    Raises:
        EndpointGoneError: there is none.

    """
    rows = await queries.fetch(ONE, tenant, name)
    if not rows:
        raise EndpointGoneError("there is no such endpoint; list those there are")
    return _endpoint(rows[0])


async def listed(queries: Queries, tenant: str, after: str = "", limit: int = 50) -> list[Endpoint]:
    """Endpoints by id."""
    return [_endpoint(row) for row in await queries.fetch(ALL, tenant, after, limit)]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where somebody looks after the endpoints of a tenant, in one transaction."""

    queries: Queries
    keyring: Keyring
    tenant: str
    by: By

    async def add(self, shape: Shape, key: str = "") -> tuple[Endpoint, Secret | None]:
        """Add an endpoint; what signs for it, if anything does, is shown now and never again.

        What comes with the same key again is answered as the first time, for as long as nobody has
        changed it.

        Raises:
            KeyReusedError: the key came before with another wish, or what it made has changed since.
            HubError: no endpoint of that kind is like that.

        """
        shape, key = _completed(shape), key or tokens.token_hex(16)
        name = derived_id("ep", self.tenant, self.by.id, key)[:ID_LENGTH]
        values = [getattr(shape, one) for one in ("kind", *CHANGEABLE)]
        if await self.queries.execute(ADD, name, self.tenant, *values) != "INSERT 0 1":
            return await self._added_before(name, shape)
        secret = Secret.new() if kind_of(shape.kind).signs else None
        if secret is not None:
            await self._drawer(name).keep(secret)
        doc = {"address": shape.address, "types": shape.types, "payload": shape.payload}
        await self._note("endpoint:added", name, doc)
        return await find(self.queries, self.tenant, name), secret

    async def _added_before(self, name: str, shape: Shape) -> tuple[Endpoint, Secret | None]:
        rows = await self.queries.fetch(ONE, self.tenant, name)
        known = _endpoint(rows[0]) if rows else None
        if known is None or known.version != 1 or _shape(known) != shape:
            message = "this key has made an endpoint that is another one by now; use a new key"
            raise KeyReusedError(message)
        signs = kind_of(known.kind).signs
        return known, await self._drawer(name).newest() if signs else None

    async def change(self, name: str, version: int | None, changes: dict[str, Any]) -> Endpoint:
        """Change what is named in `changes`; `state` among them begins anew what was disabled.

        Raises:
            EndpointGoneError: there is none.
            EndpointChangedError: it is not the one that was seen.
            HubError: no endpoint of its kind is like that.

        """
        # Whoever changes something else at this moment, or gives it up, goes first or comes after.
        await self.queries.fetch(LOCK, self.tenant, name)
        old = await find(self.queries, self.tenant, name)
        changes = _checked(kind_of(old.kind), changes)
        values = [changes.get(one, getattr(old, one)) for one in CHANGEABLE]
        why = old.state_why if changes.get("state", old.state) == old.state else ""
        done = await self.queries.execute(CHANGE, self.tenant, name, version, *values, why)
        _check_changed(done, old, version)
        begins = changes.get("state") == "active" and old.state != "active"
        if begins or changes.get("address", old.address) != old.address:
            await self.queries.execute(CALM, name)
        if begins and old.state == "disabled":
            await self.queries.execute(TRY, name)
        await self._note("endpoint:changed", name, changes)
        return await find(self.queries, self.tenant, name)

    async def remove(self, name: str, version: int | None, why: str = "") -> int:
        """End an endpoint and what it was still to be told; gives of how many deliveries.

        Raises:
            EndpointGoneError: there is none.
            EndpointChangedError: it is not the one that was seen.

        """
        old = await find(self.queries, self.tenant, name)
        done = await self.queries.execute(DELETE, self.tenant, name, version, why)
        _check_changed(done, old, version)
        ended = int((await self.queries.execute(GIVE_UP, name)).rsplit(" ", 1)[-1])
        doc = {"address": old.address, "given_up": ended}
        await self._note("endpoint:deleted", name, doc, why)
        return ended

    async def rotate(
        self, name: str, grace: float = GRACE_SECONDS, version: int | None = None
    ) -> Secret:
        """A new secret; it and the one before sign until the grace is over.

        Raises:
            EndpointGoneError: there is no such endpoint.
            EndpointChangedError: it is not the one that was seen.
            UnfitError: nothing is signed for it.

        """
        old, secret = await find(self.queries, self.tenant, name), Secret.new()
        if not kind_of(old.kind).signs:
            raise UnfitError("nothing is signed for this kind of endpoint, so it has no secret")
        done = await self.queries.execute(TOUCH, self.tenant, name, version)
        _check_changed(done, old, version)
        await self._drawer(name).replace(secret, grace)
        doc = {"public": secret.public, "grace_seconds": grace}
        await self._note("endpoint:secret_rotated", name, doc)
        return secret

    def _drawer(self, name: str) -> Drawer:
        return Drawer(self.queries, self.keyring, self.tenant, name)

    async def _note(self, action: str, name: str, doc: dict[str, Any], why: str = "") -> None:
        entry = Entry(tenant=self.tenant, action=action, subject=name, by=self.by, why=why, doc=doc)
        await record(self.queries, entry)


def _check_changed(done: str, seen: Endpoint, version: int | None) -> None:
    if not done.endswith(" 1"):
        message = f"it is version {seen.version} by now, not {version}; read it again"
        raise EndpointChangedError(message)


def _completed(shape: Shape) -> Shape:
    """What was left open, as endpoints of that kind have it."""
    kind = kind_of(shape.kind)
    kind.check(shape.address)
    kind.check_types(shape.types)
    ordering = kind.ordering if shape.ordering == "none" else shape.ordering
    types = shape.types or list(kind.tells)
    return msgspec.structs.replace(shape, types=types, ordering=ordering)


def _checked(kind: Kind, changes: dict[str, Any]) -> dict[str, Any]:
    if "address" in changes:
        kind.check(changes["address"])
    if "types" not in changes:
        return changes
    kind.check_types(changes["types"])
    return changes | {"types": changes["types"] or list(kind.tells)}


def _shape(endpoint: Endpoint) -> Shape:
    return msgspec.convert(msgspec.to_builtins(endpoint), Shape)


def _endpoint(row: Any) -> Endpoint:
    return Endpoint(**dict(row))
