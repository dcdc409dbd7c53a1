"""Where an event lives, and what must be looked up for it."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from hub.domain.orders import MAX_UNITS, named, units_of
from hub.domain.serials import name_value, normalise
from hub.processors.purchase.matching import ask_serial
from hub.processors.purchase.staging import serial_of
from hub.processors.purchase.state import UNITS
from hub.sdk.events import Ask, AskRow, AskTenant, Event, Known, NameHolder, TimerDue
from schemas.events.link import (
    LinkAccepted,
    LinkRefused,
    RegistrationLinked,
    SaleLinked,
    UnitReturned,
)
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleRecorded, SaleReturned
from schemas.refs import home, home_of, is_home, order_home, reference_home, serial_home

purchase_home = lru_cache(maxsize=8192)(order_home)
"""The home of an order, which one event asks for several times over."""


def needs(event: Event, known: Known) -> Iterable[Ask]:
    """The merchant, who holds the serials, and the units of those who do."""
    tenant = AskTenant(event.tenant)
    match event.fact:
        case SaleRecorded() as sale:
            if not any(line.serials for line in sale.lines):
                return (tenant,)
            return [tenant, *_of_serials(event, sale, known)]
        case RegistrationRequested(serial=str(serial)):
            return (tenant, ask_serial(event.tenant, normalise(serial)))
        case TimerDue() as due:
            norm = serial_of(due)
            return (tenant, ask_serial(event.tenant, norm)) if norm else (tenant,)
        case _:
            return (tenant,)


def _of_serials(event: Event, sale: SaleRecorded, known: Known) -> Iterator[Ask]:
    if units_of(sale) > MAX_UNITS:
        return
    for line in sale.lines:
        for serial in named(line):
            norm = normalise(serial)
            ask = ask_serial(event.tenant, norm)
            yield ask
            if ask in known.answers:
                value = name_value(norm, line.product.key)
                for holder in known.names(ask):
                    if holder.value == value:
                        yield AskRow(UNITS.table, holder.id)


def place(event: Event, known: Known) -> str:
    """The home of an event; what names no home of ours is refused in one of its own."""
    match event.fact:
        case SaleRecorded() | SaleReturned() as told:
            return purchase_home(event.tenant, told.order.namespace, told.order.reference)
        case RegistrationRequested() as told:
            return registration_home(event, told, known)
        case SaleLinked() | UnitReturned() | RegistrationLinked() as letter:
            try:
                return home_of(letter.warranty)
            except ValueError:
                return home(event.tenant, "unknown", letter.warranty)
        case LinkAccepted() | LinkRefused() as letter if is_home(letter.asked_by):
            return letter.asked_by
        case _:
            return home(event.tenant, "unknown", event.subject or "")


def registration_home(event: Event, told: RegistrationRequested, known: Known) -> str:
    """Where the unit lives that holds the serial, or would if it were known."""
    if told.serial is None:
        return reference_home(event.tenant, event.connector, told.reference)
    norm = normalise(told.serial)
    holders = candidates(event, norm, told.product.key if told.product else "", known)
    return holders[0].home if len(holders) == 1 else serial_home(event.tenant, norm)


def candidates(event: Event, norm: str, product: str, known: Known) -> Sequence[NameHolder]:
    """Who may be meant by a serial: whoever let go of it only where nobody else holds it."""
    holders = known.names(ask_serial(event.tenant, norm))
    if product:
        value = name_value(norm, product)
        return [holder for holder in holders if holder.value == value]
    return [holder for holder in holders if not holder.released] or holders
