"""The home of a customer: what was noticed of it, and that people say it is one with another.

Merged customers are only read as one: what was decided keeps whom it names, so that undoing a merge
brings back exactly what was. Nobody is merged into somebody who is merged, so one step always
leads to who stays; merges of one merchant are decided one after another by a name they all claim.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from hub.domain.customers import CALLED, FROM, INTO, trait
from hub.domain.errors import reject
from hub.processors.purchase.answers import Merged
from hub.processors.purchase.customer_state import CustomerState, MergeNote, Noticed
from hub.processors.purchase.customers import (
    CUSTOMER,
    ask_traits,
    traits,
)
from hub.processors.purchase.state import Purchase, PurchaseRow
from hub.sdk.decision import Decision, NameClaim, NameRelease, Said
from hub.sdk.events import Ask, AskName, Event, Known, Outcome
from schemas.events.customer import (
    CustomerMerged,
    CustomerMergeRequested,
    CustomerMergeUndone,
    CustomerNoticed,
    CustomerUnmerged,
)
from schemas.refs import customer_home, home

MERGES, LAST = "customer_merges", "last"
MOST_NOTICED = 100
"""Of so many different things that were noticed of a customer the last are kept."""


def needs_merge(event: Event) -> Iterator[Ask]:
    """What is known of both, and which merge of this merchant was the last."""
    match event.fact:
        case CustomerMergeRequested() as fact:
            yield ask_traits(event.tenant, fact.customer)
            yield ask_traits(event.tenant, fact.into)
            yield AskName(event.tenant, MERGES, LAST)
        case CustomerMergeUndone() as fact:
            yield ask_traits(event.tenant, fact.customer)
        case _:
            return


def home_of_customer(tenant: str, customer: str) -> str:
    """Where a customer lives; what is no customer is refused in a home of its own."""
    try:
        return customer_home(customer)
    except ValueError:
        return home(tenant, "unknown", customer)


def notice(purchase: Purchase, fact: CustomerNoticed) -> Decision[Purchase]:
    """Keep what was noticed, once for each contact that was given."""
    row, state = _here(purchase, fact.customer)
    about = (fact.code, fact.contact, fact.other)
    if any((one.code, one.contact, one.other) == about for one in state.noticed):
        return Decision(purchase, Outcome.DEDUPLICATED)
    note = Noticed(*about, fact.at, fact.connector, fact.event)
    state = replace(state, noticed=(*state.noticed, note)[-MOST_NOTICED:])
    return Decision(purchase.changed(replace(row, customer=state)))


def decide(
    purchase: Purchase,
    event: Event,
    fact: CustomerMergeRequested | CustomerMergeUndone,
    known: Known,
) -> Decision[Purchase]:
    """What people decide of two customers."""
    if isinstance(fact, CustomerMergeRequested):
        return merge(purchase, event, fact, known)
    return undo(purchase, event, fact, known)


def merge(
    purchase: Purchase, event: Event, fact: CustomerMergeRequested, known: Known
) -> Decision[Purchase]:
    """Have a customer read as another from now on."""
    row, state = _here(purchase, fact.customer)
    mine, theirs = (traits(event.tenant, one, known) for one in (fact.customer, fact.into))
    if mine.get(INTO) == fact.into:
        return Decision(purchase, Outcome.DEDUPLICATED, Merged.of(fact.customer, fact.into))
    _check(fact, mine, theirs)
    note = MergeNote(fact.into, event.time, fact.by.kind, fact.by.id, fact.by.role, fact.why)
    said = CustomerMerged(customer=fact.customer, into=fact.into, why=fact.why, by=fact.by)
    changed = replace(row, customer=replace(state, merges=(*state.merges, note)))
    return Decision(
        purchase.changed(changed),
        answer=Merged.of(fact.customer, fact.into),
        said=(Said(said, fact.customer),),
        names=(
            NameClaim(CUSTOMER, trait(fact.customer, INTO), fact.into),
            NameClaim(CUSTOMER, trait(fact.into, FROM, fact.customer), fact.customer),
            NameClaim(MERGES, LAST, event.id),
        ),
    )


def _check(fact: CustomerMergeRequested, mine: dict[str, str], theirs: dict[str, str]) -> None:
    if fact.customer == fact.into:
        raise reject("same_customer", "a customer cannot be merged into itself; name another")
    for customer, about in ((fact.customer, mine), (fact.into, theirs)):
        if CALLED not in about:
            raise reject("unknown_customer", f"there is no customer {customer!r}")
    if INTO in mine:
        message = f"{fact.customer} is merged into {mine[INTO]} already; undo that first"
        raise reject("already_merged", message)
    if INTO in theirs:
        message = f"{fact.into} is itself merged into {theirs[INTO]}; merge into that one"
        raise reject("already_merged", message)
    others = sorted(customer for name, customer in mine.items() if name.startswith(FROM))
    if others:
        message = f"{others[0]} is merged into {fact.customer}; undo that first"
        raise reject("already_merged", message)


def undo(
    purchase: Purchase, event: Event, fact: CustomerMergeUndone, known: Known
) -> Decision[Purchase]:
    """Have two who were read as one be two again."""
    row, state = _here(purchase, fact.customer)
    into = traits(event.tenant, fact.customer, known).get(INTO)
    if into is None or not state.merges:
        raise reject("not_merged", f"{fact.customer} is merged into nobody")
    last = replace(
        state.merges[-1],
        undone_at=event.time,
        undone_by=fact.by.id,
        undone_why=fact.why,
    )
    said = CustomerUnmerged(customer=fact.customer, into=into, why=fact.why, by=fact.by)
    changed = replace(row, customer=replace(state, merges=(*state.merges[:-1], last)))
    return Decision(
        purchase.changed(changed),
        answer=Merged.of(fact.customer, None),
        said=(Said(said, fact.customer),),
        names=(
            NameRelease(CUSTOMER, trait(fact.customer, INTO)),
            NameRelease(CUSTOMER, trait(into, FROM, fact.customer)),
        ),
    )


def _here(purchase: Purchase, customer: str) -> tuple[PurchaseRow, CustomerState]:
    try:
        place = customer_home(customer)
    except ValueError as error:
        raise reject("unknown_customer", f"{customer!r} is no customer") from error
    row = purchase.row or PurchaseRow(place)
    return row, row.customer or CustomerState()
