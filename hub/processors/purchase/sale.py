"""A sale: accepted or refused as a whole, each unit covered from the merchant's day of sale."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from msgspec.structs import replace

from hub.domain.coverage import add_months, day_of
from hub.domain.errors import reject
from hub.domain.moments import check_moment
from hub.domain.orders import check_lines, check_size, units_of
from hub.domain.reports import SALE, Report
from hub.domain.serials import normalise
from hub.processors.purchase.answers import Warranties, warranty
from hub.processors.purchase.correcting import correct
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.linking import ask_link, foretell, pointer_from
from hub.processors.purchase.matching import Item, Matched, Met, Slot, known_units, match
from hub.processors.purchase.place import purchase_home
from hub.processors.purchase.staging import tell_waiting
from hub.processors.purchase.state import Line, Pointer, Purchase, PurchaseRow, Sale, Unit, Warranty
from hub.processors.purchase.tenants import tenant_of
from hub.processors.purchase.units import Thing, found, join, name_serial
from hub.sdk.decision import Decision
from hub.sdk.events import Event, Known, Outcome
from schemas.events.sale import SaleLine, SaleRecorded

MOST_RAWS = 8
"""Of so many further records that said the same, corrections are recognised."""


class _About(NamedTuple):
    received_at: datetime
    known: Known
    met: Met


def record(
    purchase: Purchase, event: Event, sale: SaleRecorded, known: Known
) -> Decision[Purchase]:
    """Cover what was sold, link what is known already, or refuse the sale with every reason."""
    tenant = tenant_of(event, known)
    check_size(units_of(sale))
    check_moment("sold", sale.sold_at, event.received_at)
    day = day_of(sale.sold_at, sale.zone)
    check_lines(sale, day)
    row = purchase.row or _opened(event, sale)
    told = _told(event, sale, day)
    told_items = _items(event, sale, day, tenant.coverage_months)
    for first in row.sales:
        if first.connector == event.connector:
            return _again(purchase, (first, told), told_items, event, known)
    matched, met = match(purchase, row.id, told_items, event, known)
    if purchase.row is not None:
        check_size(known_units(purchase) + sum(_is_new(slot, event) for _, slot in matched))
    return _settle(purchase, row, told, matched, _About(event.received_at, known, met))


def _opened(event: Event, sale: SaleRecorded) -> PurchaseRow:
    order = sale.order
    home = purchase_home(event.tenant, order.namespace, order.reference)
    return PurchaseRow(home, order.namespace, order.reference)


def _told(event: Event, sale: SaleRecorded, day: date) -> Sale:
    customer = event.customer.ref if event.customer else None
    lines = tuple([_line(line) for line in sale.lines])
    return Sale(
        event.connector,
        event.id,
        day,
        lines,
        (),
        sale.branch,
        customer,
        event.raw,
        event.revision,
    )


def _line(line: SaleLine) -> Line:
    serials = tuple(sorted(map(normalise, line.serials))) if line.serials else ()
    key, months, until = line.product.key, line.coverage_months, line.covered_until
    return Line(key, line.quantity, serials, months, until, line.line)


def _again(
    purchase: Purchase, said: tuple[Sale, Sale], items: Iterator[Item], event: Event, known: Known
) -> Decision[Purchase]:
    """A repeat, or a correction: another translation of the same record."""
    first, told = said
    same_record = told.raw is not None and told.raw in (first.raw, *first.also)
    if not same_record or told.revision == first.revision:
        return _repeat(purchase, first, told)
    if told.revision < first.revision:
        return _answered(purchase, first)
    if _says_the_same(first, told):
        return _answered(purchase, first, revision=told.revision)
    return correct(purchase, said, list(items), event, known)


def _says_the_same(first: Sale, told: Sale) -> bool:
    """Whether nothing at all differs; what a line leaves to the merchant's default does not."""
    about = (first.day, first.branch, first.customer)
    return about == (told.day, told.branch, told.customer) and Counter(first.lines) == Counter(
        told.lines
    )


def _answered(purchase: Purchase, first: Sale, **changed: object) -> Decision[Purchase]:
    row = purchase.row
    if row is not None and changed:
        kept = replace(first, **changed)
        sales = tuple(kept if sale is first else sale for sale in row.sales)
        purchase = purchase.changed(replace(row, sales=sales))
    return Decision(purchase, Outcome.DEDUPLICATED, Warranties(first.answer))


def _repeat(purchase: Purchase, first: Sale, told: Sale) -> Decision[Purchase]:
    if first.day != told.day or _content(first) != _content(told):
        raise reject(
            "order_differs",
            "this source reported the order before with other content; "
            "send a return for what came back, or another order reference for what was added",
        )
    if told.raw is None or told.raw in (first.raw, *first.also) or len(first.also) >= MOST_RAWS:
        return _answered(purchase, first)
    return _answered(purchase, first, also=(*first.also, told.raw))


def _content(sale: Sale) -> dict[tuple[object, ...], tuple[int, list[str]]]:
    """How many of what, with which serials: the same however it is spread over lines."""
    content: dict[tuple[object, ...], tuple[int, list[str]]] = {}
    for line in sale.lines:
        terms = (line.product, line.months, line.until)
        quantity, serials = content.get(terms, (0, []))
        content[terms] = (quantity + line.quantity, sorted([*serials, *line.serials]))
    return content


def _items(event: Event, sale: SaleRecorded, day: date, default: int) -> Iterator[Item]:
    customer = event.customer.ref if event.customer else None
    for line in sale.lines:
        report = Report(
            event.connector,
            SALE,
            sale.order.namespace,
            sale.order.reference,
            line.line,
            day,
            line.covered_until or add_months(day, line.coverage_months or default),
            sale.branch,
            customer,
            event.id,
            event.revision,
        )
        key = line.product.key
        for serial in line.serials:
            yield Item(Thing(line.product, key, serial, normalise(serial)), report)
        if line.quantity > len(line.serials):
            blank = Item(Thing(line.product, key), report)
            for _ in range(line.quantity - len(line.serials)):
                yield blank


def _is_new(slot: Slot, event: Event) -> bool:
    return slot is None or (isinstance(slot, Pointer) and slot.connector == event.connector)


def _settle(
    purchase: Purchase,
    row: PurchaseRow,
    told: Sale,
    matched: Matched,
    about: _About,
) -> Decision[Purchase]:
    draft = Draft()
    answer: list[Warranty] = []
    pointers = list(row.pointers)
    number = len(purchase.units)
    news = False
    for item, slot in matched:
        if slot is None:
            number += 1
            news = True
            unit = found(draft, row.id, number, item.thing, item.report)
            answer.append(warranty(unit, item.report.line))
        elif isinstance(slot, Unit):
            unit = _named(draft, slot, item.thing)
            news = news or unit is not slot or not any(one.by == SALE for one in slot.reports)
            answer.append(warranty(join(draft, unit, item.report), item.report.line))
        else:
            pointer = pointer_from(slot, item.report)
            pointers.append(pointer)
            ask_link(draft, row, told, pointer, about.received_at)
            placed, sold = foretell(pointer, item, about.known)
            news = news or not sold
            answer.append(placed)
    for thing, holders in about.met:
        tell_waiting(draft, thing, holders)
    told = replace(told, answer=tuple(answer))
    row = replace(row, sales=(*row.sales, told), pointers=tuple(pointers))
    outcome = Outcome.APPLIED if news else Outcome.DEDUPLICATED
    return draft.decision(purchase, row, Warranties(told.answer), outcome)


def _named(draft: Draft, unit: Unit, thing: Thing) -> Unit:
    if unit.serial_norm is None and thing.norm:
        return name_serial(draft, unit, thing)
    return unit
