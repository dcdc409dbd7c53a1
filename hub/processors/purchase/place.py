"""Where an event lives, and what must be looked up for it."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from hub.domain.orders import MAX_UNITS, named, units_of
from hub.domain.serials import name_value, normalise
from hub.processors.catalog.state import ProductRow
from hub.processors.purchase.claim_rows import Claim
from hub.processors.purchase.claims.asking import (
    is_of_claims,
    needs_claim,
    place_claim,
)
from hub.processors.purchase.cover import ask_coverage, asks_coverage
from hub.processors.purchase.customers import CUSTOMER, needs_customer
from hub.processors.purchase.goods import asks_of, found, keys_of
from hub.processors.purchase.hand import allowance_home, ask_map, ask_override
from hub.processors.purchase.looking_like import Look
from hub.processors.purchase.merging import home_of_customer, needs_merge
from hub.processors.purchase.names import ask_registration, ask_serial, of_units
from hub.processors.purchase.requirements import ask_fields, ask_rules
from hub.processors.purchase.staging import serial_of
from hub.processors.purchase.state import UNITS, Unit
from hub.processors.purchase.verifying import asks_shop
from hub.sdk.events import Ask, AskName, AskRow, AskTenant, Event, Known, NameHolder, TimerDue
from schemas.base import Fact
from schemas.events.customer import (
    CustomerMergeRequested,
    CustomerMergeUndone,
    CustomerNoticed,
)
from schemas.events.decided import (
    OverrideGranted,
    OverrideRequested,
    ProposalApproved,
    ProposalDeclined,
    StatusChangeRequested,
)
from schemas.events.link import (
    RegistrationLinked,
    SaleLinked,
    SaleUnlinked,
    SerialSold,
    UnitReturned,
)
from schemas.events.proof import ProofAccepted, ProofOffered, ProofRefused
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleDeleted, SaleRecorded, SaleReturned
from schemas.events.unit import OwnershipTransferred, SerialAttached
from schemas.refs import home, home_of, is_home, order_home, reference_home, serial_home

PROOF_SETTLED = (ProofAccepted, ProofRefused)
purchase_home = lru_cache(maxsize=8192)(order_home)
"""The home of an order, which one event asks for several times over."""


def needs(event: Event, known: Known) -> list[Ask]:
    """The merchant, whose it is, who holds the serials, and the units of those who do."""
    return _needs(event, known) + needs_customer(event, known)


def _needs(event: Event, known: Known) -> list[Ask]:
    if is_of_claims(event):
        return [AskTenant(event.tenant), *needs_claim(event, known)]
    match event.fact:
        case SaleRecorded() as sale:
            return _of_sale(event, sale, known)
        case RegistrationRequested() as told:
            return [AskTenant(event.tenant), *_of_registration(event, told, known)]
        case _:
            return [AskTenant(event.tenant), *_of_unit(event, known)]


def _of_sale(event: Event, sale: SaleRecorded, known: Known) -> list[Ask]:
    """Of one that is refused for its size, neither products nor serials are asked for."""
    fits, lines = units_of(sale) <= MAX_UNITS, sale.lines
    asks: list[Ask] = [AskTenant(event.tenant)]
    if fits:
        asks.extend(asks_of(event.tenant, [line.product for line in lines], known))
    if asks_coverage(sale):
        asks.append(ask_coverage(event.tenant))
    if any(line.serials for line in lines):
        asks.append(ask_rules(event.tenant))
        if fits:
            asks.extend(_of_serials(event, sale, known))
    return asks


def _of_unit(event: Event, known: Known) -> Iterator[Ask]:
    match event.fact:
        case SerialAttached() as told:
            yield from _of_attached(event, told, known)
        case OwnershipTransferred():
            yield ask_coverage(event.tenant)
        case StatusChangeRequested() | ProposalApproved() | ProposalDeclined():
            yield ask_map(event)
        case OverrideRequested():
            yield ask_override(event)
        case _:
            yield from _of_return(event, known)
            yield from _of_letter(event)


def _of_attached(event: Event, told: SerialAttached, known: Known) -> Iterator[Ask]:
    yield ask_rules(event.tenant)
    ask = ask_serial(event.tenant, normalise(told.serial))
    yield ask
    if ask in known.answers:
        yield from (AskRow(UNITS.table, holder.id) for holder in of_units(known.names(ask)))


def _of_registration(event: Event, told: RegistrationRequested, known: Known) -> Iterator[Ask]:
    yield ask_fields(event.tenant)
    yield from asks_shop(event, told)
    if told.product is not None:
        yield from asks_of(event.tenant, [told.product], known)
    if asks_coverage(told):
        yield ask_coverage(event.tenant)
    if told.serial is not None:
        yield ask_rules(event.tenant)
        yield ask_serial(event.tenant, normalise(told.serial))
        yield ask_earlier(event, told)


def _of_return(event: Event, known: Known) -> Iterator[Ask]:
    if isinstance(event.fact, SaleReturned):
        back = [line.product for line in event.fact.lines[:MAX_UNITS] if line.product]
        yield from asks_of(event.tenant, back, known)


def _of_letter(event: Event) -> Iterator[Ask]:
    match event.fact:
        case RegistrationLinked() as letter:
            norm = normalise(letter.serial)
            yield ask_registration(event.tenant, letter.connector, letter.reference, norm)
        case SerialSold(serial=serial):
            yield ask_rules(event.tenant)
            yield ask_serial(event.tenant, normalise(serial))
        case TimerDue() as due if looked_up := serial_of(due):
            yield ask_rules(event.tenant)
            yield ask_serial(event.tenant, looked_up)
        case _:
            yield from needs_merge(event)


def _of_serials(event: Event, sale: SaleRecorded, known: Known) -> Iterator[Ask]:
    for line in sale.lines:
        for serial in named(line):
            norm = normalise(serial)
            ask = ask_serial(event.tenant, norm)
            yield ask
            if ask in known.answers:
                holders = known.names(ask)
                if not holders:
                    continue
                keys = keys_of(line.product, found(event.tenant, line.product, known))
                values = {name_value(norm, key) for key in keys}
                for holder in holders:
                    if holder.value in values and holder.id != holder.home:
                        yield AskRow(UNITS.table, holder.id)


def leads(ask: Ask, answer: object) -> bool:
    """Names lead to units, claims, products and customers, those to what they are of; nothing else leads on."""
    if isinstance(answer, ProductRow):
        return any(since.category for since in answer.history)
    if isinstance(answer, Unit | Claim):
        return True
    return isinstance(ask, AskName) and ask.kind != CUSTOMER


def place(event: Event, known: Known) -> str:
    """The home of an event; what names no home of ours is refused in one of its own."""
    return place_claim(event, known) if is_of_claims(event) else _place(event, known)


def _place(event: Event, known: Known) -> str:
    match event.fact:
        case SaleRecorded() | SaleReturned() | SaleDeleted() as told:
            return purchase_home(event.tenant, told.order.namespace, told.order.reference)
        case RegistrationRequested() as told:
            return registration_home(event, told, known)
        case OverrideRequested() as told:
            return allowance_home(event, told)
        case (
            SaleLinked()
            | SaleUnlinked()
            | UnitReturned()
            | RegistrationLinked()
            | OverrideGranted()
            | StatusChangeRequested()
            | ProofOffered()
            | SerialAttached()
            | OwnershipTransferred()
        ) as letter:
            return _of_id(event, letter.warranty)
        case ProposalApproved() | ProposalDeclined() | ProofAccepted() | ProofRefused() as told:
            settled = told.proof if isinstance(told, PROOF_SETTLED) else told.proposal
            return _of_id(event, settled)
        case _:
            return _of_others(event)


def _of_others(event: Event) -> str:
    """The home of a customer, or one that waits for an answer or a piece of news."""
    if isinstance(event.fact, CustomerNoticed | CustomerMergeRequested | CustomerMergeUndone):
        return home_of_customer(event.tenant, event.fact.customer)
    waits = _waiting_home(event.fact)
    return waits if is_home(waits) else home(event.tenant, "unknown", event.subject or "")


def _of_id(event: Event, identifier: str) -> str:
    try:
        return home_of(identifier)
    except ValueError:
        return home(event.tenant, "unknown", identifier)


def _waiting_home(fact: Fact) -> str:
    """The home that an answer or a piece of news names; empty where it names none."""
    waits: str = fact.home if isinstance(fact, SerialSold) else getattr(fact, "asked_by", "")
    return waits


def registration_home(event: Event, told: RegistrationRequested, known: Known) -> str:
    """Where the unit lives that holds the serial, or would if it were known."""
    if told.serial is None:
        return reference_home(event.tenant, event.connector, told.reference)
    norm = normalise(told.serial)
    product = told.product.key if told.product else ""
    holders = earlier(event, told, known) or candidates(event, norm, product, known)
    return holders[0].home if len(holders) == 1 else serial_home(event.tenant, norm)


def earlier(event: Event, told: RegistrationRequested, known: Known) -> Sequence[NameHolder]:
    """The unit that took this very registration before, whoever has the serial by now."""
    return known.names(ask_earlier(event, told))


def ask_earlier(event: Event, told: RegistrationRequested) -> AskName:
    """Under what name a registration finds the unit that took it."""
    key = told.product.key if told.product else ""
    norm = normalise(told.serial or "")
    return ask_registration(event.tenant, event.connector, told.reference, norm, key)


def candidates(event: Event, norm: str, product: str, known: Known) -> Sequence[NameHolder]:
    """Which unit may be meant by a serial: one that came back only where nobody else has it."""
    holders = of_units(known.names(ask_serial(event.tenant, norm)))
    if product:
        value = name_value(norm, product)
        return [holder for holder in holders if holder.value == value]
    live = [holder for holder in holders if not holder.released] or holders
    look = look_of(event, known)
    return look.of(live) if look else live


def look_of(event: Event, known: Known) -> Look | None:
    """The serial that a registration names."""
    told = event.fact
    if not isinstance(told, RegistrationRequested) or told.serial is None:
        return None
    return Look(event, told.serial, told.registered_at, known)
