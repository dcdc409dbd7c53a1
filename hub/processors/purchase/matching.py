"""Which unit a sold item is: one already known here, one that lives elsewhere, or a new one."""

from collections.abc import Sequence

import msgspec

from hub.domain.errors import RejectedError, UnavailableError
from hub.domain.reports import Report, may_join, told_elsewhere
from hub.domain.serials import KIND, name_prefix, name_value
from hub.processors.purchase.state import COVERED, UNITS, Pointer, Purchase, Unit
from hub.processors.purchase.units import Thing
from hub.sdk.events import AskName, AskRow, Event, Known, NameHolder
from schemas.events.warranty import Refusal


class Item(msgspec.Struct, frozen=True, gc=False):
    """One sold unit as the sale tells it."""

    thing: Thing
    report: Report


Slot = Unit | Pointer | None
"""A unit that lives here, one that lives elsewhere, or one that is new."""


def match(
    purchase: Purchase, home: str, items: Sequence[Item], event: Event, known: Known
) -> list[Slot]:
    """The slot of each item.

    Per product, the highest quantity any source reports counts, not their sum: a source's items
    first take the slots other sources have filled. Equal serials come first, then slots without
    a serial, then any.

    Raises:
        RejectedError: items that were sold before, one reason each.

    """
    free = _slots(purchase)
    found: list[Slot] = [None] * len(items)
    reasons: list[Refusal] = []
    for index, item in enumerate(items):
        if item.thing.norm:
            try:
                found[index] = _by_serial(free, home, item, event, known)
            except RejectedError as error:
                reasons += error.reasons
    if reasons:
        raise RejectedError(reasons)
    if free:
        for index, item in enumerate(items):
            if not item.thing.norm:
                found[index] = _take(free, _blank(free, item) or _any(free, item))
    return found


def unit_slots(purchase: Purchase) -> list[Unit]:
    """The units of this home but for those that a linked unit stands for."""
    row = purchase.row
    replaced = {p.instead_of for p in row.pointers if p.state != "refused"} if row else set()
    return [unit for unit in purchase.units.values() if unit.id not in replaced]


def pointer_slots(purchase: Purchase) -> list[Pointer]:
    """One pointer for each unit that lives elsewhere."""
    row = purchase.row
    return (
        list({p.warranty: p for p in row.pointers if p.state != "refused"}.values()) if row else []
    )


def known_units(purchase: Purchase) -> int:
    """How many units the order is known to have, wherever they live."""
    return len(_slots(purchase))


def ask_serial(tenant: str, norm: str) -> AskName:
    """Who holds that serial, whatever the product."""
    return AskName(tenant, KIND, name_prefix(norm), prefix=True)


def holder_of(event: Event, thing: Thing, known: Known) -> NameHolder | None:
    """Who holds exactly this serial of this product."""
    holders = known.names(ask_serial(event.tenant, thing.norm))
    if not holders:
        return None
    value = name_value(thing.norm, thing.key)
    return next((holder for holder in holders if holder.value == value), None)


def _slots(purchase: Purchase) -> list[Unit | Pointer]:
    if purchase.row is None:
        return []
    return [*unit_slots(purchase), *pointer_slots(purchase)]


def _take(free: list[Unit | Pointer], slot: Slot) -> Slot:
    if slot is not None:
        free.remove(slot)
    return slot


def _by_serial(
    free: list[Unit | Pointer], home: str, item: Item, event: Event, known: Known
) -> Slot:
    blank: Unit | None = None
    if free:
        same = _same(free, item)
        if same is not None:
            if not _fits(same, item):
                raise _double_entry(item)
            return _take(free, same)
        blank = _blank(free, item)
        _take(free, blank)
    holder = holder_of(event, item.thing, known)
    if holder is None or holder.home == home:
        return blank
    unit = known.row(AskRow(UNITS.table, holder.id))
    if not isinstance(unit, Unit):
        raise UnavailableError(f"warranty {holder.id} holds a serial but cannot be read yet")
    if not may_join(unit.reports, item.report):
        if holder.released:
            return blank
        raise _double_entry(item)
    return _pointer(item, holder.id, blank)


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


def _double_entry(item: Item) -> RejectedError:
    message = (
        f"serial {item.thing.serial!r} was already sold under another order; "
        "send its return first, or correct the serial"
    )
    return RejectedError([Refusal(code="double_entry", message=message, line=item.report.line)])


def _pointer(item: Item, warranty: str, stands_for: Unit | None) -> Pointer:
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
        instead_of=stands_for.id if stands_for else None,
    )
