"""A correction: a source's report of an order is taken back and its new one takes its place."""

from collections.abc import Sequence

from msgspec.structs import replace

from hub.domain.orders import check_size
from hub.domain.reports import REGISTRATION, SALE, Report, may_join, of_order, told_by
from hub.processors.purchase.answers import Warranties, warranty
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.grounds import ruled
from hub.processors.purchase.linking import ask_link, foretell, pointer_from
from hub.processors.purchase.matching import Item, known_units
from hub.processors.purchase.names import ask_serial, resold
from hub.processors.purchase.sheet import (
    Case,
    Sheet,
    Sold,
    by_product,
    lay_sheet,
    needs_person,
    open_case,
)
from hub.processors.purchase.staging import tell_waiting
from hub.processors.purchase.state import (
    ENDED,
    UNITS,
    Pointer,
    Purchase,
    Sale,
    Unit,
    Warranty,
)
from hub.processors.purchase.units import (
    Thing,
    found,
    join,
    keep_corrected,
    name_serial,
    unname,
    with_reports,
    withdraw,
)
from hub.sdk.decision import Decision
from hub.sdk.events import AskRow, Event, Known, Outcome


def correct(
    purchase: Purchase,
    said: tuple[Sale, Sale],
    items: Sequence[Item],
    event: Event,
    known: Known,
) -> Decision[Purchase]:
    """Lay out anew every product that the source spoke of, before or now.

    Other sources' reports stay what they are, what came back stays back, and a unit keeps its id
    where it is still sold. Whatever the order of arrival of the revisions, the last one counts.

    Raises:
        TooEarlyError: another home has still to answer about a unit of these products.
        RejectedError: a serial was sold to somebody else, or only a person can decide.

    """
    first, told = said
    case = open_case(purchase, said, event, known)
    sheets = [lay_sheet(case, key, mine) for key, mine in by_product(case, items).items()]
    _check_owners(sheets, items)
    work = _Work(case)
    for sheet in sheets:
        work.apply(sheet)
    kept = replace(told, answer=work.answer(items), raw=first.raw, also=first.also)
    row = case.row
    sales = tuple(kept if sale is first else sale for sale in row.sales)
    changed = work.draft.units or work.draft.letters
    decision = work.draft.decision(
        purchase,
        replace(row, sales=sales, pointers=tuple(work.pointers)),
        Warranties(kept.answer),
        Outcome.APPLIED if changed else Outcome.DEDUPLICATED,
    )
    check_size(known_units(decision.state))
    return decision


def _check_owners(sheets: Sequence[Sheet], items: Sequence[Item]) -> None:
    """Nobody knows if an owner meant the product that was wrong, or only the serial."""
    norms = {item.thing.norm: item.report.line for item in items if item.thing.norm}
    for sheet in sheets:
        for unit in sheet.left():
            owned = any(report.by == REGISTRATION for report in unit.reports)
            if owned and unit.serial_norm in norms:
                message = f"serial {unit.serial!r} of {unit.product!r} is registered to its owner"
                raise needs_person(message, norms[unit.serial_norm])


class _Work:
    """What a correction changes, sheet by sheet."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.draft = Draft()
        products = {line.product for line in case.first.lines}
        self.pointers = [
            pointer
            for pointer in case.row.pointers
            if (pointer.connector, pointer.state) != (case.told.connector, "refused")
            or pointer.product not in products
        ]
        self.number = len(case.purchase.units)
        self.answers: dict[int, Warranty] = {}

    def answer(self, items: Sequence[Item]) -> tuple[Warranty, ...]:
        """What the source is told of each item, as it stands now."""
        return tuple(self.answers[at] for at in range(len(items)))

    def apply(self, sheet: Sheet) -> None:
        """Let go of what is not sold any more, then change and found what is."""
        for unit in sheet.left():
            self._let_go(unit)
        for one in sheet.laid:
            sold = [sheet.sold[number] for number in one.items]
            if one.place is None:
                self._tell(sold, self._found(sold))
            elif one.place.id in sheet.units:
                self._tell(sold, self._changed(sheet.units[one.place.id], one.norm, sold))
            else:
                self._linked(sheet.links[one.place.id], sold)

    def _tell(self, sold: Sequence[Sold], unit: Unit) -> None:
        for one in sold:
            if one.item is not None:
                self.answers[one.at] = warranty(unit, one.item.report.line)

    def _let_go(self, unit: Unit) -> None:
        order = self.case.row.key
        others = tuple(report for report in unit.reports if not of_order(report, order))
        if unit.status == ENDED:
            return
        if others:
            self._keep(unit, with_reports(unit, others), None)
        else:
            withdraw(self.draft, unit, self._cause(None))

    def _found(self, sold: Sequence[Sold]) -> Unit:
        mine = next(one.item for one in sold if one.item is not None)
        self.number += 1
        thing = self._sell(mine.thing)
        unit = found(self.draft, self.case.row.id, self.number, thing, mine.report)
        for one in sold:
            if one.item is None and one.report is not None:
                unit = join(self.draft, unit, one.report)
        return unit

    def _sell(self, thing: Thing) -> Thing:
        """Tell whoever waits for the serial, and know who had it before."""
        if not thing.norm:
            return thing
        holders = self.case.known.names(ask_serial(self.case.event.tenant, thing.norm))
        tell_waiting(self.draft, thing, holders)
        return resold(thing, holders)

    def _changed(self, unit: Unit, norm: str | None, sold: Sequence[Sold]) -> Unit:
        order = self.case.row.key
        others = tuple(report for report in unit.reports if not of_order(report, order))
        reports = others + tuple(one.report for one in sold if one.report is not None)
        named = self._named(unit, norm, sold)
        if named is unit and _alike(unit.reports, reports):
            return unit
        mine = next((one.item for one in sold if one.item is not None), None)
        after = with_reports(named, reports)
        return self._keep(unit, ruled(after, mine.thing.ruling) if mine else after, mine)

    def _named(self, unit: Unit, norm: str | None, sold: Sequence[Sold]) -> Unit:
        if norm == unit.serial_norm:
            return unit
        nameless = unname(self.draft, unit)
        item = next((one.item for one in sold if one.item and one.want.norm == norm), None)
        if norm is None or item is None:
            return nameless
        return name_serial(self.draft, nameless, self._sell(item.thing))

    def _keep(self, before: Unit, after: Unit, mine: Item | None) -> Unit:
        """Keep a changed unit; the world hears of it where its cover or our line changed."""
        source, order = self.case.told.connector, self.case.row.key
        ours = [one for one in before.reports if told_by((one,), source, order)]
        now = [mine.report] if mine else []
        if _cover(before) == _cover(after) and _alike(ours, now):
            self.draft.units[after.id] = after
        else:
            keep_corrected(self.draft, after, self._cause(mine), SALE)
        return after

    def _cause(self, mine: Item | None) -> Report:
        """Who corrected what, for the world to read."""
        told, (namespace, reference) = self.case.told, self.case.row.key
        line = mine.report.line if mine else ""
        about = (told.connector, SALE, namespace, reference, line, told.day, told.day)
        return Report(*about, told.branch, told.customer, told.event, told.revision)

    def _linked(self, slot: Pointer, sold: Sequence[Sold]) -> None:
        """Point each source's line to the unit of another home, which is told what is news."""
        for one in sold:
            known = self._pointer(one.want.source, slot.warranty)
            if one.item is not None:
                self._point(known, slot, one.item, one.at)
            elif known is None and one.report is not None:
                sales = self.case.row.sales
                sale = next(sale for sale in sales if sale.connector == one.want.source)
                self._ask(pointer_from(slot, one.report, None), sale)

    def _pointer(self, source: str, identifier: str) -> Pointer | None:
        same = (p for p in self.pointers if (p.connector, p.warranty) == (source, identifier))
        return next(same, None)

    def _point(self, known: Pointer | None, slot: Pointer, item: Item, at: int) -> None:
        case = self.case
        placed, _ = foretell(slot, item, case.known)
        self.answers[at] = placed
        terms = (case.first.branch, case.first.customer)
        if known is not None and (
            known.line,
            known.ends_on,
            known.extended_until,
            known.day or case.first.day,
            *terms,
        ) == (
            item.report.line,
            item.report.ends_on,
            item.report.extended_until,
            item.report.day,
            case.told.branch,
            case.told.customer,
        ):
            before = (told for told in case.first.answer if told.id == slot.warranty)
            self.answers[at] = next(before, placed)
            return
        self._check_link(slot, item)
        pointer = pointer_from(slot, item.report, item.thing.ruling)
        if known is not None:
            self.pointers.remove(known)
            pointer = replace(pointer, returned_by=known.returned_by)
        self._ask(pointer, case.told)

    def _ask(self, pointer: Pointer, sale: Sale) -> None:
        self.pointers.append(pointer)
        ask_link(self.draft, self.case.row, sale, pointer, self.case.event.received_at)

    def _check_link(self, slot: Pointer, item: Item) -> None:
        unit = self.case.known.answers.get(AskRow(UNITS.table, slot.warranty))
        if isinstance(unit, Unit):
            source, order = self.case.told.connector, self.case.row.key
            others = [r for r in unit.reports if not told_by((r,), source, order)]
            if not may_join(others, item.report):
                message = f"line {item.report.line!r} would not be a sale of {unit.id} any more"
                raise needs_person(message, item.report.line)


def _alike(some: Sequence[Report], others: Sequence[Report]) -> bool:
    """Whether they say the same in whatever order, event and revision."""
    return set(map(_content, some)) == set(map(_content, others))


def _content(report: Report) -> Report:
    return replace(report, event="", revision=0)


def _cover(unit: Unit) -> tuple[object, ...]:
    dates = (unit.starts_on, unit.ends_on, unit.serial)
    return (*dates, unit.order_reference, unit.branch, unit.customer)
