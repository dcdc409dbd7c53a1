"""A registration that names no product: it waits for a sale of its serial that does."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from hub.domain.errors import reject
from hub.domain.serials import KIND, WAITING, name_value
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.looking_like import Look
from hub.processors.purchase.names import ask_serial, of_units, waiting_home
from hub.processors.purchase.state import Purchase, PurchaseRow, Staged, Warranty
from hub.processors.purchase.units import Thing
from hub.sdk.decision import (
    ClearTimer,
    Decision,
    Letter,
    NameClaim,
    NameRelease,
    Said,
    SetTimer,
)
from hub.sdk.events import Event, Known, NameHolder, Outcome, TimerDue
from schemas.events.link import (
    RegistrationAccepted,
    RegistrationLinked,
    RegistrationRefused,
    SerialSold,
)
from schemas.events.registration import RegistrationRequested
from schemas.events.warranty import Refusal, WarrantyRefused
from schemas.refs import home_of

LOOK_TIMER = "look:"
LOOK_SOON = timedelta(minutes=1)
"""A sale that is decided at the same moment elsewhere may not see that somebody waits for it."""
LOOK_AGAIN = timedelta(days=1)
MISREAD = "serial_corrected"
"""Why a unit takes nothing that goes by a serial which its source took back."""


def serial_of(due: TimerDue) -> str | None:
    """The normalised serial this timer looks up, if it looks one up."""
    return due.name.removeprefix(LOOK_TIMER) if due.name.startswith(LOOK_TIMER) else None


def staged_answer(staged: Staged) -> Warranty:
    """What the sender of a registration is told that still waits for its sale."""
    return Warranty(None, None, staged.serial, None, None, "staged")


def stage(draft: Draft, row: PurchaseRow, staged: Staged, now: datetime) -> PurchaseRow:
    """Keep a registration until its serial is sold, where whoever sells it will find that."""
    value = name_value(staged.serial_norm, WAITING)
    draft.names.append(NameClaim(KIND, value, row.id))
    draft.timers.append(SetTimer(LOOK_TIMER + staged.serial_norm, now + LOOK_SOON))
    return replace(row, staged=(*row.staged, staged))


def tell_waiting(draft: Draft, thing: Thing, holders: Sequence[NameHolder]) -> None:
    """Tell whoever waits for this serial that it has been sold."""
    home = waiting_home(thing.norm, holders)
    if home is not None:
        fact = SerialSold.model_construct(home=home, serial=thing.serial)
        draft.letters.append(Letter(fact, home))


def look_again(purchase: Purchase, norm: str, event: Event, known: Known) -> Decision[Purchase]:
    """Send what waits for this serial to the unit that was sold meanwhile, or give up on it."""
    row = purchase.row
    if row is None or not row.staged:
        return Decision(purchase)
    holders = of_units(known.names(ask_serial(event.tenant, norm)))
    live = [holder for holder in holders if not holder.released]
    draft = Draft()
    left: list[Staged] = []
    for staged in row.staged:
        like = Look(event, staged.serial, event.received_at, known).of(live)
        asked = staged.asked or (like[0].id if len(like) == 1 else None)
        if asked is not None:
            draft.letters.append(_ask(row, staged, asked))
            left.append(replace(staged, asked=asked))
        elif event.received_at.date() >= staged.patience_ends_on:
            draft.said.append(_given_up(staged, ambiguous=bool(live)))
        else:
            left.append(staged)
    return _waiting(draft, purchase, left, norm, event.received_at + LOOK_AGAIN)


def accepted(purchase: Purchase, letter: RegistrationAccepted) -> Decision[Purchase]:
    """The unit's home took the registration: nothing is asked any more."""
    staged = _asked(purchase, letter)
    if staged is None:
        return Decision(purchase, Outcome.DEDUPLICATED)
    return _without(Draft(), purchase, staged)


def refused(purchase: Purchase, letter: RegistrationRefused, event: Event) -> Decision[Purchase]:
    """The unit's home did not take the registration: the world hears why."""
    staged = _asked(purchase, letter)
    if staged is None:
        return Decision(purchase, Outcome.DEDUPLICATED)
    if letter.code == MISREAD and purchase.row is not None:
        # That unit has another serial after all; the one that is waited for is still to be sold.
        left = [replace(s, asked=None) if s is staged else s for s in purchase.row.staged]
        return _waiting(Draft(), purchase, left, staged.serial_norm, event.received_at + LOOK_SOON)
    reason = Refusal.model_construct(code=letter.code, message=letter.reason, line=None)
    return _without(Draft(said=[_refused(staged, reason)]), purchase, staged)


def _asked(purchase: Purchase, letter: RegistrationAccepted | RegistrationRefused) -> Staged | None:
    """The registration that is answered; None where it was answered before."""
    if purchase.row is None:
        raise reject("unknown_warranty", f"no registration here asked {letter.warranty!r}")
    about = (letter.connector, letter.reference, letter.warranty)
    return next(
        (s for s in purchase.row.staged if (s.connector, s.reference, s.asked) == about), None
    )


def _without(draft: Draft, purchase: Purchase, gone: Staged) -> Decision[Purchase]:
    left = [staged for staged in (purchase.row or PurchaseRow("")).staged if staged is not gone]
    return _waiting(draft, purchase, left, gone.serial_norm, None)


def _waiting(
    draft: Draft, purchase: Purchase, left: Sequence[Staged], norm: str, again: datetime | None
) -> Decision[Purchase]:
    """What goes on waiting for a serial; where nothing does, nobody is to find it."""
    row = purchase.row or PurchaseRow("")
    if not left:
        draft.names.append(NameRelease(KIND, name_value(norm, WAITING)))
        draft.timers.append(ClearTimer(LOOK_TIMER + norm))
    elif again is not None:
        draft.timers.append(SetTimer(LOOK_TIMER + norm, again))
    return draft.decision(purchase, replace(row, staged=tuple(left)))


def _ask(row: PurchaseRow, staged: Staged, warranty: str) -> Letter:
    fact = RegistrationLinked.model_construct(
        warranty=warranty,
        asked_by=row.id,
        reference=staged.reference,
        connector=staged.connector,
        serial=staged.serial,
        purchased_on=staged.day,
        ends_on=staged.ends_on,
        branch=staged.branch,
        customer=staged.customer,
    )
    return Letter(fact, home_of(warranty))


def _given_up(staged: Staged, *, ambiguous: bool) -> Said:
    if ambiguous:
        reason = Refusal(code="serial_ambiguous", message="several products have that serial")
    else:
        reason = Refusal(code="product_unknown", message="no sale has named the product of it")
    return _refused(staged, reason)


def _refused(staged: Staged, reason: Refusal) -> Said:
    fact = WarrantyRefused.model_construct(
        event=staged.event,
        event_type=RegistrationRequested.TYPE,
        connector=staged.connector,
        reasons=(reason,),
        order=None,
        reference=staged.reference,
        branch=staged.branch,
    )
    return Said(fact, staged.event)
