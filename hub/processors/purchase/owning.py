"""What a unit makes of a registration: its first owner stays, a repeat gets the first answer."""

import msgspec
from msgspec.structs import replace

from hub.domain.errors import RejectedError, reject
from hub.domain.reports import REGISTRATION, Report, same
from hub.domain.rulings import Ruling
from hub.domain.serials import normalise
from hub.domain.shop_orders import Verification
from hub.processors.purchase.answers import Warranties, warranty
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.grounds import ruled, verified
from hub.processors.purchase.linking import unit_here
from hub.processors.purchase.names import TAKEN, ask_registration
from hub.processors.purchase.staging import MISREAD
from hub.processors.purchase.state import ENDED, Purchase, PurchaseRow, Registered, Unit
from hub.processors.purchase.units import join, keep_corrected, with_reports
from hub.sdk.decision import Decision, Letter, NameClaim
from hub.sdk.events import AskName, Event, Known, Outcome
from schemas.events.link import RegistrationAccepted, RegistrationLinked, RegistrationRefused


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A registration on its way to a unit."""

    report: Report
    taken: AskName | None = None
    """The name under which its repeats find the unit that took it; without a serial it has none."""
    raw: str | None = None
    ruling: Ruling | None = None
    """By which policy its period was decided, where it names none."""
    verification: Verification | None = None
    """What its shop said, where that was asked."""


def own(purchase: Purchase, identifier: str, claim: Claim, known: Known) -> Decision[Purchase]:
    """Add a registration to a unit. The first owner stays; whoever asks later hears no name."""
    row, unit = unit_here(purchase, identifier)
    report = claim.report
    first = _first(row, unit, report)
    if first is not None:
        return again(purchase, unit, first, claim)
    if unit.status == ENDED or (unit.follows and report.day < unit.starts_on):
        raise came_back()
    if _is_owned(unit, report.customer):
        raise taken()
    if claim.taken is not None and any(h.id != unit.id for h in known.names(claim.taken)):
        raise taken()
    draft = Draft()
    joined = join(draft, unit, report, ruling=claim.ruling, verification=claim.verification)
    return registered(draft, purchase, row, joined, claim)


def _is_owned(unit: Unit, by: str | None) -> bool:
    """Whether somebody else registered it, or it changed hands and is somebody else's now."""
    if unit.transfers:
        return by not in (None, unit.customer)
    return any(one.by == REGISTRATION and one.customer for one in unit.reports)


def taken() -> Exception:
    """The refusal of a second owner."""
    return reject("already_registered", "this unit is registered already")


def came_back() -> Exception:
    """The refusal of an owner whose unit is nobody's any more, or somebody else's by now."""
    return reject(
        "unit_returned", "this unit came back; it can be registered once it is sold again"
    )


def registered(
    draft: Draft, purchase: Purchase, row: PurchaseRow, unit: Unit, claim: Claim
) -> Decision[Purchase]:
    """Remember who registered a unit, and under what name a repeat finds it."""
    report = claim.report
    answer = warranty(unit, None)
    kept = Registered(report.connector, report.reference, unit.id, answer, claim.raw)
    if claim.taken is not None:
        draft.names.append(NameClaim(TAKEN, claim.taken.value, unit.id))
    row = replace(row, registered=(*row.registered, kept))
    return draft.decision(purchase, row, Warranties((answer,)))


def again(purchase: Purchase, unit: Unit, first: Registered, claim: Claim) -> Decision[Purchase]:
    """Answer a repeat, or take a correction: a later translation of the same record."""
    report = claim.report
    told = next((r for r in unit.reports if r.by == REGISTRATION and _is(first, r)), None)
    repeat = Decision(purchase, Outcome.DEDUPLICATED, Warranties((first.answer,)))
    corrects = claim.raw is not None and claim.raw == first.raw and _is(first, report)
    if purchase.row is None or told is None or not corrects or report.revision <= told.revision:
        return repeat
    draft = Draft()
    reports = tuple(report if r is told else r for r in unit.reports)
    corrected = verified(ruled(with_reports(unit, reports), claim.ruling), claim.verification)
    if same(told, report):
        draft.units[unit.id] = corrected
        return draft.decision(purchase, purchase.row, repeat.answer, Outcome.DEDUPLICATED)
    keep_corrected(draft, corrected, report, REGISTRATION)
    kept = replace(first, answer=warranty(corrected, None))
    others = tuple(kept if r is first else r for r in purchase.row.registered)
    return draft.decision(
        purchase, replace(purchase.row, registered=others), Warranties((kept.answer,))
    )


def _first(row: PurchaseRow, unit: Unit, report: Report) -> Registered | None:
    """The registration that this one repeats: its own, its owner's, or any if it names no owner."""
    earlier = [kept for kept in row.registered if kept.warranty == unit.id]
    same_one = [kept for kept in earlier if _is(kept, report)]
    owners = {r.customer for r in unit.reports if r.by == REGISTRATION}
    owners = {unit.customer} if unit.transfers else owners
    if earlier and (report.customer is None or report.customer in owners):
        return (same_one or earlier)[0]
    return same_one[0] if same_one else None


def _is(kept: Registered, report: Report) -> bool:
    return (kept.connector, kept.reference) == (report.connector, report.reference)


def take_registration(
    purchase: Purchase, letter: RegistrationLinked, event: Event, known: Known
) -> Decision[Purchase]:
    """Add the owner that another home kept until this unit was sold, and answer that home."""
    if letter.asked_by is None:
        return _take(purchase, letter, event, known)
    waits = letter.asked_by
    try:
        decision = _take(purchase, letter, event, known)
    except RejectedError as error:
        return Decision(purchase, letters=(Letter(_refusal(letter, waits, error), waits),))
    fact = RegistrationAccepted.model_construct(
        warranty=letter.warranty,
        asked_by=waits,
        reference=letter.reference,
        connector=letter.connector,
    )
    return msgspec.structs.replace(decision, letters=(Letter(fact, waits),))


def _refusal(letter: RegistrationLinked, waits: str, error: RejectedError) -> RegistrationRefused:
    reason = error.reasons[0]
    return RegistrationRefused.model_construct(
        warranty=letter.warranty,
        asked_by=waits,
        reference=letter.reference,
        connector=letter.connector,
        code=reason.code,
        reason=reason.message,
    )


def _take(
    purchase: Purchase, letter: RegistrationLinked, event: Event, known: Known
) -> Decision[Purchase]:
    _, unit = unit_here(purchase, letter.warranty)
    norm = normalise(letter.serial)
    if unit.serial_norm != norm or unit.withdrawn:
        message = f"warranty {unit.id} turned out not to be of serial {letter.serial!r}"
        raise reject(MISREAD, message)
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
    name = ask_registration(event.tenant, letter.connector, letter.reference, norm)
    return own(purchase, letter.warranty, Claim(report, name), known)
