"""A registration: gives a known unit its owner, or founds a unit whose sale is unknown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from hub.domain.coverage import add_months, day_of
from hub.domain.errors import reject
from hub.domain.orders import check_size
from hub.domain.reports import REGISTRATION, Report
from hub.domain.serials import normalise
from hub.processors.purchase.answers import Warranties, warranty
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.linking import unit_here
from hub.processors.purchase.place import candidates, registration_home
from hub.processors.purchase.staging import stage, staged_answer
from hub.processors.purchase.state import (
    ENDED,
    Purchase,
    PurchaseRow,
    Registered,
    Staged,
    Unit,
    Warranty,
)
from hub.processors.purchase.tenants import tenant_of
from hub.processors.purchase.units import Thing, found, join
from hub.sdk.decision import Decision
from hub.sdk.events import Event, Known, NameHolder, Outcome, Tenant
from schemas.events.link import RegistrationLinked
from schemas.events.parts import Product
from schemas.events.registration import RegistrationRequested


class _Patience(NamedTuple):
    since: datetime
    days: int


def register(
    purchase: Purchase, event: Event, told: RegistrationRequested, known: Known
) -> Decision[Purchase]:
    """Add the owner to the unit that is meant, or found one."""
    tenant = tenant_of(event, known)
    report = _report(event, told, tenant)
    row = purchase.row or PurchaseRow(registration_home(event, told, known))
    thing = _thing(told)
    if not thing.norm:
        return _repeat(purchase, row) or _found(purchase, row, thing, report)
    holders = candidates(event, thing.norm, thing.key, known)
    if len(holders) > 1:
        raise _ambiguous(holders)
    if holders:
        return own(purchase, holders[0].id, report)
    waiting = _waiting(purchase, row, thing, report)
    if waiting is not None:
        return waiting
    if thing.key:
        return _found(purchase, row, thing, report)
    return _stage(purchase, row, thing, report, _Patience(event.received_at, tenant.patience_days))


def take_registration(
    purchase: Purchase, letter: RegistrationLinked, event: Event
) -> Decision[Purchase]:
    """Add the owner that another home kept until this unit was sold."""
    report = Report(
        letter.connector,
        REGISTRATION,
        None,
        letter.reference,
        "",
        letter.purchased_on,
        letter.ends_on,
        letter.branch,
        letter.customer,
        event.id,
    )
    return own(purchase, letter.warranty, report)


def _report(event: Event, told: RegistrationRequested, tenant: Tenant) -> Report:
    today = day_of(told.registered_at, told.zone)
    day = told.purchased_on or today
    if day > today:
        message = f"purchased on {day} but registered on {today}; correct the day of purchase"
        raise reject("purchase_in_future", message)
    return Report(
        event.connector,
        REGISTRATION,
        None,
        told.reference,
        "",
        day,
        add_months(day, told.coverage_months or tenant.coverage_months),
        told.branch,
        event.customer.ref if event.customer else None,
        event.id,
    )


def _thing(told: RegistrationRequested) -> Thing:
    product = told.product or Product()
    norm = normalise(told.serial or "")
    if not norm and not product.key:
        raise reject("product_unknown", "a registration names a product, a serial, or both")
    return Thing(product, product.key, told.serial or "", norm)


def _ambiguous(holders: Sequence[NameHolder]) -> Exception:
    if all(holder.released for holder in holders):
        return _came_back()
    return reject("serial_ambiguous", "several products have that serial; name the product")


def _came_back() -> Exception:
    return reject(
        "unit_returned", "this unit came back; it can be registered once it is sold again"
    )


def own(purchase: Purchase, identifier: str, report: Report) -> Decision[Purchase]:
    """Add a registration to a unit. The first owner stays; whoever asks later hears no name."""
    row, unit = unit_here(purchase, identifier)
    first = _first(row, unit, report)
    if first is not None:
        return Decision(purchase, Outcome.DEDUPLICATED, Warranties((first.answer,)))
    if unit.status == ENDED:
        raise _came_back()
    if any(earlier.by == REGISTRATION and earlier.customer for earlier in unit.reports):
        raise _taken()
    draft = Draft()
    return _registered(draft, purchase, row, join(draft, unit, report), report)


def _taken() -> Exception:
    return reject("already_registered", "this unit is registered already")


def _first(row: PurchaseRow, unit: Unit, report: Report) -> Registered | None:
    """The registration that this one repeats: its own, its owner's, or any if it names no owner."""
    earlier = [kept for kept in row.registered if kept.warranty == unit.id]
    same = [kept for kept in earlier if _is(kept, report)]
    owners = {r.customer for r in unit.reports if r.by == REGISTRATION}
    if earlier and (report.customer is None or report.customer in owners):
        return (same or earlier)[0]
    return same[0] if same else None


def _is(kept: Registered | Staged, report: Report) -> bool:
    return (kept.connector, kept.reference) == (report.connector, report.reference)


def _registered(
    draft: Draft, purchase: Purchase, row: PurchaseRow, unit: Unit, report: Report
) -> Decision[Purchase]:
    answer = warranty(unit, None)
    kept = Registered(report.connector, report.reference, unit.id, answer)
    row = replace(row, registered=(*row.registered, kept))
    return draft.decision(purchase, row, Warranties((answer,)))


def _repeat(purchase: Purchase, row: PurchaseRow) -> Decision[Purchase] | None:
    """Without a serial, the home is the registration's own: what comes there again repeats it."""
    if not row.registered:
        return None
    return Decision(purchase, Outcome.DEDUPLICATED, Warranties((row.registered[0].answer,)))


def _found(
    purchase: Purchase, row: PurchaseRow, thing: Thing, report: Report
) -> Decision[Purchase]:
    check_size(len(purchase.units) + 1)
    draft = Draft()
    unit = found(draft, row.id, len(purchase.units) + 1, thing, report)
    return _registered(draft, purchase, row, unit, report)


def _waiting(
    purchase: Purchase, row: PurchaseRow, thing: Thing, report: Report
) -> Decision[Purchase] | None:
    """What an earlier registration of this serial, still without a product, means for this one."""
    for staged in row.staged:
        if not thing.key and (_is(staged, report) or report.customer in (None, staged.customer)):
            answer: Warranty = staged_answer(staged)
            return Decision(purchase, Outcome.DEDUPLICATED, Warranties((answer,)))
        if staged.customer and report.customer not in (None, staged.customer):
            raise _taken()
    return None


def _stage(
    purchase: Purchase, row: PurchaseRow, thing: Thing, report: Report, wait: _Patience
) -> Decision[Purchase]:
    staged = Staged(
        report.connector,
        report.reference,
        report.event,
        thing.serial,
        thing.norm,
        report.day,
        report.ends_on,
        (wait.since + timedelta(days=wait.days)).date(),
        report.branch,
        report.customer,
    )
    draft = Draft()
    row = stage(draft, row, staged, wait.since)
    return draft.decision(purchase, row, Warranties((staged_answer(staged),)))
