"""A serial that is attached to a unit sold without one: its name, or the unit that has it already."""

from collections.abc import Iterator

from msgspec.structs import replace

from hub.domain.errors import RejectedError, UnavailableError, reject
from hub.domain.moments import check_moment
from hub.domain.reports import Report, may_join, of_order
from hub.domain.serials import Attachment, normalise
from hub.processors.purchase.answers import Attached, AttachedTold
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.linking import ask_link, unit_here
from hub.processors.purchase.matching import unit_slots
from hub.processors.purchase.names import ask_serial, holder_of, resold
from hub.processors.purchase.requirements import check_serial
from hub.processors.purchase.staging import tell_waiting
from hub.processors.purchase.state import ENDED, UNITS, Pointer, Purchase, PurchaseRow, Unit
from hub.processors.purchase.units import Thing, name_serial
from hub.sdk.decision import Decision, Said
from hub.sdk.events import AskRow, Event, Known, NameHolder, Outcome
from schemas.events.parts import Product
from schemas.events.unit import SerialAttached
from schemas.events.warranty import WarrantySerialAttached


def attach(
    purchase: Purchase, event: Event, told: SerialAttached, known: Known
) -> Decision[Purchase]:
    """Give a unit its serial; where an owner registered that before the sale knew it, link the two.

    Raises:
        RejectedError: the unit has another serial, or another unit has this one.

    """
    row, unit = unit_here(purchase, told.warranty)
    check_moment("attached", told.attached_at, event.received_at)
    norm = normalise(told.serial)
    if unit.serial_norm == norm:
        return Decision(purchase, Outcome.DEDUPLICATED, _answer(unit))
    linked = _linked(row, unit)
    if linked is not None and linked.serial_norm == norm:
        return Decision(purchase, Outcome.DEDUPLICATED, _pending(linked))
    _check_unit(unit, linked.serial if linked else unit.serial)
    check_serial(event, told.serial, unit.product, told.attached_at, known)
    thing = Thing(Product.model_construct(code=unit.product), unit.product, told.serial, norm)
    holders = known.names(ask_serial(event.tenant, norm))
    holder = holder_of(thing, holders)
    if holder is not None and not holder.released:
        return _link(purchase, unit, (thing, holder), event, known)
    draft = Draft()
    named = name_serial(draft, unit, resold(thing, holders))
    named = replace(named, attached=Attachment(event.connector, event.id, told.attached_at))
    draft.units[unit.id] = named
    draft.said.append(Said(_fact(named, event.connector), unit.id))
    tell_waiting(draft, thing, holders)
    return draft.decision(purchase, row, _answer(named))


def _check_unit(unit: Unit, serial: str | None) -> None:
    if serial is not None:
        message = f"{unit.id} has serial {serial!r}; where it was read wrongly, correct its sale"
        raise reject("serial_differs", message)
    if unit.status == ENDED:
        came_back = bool(unit.returned_by) or unit.withdrawn
        message = f"cover of {unit.id} has ended; a serial is attached while it is covered"
        raise reject("unit_returned" if came_back else "already_ended", message)


def _answer(unit: Unit) -> Attached:
    return Attached(AttachedTold(unit.id, unit.serial or "", unit.status))


def _pending(pointer: Pointer) -> Attached:
    return Attached(AttachedTold(pointer.warranty, pointer.serial, "pending"))


def _linked(row: PurchaseRow, unit: Unit) -> Pointer | None:
    """The link by which this unit was found to be one of another home, which has a serial."""
    mine = (one for one in row.pointers if one.instead_of == unit.id and one.state != "refused")
    return next(mine, None)


def _link(
    purchase: Purchase, unit: Unit, found: tuple[Thing, NameHolder], event: Event, known: Known
) -> Decision[Purchase]:
    thing, holder = found
    row = purchase.row or PurchaseRow("")
    other = purchase.units.get(holder.id) or known.row(AskRow(UNITS.table, holder.id))
    if not isinstance(other, Unit):
        raise UnavailableError(f"warranty {holder.id} holds a serial but cannot be read yet")
    sold = [report for report in unit.reports if of_order(report, row.key)]
    apart = holder.home != row.id and not _sells(row, other)
    alone = len(sold) == len(unit.reports) and unit in unit_slots(purchase)
    if not (apart and alone and all(may_join(other.reports, report) for report in sold)):
        raise _taken(thing.serial)
    draft = Draft()
    pointers = tuple(_pointers(unit, thing, holder.id, sold))
    for pointer in pointers:
        sale = next(sale for sale in row.sales if sale.connector == pointer.connector)
        ask_link(draft, row, sale, pointer, event.received_at)
    row = replace(row, pointers=(*row.pointers, *pointers))
    return draft.decision(purchase, row, _pending(pointers[0]))


def _sells(row: PurchaseRow, other: Unit) -> bool:
    """Whether the other unit is one more of this very order."""
    linked = any(p.warranty == other.id for p in row.pointers if p.state != "refused")
    return linked or any(of_order(report, row.key) for report in other.reports)


def _pointers(unit: Unit, thing: Thing, warranty: str, sold: list[Report]) -> Iterator[Pointer]:
    rulings = {(one.event, one.line): one for one in unit.rulings}
    for report in sold:
        yield Pointer(
            connector=report.connector,
            line=report.line,
            warranty=warranty,
            serial=thing.serial,
            serial_norm=thing.norm,
            product=thing.key,
            goods=(thing.product.code, None, None),
            ends_on=report.ends_on,
            day=report.day,
            extended_until=report.extended_until,
            instead_of=unit.id,
            ruling=rulings.get((report.event, report.line)),
        )


def _taken(serial: str) -> RejectedError:
    message = f"another unit of this product has serial {serial!r}; correct it, or return that one"
    return reject("serial_taken", message)


def _fact(unit: Unit, connector: str) -> WarrantySerialAttached:
    return WarrantySerialAttached.model_construct(
        warranty=unit.id,
        serial=unit.serial or "",
        starts_on=unit.starts_on,
        ends_on=unit.ends_on,
        connector=connector,
        branch=unit.branch,
    )
