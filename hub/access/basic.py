"""User names and passwords of systems, for published interfaces that ask for HTTP Basic."""

import hmac
import secrets
import time
from base64 import b64decode
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from hub.access.errands import Errands
from hub.access.keys import BASE62, may_name
from hub.access.passwords import LONGEST, Passwords
from hub.access.permissions import SYSTEMS, Role
from hub.access.principals import Principal
from hub.access.tenants import NAME
from hub.adapters.postgres import Database, TenantDatabase
from hub.audit.entries import NOBODY, By, Entry, record
from hub.domain.errors import HubError

SECONDS = 5.0
"""For so long a password that was right is taken without its slow hash, and a revoked one still may be."""
REMEMBERED = 1_000
NOTED_SECONDS = 60.0
"""So often at most it is noted that a user is refused."""
PASSWORD_CHARS = 32
MAX_HEADER = 1_000

KNOWN = "select 1 from tenant where id = $1 and erased_at is null"
SET = """
insert into basic_credential (tenant, name, hash, role) values ($1, $2, $3, $4)
on conflict (tenant, name) do update
   set hash = excluded.hash, role = excluded.role, created_at = now(), revoked_at = null
"""
REVOKE = """
update basic_credential set revoked_at = now()
 where tenant = $1 and name = $2 and revoked_at is null returning name
"""
FIND = (
    "select hash, role from basic_credential where tenant = $1 and name = $2 and revoked_at is null"
)
LIST = """
select tenant, name, role, created_at, revoked_at from basic_credential
 where $1::text is null or tenant = $1 order by tenant, name
"""


class BasicNotPossibleError(HubError):
    """No such user can be."""


async def issue(  # noqa: PLR0913 - whose, by whom, and as what
    database: Database,
    tenant: str,
    name: str,
    by: By,
    role: Role | str = Role.INTEGRATION,
    *,
    known: str | None = None,
) -> str:
    """A new password for a system's user name; the one before is good no longer.

    `known` is one that the world knows already: for trials, never for a merchant that is real.

    Raises:
        BasicNotPossibleError: no such tenant, name or role.

    """
    if not may_name(name) or role not in SYSTEMS:
        message = f"use lower-case letters, digits and dashes, and one of {', '.join(SYSTEMS)}"
        raise BasicNotPossibleError(message)
    password = known or "".join(secrets.choice(BASE62) for _ in range(PASSWORD_CHARS))
    kept = await Passwords().hashed(password)
    async with database.transaction() as queries:
        if not await queries.fetch(KNOWN, tenant):
            message = f"there is no tenant {tenant!r}; run: hub tenant set {tenant}"
            raise BasicNotPossibleError(message)
        await queries.execute(SET, tenant, name, kept, role)
        entry = Entry(
            tenant=tenant,
            action="basic:issued",
            subject=name,
            by=by,
            doc={"role": str(role)},
        )
        await record(queries, entry)
    return password


async def revoke(database: Database, tenant: str, name: str, by: By) -> None:
    """End a user name.

    Raises:
        BasicNotPossibleError: there is none in force.

    """
    async with database.transaction() as queries:
        if not await queries.fetch(REVOKE, tenant, name):
            raise BasicNotPossibleError(f"{tenant} has no user {name!r} in force")
        await record(queries, Entry(tenant=tenant, action="basic:revoked", subject=name, by=by))


async def listed(database: Database, tenant: str | None = None) -> list[Any]:
    """Every user name, without its password."""
    return list(await database.fetch(LIST, tenant))


def shown(header: str) -> tuple[str, str] | None:
    """User name and password of an Authorization header; None where it holds none."""
    scheme, _, said = header.partition(" ")
    if scheme.lower() != "basic" or len(header) > MAX_HEADER:
        return None
    try:
        name, colon, password = b64decode(said.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


@dataclass(slots=True)
class BasicUsers:
    """Knows systems by user name and password."""

    database: TenantDatabase
    passwords: Passwords = field(default_factory=Passwords)
    errands: Errands = field(default_factory=Errands)
    seconds: float = SECONDS
    _right: OrderedDict[bytes, tuple[float, Principal]] = field(default_factory=OrderedDict)
    _noted: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    async def principal(self, tenant: str, name: str, password: str) -> Principal | None:
        """Who this is at a tenant; None for any reason whatsoever, after the same work.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        known = self.remembered(tenant, name, password)
        if known is not None:
            return known
        now = time.monotonic()
        is_name = bool(NAME.match(tenant) and NAME.match(name))
        async with self.database.speaking_for(tenant if is_name else "") as queries:
            rows = await queries.fetch(FIND, tenant, name) if is_name else []
        if not await self.passwords.fits(password, rows[0]["hash"] if rows else None):
            self._right.pop(self._whole(tenant, name, password), None)
            if rows:
                self._note_refusal(tenant, name)
            return None
        principal = Principal(tenant, name, f"basic/{name}", Role(rows[0]["role"]))
        self._right[self._whole(tenant, name, password)] = (now, principal)
        if len(self._right) > REMEMBERED:
            self._right.popitem(last=False)
        return principal

    def remembered(self, tenant: str, name: str, password: str) -> Principal | None:
        """Who this was a few seconds ago, by all of what is shown; None where it has to be compared."""
        right = self._right.get(self._whole(tenant, name, password))
        is_new = right is not None and time.monotonic() - right[0] <= self.seconds
        return right[1] if right is not None and is_new and len(password) <= LONGEST else None

    def was_right(self, tenant: str, name: str, password: str) -> bool:
        """Whether all of this was right once, whenever that was: whoever shows it guesses nothing."""
        return self._whole(tenant, name, password) in self._right

    def _whole(self, *said: str) -> bytes:
        parts = (part[:LONGEST] for part in said)
        return hmac.digest(self._secret, "\x1f".join(parts).encode("utf-8", "replace"), sha256)

    def _note_refusal(self, tenant: str, name: str) -> None:
        """Have it written down afterwards that a user of ours was tried, once a minute at most."""
        now = time.monotonic()
        if now - self._noted.get((tenant, name), float("-inf")) < NOTED_SECONDS:
            return
        self._noted[tenant, name] = now
        self._noted.move_to_end((tenant, name))
        if len(self._noted) > REMEMBERED:
            self._noted.popitem(last=False)
        entry = Entry(tenant=tenant, action="basic:refused", subject=name, by=NOBODY)

        async def note() -> None:
            async with self.database.speaking_for(tenant) as queries:
                await record(queries, entry)

        self.errands.add(note)
