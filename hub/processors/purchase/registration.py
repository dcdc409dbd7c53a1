"""A registration: gives a known unit its owner, or founds a unit whose sale is unknown."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from hub.domain.coverage import add_months, day_of
from hub.domain.errors import reject
from hub.domain.moments import check_moment
from hub.domain.orders import check_size
from hub.domain.policies.versions import beginning_of
from hub.domain.reports import REGISTRATION, Report
from hub.domain.rulings import Ruling
from hub.domain.serials import normalise
from hub.processors.purchase.answers import Warranties
from hub.processors.purchase.cover import cover
from hub.processors.purchase.customers import whose
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.goods import found as found_product
from hub.processors.purchase.owning import Claim, again, came_back, own, registered, taken
from hub.processors.purchase.place import (
    ask_earlier,
    candidates,
    earlier,
    look_of,
    registration_home,
)
from hub.processors.purchase.requirements import check_fields, check_serial
from hub.processors.purchase.staging import stage, staged_answer
from hub.processors.purchase.state import Purchase, PurchaseRow, Staged
from hub.processors.purchase.tenants import tenant_of
from hub.processors.purchase.units import Thing, found
from hub.processors.purchase.verifying import check_verified, verification
from hub.sdk.decision import Decision, Letter
from hub.sdk.events import Event, Known, Outcome, Tenant
from schemas.events.link import SerialSold
from schemas.events.parts import Product
from schemas.events.registration import RegistrationRequested
from schemas.policies.serial_rules import SerialRulesPolicy


class _Patience(NamedTuple):
    since: datetime
    days: int


def register(
    purchase: Purchase, event: Event, told: RegistrationRequested, known: Known
) -> Decision[Purchase]:
    """Add the owner to the unit that is meant, or found one, where the shop agrees if it is to be asked."""
    return check_verified(_register(purchase, event, told, known), event, told, known)


def _register(
    purchase: Purchase, event: Event, told: RegistrationRequested, known: Known
) -> Decision[Purchase]:
    tenant = tenant_of(event, known)
    check_fields(event, told, known)
    report, ruling = _report(event, told, tenant, known)
    row = purchase.row or PurchaseRow(registration_home(event, told, known))
    verified = verification(event, told, known)
    thing = replace(_thing(told), ruling=ruling, verification=verified)
    rules = _rules(event, told, known)
    earlier_name = ask_earlier(event, told) if thing.norm else None
    claim = Claim(report, earlier_name, event.raw, ruling, verified)
    if not thing.norm:
        return _repeat(purchase, row, claim) or _found(purchase, row, thing, claim)
    holders = earlier(event, told, known) or candidates(event, thing.norm, thing.key, known)
    if len(holders) > 1 and all(holder.released for holder in holders):
        raise came_back()
    if len(holders) == 1:
        return own(purchase, holders[0].id, claim, known)
    waiting = _waiting(purchase, row, thing, claim)
    if waiting is not None:
        return waiting
    if not thing.key and not holders:
        thing = _as_it_looks(thing, event, known)
    if thing.key:
        return _found(purchase, row, thing, claim)
    if rules is not None and rules.unknown == "refuse":
        raise _unknown()
    return _stage(row, thing, claim, _Patience(event.received_at, tenant.patience_days), purchase)


def _period(
    event: Event, told: RegistrationRequested, tenant: Tenant, known: Known, day: date
) -> tuple[date, Ruling | None]:
    """The last day of cover. Of a day alone, its first moment in the merchant's zone counts."""
    if told.coverage_months is not None:
        return add_months(day, told.coverage_months), None
    stated = told.purchased_on
    at = told.registered_at if stated is None else beginning_of(stated, told.zone)
    product = told.product or Product()
    kept = found_product(event.tenant, product, known)
    return cover(event, known, tenant, at).of_owner(product, kept, day)


def _report(
    event: Event, told: RegistrationRequested, tenant: Tenant, known: Known
) -> tuple[Report, Ruling | None]:
    check_moment("registered", told.registered_at, event.received_at)
    today = day_of(told.registered_at, told.zone)
    day = told.purchased_on or today
    if day > today:
        message = f"purchased on {day} but registered on {today}; correct the day of purchase"
        raise reject("purchase_in_future", message)
    ends_on, ruling = _period(event, told, tenant, known, day)
    who = whose(event, known)
    report = Report(
        event.connector,
        REGISTRATION,
        None,
        told.reference,
        "",
        day,
        ends_on,
        told.branch,
        who.customer,
        event.id,
        event.revision,
        None,
        who.contact,
        who.remarks,
    )
    return report, ruling


def _thing(told: RegistrationRequested) -> Thing:
    product = told.product or Product()
    norm = normalise(told.serial or "")
    if not norm and not product.key:
        raise reject("product_unknown", "a registration names a product, a serial, or both")
    return Thing(product, product.key, told.serial or "", norm)


def _as_it_looks(thing: Thing, event: Event, known: Known) -> Thing:
    """The same thing of the one product that its serial looks like, if there is one."""
    look = look_of(event, known)
    product = look.product() if look else None
    return thing if product is None else replace(thing, product=product, key=product.key)


def _rules(event: Event, told: RegistrationRequested, known: Known) -> SerialRulesPolicy | None:
    if told.serial is None:
        return None
    product = (told.product.key or None) if told.product else None
    kept = found_product(event.tenant, told.product, known) if told.product else None
    category = kept.category if kept else None
    return check_serial(event, told.serial, product, told.registered_at, known, category)


def _unknown() -> Exception:
    message = "no unit with that serial is known; name its product, or correct the serial"
    return reject("serial_unknown", message)


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
