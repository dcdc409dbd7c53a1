"""What can happen to one unit: it is founded, gains a report or a serial, and ends."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar

import msgspec
from msgspec.structs import replace

from hub.domain.owners import owner
from hub.domain.reports import SALE, Report, in_force, of_order
from hub.domain.rulings import Ruling
from hub.domain.serials import KIND, name_value
from hub.domain.shop_orders import Verification
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.grounds import ruled, still_ruled, still_verified, verified
from hub.processors.purchase.state import COVERED, Unit
from hub.sdk.decision import NameClaim, NameRelease, Said
from schemas.base import Part
from schemas.events.parts import Order, Product
from schemas.events.warranty import (
    WarrantyActivated,
    WarrantyCorrected,
    WarrantyEnded,
    WarrantyLinked,
)
from schemas.refs import home_of, warranty_id

ACTIVATED = set(WarrantyActivated.model_fields)
ORDER = set(Order.model_fields)
P = TypeVar("P", bound=Part)
_set = object.__setattr__


class Thing(msgspec.Struct, frozen=True, gc=False):
    """What a unit is a unit of; `norm` is the serial as it is compared."""

    product: Product
    key: str
    serial: str = ""
    norm: str = ""
    follows: str | None = None
    """The unit that had the serial before and came back."""
    ruling: Ruling | None = None
    """By which policy its period was decided."""
    verification: Verification | None = None
    """What the shop said of the registration that founds it."""


def order_of(report: Report) -> Order | None:
    """The order a report speaks of; a registration speaks of none."""
    if report.namespace is None:
        return None
    return _built(Order, {"namespace": report.namespace, "reference": report.reference}, ORDER)


def found(draft: Draft, home: str, number: int, thing: Thing, report: Report) -> Unit:
    """Cover a new unit from its first report."""
    unit = Unit(
        warranty_id(home, number),
        number,
        COVERED,
        thing.key,
        report.day,
        report.ends_on,
        (report,),
        thing.serial or None,
        thing.norm or None,
        report.reference if report.by == SALE else None,
        report.customer,
        report.branch,
        follows=thing.follows,
        rulings=(thing.ruling,) if thing.ruling else (),
        verifications=(thing.verification,) if thing.verification else (),
    )
    draft.units[unit.id] = unit
    if thing.norm:
        draft.names.append(NameClaim(KIND, name_value(thing.norm, thing.key), unit.id))
    draft.said.append(Said(_activated(unit, thing.product, report), unit.id))
    return unit


def _activated(unit: Unit, product: Product, report: Report) -> WarrantyActivated:
    values = {
        "warranty": unit.id,
        "product": product,
        "starts_on": unit.starts_on,
        "ends_on": unit.ends_on,
        "connector": report.connector,
        "by": report.by,
        "order": order_of(report),
        "line": report.line or None,
        "serial": unit.serial,
        "branch": report.branch,
        "customer": report.customer,
        "ruled_by": unit.rulings[0].fact() if unit.rulings else None,
        "verified_by": unit.verifications[0].fact() if unit.verifications else None,
    }
    return _built(WarrantyActivated, values, ACTIVATED)


def _built(model: type[P], values: dict[str, object], fields: set[str]) -> P:
    """What `model_construct` does at double the cost: it looks for fields that are missing or have an alias.

    For what is built for nearly every event. The values are those of all fields.
    """
    part = model.__new__(model)
    _set(part, "__dict__", values)
    _set(part, "__pydantic_fields_set__", fields)
    _set(part, "__pydantic_extra__", None)
    _set(part, "__pydantic_private__", None)
    return part


def with_report(unit: Unit, report: Report) -> Unit:
    """The unit as one more report makes it."""
    return with_reports(unit, (*unit.reports, report))


def with_reports(unit: Unit, reports: tuple[Report, ...]) -> Unit:
    """The unit as these reports make it, and no others."""
    force = in_force(reports)
    return replace(
        unit,
        reports=reports,
        starts_on=force.starts_on,
        ends_on=max(force.ends_on, unit.extended_until or force.ends_on),
        order_reference=force.order_reference,
        customer=owner(force.customer, unit.transfers) if unit.transfers else force.customer,
        branch=force.branch,
        rulings=still_ruled(unit, reports) if unit.rulings else (),
        verifications=still_verified(unit, reports) if unit.verifications else (),
    )


def join(  # noqa: PLR0913, PLR0917 - a report, and what is known of it
    draft: Draft,
    unit: Unit,
    report: Report,
    serial: str | None = None,
    ruling: Ruling | None = None,
    verification: Verification | None = None,
) -> Unit:
    """Add a report. An ended unit takes it in silence: nothing about its cover is news."""
    joined = verified(ruled(with_report(unit, report), ruling), verification)
    draft.units[unit.id] = joined
    if joined.status == COVERED:
        linked = WarrantyLinked.model_construct(
            warranty=unit.id,
            starts_on=joined.starts_on,
            ends_on=joined.ends_on,
            connector=report.connector,
            by=report.by,
            order=order_of(report),
            line=report.line or None,
            serial=joined.serial or serial,
            branch=report.branch,
            customer=report.customer,
            ruled_by=ruling.fact() if ruling else None,
            verified_by=verification.fact() if verification else None,
        )
        draft.said.append(Said(linked, unit.id))
    return joined


def keeps_name(unit: Unit) -> bool:
    """Whether nobody else may have its serial: it is covered, or ended by hand alone."""
    return unit.status == COVERED or not (unit.returned_by or unit.withdrawn)


def is_nobodys(unit: Unit) -> bool:
    """Whether it came back and no order sells it any more: what is sold under its serial is new."""
    return bool(unit.returned_by) and all(report.by != SALE for report in unit.reports)


def name_serial(draft: Draft, unit: Unit, thing: Thing) -> Unit:
    """Give a unit the serial a later report knows; one that came back no longer holds its name."""
    if keeps_name(unit):
        draft.names.append(NameClaim(KIND, name_value(thing.norm, unit.product), unit.id))
    return replace(unit, serial=thing.serial, serial_norm=thing.norm, follows=thing.follows)


def unname(draft: Draft, unit: Unit) -> Unit:
    """Take back a serial that was read wrongly, so that whoever has it can be found under it."""
    if keeps_name(unit) and unit.serial_norm is not None:
        value = name_value(unit.serial_norm, unit.product)
        # A name of the home itself is one of no unit: late events do not find this one under it.
        draft.names += [NameClaim(KIND, value, home_of(unit.id)), NameRelease(KIND, value)]
    return replace(unit, serial=None, serial_norm=None, follows=None, attached=None)


@dataclass(frozen=True, slots=True)
class Back:
    """Who says that a unit is no longer out there, since when and why."""

    connector: str
    day: date
    order: Order | None
    branch: str | None
    reason: Literal["returned", "merged"] = "returned"


def end(draft: Draft, unit: Unit, back: Back) -> Unit:
    """End a unit's cover and let go of its name."""
    day = max(back.day, unit.starts_on)
    ended = replace(
        unit, status="ended", ended_on=day, returned_by=(*unit.returned_by, back.connector)
    )
    draft.units[unit.id] = ended
    if unit.serial_norm is not None:
        draft.names.append(NameRelease(KIND, name_value(unit.serial_norm, unit.product)))
    fact = WarrantyEnded.model_construct(
        warranty=unit.id,
        ended_on=day,
        reason=back.reason,
        connector=back.connector,
        order=back.order,
        serial=unit.serial,
        branch=back.branch or unit.branch,
    )
    draft.said.append(Said(fact, unit.id))
    return ended


def back_after_all(draft: Draft, unit: Unit, connector: str) -> Unit:
    """A unit that had ended came back; one that was ended by hand had kept its name until now."""
    if keeps_name(unit) and unit.serial_norm is not None:
        draft.names.append(NameRelease(KIND, name_value(unit.serial_norm, unit.product)))
    back = replace(unit, returned_by=(*unit.returned_by, connector))
    draft.units[unit.id] = back
    return back


def keep_corrected(
    draft: Draft, unit: Unit, report: Report, by: Literal["sale", "registration"]
) -> None:
    """Keep a unit as a correction left it; of one that ended, nothing about its cover is news."""
    draft.units[unit.id] = unit
    if unit.status == COVERED:
        draft.said.append(Said(corrected(unit, report, by), unit.id))


def corrected(
    unit: Unit, report: Report, by: Literal["sale", "registration", "return"]
) -> WarrantyCorrected:
    """The fact that tells what holds of a unit now."""
    return WarrantyCorrected.model_construct(
        warranty=unit.id,
        starts_on=unit.starts_on,
        ends_on=unit.ends_on,
        connector=report.connector,
        by=by,
        order=order_of(report),
        line=report.line or None,
        serial=unit.serial,
        branch=unit.branch,
        customer=unit.customer,
        ended_on=unit.ended_on,
        ruled_by=next((r.fact() for r in unit.rulings if r.event == report.event), None),
        verified_by=next((v.fact() for v in unit.verifications if v.event == report.event), None),
    )


def withdraw(
    draft: Draft,
    unit: Unit,
    report: Report,
    reason: Literal["corrected", "deleted"] = "corrected",
) -> None:
    """End a unit that was never sold. Its serial stays to be read, but is nobody's name."""
    unname(draft, unit)
    ended = replace(unit, status="ended", ended_on=unit.starts_on, reports=())
    draft.units[unit.id] = ended
    fact = WarrantyEnded.model_construct(
        warranty=unit.id,
        ended_on=unit.starts_on,
        reason=reason,
        connector=report.connector,
        order=order_of(report),
        serial=unit.serial,
        branch=unit.branch,
    )
    draft.said.append(Said(fact, unit.id))


def version_of(unit: Unit, order: tuple[str | None, str]) -> int:
    """How often an order of another home was deleted, as far as this unit has heard."""
    return next((kept[2] for kept in unit.versions if kept[:2] == order), 0)


def forget_order(unit: Unit, order: tuple[str, str], version: int) -> Unit:
    """The unit without what an order said before it was deleted so often; not told to the world."""
    others = tuple(kept for kept in unit.versions if kept[:2] != order)
    reports = tuple(report for report in unit.reports if not of_order(report, order))
    return replace(unit, reports=reports, versions=(*others, (*order, version)))
