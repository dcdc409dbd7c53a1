"""The purchase: what was sold, registered and returned under one order, decided in one place."""

from hub.domain.errors import reject
from hub.domain.serials import KIND, normalise
from hub.processors.catalog.state import CATEGORIES, MOVEMENTS, PRODUCTS
from hub.processors.purchase import (
    allowance,
    attaching,
    deleting,
    linking,
    merging,
    owning,
    proposing,
    proving,
    registration,
    returns,
    sale,
    staging,
    transferring,
)
from hub.processors.purchase.answers import refuse
from hub.processors.purchase.claim_rows import CLAIMS, EFFECTS
from hub.processors.purchase.claims.asking import CLAIM, STOCK_WANTED, is_of_claims
from hub.processors.purchase.claims.dispatching import decide_claim, stirred
from hub.processors.purchase.customers import CUSTOMER, EMAIL, PHONE, whose, with_customer
from hub.processors.purchase.names import TAKEN
from hub.processors.purchase.place import leads, needs, place
from hub.processors.purchase.proofs import PROOFS
from hub.processors.purchase.state import HEAD, PROPOSALS, UNITS, Purchase, assemble, take_apart
from hub.sdk.decision import Decision
from hub.sdk.events import Event, Known, TimerDue
from hub.sdk.processor import Processor
from schemas.catalogue import (
    BY_HAND,
    CATALOG_LETTERS,
    CLAIM_BY_HAND,
    CLAIM_LETTERS,
    CLAIM_TOLD,
)
from schemas.events.customer import (
    CustomerMergeRequested,
    CustomerMergeUndone,
    CustomerNoticed,
)
from schemas.events.decided import (
    OverrideApplied,
    OverrideGranted,
    OverrideRequested,
    OverrideReturned,
    ProposalApproved,
    ProposalDeclined,
    StatusChangeRequested,
)
from schemas.events.link import (
    LinkAccepted,
    LinkRefused,
    RegistrationAccepted,
    RegistrationLinked,
    RegistrationRefused,
    SaleLinked,
    SaleUnlinked,
    SerialSold,
    UnitReturned,
)
from schemas.events.proof import ProofAccepted, ProofOffered, ProofRefused
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleDeleted, SaleRecorded, SaleReturned
from schemas.events.unit import OwnershipTransferred, SerialAttached
from schemas.topics import CATALOG_INTAKE, WARRANTY_INTAKE, WARRANTY_STATUS

OF_CUSTOMERS = frozenset({EMAIL, PHONE, CUSTOMER, merging.MERGES})
OF_A_UNIT = {SerialAttached.TYPE, OwnershipTransferred.TYPE, *(fact.TYPE for fact in BY_HAND)}


def decide(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
    """What an event of this home leads to, and which claims that concerns."""
    if is_of_claims(event):
        return decide_claim(purchase, event, known)
    decision = _decide(purchase, event, known)
    return stirred(decision) if decision.state.claims else decision


def _decide(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
    match event.fact:
        case SaleRecorded() as fact:
            _check_subject(purchase, event)
            return sale.record(purchase, event, fact, known)
        case SaleReturned() as fact:
            _check_subject(purchase, event)
            return returns.take_back(purchase, event, fact, known)
        case SaleDeleted() as fact:
            _check_subject(purchase, event)
            return deleting.delete(purchase, event, fact)
        case RegistrationRequested() as fact:
            _check_subject(purchase, event)
            decision = registration.register(purchase, event, fact, known)
            return with_customer(decision, event, whose(event, known))
        case _ if event.type in OF_A_UNIT:
            return _decide_of_unit(purchase, event, known)
        case _:
            return _decide_letter(purchase, event, known)


def _decide_of_unit(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
    match event.fact:
        case SerialAttached() as fact:
            _check_subject(purchase, event)
            return attaching.attach(purchase, event, fact, known)
        case OwnershipTransferred() as fact:
            _check_subject(purchase, event)
            decision = transferring.transfer(purchase, event, fact, known)
            return with_customer(decision, event, whose(event, known))
        case _:
            return _decide_by_hand(purchase, event, known)


def _decide_by_hand(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
    match event.fact:
        case StatusChangeRequested() as fact:
            return proposing.request(purchase, event, fact, known)
        case ProposalApproved() | ProposalDeclined() as fact:
            return proposing.decide_proposal(purchase, event, fact, known)
        case OverrideRequested() as fact:
            return allowance.request(purchase, event, fact, known)
        case ProofOffered() as fact:
            return proving.offer(purchase, event, fact)
        case ProofAccepted() | ProofRefused() as fact:
            return proving.settle(purchase, event, fact)
        case CustomerMergeRequested() | CustomerMergeUndone() as fact:
            return merging.decide(purchase, event, fact, known)
        case _:
            raise TypeError(f"{event.type} is nothing that people decide")


def _check_subject(purchase: Purchase, event: Event) -> None:
    """Refuse what names a warranty of another home: an id of ours is no way into it."""
    subject = event.subject
    if subject is not None and subject.startswith("wty_") and subject not in purchase.units:
        raise reject("unknown_warranty", f"warranty {subject!r} does not live here")


def _decide_letter(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
    match event.fact:
        case SaleLinked() as fact:
            return linking.take_sale(purchase, fact, event)
        case LinkAccepted() as fact:
            return linking.link_accepted(purchase, fact)
        case LinkRefused() as fact:
            return linking.link_refused(purchase, fact)
        case UnitReturned() as fact:
            return linking.unit_returned(purchase, fact)
        case RegistrationLinked() as fact:
            return owning.take_registration(purchase, fact, event, known)
        case _:
            return _decide_waiting(purchase, event, known)


def _decide_waiting(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
    match event.fact:
        case SaleUnlinked() as fact:
            return deleting.take_deletion(purchase, fact, event)
        case OverrideGranted() | OverrideApplied() | OverrideReturned() as fact:
            return _decide_override(purchase, event, fact)
        case SerialSold() as fact:
            return staging.look_again(purchase, normalise(fact.serial), event, known)
        case RegistrationAccepted() as fact:
            return staging.accepted(purchase, fact)
        case RegistrationRefused() as fact:
            return staging.refused(purchase, fact, event)
        case _:
            return _decide_news(purchase, event, known)


def _decide_override(
    purchase: Purchase, event: Event, fact: OverrideGranted | OverrideApplied | OverrideReturned
) -> Decision[Purchase]:
    if isinstance(fact, OverrideGranted):
        return allowance.take_grant(purchase, event, fact)
    return allowance.answered(purchase, fact)


def _decide_news(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
    """What was noticed of a customer, or that a timer came due."""
    if isinstance(event.fact, CustomerNoticed):
        return merging.notice(purchase, event.fact)
    if not isinstance(event.fact, TimerDue):
        raise TypeError(f"{event.type} is nothing this processor consumes")
    serial = staging.serial_of(event.fact)
    if serial is None:
        return linking.ask_again(purchase, event.fact, event)
    return staging.look_again(purchase, serial, event, known)


PROCESSOR = Processor(
    name="warranty",
    reads=WARRANTY_INTAKE,
    writes=WARRANTY_STATUS,
    consumes=(
        SaleRecorded,
        SaleReturned,
        SaleDeleted,
        RegistrationRequested,
        SerialAttached,
        OwnershipTransferred,
        SaleLinked,
        LinkAccepted,
        LinkRefused,
        SaleUnlinked,
        UnitReturned,
        RegistrationLinked,
        RegistrationAccepted,
        RegistrationRefused,
        SerialSold,
        StatusChangeRequested,
        ProposalApproved,
        ProposalDeclined,
        OverrideRequested,
        OverrideGranted,
        OverrideApplied,
        OverrideReturned,
        ProofOffered,
        ProofAccepted,
        ProofRefused,
        CustomerNoticed,
        CustomerMergeRequested,
        CustomerMergeUndone,
        *CLAIM_TOLD,
        *CLAIM_BY_HAND,
        *CLAIM_LETTERS,
    ),
    # 2: what was said is kept with its raw record and revision, which older code would drop.
    # 3: so are rulings, and what people decided by hand.
    # 4: and so is that an order was deleted, with its versions.
    # 5: and so are proofs of purchase.
    # 6: so are extensions by registration, transfers, and who attached a serial.
    # 7: and so is what a line called its product, and what was looked at in the catalogue.
    # 8: and so is what was noticed of customers, and who was merged.
    # 9: and so is what a shop said of a registration, which older code would not ask either.
    # 10: and so are claims and what they led to, prices of sales, and units that replace others.
    code_version=10,
    head=HEAD,
    parts=(UNITS, PROPOSALS, PROOFS, CLAIMS, EFFECTS),
    needs=needs,
    place=place,
    assemble=assemble,
    take_apart=take_apart,
    decide=decide,
    refuse=refuse,
    names=frozenset({KIND, TAKEN, CLAIM, STOCK_WANTED}) | OF_CUSTOMERS,
    ahead=OF_CUSTOMERS,
    others=(PRODUCTS, CATEGORIES, MOVEMENTS),
    leads=leads,
    letters={fact.TYPE: CATALOG_INTAKE for fact in CATALOG_LETTERS},
)
