"""A return: ends units by serial, else by line or product, last in, first out."""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from hub.domain.coverage import day_of
from hub.domain.errors import RejectedError, TooEarlyError, reject
from hub.domain.orders import check_return
from hub.domain.serials import normalise
from hub.processors.purchase.answers import Ended
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.matching import pointer_slots, unit_slots
from hub.processors.purchase.state import ENDED, Pointer, Purchase, PurchaseRow, Return, Unit
from hub.processors.purchase.units import Back, end
from hub.sdk.decision import Decision, Letter
from hub.sdk.events import Event, Outcome
from schemas.events.link import UnitReturned
from schemas.events.sale import ReturnLine, SaleReturned
from schemas.events.warranty import Refusal
from schemas.refs import home_of


class Sold(msgspec.Struct, frozen=True, gc=False):
    """A unit of the order that may come back, wherever it lives."""

    id: str
    product: str
    serial_norm: str | None
    lines: frozenset[tuple[str, str | None]]
    """Source and line of each report under this order."""
    ended: bool
    returned_by: tuple[str, ...]


def take_back(purchase: Purchase, event: Event, returned: SaleReturned) -> Decision[Purchase]:
    """End what came back, or refuse the return with every reason."""
    check_return(returned)
    row = purchase.row
    if row is None or not row.sales:
        message = f"the sale of order {returned.order.reference} is not known yet"
        raise TooEarlyError(message)
    told = _told(event, returned)
    for first in row.returns:
        if (first.connector, first.reference) == (told.connector, told.reference):
            return _repeat(purchase, first, told)
    picked = _pick(_sold(purchase), returned, event.connector, row)
    news = not all(sold.ended for sold in picked)
    draft = Draft()
    back = Back(event.connector, told.day, returned.order, returned.branch)
    for sold in picked:
        unit = purchase.units.get(sold.id)
        if unit is not None and unit.status == ENDED:
            by = (*unit.returned_by, event.connector)
            draft.units[unit.id] = replace(unit, returned_by=by)
        elif unit is not None:
            end(draft, unit, back)
    row = _mark(draft, row, picked, returned, back)
    told = replace(told, answer=tuple(sold.id for sold in picked))
    row = replace(row, returns=(*row.returns, told))
    outcome = Outcome.APPLIED if news else Outcome.DEDUPLICATED
    return draft.decision(purchase, row, Ended(told.answer), outcome)


def _told(event: Event, returned: SaleReturned) -> Return:
    lines = tuple(
        (
            line.line,
            _key(line),
            line.quantity,
            tuple(sorted(map(normalise, line.serials))),
        )
        for line in returned.lines
    )
    day = day_of(returned.returned_at, returned.zone)
    return Return(event.connector, returned.reference, day, lines, ())


def _repeat(purchase: Purchase, first: Return, told: Return) -> Decision[Purchase]:
    if (first.day, first.lines) != (told.day, told.lines):
        raise reject(
            "return_differs",
            f"return {told.reference!r} was reported before with other content; "
            "send what else came back under another reference",
        )
    return Decision(purchase, Outcome.DEDUPLICATED, Ended(first.answer))


def _mark(
    draft: Draft, row: PurchaseRow, picked: list[Sold], returned: SaleReturned, back: Back
) -> PurchaseRow:
    """Mark the pointers of units that live elsewhere, and tell their homes what is news."""
    ids = {sold.id for sold in picked}
    pointers = tuple(
        replace(p, returned_by=(*p.returned_by, back.connector)) if p.warranty in ids else p
        for p in row.pointers
    )
    elsewhere = {pointer.warranty for pointer in pointers}
    for sold in picked:
        if sold.id in elsewhere and not sold.ended:
            fact = UnitReturned.model_construct(
                warranty=sold.id,
                order=returned.order,
                reference=returned.reference,
                connector=back.connector,
                returned_on=back.day,
                branch=returned.branch,
            )
            draft.letters.append(Letter(fact, home_of(sold.id)))
    return replace(row, pointers=pointers) if row.pointers else row


def _sold(purchase: Purchase) -> list[Sold]:
    """What of the order may come back: the youngest unit first, those of other homes last."""
    units = sorted(unit_slots(purchase), key=lambda unit: -unit.number)
    pointers = purchase.row.pointers if purchase.row else ()
    return [
        *(_here(unit) for unit in units),
        *(_elsewhere(slot, pointers) for slot in reversed(pointer_slots(purchase))),
    ]


def _key(line: ReturnLine) -> str | None:
    """The product that came back; None where the line says nothing of it."""
    return (line.product.key or None) if line.product else None


def _here(unit: Unit) -> Sold:
    return Sold(
        unit.id,
        unit.product,
        unit.serial_norm,
        frozenset((report.connector, report.line) for report in unit.reports),
        unit.status == ENDED,
        unit.returned_by,
    )


def _elsewhere(slot: Pointer, pointers: tuple[Pointer, ...]) -> Sold:
    same = [pointer for pointer in pointers if pointer.warranty == slot.warranty]
    by = tuple(connector for pointer in same for connector in pointer.returned_by)
    return Sold(
        slot.warranty,
        slot.product,
        slot.serial_norm,
        frozenset((pointer.connector, pointer.line) for pointer in same),
        bool(by),
        by,
    )


def _pick(sold: list[Sold], returned: SaleReturned, connector: str, row: PurchaseRow) -> list[Sold]:
    """Choose what came back. What another source brought back already is the same return.

    Raises:
        TooEarlyError: it fits no sale told so far, but its own source's is still to come.
        RejectedError: it fits none at all, one reason each.

    """
    open_ = [unit for unit in sold if connector not in unit.returned_by]
    if not returned.lines:
        if not open_:
            raise reject("already_returned", "everything of this order came back before")
        return open_
    picked: list[Sold] = []
    reasons: list[Refusal] = []
    for line in returned.lines:
        reasons += _by_serial(line, sold, open_, picked)
    for line in returned.lines:
        reasons += _by_number(line, sold, open_, connector, picked)
    if any(reason.code == "not_sold" for reason in reasons) and not any(
        sale.connector == connector for sale in row.sales
    ):
        raise TooEarlyError(f"{connector}'s own sale of the order is not known yet")
    if reasons:
        raise RejectedError(reasons)
    return picked


def _by_serial(
    line: ReturnLine, sold: list[Sold], open_: list[Sold], picked: list[Sold]
) -> Iterator[Refusal]:
    key = _key(line)
    for serial in line.serials:
        norm = normalise(serial)
        named = [u for u in sold if u.serial_norm == norm and key in (None, u.product)]
        if not named:
            message = f"serial {serial!r} was not sold with this order"
            yield Refusal(code="not_sold", message=message, line=line.line)
        elif len(named) > 1:
            message = f"serial {serial!r} stands for several products; name the product"
            yield Refusal(code="serial_ambiguous", message=message, line=line.line)
        elif named[0] not in open_:
            message = f"serial {serial!r} came back before"
            yield Refusal(code="already_returned", message=message, line=line.line)
        else:
            open_.remove(named[0])
            picked.append(named[0])


def _by_number(
    line: ReturnLine,
    sold: list[Sold],
    open_: list[Sold],
    connector: str,
    picked: list[Sold],
) -> Iterator[Refusal]:
    wanted = line.quantity - len(line.serials)
    if wanted <= 0:
        return
    pool = _pool(line, sold, connector)
    left = sorted((unit for unit in pool if unit in open_), key=lambda unit: not unit.ended)
    if len(left) < wanted:
        sold_enough = len(pool) >= wanted
        code = "already_returned" if sold_enough else "not_sold"
        message = f"{wanted} units came back but {len(left)} of them are still sold"
        yield Refusal(code=code, message=message, line=line.line)
        return
    for unit in left[:wanted]:
        open_.remove(unit)
        picked.append(unit)


def _pool(line: ReturnLine, sold: list[Sold], connector: str) -> list[Sold]:
    """The units of a line as its own source numbers it, else as any does, else of the product."""
    if line.line is not None:
        own = [unit for unit in sold if (connector, line.line) in unit.lines]
        pool = own or [unit for unit in sold if line.line in {name for _, name in unit.lines}]
        if pool or _key(line) is None:
            return pool
    if _key(line) is None:
        return []
    return [unit for unit in sold if unit.product == _key(line)]
