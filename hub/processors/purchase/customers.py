"""Whose a report is: found by e-mail and phone, or founded by the batch that first hears of them.

The names lead to the customer's home and are written by whoever founds or completes a customer, so
that of many at once exactly one does. What else is noticed is told to the home by letter.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from hub.domain.customers import ADDRESSED, CALLED, INTO, Given, Match, match, trait
from hub.processors.purchase.state import Purchase
from hub.sdk.decision import Decision, Letter, NameClaim
from hub.sdk.events import Ask, AskName, CustomerRef, Event, Known, Outcome
from schemas.events.customer import CustomerNoticed
from schemas.refs import SEPARATOR, customer_home, customer_id

EMAIL, PHONE, CUSTOMER = "email", "phone", "customer"
"""Kinds of names: whose an address or a number is, by keyed hash, and what is known of a customer."""
NAME_DIFFERS: Literal["customer_name_differs"] = "customer_name_differs"
CONFLICT: Literal["contact_conflict"] = "contact_conflict"
Remark = Literal["customer_name_differs", "contact_conflict"]


class Whose(msgspec.Struct, frozen=True, gc=False):
    """Whose a report is."""

    customer: str | None = None
    contact: str | None = None
    """Where what was given is kept, if it differs from what the customer is known as."""
    remarks: tuple[Remark, ...] = ()
    other: str | None = None
    """Who else is known by the phone."""
    claims: tuple[NameClaim, ...] = ()


def ask_traits(tenant: str, customer: str) -> AskName:
    """What is known of a customer."""
    return AskName(tenant, CUSTOMER, customer + SEPARATOR, prefix=True)


def traits(tenant: str, customer: str, known: Known) -> dict[str, str]:
    """What is known of a customer, by what it is."""
    held = known.names(ask_traits(tenant, customer))
    start = len(customer) + 1
    return {holder.value[start:]: holder.id for holder in held if not holder.released}


def needs_customer(event: Event, known: Known) -> list[Ask]:
    """Who is known by what was given, and what is known of them."""
    who = event.customer
    if who is None or who.contact is None:
        return []
    asks: list[Ask] = [ask_traits(event.tenant, who.ref)]
    for kind, value in ((EMAIL, who.email_hash), (PHONE, who.phone_hash)):
        if value:
            ask = AskName(event.tenant, kind, value)
            asks.append(ask)
            if ask in known.answers:
                asks += [ask_traits(event.tenant, holder.id) for holder in known.names(ask)]
    return asks


def whose(event: Event, known: Known) -> Whose:
    """Whose a report is, what is remarkable about that, and which names nobody holds yet."""
    who = event.customer
    if who is None or who.contact is None:
        return Whose(who.ref if who else None)
    given = _given(event.tenant, who, known)
    found = match(given)
    about = traits(event.tenant, found.customer, known)
    is_news = not about and found.other is None
    remarks = () if is_news else tuple(_remarks(event.tenant, who, found, about, known))
    return Whose(
        found.customer,
        who.contact if remarks else None,
        remarks,
        found.other if CONFLICT in remarks else None,
        tuple(_claims(who, given, found, about)),
    )


def _given(tenant: str, who: CustomerRef, known: Known) -> Given:
    by_email = _known_by(tenant, EMAIL, who.email_hash, known)
    by_phone = _known_by(tenant, PHONE, who.phone_hash, known)
    is_all = (
        by_phone is not None
        and by_phone == customer_id(tenant, who.phone_hash or "")
        and ADDRESSED not in traits(tenant, by_phone, known)
    )
    return Given(who.ref, who.email_hash is not None, by_email, by_phone, is_all)


def _known_by(tenant: str, kind: str, value: str | None, known: Known) -> str | None:
    holders = known.names(AskName(tenant, kind, value)) if value else ()
    return holders[0].id if holders else None


def _remarks(
    tenant: str, who: CustomerRef, found: Match, about: dict[str, str], known: Known
) -> Iterator[Remark]:
    called = about.get(CALLED)
    if called and who.name_hash and called != who.name_hash:
        yield NAME_DIFFERS
    if found.other is not None:
        other = traits(tenant, found.other, known)
        if _root(found.other, other) != _root(found.customer, about):
            yield CONFLICT


def _root(customer: str, about: dict[str, str]) -> str:
    """Who it is read as."""
    return about.get(INTO, customer)


def _claims(
    who: CustomerRef, given: Given, found: Match, about: dict[str, str]
) -> Iterator[NameClaim]:
    customer, home = found.customer, customer_home(found.customer)
    if who.email_hash and given.by_email is None:
        yield NameClaim(EMAIL, who.email_hash, customer, home, free=True)
        if customer == given.by_phone:
            yield NameClaim(CUSTOMER, trait(customer, ADDRESSED), customer, home, free=True)
    if who.phone_hash and given.by_phone is None:
        yield NameClaim(PHONE, who.phone_hash, customer, home, free=True)
    called = about.get(CALLED)
    if called is None or (not called and who.name_hash):
        free = called is None
        yield NameClaim(CUSTOMER, trait(customer, CALLED), who.name_hash or "", home, free=free)


def with_customer(decision: Decision[Purchase], event: Event, found: Whose) -> Decision[Purchase]:
    """The same decision, with what it makes known of the customer; a mere repeat makes nothing known."""
    if decision.outcome is not Outcome.APPLIED and not decision.rows:
        return decision
    if not found.claims and not found.remarks:
        return decision
    letters = [_letter(event, found, code) for code in found.remarks]
    return msgspec.structs.replace(
        decision,
        names=(*decision.names, *found.claims),
        letters=(*decision.letters, *letters),
    )


def _letter(event: Event, found: Whose, code: Remark) -> Letter:
    customer = found.customer or ""
    fact = CustomerNoticed(
        customer=customer,
        code=code,
        at=event.time,
        event=event.id,
        connector=event.connector,
        contact=found.contact or "",
        other=found.other if code == CONFLICT else None,
    )
    return Letter(fact, customer_home(customer))
