"""Keys of the HTTP API: given out once, kept as a hash, known again by every caller who holds one."""

import hmac
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from hub.access.keyring import HUB
from hub.access.tenants import NAME
from hub.adapters.postgres import Database, TenantDatabase
from hub.domain.errors import HubError

PREFIX = "whk"
ID_BYTES, SECRET_BYTES = 6, 32
TOKEN = re.compile(
    rf"{PREFIX}_(?P<id>[0-9a-f]{{{2 * ID_BYTES}}})_(?P<secret>[0-9a-f]{{{2 * SECRET_BYTES}}})"
)
REMEMBERED = 1_000
REMEMBERED_SECONDS = 5.0
"""For so long a revoked key may still be taken."""

ISSUE = """
insert into api_key (id, tenant, principal, hash)
select $1, $2, $3, $4 where $2 = $5 or exists (select 1 from tenant where id = $2)
"""
REVOKE = "update api_key set revoked_at = now() where id = $1 and revoked_at is null"
LIST = """
select id, tenant, principal, created_at, revoked_at from api_key
 where $1::text is null or tenant = $1 order by tenant, principal, created_at
"""
WHOSE = "select tenant, principal, hash from hub_authenticate($1)"


class KeyNotPossibleError(HubError):
    """There is no such key, or none can be given out like that."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, proved by a key."""

    tenant: str
    name: str
    """Also the name of the source that speaks when this principal reports something."""
    key_id: str
    operator: bool
    """The platform's own people: they run the hub and hold no warranties in it."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A key as it may be listed."""

    id: str
    tenant: str
    principal: str
    created_at: datetime
    revoked_at: datetime | None


async def issue(database: Database, tenant: str, principal: str) -> str:
    """A new key; this is the only time it can be read.

    Raises:
        KeyNotPossibleError: no such tenant, or a name that no source may have.

    """
    if not NAME.match(principal) or principal == HUB:
        message = (
            f"{principal!r} cannot name a caller, as it will stand in events as their source: "
            f"use lower-case letters, digits and dashes, and not {HUB!r}"
        )
        raise KeyNotPossibleError(message)
    key, secret = secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES)
    done = await database.execute(ISSUE, key, tenant, principal, _hash(secret), HUB)
    if not done.endswith(" 1"):
        raise KeyNotPossibleError(f"there is no tenant {tenant!r}; run: hub tenant set {tenant}")
    return f"{PREFIX}_{key}_{secret}"


async def revoke(database: Database, key: str) -> None:
    """End a key; every process has forgotten it within five seconds.

    Raises:
        KeyNotPossibleError: no such key is in force.

    """
    match = TOKEN.fullmatch(key)
    identifier = match["id"] if match else key
    if not (await database.execute(REVOKE, identifier)).endswith(" 1"):
        message = f"there is no key {identifier!r} in force; run: hub key list"
        raise KeyNotPossibleError(message)


async def issued(database: Database, tenant: str | None = None) -> list[Issued]:
    """Every key ever given out, or a tenant's."""
    return [Issued(**row) for row in await database.fetch(LIST, tenant)]


class Keys:
    """Knows callers by the key they show."""

    def __init__(self, database: TenantDatabase, *, seconds: float = REMEMBERED_SECONDS) -> None:
        """Keys that were good are taken for `seconds` without asking again."""
        self._database = database
        self._seconds = seconds
        self._known: OrderedDict[str, tuple[float, bytes, Principal]] = OrderedDict()

    async def principal(self, token: str) -> Principal | None:
        """Who shows this key; None where it is none of ours, or revoked.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        match = TOKEN.fullmatch(token)
        if match is None:
            return None
        found = self._remembered(match["id"]) or await self._look(match["id"])
        if found is None or not hmac.compare_digest(found[0], _hash(match["secret"])):
            return None
        return found[1]

    def _remembered(self, key: str) -> tuple[bytes, Principal] | None:
        at, hashed, principal = self._known.get(key, (float("-inf"), b"", None))
        if principal is None or time.monotonic() - at > self._seconds:
            return None
        return hashed, principal

    async def _look(self, key: str) -> tuple[bytes, Principal] | None:
        asked_at = time.monotonic()
        rows = await self._database.fetch(WHOSE, key)
        if not rows:
            self._known.pop(key, None)
            return None
        tenant, name, hashed = rows[0]
        principal = Principal(tenant, name, key, operator=tenant == HUB)
        self._known[key] = (asked_at, hashed, principal)
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return hashed, principal


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
