"""Reading customers: the names that lead to one, the contacts that were given, what was noticed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from hub.access.keyring import Keyring
from hub.adapters.postgres import Queries
from hub.api import claim_shelf, shelf
from hub.api.customer_documents import (
    CustomerDocument,
    CustomerEvent,
    CustomerHistory,
    CustomerMerge,
    GivenContact,
    NoticedOfCustomer,
)
from hub.domain.contacts import comparable_name
from hub.domain.customers import CALLED, FROM, INTO
from hub.domain.placeholders import is_placeholder
from schemas.events.parts import Contact
from schemas.refs import SEPARATOR, customer_home

MOST_CONTACTS, MOST_WARRANTIES = 50, 1_000
NAMES = "select kind, value from name where id = $1 and kind in ('email', 'phone') and not released"
TRAITS = """
select value, id from name
 where kind = 'customer' collate "C" and value > $1 collate "C" and value < $2 collate "C"
   and tenant = current_setting('hub.tenant') and not released
"""
CONTACTS = """
select ref, email_hash, phone_hash, sealed, seen_at from contact
 where email_hash = any($2::text[]) or email_hash is null and phone_hash = any($2::text[])
    or customer = $1 and email_hash is null and phone_hash is null or ref = $1
 order by seen_at, ref limit 50
"""
HAS_UNIT = "select 1 from unit where customer = $1 or customers @> array[$1::text] limit 1"
HEAD = "select doc from purchase where id = $1"


class Noticed(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """As the customer's home keeps it."""

    code: str
    contact: str
    other: str | None
    at: datetime
    connector: str
    event: str


class MergeNote(msgspec.Struct, frozen=True, gc=False):
    """As the customer's home keeps it."""

    into: str
    at: datetime
    by_id: str
    by_role: str
    why: str
    undone_at: datetime | None = None
    undone_by: str | None = None
    undone_why: str | None = None


class State(msgspec.Struct, frozen=True, gc=False):
    """What the home of a customer keeps."""

    noticed: tuple[Noticed, ...] = ()
    merges: tuple[MergeNote, ...] = ()


class Head(msgspec.Struct, frozen=True, gc=False):
    """What of the home's document is read here."""

    customer: State = State()


_head = msgspec.json.Decoder(Head | None).decode


@dataclass(frozen=True, slots=True)
class Kept:
    """A contact, opened."""

    ref: str
    hashes: frozenset[str]
    contact: Contact
    seen_at: datetime


async def exists(queries: Queries, customer: str) -> bool:
    """Whether this tenant has, or had, a customer of that id."""
    if await _traits(queries, customer):
        return True
    return bool(await queries.fetch(HAS_UNIT, customer))


async def one(
    queries: Queries, keyring: Keyring, tenant: str, customer: str
) -> CustomerDocument | None:
    """A customer; None where this tenant has none of that id.

    Raises:
        SealError: a contact cannot be opened.

    """
    if not await exists(queries, customer):
        return None
    traits = await _traits(queries, customer)
    names = await queries.fetch(NAMES, customer)
    held = frozenset(row["value"] for row in names)
    rows = await queries.fetch(CONTACTS, customer, list(held))
    kept = [await _opened(keyring, tenant, row) for row in rows]
    state = await _state(queries, customer)
    known = _known_as(keyring, tenant, kept, traits.get(CALLED, ""))
    emails, phones = (_values(kept, held, field) for field in ("email", "phone"))
    return CustomerDocument(
        id=customer,
        name=known,
        emails=emails,
        phones=phones,
        is_placeholder=bool(emails) and all(map(is_placeholder, [*emails, *phones])),
        has_conflict=any(one.code == "contact_conflict" for one in state.noticed),
        merged_into=traits.get(INTO),
        merged=_merged(traits),
        contacts=[_given(one) for one in kept],
        noticed=[_noticed(one) for one in state.noticed],
        merges=[_merge(one) for one in state.merges],
    )


async def history(queries: Queries, customer: str) -> CustomerHistory | None:
    """What a customer bought, registered and claimed; None where this tenant has none of that id."""
    if not await exists(queries, customer):
        return None
    everyone = [customer, *_merged(await _traits(queries, customer))]
    found = await shelf.of_customers(queries, everyone, MOST_WARRANTIES + 1)
    claims = await claim_shelf.of_customers(queries, everyone, MOST_WARRANTIES + 1)
    told = found[:MOST_WARRANTIES]
    events = [
        CustomerEvent(warranty=warranty.id, **one.model_dump())
        for warranty, happened in told
        for one in happened
    ]
    return CustomerHistory(
        customer=customer,
        warranties=[warranty for warranty, _ in told],
        history=sorted(events, key=lambda one: one.on),
        claims=claims[:MOST_WARRANTIES],
        complete=max(len(found), len(claims)) <= MOST_WARRANTIES,
    )


async def _traits(queries: Queries, customer: str) -> dict[str, str]:
    start = customer + SEPARATOR
    rows = await queries.fetch(TRAITS, start, customer + chr(ord(SEPARATOR) + 1))
    return {row["value"][len(start) :]: row["id"] for row in rows}


def _merged(traits: dict[str, str]) -> list[str]:
    return sorted(who for name, who in traits.items() if name.startswith(FROM + SEPARATOR))


async def _state(queries: Queries, customer: str) -> State:
    rows = await queries.fetch(HEAD, customer_home(customer))
    head = _head(rows[0]["doc"]) if rows and rows[0]["doc"] else None
    return head.customer if head else State()


async def _opened(keyring: Keyring, tenant: str, row: Any) -> Kept:
    contact = Contact.model_validate_json(await keyring.opened(tenant, row["sealed"]))
    hashes = frozenset(h for h in (row["email_hash"], row["phone_hash"]) if h)
    return Kept(row["ref"], hashes, contact, row["seen_at"])


def _known_as(keyring: Keyring, tenant: str, kept: Sequence[Kept], called: str) -> str | None:
    """The name that stands: the one whose hash was kept, in the spelling that came first."""
    named = [one.contact.name for one in kept if one.contact.name]
    same = (n for n in named if keyring.hashed(tenant, "name", comparable_name(n)) == called)
    return next(same, named[0] if named else None)


def _values(kept: Sequence[Kept], held: frozenset[str], field: str) -> list[str]:
    """Addresses or numbers that lead to the customer; one of somebody else's that was given does not."""
    found = [getattr(one.contact, field) for one in kept if one.hashes <= held]
    return list(dict.fromkeys(value for value in found if value))


def _given(one: Kept) -> GivenContact:
    contact = one.contact
    return GivenContact(
        id=one.ref,
        name=contact.name,
        email=contact.email,
        phone=contact.phone,
        birth_date=contact.birth_date,
        placeholders=list(contact.generated or ()),
        seen_at=one.seen_at,
    )


def _noticed(one: Noticed) -> NoticedOfCustomer:
    return NoticedOfCustomer(
        code=one.code,
        contact=one.contact,
        other=one.other,
        at=one.at,
        source=one.connector,
        event=one.event,
    )


def _merge(one: MergeNote) -> CustomerMerge:
    return CustomerMerge(
        into=one.into,
        at=one.at,
        by=one.by_id,
        role=one.by_role,
        why=one.why,
        undone_at=one.undone_at,
        undone_by=one.undone_by,
        undone_why=one.undone_why,
    )
