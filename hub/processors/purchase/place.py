"""Where an event lives, and what must be looked up for it."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from hub.domain.orders import MAX_UNITS, named, units_of
from hub.domain.serials import name_value, normalise
from hub.processors.purchase.names import ask_registration, ask_serial, of_units
from hub.processors.purchase.staging import serial_of
from hub.processors.purchase.state import UNITS
from hub.sdk.events import Ask, AskName, AskRow, AskTenant, Event, Known, NameHolder, TimerDue
from schemas.base import Fact
from schemas.events.link import (
    RegistrationLinked,
    SaleLinked,
    SerialSold,
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
        case RegistrationRequested(serial=str(serial)) as told:
            return (tenant, ask_serial(event.tenant, normalise(serial)), ask_earlier(event, told))
        case _:
            return [tenant, *_of_letter(event)]


def _of_letter(event: Event) -> Iterator[Ask]:
    match event.fact:
        case RegistrationLinked() as letter:
            norm = normalise(letter.serial)
            yield ask_registration(event.tenant, letter.connector, letter.reference, norm)
        case SerialSold(serial=serial):
            yield ask_serial(event.tenant, normalise(serial))
        case TimerDue() as due if looked_up := serial_of(due):
            yield ask_serial(event.tenant, looked_up)
        case _:
            return


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
                    if holder.value == value and holder.id != holder.home:
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
        case _:
            waits = _waiting_home(event.fact)
            return waits if is_home(waits) else home(event.tenant, "unknown", event.subject or "")


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
    return [holder for holder in holders if not holder.released] or holders
