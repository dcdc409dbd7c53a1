"""Tokens that a person is sent to choose a password with: kept as a hash, good once and not for long."""

from hashlib import sha256

from hub.access.sessions import new_token, tenant_in
from hub.adapters.postgres import Queries

PREFIX = "whs"
INVITE, RESET = "invite", "reset"
MINUTES = {INVITE: 3 * 24 * 60, RESET: 30}

FORGET = "update single_use set used_at = clock_timestamp() where person = $1 and used_at is null"
OFFER = """
insert into single_use (hash, tenant, person, purpose, expires_at)
values ($1, $2, $3, $4, clock_timestamp() + make_interval(mins => $5))
"""
TAKE = """
update single_use set used_at = clock_timestamp()
 where hash = $1 and used_at is null and expires_at > clock_timestamp() returning person, purpose
"""


async def offer(queries: Queries, tenant: str, person: str, purpose: str) -> str:
    """A new token; those sent before are good no longer."""
    token = new_token(PREFIX, tenant)
    await queries.execute(FORGET, person)
    await queries.execute(OFFER, _hash(token), tenant, person, purpose, MINUTES[purpose])
    return token


async def take(queries: Queries, token: str) -> str | None:
    """Whose token it is; None where it is none of ours, used, or over. It is used then."""
    rows = await queries.fetch(TAKE, _hash(token))
    return str(rows[0]["person"]) if rows else None


def whose(token: str) -> str | None:
    """The tenant whose store knows a token."""
    return tenant_in(token, PREFIX)


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
