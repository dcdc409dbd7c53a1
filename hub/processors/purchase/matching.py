"""Which unit a sold item is: one already known here, one that lives elsewhere, or a new one."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from hub.domain.errors import RejectedError, UnavailableError
from hub.domain.reports import Report, may_join, of_order, told_elsewhere
from hub.processors.purchase.names import ask_serial, holder_of, resold
from hub.processors.purchase.state import (
    COVERED,
    UNITS,
    Pointer,
    Purchase,
    PurchaseRow,
    Unit,
)
from hub.processors.purchase.units import Thing, is_nobodys
from hub.sdk.events import AskRow, Event, Known, NameHolder
from schemas.events.warranty import Refusal


class Item(msgspec.Struct, frozen=True, gc=False):
    """One sold unit as the sale tells it."""

    thing: Thing
    report: Report


class Scene(NamedTuple):
    """Where items are matched: a purchase, its home, and what was looked up."""

    purchase: Purchase
    home: str
    known: Known


Slot = Unit | Pointer | None
"""A unit that lives here, one that lives elsewhere, or one that is new."""
Matched = list[tuple[Item, Slot]]
Met = list[tuple[Thing, Sequence[NameHolder]]]
"""Who was found under a serial; for most serials, nobody."""


def match(
    purchase: Purchase, home: str, items: Iterable[Item], event: Event, known: Known
) -> tuple[Matched, Met]:
    """The slot of each item, and who was found under the serials.

    Per product, the highest quantity any source reports counts, not their sum: a source's items
    first take the slots other sources have filled. Equal serials come first, then slots without
    a serial, then any.

    Raises:
        RejectedError: items that were sold before, one reason each.

    """
    free = _slots(purchase)
    matched: Matched = []
    reasons: list[Refusal] = []
    met: Met = []
    for item in items:
        thing = item.thing
        holders = known.names(ask_serial(event.tenant, thing.norm)) if thing.norm else ()
        if not holders and not (free and thing.norm):
            matched.append((item, None))
            continue
        met.append((thing, holders))
        found = Item(resold(thing, holders), item.report)
        try:
            matched.append((found, _by_serial(Scene(purchase, home, known), free, found, holders)))
        except RejectedError as error:
            reasons += error.reasons
    if reasons:
        raise RejectedError(reasons)
    return (_without_serial(matched, free) if free else matched), met


def _without_serial(matched: Matched, free: list[Unit | Pointer]) -> Matched:
    return [
        (item, slot if item.thing.norm else _take(free, _blank(free, item) or _any(free, item)))
        for item, slot in matched
    ]


def unit_slots(purchase: Purchase) -> list[Unit]:
    """The units sold with this order but for those that a linked unit stands for."""
    row = purchase.row or PurchaseRow("")
    replaced = {p.instead_of for p in row.pointers if p.state != "refused"}
    order = row.key
    return [
        unit
        for unit in purchase.units.values()
        if unit.id not in replaced and any(of_order(report, order) for report in unit.reports)
    ]


def pointer_slots(purchase: Purchase) -> list[Pointer]:
    """One pointer for each unit that lives elsewhere."""
    row = purchase.row
    return (
        list({p.warranty: p for p in row.pointers if p.state != "refused"}.values()) if row else []
    )


def known_units(purchase: Purchase) -> int:
    """How many units the order is known to have, wherever they live."""
    return len(_slots(purchase))


def _slots(purchase: Purchase) -> list[Unit | Pointer]:
    if purchase.row is None:
        return []
    return [*unit_slots(purchase), *pointer_slots(purchase)]


def _take(free: list[Unit | Pointer], slot: Slot) -> Slot:
    if slot is not None:
        free.remove(slot)
    return slot


def _by_serial(
    scene: Scene, free: list[Unit | Pointer], item: Item, holders: Sequence[NameHolder]
) -> Slot:
    blank: Unit | None = None
    if free:
        same = _same(free, item)
        if same is not None:
            if not _fits(same, item):
                raise double_entry(item)
            return _take(free, same)
        blank = _blank(free, item)
    other = holding(scene, item, holders) if holders else None
    if isinstance(other, Unit):
        return other
    _take(free, blank)
    return pointer_to(item, other, blank) if other else blank


def holding(scene: Scene, item: Item, holders: Sequence[NameHolder]) -> Unit | str | None:
    """Which unit that was not sold with this order the item is: one of this home, or another's id.

    Raises:
        RejectedError: the serial was sold to somebody else.

    """
    holder = holder_of(item.thing, holders)
    if holder is None:
        return None
    here = holder.home == scene.home
    units = scene.purchase.units
    unit = units.get(holder.id) if here else scene.known.row(AskRow(UNITS.table, holder.id))
    if not isinstance(unit, Unit):
        raise UnavailableError(f"warranty {holder.id} holds a serial but cannot be read yet")
    if unit.withdrawn or is_nobodys(unit):
        return None
    if not may_join(unit.reports, item.report):
        if holder.released:
            return None
        raise double_entry(item)
    return unit if here else holder.id


def _same(free: list[Unit | Pointer], item: Item) -> Slot:
    return next(
        (s for s in free if s.serial_norm == item.thing.norm and s.product == item.thing.key), None
    )


def _blank(free: list[Unit | Pointer], item: Item) -> Unit | None:
    """A slot without a serial, one that is still covered first."""
    blanks = [
        s
        for s in free
        if isinstance(s, Unit) and s.serial_norm is None and s.product == item.thing.key
    ]
    return next((unit for unit in blanks if unit.status == COVERED), blanks[0] if blanks else None)


def _any(free: list[Unit | Pointer], item: Item) -> Slot:
    fitting = (s for s in free if s.product == item.thing.key and _fits(s, item))
    return next(fitting, None)


def _fits(slot: Unit | Pointer, item: Item) -> bool:
    return isinstance(slot, Pointer) or not told_elsewhere(slot.reports, item.report)


def double_entry(item: Item) -> RejectedError:
    """What the sender of a serial is told that somebody else has sold."""
    message = (
        f"serial {item.thing.serial!r} was already sold under another order; "
        "send its return first, or correct the serial"
    )
    return RejectedError([Refusal(code="double_entry", message=message, line=item.report.line)])


def pointer_to(item: Item, warranty: str, stands_for: Unit | None = None) -> Pointer:
    """A line sold here that is a unit of another home."""
    thing, report = item.thing, item.report
    return Pointer(
        connector=report.connector,
        line=report.line,
        warranty=warranty,
        serial=thing.serial,
        serial_norm=thing.norm,
        goods=(thing.product.code, thing.product.brand, thing.product.name),
        product=thing.key,
        ends_on=report.ends_on,
        day=report.day,
        extended_until=report.extended_until,
        instead_of=stands_for.id if stands_for else None,
    )
