"""Everything that is kept about one person, as one document."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from hub.access.keyring import Keyring, SealError
from hub.access.people import email_hash
from hub.adapters.postgres import Queries
from hub.privacy.accounts import FOUND
from hub.privacy.exporting_claims import ExportedClaim, claims_of
from hub.privacy.people import CONTACTS, HELD, Known, hash_of
from hub.recovery.today import Today
from schemas.events.parts import Contact

MOST = 5_000
"""Lines of each kind; `complete` says whether that was enough."""

WARRANTIES = """
select id, home, status, product, serial, order_reference, starts_on, ends_on, customer, doc from unit
 where tenant = $1 and (customer = any($2::text[]) or customers && $2::text[]) order by id limit $3
"""
HISTORY = """
select at, stage, status, source, event_id, correlation, home, reason, doc from trail
 where tenant = $1 and (home = any($2::text[]) or correlation in (
         select correlation from trail where tenant = $1 and home = any($2::text[])))
 order by at, log, n, line limit $3
"""
ITEMS = """
select topic, part, "offset", state, type, event_id, received_at, reason, sealed, tenant from item
 where tenant = $1 and contacts && $2::text[] order by received_at limit $3
"""
NOTES = """
select at, verb, event_id, correlation, code, text from staff_action
 where tenant = $1 and (event_id = any($2::text[]) or correlation = any($3::text[])) order by n limit $4
"""
AUDIT = """
select at, action, subject, by_kind, by_role, why, correlation, doc from audit_entry
 where tenant = $1 and (subject = any($2::text[]) or correlation = any($3::text[])) order by n limit $4
"""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as it was last reported."""

    customer: str
    """The reference that stands beside what was decided."""
    name: str | None
    email: str | None
    phone: str | None
    birth_date: date | None
    identification: str | None
    seen_at: datetime


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What was reported, decided or done, and when."""

    at: datetime
    stage: str
    status: str
    source: str
    event_id: str | None
    correlation: str
    home: str | None
    reason: str
    said: msgspec.Raw
    """What of it may be read; JSON."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A report that could not be decided yet, as it came."""

    state: str
    type: str
    event_id: str
    received_at: datetime
    reason: str
    body: str | None
    """None where no key opens it any more."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What staff did or wrote about a report of theirs."""

    at: datetime
    did: str
    event_id: str
    code: str
    text: str


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the audit log about them. Who did it is told by role."""

    at: datetime
    action: str
    subject: str
    by: str
    role: str
    why: str
    document: msgspec.Raw


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is signed in to by an address of theirs."""

    id: str
    role: str
    state: str
    created_at: datetime


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept of one person at one merchant."""

    tenant: str
    made_at: datetime
    complete: bool
    contacts: tuple[Person, ...]
    warranties: tuple[msgspec.Raw, ...]
    """Each as it stands, with its state as JSON in `doc`."""
    claims: tuple[ExportedClaim, ...]
    history: tuple[Line, ...]
    waiting: tuple[Waiting, ...]
    notes: tuple[Note, ...]
    audit: tuple[Audited, ...]
    accounts: tuple[Account, ...]

    @property
    def figures(self) -> dict[str, int]:
        """How much of each there is: what the audit log keeps of an export."""
        kinds = (
            "contacts",
            "warranties",
            "claims",
            "history",
            "waiting",
            "notes",
            "audit",
            "accounts",
        )
        return {kind: len(getattr(self, kind)) for kind in kinds}


async def export(queries: Queries, today: Today, tenant: str, who: Known) -> Export:
    """Gather everything; nothing is written.

    Raises:
        SealError: a contact cannot be opened.

    """
    keys = today.keyring
    own = hash_of(keys, tenant, who)
    held = await queries.fetch(HELD, tenant, own)
    known_by = [row["value"] for row in held if row["id"] == own]
    rows = await queries.fetch(CONTACTS, tenant, [own, *known_by])
    kept_by = ("ref", "customer", "email_hash", "phone_hash")
    hashes = {own, *known_by, *(row[name] for row in rows for name in kept_by)}
    refs = sorted({own, *(row["id"] for row in held), *(row["customer"] for row in rows)})
    units = await queries.fetch(WARRANTIES, tenant, refs, MOST)
    claims = await claims_of(queries, today.keyring, tenant, refs, MOST)
    homes = sorted({unit["home"] for unit in units})
    history = await queries.fetch(HISTORY, tenant, homes, MOST)
    events = sorted({row["event_id"] for row in history if row["event_id"]})
    about = sorted({row["correlation"] for row in history})
    items = await queries.fetch(ITEMS, tenant, [one for one in hashes if one], MOST)
    events += [row["event_id"] for row in items]
    notes = await queries.fetch(NOTES, tenant, events, about, MOST)
    subjects = [*refs, *homes, *(unit["id"] for unit in units), *events]
    subjects += [one.id for one in claims]
    audit = await queries.fetch(AUDIT, tenant, subjects, about, MOST)
    return Export(
        tenant=tenant,
        made_at=datetime.now(UTC),
        complete=max(map(len, (units, claims, history, items, notes, audit))) < MOST,
        contacts=tuple(_person(today, tenant, row) for row in rows),
        warranties=tuple(_warranty(unit) for unit in units),
        claims=claims,
        history=tuple(map(_line, history)),
        waiting=tuple(_waiting(today, row) for row in items),
        notes=tuple(map(_note, notes)),
        audit=_audited(audit),
        accounts=await _accounts(
            queries, keys, tenant, who, [_person(today, tenant, row) for row in rows]
        ),
    )


async def _accounts(
    queries: Queries, keys: Keyring, tenant: str, who: Known, contacts: list[Person]
) -> tuple[Account, ...]:
    """Those of the address that was asked for, or that a contact of theirs has."""
    asked = [who.value] if who.by == "email" else []
    emails = [*asked, *(one.email for one in contacts if one.email)]
    found = await queries.fetch(FOUND, tenant, [email_hash(keys, tenant, one) for one in emails])
    return tuple(Account(**dict(row)) for row in found)


def _person(today: Today, tenant: str, row: Any) -> Person:
    contact = Contact.model_validate_json(today.keyring.open(tenant, row["sealed"]))
    return Person(
        customer=row["customer"],
        name=contact.name,
        email=contact.email,
        phone=contact.phone,
        birth_date=contact.birth_date,
        identification=contact.identification,
        seen_at=row["seen_at"],
    )


def _warranty(unit: Any) -> msgspec.Raw:
    values = dict(unit)
    values["doc"] = msgspec.Raw(values["doc"].encode())
    return msgspec.Raw(msgspec.json.encode(values))


def _line(row: Any) -> Line:
    values = dict(row)
    return Line(said=msgspec.Raw(values.pop("doc").encode()), **values)


def _waiting(today: Today, row: Any) -> Waiting:
    try:
        value = today.payload(row["tenant"], row["sealed"]).value or b""
        body: str | None = value.decode("utf-8", "replace")
    except SealError:
        body = None
    names = ("state", "type", "event_id", "received_at", "reason")
    return Waiting(body=body, **{name: row[name] for name in names})


def _note(row: Any) -> Note:
    return Note(
        at=row["at"],
        did=row["verb"],
        event_id=row["event_id"],
        code=row["code"],
        text=row["text"],
    )


def _audited(rows: Sequence[Any]) -> tuple[Audited, ...]:
    return tuple(
        Audited(
            at=row["at"],
            action=row["action"],
            subject=row["subject"],
            by=row["by_kind"],
            role=row["by_role"],
            why=row["why"],
            document=msgspec.Raw(row["doc"].encode()),
        )
        for row in rows
    )
