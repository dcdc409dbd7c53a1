"""Which units came back: by serial, else by line or product, last in, first out."""

from collections.abc import Iterator

import msgspec

from hub.domain.errors import RejectedError, TooEarlyError, reject
from hub.domain.serials import normalise
from hub.processors.purchase.matching import pointer_slots, unit_slots
from hub.processors.purchase.state import ENDED, Pointer, Purchase, PurchaseRow, Unit
from schemas.events.sale import ReturnLine, SaleReturned
from schemas.events.warranty import Refusal


class Sold(msgspec.Struct, frozen=True, gc=False):
    """A unit of the order that may come back, wherever it lives."""

    id: str
    product: str
    serial_norm: str | None
    lines: frozenset[tuple[str, str | None]]
    """Source and line of each report under this order."""
    ended: bool
    returned_by: tuple[str, ...]


def sold_of(purchase: Purchase) -> list[Sold]:
    """What of the order may come back: the youngest unit first, those of other homes last."""
    units = sorted(unit_slots(purchase), key=lambda unit: -unit.number)
    pointers = purchase.row.pointers if purchase.row else ()
    return [
        *(_here(unit) for unit in units),
        *(_elsewhere(slot, pointers) for slot in reversed(pointer_slots(purchase))),
    ]


def product_key(line: ReturnLine) -> str | None:
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


def pick(
    sold: list[Sold],
    returned: SaleReturned,
    connector: str,
    row: PurchaseRow,
    before: tuple[str, ...] = (),
) -> list[Sold]:
    """Choose what came back.

    What another source brought back already is the same return; so is `before`, which is what an
    earlier revision of it chose.

    Raises:
        TooEarlyError: it fits no sale told so far, but its own source's is still to come.
        RejectedError: it fits none at all, one reason each.

    """
    open_ = [unit for unit in sold if unit.id in before or connector not in unit.returned_by]
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
    key = product_key(line)
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
        if pool or product_key(line) is None:
            return pool
    if product_key(line) is None:
        return []
    return [unit for unit in sold if unit.product == product_key(line)]
