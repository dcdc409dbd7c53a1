"""A sale: accepted or refused as a whole, each unit covered from the merchant's day of sale."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from hub.domain.coverage import add_months, day_of
from hub.domain.moments import check_moment
from hub.domain.orders import check_lines, check_serials, check_size, line_day, units_of
from hub.domain.reports import SALE, Report
from hub.domain.rulings import Ruling
from hub.domain.serials import normalise
from hub.processors.catalog.state import ProductRow
from hub.processors.purchase.answers import Warranties, warranty
from hub.processors.purchase.correcting import correct
from hub.processors.purchase.cover import Cover, asks_coverage, cover
from hub.processors.purchase.customers import Whose, whose, with_customer
from hub.processors.purchase.deleting import check_versions, taken_back
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.goods import called, differences, with_products
from hub.processors.purchase.goods import found as found_product
from hub.processors.purchase.linking import ask_link, foretell, pointer_from
from hub.processors.purchase.looking_like import unlike
from hub.processors.purchase.matching import Item, Matched, Met, Slot, known_units, match
from hub.processors.purchase.place import purchase_home
from hub.processors.purchase.repeating import answered, repeated, says_the_same
from hub.processors.purchase.staging import tell_waiting
from hub.processors.purchase.state import (
    Line,
    Pointer,
    Purchase,
    PurchaseRow,
    Sale,
    Unit,
    Warranty,
)
from hub.processors.purchase.tenants import tenant_of
from hub.processors.purchase.units import Thing, found, join, name_serial
from hub.sdk.decision import Decision
from hub.sdk.events import Event, Known, Outcome
from schemas.events.sale import SaleLine, SaleRecorded

Rows = Sequence[ProductRow | None]
"""The products of the catalogue, a line each."""
NOTHING: frozenset[str] = frozenset()
Kept = tuple[str, ProductRow | None]
"""What a line's product is called here, and the product of the catalogue."""
Noted = tuple[tuple[str, str | None], ...]
"""What is remarkable of a sale beside what its source says itself, and of which line."""


class _About(NamedTuple):
    received_at: datetime
    known: Known
    met: Met


def record(
    purchase: Purchase, event: Event, sale: SaleRecorded, known: Known
) -> Decision[Purchase]:
    """Cover what was sold, link what is known already, or refuse the sale with every reason.

    A product or a customer that nobody knew is known from now on; who is known stays as they are.
    """
    rows = [found_product(event.tenant, line.product, known) for line in sale.lines]
    who = whose(event, known)
    decision = _record(purchase, event, sale, known, (rows, who))
    return with_customer(with_products(decision, event, sale, rows), event, who)


def _record(
    purchase: Purchase, event: Event, sale: SaleRecorded, known: Known, about: tuple[Rows, Whose]
) -> Decision[Purchase]:
    rows, who = about
    tenant = tenant_of(event, known)
    check_size(units_of(sale))
    row = purchase.row or _opened(event, sale)
    first = _first(row.sales, event.connector) if row.sales else None
    day = _day(sale, first, event.received_at)
    check_lines(sale, day)
    goods = _goods(purchase, sale, rows)
    of_lines = (*differences(sale.lines, rows), *unlike(event, sale, rows, known))
    noted = (*of_lines, *[(code, None) for code in who.remarks])
    told = _told(event, sale, (day, who.customer), goods, noted)
    told_items = _items(event, sale, (day, who), goods, partial(cover, event, known, tenant))
    if row.deleted:
        gone = taken_back(row, event.raw)
        if gone is not None:
            return Decision(purchase, Outcome.DEDUPLICATED, Warranties(gone))
        check_versions(purchase, row, units_of(sale))
        told = replace(told, version=len(row.deleted))
    if first is not None:
        return _again(purchase, (first, told), told_items, event, known)
    matched, met = match(purchase, row.id, told_items, event, known)
    if purchase.row is not None:
        check_size(known_units(purchase) + sum(_is_new(slot, event) for _, slot in matched))
    return _settle(purchase, row, told, matched, _About(event.received_at, known, met))


def _first(sales: Sequence[Sale], connector: str) -> Sale | None:
    """What that source said of the order before."""
    return next((kept for kept in sales if kept.connector == connector), None)


def _goods(purchase: Purchase, sale: SaleRecorded, rows: Rows) -> list[Kept]:
    """What each line's product is called here; no two lines name one unit, however they call it."""
    held = purchase.products() if purchase.row else NOTHING
    goods: list[Kept] = []
    otherwise = False
    for line, kept in zip(sale.lines, rows, strict=True):
        product = line.product
        key = called(product, kept, held)
        otherwise = otherwise or key != (product.code or product.key)
        goods.append((key, kept))
    if otherwise:
        check_serials(sale.lines, [key for key, _ in goods])
    return goods


def _day(sale: SaleRecorded, first: Sale | None, received_at: datetime) -> date:
    """The day of sale; where nobody named one, that of the first report."""
    check_moment("sold", sale.sold_at, received_at)
    for line in sale.lines:
        if line.sold_at is not None:
            check_moment("sold", line.sold_at, received_at)
    if sale.undated and first is not None and first.undated:
        return first.day
    return day_of(sale.sold_at, sale.zone)


def _opened(event: Event, sale: SaleRecorded) -> PurchaseRow:
    order = sale.order
    home = purchase_home(event.tenant, order.namespace, order.reference)
    return PurchaseRow(home, order.namespace, order.reference)


def _told(
    event: Event,
    sale: SaleRecorded,
    about: tuple[date, str | None],
    goods: Sequence[Kept],
    noted: Noted,
) -> Sale:
    day, customer = about
    lines = tuple([_line(line, key) for line, (key, _) in zip(sale.lines, goods, strict=True)])
    told = Sale(
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
    if any(line.price for line in sale.lines):
        prices = tuple(
            (line.price.amount, line.price.currency) if line.price else None for line in sale.lines
        )
        told = replace(told, prices=prices)
    dated = [line for line in sale.lines if line.sold_at is not None]
    rare = dated or sale.undated or sale.remarks or noted
    return _with_rarities(told, sale, noted) if rare else told


def _with_rarities(told: Sale, sale: SaleRecorded, noted: Noted) -> Sale:
    """What hardly any sale says, kept out of the way of all others."""
    days: tuple[date | None, ...] = ()
    if any(line.sold_at is not None for line in sale.lines):
        days = tuple(
            None if line.sold_at is None else line_day(line, sale.zone, told.day)
            for line in sale.lines
        )
    remarks = tuple((remark.code, remark.line) for remark in sale.remarks or ())
    return replace(told, own_days=days, undated=bool(sale.undated), remarks=(*remarks, *noted))


def _line(line: SaleLine, key: str) -> Line:
    serials = tuple(sorted(map(normalise, line.serials))) if line.serials else ()
    months, until = line.coverage_months, line.covered_until
    own = line.product.code or line.product.key
    return Line(key, line.quantity, serials, months, until, line.line, None if own == key else own)


def _again(
    purchase: Purchase, said: tuple[Sale, Sale], items: Iterator[Item], event: Event, known: Known
) -> Decision[Purchase]:
    """A repeat, or a correction: another translation of the same record."""
    first, told = said
    same_record = told.raw is not None and told.raw in (first.raw, *first.also)
    if not same_record or told.revision == first.revision:
        return repeated(purchase, first, told)
    if told.revision < first.revision:
        return answered(purchase, first)
    if says_the_same(first, told):
        return answered(purchase, first, revision=told.revision)
    return correct(purchase, said, list(items), event, known)


def _period(
    line: SaleLine, day: date, by_default: Cover | None, kept: ProductRow | None
) -> tuple[date, Ruling | None]:
    """The last day of cover, and the ruling that says so where the line does not."""
    if line.covered_until is not None:
        return line.covered_until, None
    if line.coverage_months is not None or by_default is None:
        return add_months(day, line.coverage_months or 0), None
    return by_default.of_sale(line.product, kept, line.line, day)


def _items(
    event: Event,
    sale: SaleRecorded,
    about: tuple[date, Whose],
    goods: Sequence[Kept],
    counting: Callable[[datetime], Cover],
) -> Iterator[Item]:
    day, who = about
    asks = asks_coverage(sale)
    of_sale = counting(sale.sold_at) if asks else None
    for line, (key, kept) in zip(sale.lines, goods, strict=True):
        sold, by_default = day, of_sale
        if line.sold_at is not None:
            sold = line_day(line, sale.zone, day)
            by_default = counting(line.sold_at) if asks else None
        ends_on, ruling = _period(line, sold, by_default, kept)
        report = Report(
            event.connector,
            SALE,
            sale.order.namespace,
            sale.order.reference,
            line.line,
            sold,
            ends_on,
            sale.branch,
            who.customer,
            event.id,
            event.revision,
            ruling.extended.ends_on if ruling and ruling.extended else None,
            who.contact,
            who.remarks,
        )
        for serial in line.serials:
            thing = Thing(line.product, key, serial, normalise(serial), ruling=ruling)
            yield Item(thing, report)
        if line.quantity > len(line.serials):
            blank = Item(Thing(line.product, key, ruling=ruling), report)
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
            unit = join(draft, unit, item.report, ruling=item.thing.ruling)
            answer.append(warranty(unit, item.report.line))
        else:
            pointer = pointer_from(slot, item.report, item.thing.ruling)
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
