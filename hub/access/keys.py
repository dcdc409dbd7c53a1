"""Keys of the HTTP API: given out once, kept as a hash, known again by every caller who holds one."""

import hmac
import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from zlib import crc32

from hub.access.keyring import HUB
from hub.access.permissions import SYSTEMS, Permission, Role
from hub.access.tenants import NAME
from hub.adapters.postgres import Database, Queries, TenantDatabase
from hub.audit.entries import By, Entry, record
from hub.domain.errors import HubError

PREFIX = "whk"
LIVE, TEST = "live", "test"
"""Of a production installation, and of any other: neither takes what was meant for the other."""
PEOPLE = "usr-"
"""How people are called where a source is named; what is theirs must not be a system's under the same name."""
ID_BYTES, SECRET_CHARS, CHECKSUM_CHARS = 6, 32, 6
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
TOKEN = re.compile(
    rf"{PREFIX}_(?P<mode>{LIVE}|{TEST})_(?P<id>[0-9a-f]{{{2 * ID_BYTES}}})"
    rf"_(?P<secret>[0-9A-Za-z]{{{SECRET_CHARS}}})_(?P<checksum>[0-9A-Za-z]{{{CHECKSUM_CHARS}}})"
)
"""What a scanner for secrets looks for."""
MOST_LIVE = 2
"""Keys of one holder at once: the second is given out before the first is ended."""

LOCK = "select pg_advisory_xact_lock(hashtextextended('api_key/' || $1 || '/' || $2, 0))"
KNOWN = "select 1 from tenant where id = $1 and erased_at is null"
IN_FORCE = """
select count(*) as n from api_key where tenant = $1 and principal = $2 and revoked_at is null
   and (expires_at is null or expires_at > clock_timestamp())
"""
ISSUE = """
insert into api_key (id, tenant, principal, hash, role, scopes, expires_at)
values ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7::interval)
"""
REVOKE = """
update api_key set revoked_at = now()
 where id = $1 and revoked_at is null and ($2::text is null or tenant = $2) returning tenant
"""
LIST = """
select id, tenant, principal, role, scopes, created_at, expires_at, used_at, revoked_at from api_key
 where ($1::text is null or tenant = $1) and ($2::text is null or id = $2) order by tenant, principal, created_at
"""
COMMAND = By(kind="operator", id="command line", role=Role.OPERATOR)


class KeyNotPossibleError(HubError):
    """There is no such key, or none can be given out like that."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A key as it may be listed."""

    id: str
    tenant: str
    principal: str
    role: Role
    scopes: tuple[Permission, ...] | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    """Some minute in which it was used last."""
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key that is to be given out."""

    tenant: str
    principal: str
    role: Role = Role.INTEGRATION
    scopes: frozenset[Permission] | None = None
    days: int | None = None
    """For so long it is good; None: until it is revoked."""


def wanted(
    tenant: str,
    principal: str,
    role: Role | str | None = None,
    scopes: Iterable[str] | None = None,
    days: int | None = None,
) -> Wanted:
    """The same after a look at whether such a key may be.

    Raises:
        KeyNotPossibleError: with what is wrong.

    """
    if not may_name(principal):
        message = (
            f"{principal!r} cannot name a caller, as it will stand in events as their source: "
            f"use lower-case letters, digits and dashes, not {HUB!r} and nothing with {PEOPLE!r} before it"
        )
        raise KeyNotPossibleError(message)
    possible = (Role.OPERATOR,) if tenant == HUB else SYSTEMS
    of = role or possible[0]
    if of not in possible:
        names = ", ".join(possible)
        raise KeyNotPossibleError(f"no key can be {of!r} at {tenant}; its role is one of {names}")
    return Wanted(tenant, principal, Role(of), _scopes(Role(of), scopes), days)


def may_name(principal: str) -> bool:
    """Whether a system may be called so: never like the hub itself, nor like somebody of the people."""
    is_name = NAME.fullmatch(principal) is not None and principal.isprintable()
    return is_name and principal != HUB and not principal.startswith(PEOPLE)


def _scopes(role: Role, scopes: Iterable[str] | None) -> frozenset[Permission] | None:
    if scopes is None:
        return None
    may = {one.value for one in Permission if role.may(one)}
    beyond = sorted(set(scopes) - may)
    if beyond:
        message = f"{role} may not {', '.join(beyond)}; a scope is one of {', '.join(sorted(may))}"
        raise KeyNotPossibleError(message)
    return frozenset(Permission(one) for one in scopes)


def new_token(mode: str) -> tuple[str, str]:
    """An id, and a key that nobody has had before."""
    identifier = secrets.token_hex(ID_BYTES)
    secret = "".join(secrets.choice(BASE62) for _ in range(SECRET_CHARS))
    body = f"{PREFIX}_{mode}_{identifier}_{secret}"
    return identifier, f"{body}_{checksum(body)}"


def checksum(body: str) -> str:
    """CRC-32 in base 62: tells a slip of the hand from a key without asking anybody."""
    number, digits = crc32(body.encode()), ""
    for _ in range(CHECKSUM_CHARS):
        number, digit = divmod(number, len(BASE62))
        digits = BASE62[digit] + digits
    return digits


def parsed(token: str) -> "re.Match[str] | None":
    """A key whose checksum is right; None for anything else."""
    match = TOKEN.fullmatch(token)
    if match is None or not token.isascii():
        return None
    body, _, given = token.rpartition("_")
    return match if hmac.compare_digest(checksum(body), given) else None


def digest(token: str) -> bytes:
    """What is kept of a key: it binds mode, id and secret together."""
    return sha256(token.rpartition("_")[0].encode()).digest()


async def issue(  # noqa: PLR0913 - as many things can be said of a key
    database: Database,
    tenant: str,
    principal: str,
    *,
    role: Role | str | None = None,
    scopes: Iterable[str] | None = None,
    days: int | None = None,
    mode: str = TEST,
) -> str:
    """A new key; this is the only time it can be read.

    Raises:
        KeyNotPossibleError: no such tenant, a name that no source may have, or two are in force.

    """
    asked = wanted(tenant, principal, role, scopes, days)
    async with database.transaction() as queries:
        return await give_out(queries, asked, mode, COMMAND)


async def give_out(queries: Queries, asked: Wanted, mode: str, by: By) -> str:
    """A new key, in a transaction of the caller's.

    Raises:
        KeyNotPossibleError: no such tenant, or two of this holder's are in force.

    """
    await queries.execute(LOCK, asked.tenant, asked.principal)
    if asked.tenant != HUB and not await queries.fetch(KNOWN, asked.tenant):
        message = f"there is no tenant {asked.tenant!r}; run: hub tenant set {asked.tenant}"
        raise KeyNotPossibleError(message)
    (row,) = await queries.fetch(IN_FORCE, asked.tenant, asked.principal)
    if row["n"] >= MOST_LIVE:
        message = (
            f"{asked.principal} at {asked.tenant} has {MOST_LIVE} keys in force; "
            "end the older one first: hub key revoke ID"
        )
        raise KeyNotPossibleError(message)
    identifier, token = new_token(mode)
    scopes = None if asked.scopes is None else sorted(asked.scopes)
    ends = None if asked.days is None else timedelta(days=asked.days)
    values = (identifier, asked.tenant, asked.principal, digest(token), asked.role, scopes, ends)
    await queries.execute(ISSUE, *values)
    doc = {"principal": asked.principal, "role": asked.role, "scopes": scopes, "days": asked.days}
    entry = Entry(tenant=asked.tenant, action="key:issued", subject=identifier, by=by, doc=doc)
    await record(queries, entry)
    return token


async def rotate(database: Database, key: str, *, mode: str = TEST) -> str:
    """A second key beside this one, which may do the same; end the first once nobody uses it.

    Raises:
        KeyNotPossibleError: there is no such key in force, or there are two already.

    """
    found = [one for one in await issued(database, key=_id_of(key)) if one.revoked_at is None]
    if not found:
        raise _none(key)
    (old,) = found
    days = None
    if old.expires_at is not None:
        days = max(1, (old.expires_at - old.created_at).days)
    scopes = None if old.scopes is None else frozenset(old.scopes)
    asked = Wanted(old.tenant, old.principal, old.role, scopes, days)
    async with database.transaction() as queries:
        return await give_out(queries, asked, mode, COMMAND)


async def revoke(database: Database, key: str) -> None:
    """End a key; every process has forgotten it within five seconds.

    Raises:
        KeyNotPossibleError: no such key is in force.

    """
    async with database.transaction() as queries:
        await end(queries, key, None, COMMAND)


async def end(queries: Queries, key: str, tenant: str | None, by: By) -> None:
    """End a key, of this tenant where one is named, in a transaction of the caller's.

    Raises:
        KeyNotPossibleError: no such key is in force.

    """
    identifier = _id_of(key)
    rows = await queries.fetch(REVOKE, identifier, tenant)
    if not rows:
        raise _none(key)
    entry = Entry(tenant=rows[0]["tenant"], action="key:revoked", subject=identifier, by=by)
    await record(queries, entry)


def _none(key: str) -> KeyNotPossibleError:
    return KeyNotPossibleError(f"there is no key {_id_of(key)!r} in force; run: hub key list")


async def issued(
    queries: Queries | Database | TenantDatabase, tenant: str | None = None, key: str | None = None
) -> list[Issued]:
    """Every key ever given out, or a tenant's."""
    rows = await queries.fetch(LIST, tenant, key)
    return [_issued(row) for row in rows]


def _issued(row: "dict[str, object]") -> Issued:
    said = dict(row)
    scopes = said.pop("scopes")
    narrowed = None if scopes is None else tuple(map(Permission, scopes))  # type: ignore[call-overload]
    return Issued(**said | {"role": Role(str(said["role"]))}, scopes=narrowed)  # type: ignore[arg-type]


def _id_of(key: str) -> str:
    match = TOKEN.fullmatch(key)
    return match["id"] if match else key
