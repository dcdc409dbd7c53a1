"""Somebody's wish to be forgotten: taken in by any door, carried out by whoever may write everywhere."""

import uuid
from datetime import datetime
from typing import Any

import msgspec

from hub.access.keyring import Keyring
from hub.adapters.postgres import Queries
from hub.audit.entries import By, Entry, record
from hub.domain.errors import HubError
from hub.privacy.people import Known, packed

ASK = """
insert into privacy_request (id, tenant, kind, by_kind, by_id, by_role, sealed)
values ($1, $2, 'erasure', $3, $4, $5, $6)
"""
ONE = """
select id, tenant, kind, asked_at, done_at, report from privacy_request where tenant = $1 and id = $2
"""
EXPORTED = """
insert into privacy_request (id, tenant, kind, by_kind, by_id, by_role, report, done_at)
values ($1, $2, 'export', $3, $4, $5, '{}', clock_timestamp())
"""


class NoRequestError(HubError):
    """There is no such request."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A wish about somebody's data. Nothing in it tells who that is."""

    id: str
    tenant: str
    kind: str
    asked_at: datetime
    done_at: datetime | None
    report: msgspec.Raw
    """What came of it; null until it is done."""


async def ask_erasure(  # noqa: PLR0913 - whose, of whom, by whom and why
    queries: Queries, keyring: Keyring, tenant: str, who: Known, by: By, *, why: str = ""
) -> str:
    """Have somebody forgotten; gives the request's id. It is carried out within a minute by `hub retain`."""
    request = f"per_{uuid.uuid4().hex}"
    sealed = keyring.seal(tenant, packed(who))
    said = {"by": who.by}
    # Where each statement commits by itself, an entry too many says more than one too few.
    await record(queries, _entry(tenant, "person:erasure_asked", request, by, why, said))
    await queries.execute(ASK, request, tenant, by.kind, by.id, by.role, sealed)
    return request


async def note_export(
    queries: Queries, tenant: str, by: By, found: dict[str, Any], *, why: str = ""
) -> str:
    """Keep that somebody's data was given out, and how much of it; gives the request's id."""
    request = f"per_{uuid.uuid4().hex}"
    await record(queries, _entry(tenant, "person:exported", request, by, why, found))
    await queries.execute(EXPORTED, request, tenant, by.kind, by.id, by.role)
    return request


async def read(queries: Queries, tenant: str, request: str) -> Request:
    """A request of a tenant.

    Raises:
        NoRequestError: there is none.

    """
    rows = await queries.fetch(ONE, tenant, request)
    if not rows:
        raise NoRequestError("there is no such request; its id begins with per_")
    values = dict(rows[0])
    report = msgspec.Raw((values.pop("report") or "null").encode())
    return Request(report=report, **values)


def _entry(  # noqa: PLR0913, PLR0917 - as many parts as an entry has
    tenant: str, action: str, request: str, by: By, why: str, said: dict[str, Any]
) -> Entry:
    return Entry(tenant=tenant, action=action, subject=request, by=by, why=why, doc=said)
