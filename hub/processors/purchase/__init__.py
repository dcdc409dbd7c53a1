"""The purchase: what was sold, registered and returned under one order, decided in one place."""

from hub.domain.errors import reject
from hub.domain.serials import normalise
from hub.processors.purchase import linking, owning, registration, returns, sale, staging
from hub.processors.purchase.answers import refuse
from hub.processors.purchase.place import needs, place
from hub.processors.purchase.state import HEAD, UNITS, Purchase, assemble, take_apart
from hub.sdk.decision import Decision
from hub.sdk.events import Event, Known, TimerDue
from hub.sdk.processor import Processor
from schemas.events.link import (
    LinkAccepted,
    LinkRefused,
    RegistrationAccepted,
    RegistrationLinked,
    RegistrationRefused,
    SaleLinked,
    SerialSold,
    UnitReturned,
)
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleRecorded, SaleReturned
from schemas.topics import WARRANTY_INTAKE, WARRANTY_STATUS


def decide(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
    """What an event of this home leads to."""
    match event.fact:
        case SaleRecorded() as fact:
            _check_subject(purchase, event)
            return sale.record(purchase, event, fact, known)
        case SaleReturned() as fact:
            _check_subject(purchase, event)
            return returns.take_back(purchase, event, fact)
        case RegistrationRequested() as fact:
            _check_subject(purchase, event)
            return registration.register(purchase, event, fact, known)
        case _:
            return _decide_letter(purchase, event, known)


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
        case SerialSold() as fact:
            return staging.look_again(purchase, normalise(fact.serial), event, known)
        case RegistrationAccepted() as fact:
            return staging.accepted(purchase, fact)
        case RegistrationRefused() as fact:
            return staging.refused(purchase, fact, event)
        case _:
            return _decide_timer(purchase, event, known)


def _decide_timer(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
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
        RegistrationRequested,
        SaleLinked,
        LinkAccepted,
        LinkRefused,
        UnitReturned,
        RegistrationLinked,
        RegistrationAccepted,
        RegistrationRefused,
        SerialSold,
    ),
    # 2: what was said is kept with its raw record and revision, which older code would drop.
    code_version=2,
    head=HEAD,
    parts=(UNITS,),
    needs=needs,
    place=place,
    assemble=assemble,
    take_apart=take_apart,
    decide=decide,
    refuse=refuse,
)
