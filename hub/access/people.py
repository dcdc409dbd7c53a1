"""People of a merchant: invited by e-mail, given a role, and let go."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.access.keyring import Keyring
from hub.access.permissions import PERSONS, Role
from hub.access.post import Letter, Wording, queue
from hub.access.sessions import end_all
from hub.access.single_use import INVITE, offer
from hub.adapters.postgres import Queries
from hub.audit.entries import By, Entry, record
from hub.domain.contacts import comparable_email
from hub.domain.errors import HubError

EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f,;<>\"]{1,64}@[^@\s\x00-\x1f\x7f,;<>\"]{1,189}")
MOST = 1_000
"""So many are read at once."""

KNOWN = "select 1 from tenant where id = $1 and erased_at is null"
ADD = """
insert into person (id, tenant, role, email_hash, email) values ($1, $2, $3, $4, $5)
on conflict (tenant, email_hash) do nothing returning id
"""
BY_EMAIL = "select id, role, state, password from person where tenant = $1 and email_hash = $2"
LIST = """
select id, tenant, role, state, email, created_at, changed_at from person
 where tenant = $1 and ($2::text is null or id = $2)
   and ($3::text is null
        or (created_at, id) > (select p.created_at, p.id from person p where p.tenant = $1 and p.id = $3))
 order by created_at, id limit $4
"""
SET_ROLE = (
    "update person set role = $2, changed_at = now() where id = $1 and role <> $2 returning id"
)
SET_STATE = (
    "update person set state = $2, changed_at = now() where id = $1 and state <> $2 returning id"
)
BACK = """
update person set state = case when password is null then 'invited' else 'active' end, role = $2, changed_at = now()
 where id = $1
"""
OWNERS = """
select count(*) as n from person where tenant = $1 and role = 'owner' and state = 'active' and id <> $2
"""
LOCK_OWNERS = "select pg_advisory_xact_lock(hashtextextended('owners/' || $1, 0))"


class PersonNotPossibleError(HubError):
    """Nobody can be that, or there is nobody such; the message says what to do."""


class NobodyError(PersonNotPossibleError):
    """There is no such person, as far as this tenant may know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of a merchant, as those who look after people see them."""

    id: str
    tenant: str
    role: Role
    state: str
    email: str
    created_at: datetime
    changed_at: datetime


def email_hash(keyring: Keyring, tenant: str, email: str) -> str:
    """By what a login is known."""
    return keyring.hashed(tenant, "login", comparable_email(email))


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom to add, and as what."""

    tenant: str
    email: str
    role: Role | str


async def invite(
    queries: Queries, keyring: Keyring, asked: Invitation, by: By, wording: Wording
) -> str:
    """Add somebody and send them what they choose a password with, in the caller's transaction.

    Raises:
        PersonNotPossibleError: no such tenant, no e-mail address, no such role, or known already.

    """
    tenant, address = asked.tenant, asked.email.strip()
    if not EMAIL.fullmatch(address):
        raise PersonNotPossibleError("that is no e-mail address; one looks like name@example.org")
    of = role_of(asked.role)
    if not await queries.fetch(KNOWN, tenant):
        raise PersonNotPossibleError(f"there is no tenant {tenant!r}; run: hub tenant set {tenant}")
    person, hashed = f"usr_{secrets.token_hex(12)}", email_hash(keyring, tenant, address)
    sealed = keyring.seal(tenant, address.encode())
    if not await queries.fetch(ADD, person, tenant, of, hashed, sealed):
        person = await _again(queries, tenant, hashed, of)
    token = await offer(queries, tenant, person, INVITE)
    await queue(queries, keyring, tenant, Letter("invite", address, *wording.invite(tenant, token)))
    doc = {"role": of.value}
    await record(
        queries, Entry(tenant=tenant, action="person:invited", subject=person, by=by, doc=doc)
    )
    return person


async def _again(queries: Queries, tenant: str, hashed: str, role: Role) -> str:
    """Whoever was let go, or never chose a password, may be invited once more."""
    (row,) = await queries.fetch(BY_EMAIL, tenant, hashed)
    if row["state"] == "active":
        message = "somebody has that e-mail address already; change their role instead"
        raise PersonNotPossibleError(message)
    await queries.execute(BACK, row["id"], role)
    return str(row["id"])


def role_of(name: Role | str) -> Role:
    """A role that a person may have.

    Raises:
        PersonNotPossibleError: nobody defined it, or it is not for people.

    """
    if name not in PERSONS:
        message = f"a person cannot be {str(name)[:40]!r}; a role is one of {', '.join(PERSONS)}"
        raise PersonNotPossibleError(message)
    return Role(name)


async def people(  # noqa: PLR0913 - whose, with what they are opened, and which of them
    queries: Queries,
    keyring: Keyring,
    tenant: str,
    person: str | None = None,
    *,
    after: str | None = None,
    limit: int = MOST,
) -> list[Person]:
    """People of a tenant in the order in which they came, or one of them; `after` is the last one heard of."""
    rows = await queries.fetch(LIST, tenant, person, after, limit)
    return [await _person(keyring, row) for row in rows]


async def everybody(queries: Queries, keyring: Keyring, tenant: str) -> list[Person]:
    """All of a tenant, however many they are."""
    found: list[Person] = []
    while more := await people(queries, keyring, tenant, after=found[-1].id if found else None):
        found += more
    return found


async def _person(keyring: Keyring, row: Any) -> Person:
    said = dict(row)
    email = (await keyring.opened(row["tenant"], row["email"])).decode()
    return Person(**said | {"email": email, "role": Role(row["role"])})


async def change_role(queries: Queries, tenant: str, person: str, role: Role | str, by: By) -> None:
    """Make somebody something else; what they are signed in to takes it within seconds.

    Raises:
        PersonNotPossibleError: nobody such, no such role, or the last owner.

    """
    of = role_of(role)
    await _check(queries, tenant, person, leaves=of is not Role.OWNER, by=by)
    if await queries.fetch(SET_ROLE, person, of):
        entry = Entry(
            tenant=tenant, action="person:changed", subject=person, by=by, doc={"role": of.value}
        )
        await record(queries, entry)


async def deactivate(queries: Queries, tenant: str, person: str, by: By) -> None:
    """Let somebody go: every session of theirs ends.

    Raises:
        PersonNotPossibleError: nobody such, or the last owner.

    """
    await _check(queries, tenant, person, leaves=True, by=by)
    if await queries.fetch(SET_STATE, person, "inactive"):
        await end_all(queries, tenant, person, "deactivated", by)
        await record(
            queries, Entry(tenant=tenant, action="person:deactivated", subject=person, by=by)
        )


async def _check(queries: Queries, tenant: str, person: str, *, leaves: bool, by: By) -> None:
    if leaves:
        # Two who let each other go at once would each count on the other.
        await queries.execute(LOCK_OWNERS, tenant)
    rows = await queries.fetch(LIST, tenant, person, None, 1)
    if not rows:
        raise NobodyError(f"{tenant} has nobody {person!r}; hub people list {tenant} shows all")
    if not leaves or rows[0]["role"] != Role.OWNER or rows[0]["state"] == "inactive":
        return
    (others,) = await queries.fetch(OWNERS, tenant, person)
    if by.kind == "person" and others["n"] == 0:
        message = "this is the last owner; make somebody else owner first"
        raise PersonNotPossibleError(message)
