"""Sessions of people: begun by a login, renewed by refresh tokens, ended for good."""

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hub.access.permissions import Role
from hub.access.principals import Principal
from hub.adapters.postgres import Queries, TenantDatabase
from hub.audit.entries import By, Entry, record

DAYS = 30
"""A session ends after so long, however often it is renewed."""
REMEMBERED, REMEMBERED_SECONDS = 10_000, 5.0
REFRESH = "whr"
SECRET_BYTES = 32
MAX_TOKEN = 200

BEGIN = """
insert into person_session (id, tenant, person, expires_at)
values ($1, $2, $3, clock_timestamp() + make_interval(days => $4))
"""
GIVE = "insert into refresh_token (hash, tenant, session) values ($1, $2, $3)"
USE = """
update refresh_token set used_at = clock_timestamp() where hash = $1 and used_at is null returning session
"""
OLD = "select session from refresh_token where hash = $1"
STANDS = """
select s.id, p.id as person, p.role from person_session s join person p on p.id = s.person
 where s.id = $1 and s.ended_at is null and s.expires_at > clock_timestamp() and p.state = 'active'
"""
END = """
update person_session set ended_at = clock_timestamp(), ended_why = $2
 where id = $1 and ended_at is null returning person
"""
END_ALL = """
update person_session set ended_at = clock_timestamp(), ended_why = $2
 where person = $1 and ended_at is null returning id
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that stands, with what renews it."""

    id: str
    tenant: str
    person: str
    role: Role
    refresh: str


def principal_of(tenant: str, person: str, role: Role) -> Principal:
    """A person as a caller; its name may stand in an event's source, so it has no underscore."""
    return Principal(tenant, person.replace("_", "-"), person, role, "person")


class PersonSessions:
    """Begins, renews and ends sessions, and knows for seconds which ones stand."""

    def __init__(self, database: TenantDatabase, *, seconds: float = REMEMBERED_SECONDS) -> None:
        """A session that stood is taken for `seconds` without asking again."""
        self._database = database
        self._seconds = seconds
        self._known: OrderedDict[tuple[str, str], tuple[float, Principal]] = OrderedDict()

    async def stands(self, tenant: str, session: str, *, fresh: bool = False) -> Principal | None:
        """Whose session this is; None where it is over or its person is. `fresh` asks whatever is known.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        known = None if fresh else self._known.get((tenant, session))
        now = time.monotonic()
        if known is not None and now - known[0] <= self._seconds:
            return known[1]
        async with self._database.speaking_for(tenant) as queries:
            rows = await queries.fetch(STANDS, session)
        if not rows:
            self._known.pop((tenant, session), None)
            return None
        principal = principal_of(tenant, rows[0]["person"], Role(rows[0]["role"]))
        self._known[tenant, session] = (now, principal)
        self._known.move_to_end((tenant, session))
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return principal

    async def renew(self, token: str) -> Begun | None:
        """The session of a refresh token, with the next one; an old one ends the session.

        Raises:
            StoreUnavailableError: it cannot be known now.

        """
        tenant = tenant_in(token, REFRESH)
        if tenant is None:
            return None
        hashed = _hash(token)
        async with self._database.transaction_for(tenant) as queries:
            used = await queries.fetch(USE, hashed)
            if not used:
                await self._end_family(queries, tenant, hashed)
                return None
            found = await queries.fetch(STANDS, used[0]["session"])
            return await give(queries, tenant, found[0]) if found else None

    async def _end_family(self, queries: Queries, tenant: str, hashed: bytes) -> None:
        """Two hold the same token, and one of them stole it: neither goes on."""
        for row in await queries.fetch(OLD, hashed):
            await self._end(queries, tenant, row["session"], "an old refresh token was shown", None)

    async def end(self, tenant: str, session: str, why: str, by: By | None = None) -> bool:
        """End a session; other processes have forgotten it within five seconds."""
        async with self._database.transaction_for(tenant) as queries:
            return await self._end(queries, tenant, session, why, by)

    async def _end(
        self, queries: Queries, tenant: str, session: str, why: str, by: By | None
    ) -> bool:
        self._known.pop((tenant, session), None)
        ended = await queries.fetch(END, session, why)
        if ended:
            who = by or By(kind="system", id="sessions")
            about = {"person": ended[0]["person"]}
            entry = Entry(
                tenant=tenant, action="session:ended", subject=session, by=who, why=why, doc=about
            )
            await record(queries, entry)
        return bool(ended)


async def begin(queries: Queries, tenant: str, person: str, role: Role) -> Begun:
    """A session for somebody who proved who he is, in the transaction of the caller."""
    session = f"ses_{secrets.token_hex(16)}"
    await queries.execute(BEGIN, session, tenant, person, DAYS)
    return await give(queries, tenant, {"id": session, "person": person, "role": role})


async def give(queries: Queries, tenant: str, row: Any) -> Begun:
    """The next refresh token of a session."""
    token = new_token(REFRESH, tenant)
    await queries.execute(GIVE, _hash(token), tenant, row["id"])
    return Begun(row["id"], tenant, row["person"], Role(row["role"]), token)


async def end_all(queries: Queries, tenant: str, person: str, why: str, by: By) -> None:
    """End every session of somebody, in the transaction of the caller."""
    ended = await queries.fetch(END_ALL, person, why)
    about = {"person": person}
    entries = [
        Entry(tenant=tenant, action="session:ended", subject=row["id"], by=by, why=why, doc=about)
        for row in ended
    ]
    await record(queries, *entries)


def new_token(prefix: str, tenant: str) -> str:
    """An opaque token that says whose store knows it."""
    return f"{prefix}_{tenant}_{secrets.token_urlsafe(SECRET_BYTES)}"


def tenant_in(token: str, prefix: str) -> str | None:
    """The tenant that a token names; None where it has not the shape of one."""
    parts = token.split("_", 2)
    whole = len(parts) == 3 and parts[0] == prefix and len(token) <= MAX_TOKEN  # noqa: PLR2004 - as made
    return parts[1] if whole and token.isascii() and token.isprintable() else None


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
