"""One product of an order, laid out anew: the units there are, and what each source sold of it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from hub.domain.errors import RejectedError, TooEarlyError
from hub.domain.layout import Laid, Place, Want, lay_out, left_behind
from hub.domain.reports import SALE, Report, of_order
from hub.processors.purchase.matching import (
    Item,
    Scene,
    double_entry,
    holding,
    pointer_to,
    unit_slots,
)
from hub.processors.purchase.names import ask_serial
from hub.processors.purchase.state import ENDED, Pointer, Purchase, PurchaseRow, Sale, Unit
from hub.sdk.events import Event, Known
from schemas.events.warranty import Refusal


@dataclass(frozen=True, slots=True)
class Case:
    """A correction: the order as it stands, what its source said before and says now."""

    purchase: Purchase
    row: PurchaseRow
    first: Sale
    told: Sale
    event: Event
    known: Known
    units: dict[str, list[Unit]]
    """By product."""
    pointers: dict[str, list[Pointer]]
    """By product; none that was refused."""
    named: dict[str, set[tuple[str, str | None]]]
    """By source: which serials of which product it read itself."""


def open_case(purchase: Purchase, said: tuple[Sale, Sale], event: Event, known: Known) -> Case:
    """A correction of what was said first by what is said now."""
    row = purchase.row or PurchaseRow("")
    units: dict[str, list[Unit]] = defaultdict(list)
    for unit in unit_slots(purchase):
        units[unit.product].append(unit)
    pointers: dict[str, list[Pointer]] = defaultdict(list)
    for pointer in row.pointers:
        if pointer.state != "refused":
            pointers[pointer.product].append(pointer)
    named: dict[str, set[tuple[str, str | None]]] = {
        sale.connector: {(line.product, norm) for line in sale.lines for norm in line.serials}
        for sale in row.sales
    }
    return Case(purchase, row, *said, event, known, units, pointers, named)


class Sold(msgspec.Struct, frozen=True, gc=False):
    """An item that a source sold; `at` is its place in the sale that is told now."""

    want: Want
    report: Report | None = None
    """None where only a pointer tells of it."""
    item: Item | None = None
    at: int = -1


@dataclass(frozen=True, slots=True)
class Sheet:
    """The units of one product, what is sold of it, and which unit each item is now."""

    units: dict[str, Unit]
    links: dict[str, Pointer]
    """One pointer for each unit that lives elsewhere."""
    sold: list[Sold]
    laid: list[Laid]

    def left(self) -> list[Unit]:
        """The units that are not sold any more."""
        there = {one.place.id for one in self.laid if one.place}
        return [unit for unit in self.units.values() if unit.id not in there]


def needs_person(message: str, line: str | None = None) -> RejectedError:
    """The refusal of a correction that no rule can make."""
    what = (
        f"{message}; a person has to decide: return what is wrong and report it again under "
        "another order reference, or leave it as it stands"
    )
    return RejectedError([Refusal(code="correction_needs_person", message=what, line=line)])


def by_product(case: Case, items: Sequence[Item]) -> dict[str, list[Sold]]:
    """What the source says now of each product that it ever spoke of."""
    before: dict[str | None, list[str | None]] = defaultdict(list)
    for answered in case.first.answer:
        before[answered.line].append(answered.id)
    products: dict[str, list[Sold]] = {line.product: [] for line in case.first.lines}
    for at, item in enumerate(items):
        ids = before[item.report.line]
        want = Want(case.told.connector, item.thing.norm or None, ids.pop(0) if ids else None)
        products.setdefault(item.thing.key, []).append(Sold(want, item.report, item, at))
    return products


def lay_sheet(case: Case, product: str, mine: Sequence[Sold]) -> Sheet:
    """Lay out a product, `mine` being what the source that corrects itself now says of it.

    Raises:
        TooEarlyError: another home has still to say whether a unit of it is linked.
        RejectedError: a serial was sold to somebody else, or only a person can decide.

    """
    units = {unit.id: unit for unit in case.units.get(product, ())}
    pointers = case.pointers.get(product, [])
    if any(pointer.state == "pending" for pointer in pointers):
        message = f"the links of order {case.row.order_reference} are not answered yet"
        raise TooEarlyError(message)
    links = {pointer.warranty: pointer for pointer in pointers}
    places = [
        *(_unit_place(case, unit) for unit in units.values()),
        *(_link_place(link, pointers) for link in links.values()),
    ]
    norms = {place.norm for place in places}
    for one in mine:
        if one.item is not None and one.want.norm and one.want.norm not in norms:
            places += _elsewhere(case, one.item, units, links)
    sold = [one for sale in case.row.sales for one in _sold(case, sale, mine, units, pointers)]
    laid = lay_out(
        places, [one.want for one in sold], lambda source, place: _fits(case, units, source, place)
    )
    sheet = Sheet(units, links, sold, laid)
    _check(case, sheet, places, pointers)
    return sheet


def _unit_place(case: Case, unit: Unit) -> Place:
    order = case.row.key
    ours = [report for report in unit.reports if of_order(report, order)]
    return Place(
        unit.id,
        unit.serial_norm,
        held=len(ours) < len(unit.reports) or unit.attached is not None,
        back=unit.status == ENDED,
        firm=sum(report.connector != case.told.connector for report in ours),
    )


def _link_place(link: Pointer, pointers: Sequence[Pointer]) -> Place:
    same = [pointer for pointer in pointers if pointer.warranty == link.warranty]
    return Place(
        link.warranty,
        link.serial_norm,
        held=True,
        back=any(pointer.returned_by for pointer in same),
        linked=tuple(pointer.connector for pointer in same),
    )


def _elsewhere(
    case: Case, item: Item, units: dict[str, Unit], links: dict[str, Pointer]
) -> Iterator[Place]:
    """The unit with that serial which was not sold with this order so far, if there is one."""
    holders = case.known.names(ask_serial(case.event.tenant, item.thing.norm))
    other = holding(Scene(case.purchase, case.row.id, case.known), item, holders)
    if isinstance(other, Unit):
        units[other.id] = other
        yield Place(other.id, other.serial_norm, held=True, reserved=True)
    elif other is not None:
        links[other] = pointer_to(item, other)
        yield Place(other, item.thing.norm, held=True, reserved=True)


def _sold(
    case: Case,
    sale: Sale,
    mine: Sequence[Sold],
    units: dict[str, Unit],
    pointers: Sequence[Pointer],
) -> Iterator[Sold]:
    """The items of a source; those of others as the units and pointers remember them."""
    if sale is case.first:
        yield from mine
        return
    named = case.named[sale.connector]
    for unit in units.values():
        for report in unit.reports:
            if report.connector == sale.connector and of_order(report, case.row.key):
                norm = unit.serial_norm if (unit.product, unit.serial_norm) in named else None
                yield Sold(Want(sale.connector, norm, unit.id), report)
    for pointer in pointers:
        if pointer.connector == sale.connector:
            norm = pointer.serial_norm if (pointer.product, pointer.serial_norm) in named else None
            yield Sold(Want(sale.connector, norm, pointer.warranty))


def _fits(case: Case, units: dict[str, Unit], source: str, place: Place) -> bool:
    """A source never sells one unit under two orders."""
    unit = units.get(place.id)
    return unit is None or not any(
        report.by == SALE and report.connector == source and not of_order(report, case.row.key)
        for report in unit.reports
    )


def _check(case: Case, sheet: Sheet, places: Sequence[Place], pointers: Sequence[Pointer]) -> None:
    """Refuse what is somebody else's, and what would move a unit that stands elsewhere."""
    reasons = [
        reason
        for one in sheet.laid
        for item in (sheet.sold[number].item for number in one.items)
        if item and item.thing.norm and one.place
        if not _fits(case, sheet.units, case.told.connector, one.place)
        for reason in double_entry(item).reasons
    ]
    if reasons:
        raise RejectedError(reasons)
    if left_behind(places, sheet.laid):
        raise needs_person("a unit came back, and nothing tells which of those left it is")
    there = {
        (sheet.sold[number].want.source, one.place.id)
        for one in sheet.laid
        if one.place
        for number in one.items
    }
    for pointer in pointers:
        if (pointer.connector, pointer.warranty) not in there:
            message = f"line {pointer.line!r} is linked to {pointer.warranty} of another purchase"
            raise needs_person(message, pointer.line)
