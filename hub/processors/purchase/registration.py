"""A registration: gives a known unit its owner, or founds a unit whose sale is unknown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from hub.domain.coverage import add_months, day_of
from hub.domain.errors import reject
from hub.domain.moments import check_moment
from hub.domain.orders import check_size
from hub.domain.reports import REGISTRATION, Report
from hub.domain.serials import normalise
from hub.processors.purchase.answers import Warranties
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.owning import Claim, again, came_back, own, registered, taken
from hub.processors.purchase.place import ask_earlier, candidates, earlier, registration_home
from hub.processors.purchase.staging import stage, staged_answer
from hub.processors.purchase.state import Purchase, PurchaseRow, Staged
from hub.processors.purchase.tenants import tenant_of
from hub.processors.purchase.units import Thing, found
from hub.sdk.decision import Decision, Letter
from hub.sdk.events import Event, Known, NameHolder, Outcome, Tenant
from schemas.events.link import SerialSold
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
    claim = Claim(report, ask_earlier(event, told) if thing.norm else None, event.raw)
    if not thing.norm:
        return _repeat(purchase, row, claim) or _found(purchase, row, thing, claim)
    holders = earlier(event, told, known) or candidates(event, thing.norm, thing.key, known)
    if len(holders) > 1:
        raise _ambiguous(holders)
    if holders:
        return own(purchase, holders[0].id, claim, known)
    waiting = _waiting(purchase, row, thing, claim)
    if waiting is not None:
        return waiting
    if thing.key:
        return _found(purchase, row, thing, claim)
    return _stage(row, thing, claim, _Patience(event.received_at, tenant.patience_days), purchase)


def _report(event: Event, told: RegistrationRequested, tenant: Tenant) -> Report:
    check_moment("registered", told.registered_at, event.received_at)
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
        event.revision,
    )


def _thing(told: RegistrationRequested) -> Thing:
    product = told.product or Product()
    norm = normalise(told.serial or "")
    if not norm and not product.key:
        raise reject("product_unknown", "a registration names a product, a serial, or both")
    return Thing(product, product.key, told.serial or "", norm)


def _ambiguous(holders: Sequence[NameHolder]) -> Exception:
    if all(holder.released for holder in holders):
        return came_back()
    return reject("serial_ambiguous", "several products have that serial; name the product")


def _repeat(purchase: Purchase, row: PurchaseRow, claim: Claim) -> Decision[Purchase] | None:
    """Without a serial, the home is the registration's own: what comes there again repeats it."""
    if not row.registered:
        return None
    first = row.registered[0]
    return again(purchase, purchase.units[first.warranty], first, claim)


def _found(purchase: Purchase, row: PurchaseRow, thing: Thing, claim: Claim) -> Decision[Purchase]:
    check_size(len(purchase.units) + 1)
    draft = Draft()
    unit = found(draft, row.id, len(purchase.units) + 1, thing, claim.report)
    if row.staged:
        fact = SerialSold.model_construct(home=row.id, serial=thing.serial)
        draft.letters.append(Letter(fact, row.id))
    return registered(draft, purchase, row, unit, claim)


def _waiting(
    purchase: Purchase, row: PurchaseRow, thing: Thing, claim: Claim
) -> Decision[Purchase] | None:
    """What an earlier registration of this serial, still without a product, means for this one."""
    report = claim.report
    for staged in row.staged:
        same_one = (staged.connector, staged.reference) == (report.connector, report.reference)
        if not thing.key and (same_one or report.customer in (None, staged.customer)):
            if same_one:
                row = _corrected(row, staged, claim)
            answer = Warranties((staged_answer(staged),))
            return Decision(purchase.changed(row), Outcome.DEDUPLICATED, answer)
        if staged.customer and report.customer not in (None, staged.customer):
            raise taken()
    return None


def _corrected(row: PurchaseRow, staged: Staged, claim: Claim) -> PurchaseRow:
    """What waits as a later translation of its record says it; nobody has been told of it yet."""
    report = claim.report
    later = claim.raw is not None and claim.raw == staged.raw and report.revision > staged.revision
    if not later or staged.asked is not None:
        return row
    anew = replace(
        staged,
        event=report.event,
        day=report.day,
        ends_on=report.ends_on,
        branch=report.branch,
        customer=report.customer,
        revision=report.revision,
    )
    return replace(row, staged=tuple(anew if one is staged else one for one in row.staged))


def _stage(
    row: PurchaseRow, thing: Thing, claim: Claim, wait: _Patience, purchase: Purchase
) -> Decision[Purchase]:
    report = claim.report
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
        raw=claim.raw,
        revision=report.revision,
    )
    draft = Draft()
    row = stage(draft, row, staged, wait.since)
    return draft.decision(purchase, row, Warranties((staged_answer(staged),)))
