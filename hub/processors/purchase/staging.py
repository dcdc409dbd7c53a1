"""A registration that names no product: it waits for a sale of its serial that does."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from hub.processors.purchase.draft import Draft
from hub.processors.purchase.matching import ask_serial
from hub.processors.purchase.state import Purchase, PurchaseRow, Staged, Warranty
from hub.sdk.decision import Decision, Letter, Said, SetTimer
from hub.sdk.events import Event, Known, NameHolder, TimerDue
from schemas.events.link import RegistrationLinked
from schemas.events.registration import RegistrationRequested
from schemas.events.warranty import Refusal, WarrantyRefused

LOOK_TIMER = "look:"
LOOK_AGAIN = timedelta(days=1)


def serial_of(due: TimerDue) -> str | None:
    """The normalised serial this timer looks up, if it looks one up."""
    return due.name.removeprefix(LOOK_TIMER) if due.name.startswith(LOOK_TIMER) else None


def staged_answer(staged: Staged) -> Warranty:
    """What the sender of a registration is told that still waits for its sale."""
    return Warranty(None, None, staged.serial, None, None, "staged")


def stage(draft: Draft, row: PurchaseRow, staged: Staged, now: datetime) -> PurchaseRow:
    """Keep a registration until its serial is sold."""
    draft.timers.append(SetTimer(LOOK_TIMER + staged.serial_norm, now + LOOK_AGAIN))
    return replace(row, staged=(*row.staged, staged))


def look_again(purchase: Purchase, serial: str, event: Event, known: Known) -> Decision[Purchase]:
    """Send what waits for this serial to the unit that was sold meanwhile, or give up on it."""
    row = purchase.row
    if row is None or not row.staged:
        return Decision(purchase)
    holders = known.names(ask_serial(event.tenant, serial))
    live = [holder for holder in holders if not holder.released]
    draft = Draft()
    left: list[Staged] = []
    for staged in row.staged:
        if len(live) == 1:
            draft.letters.append(_letter(staged, live[0]))
        elif event.time.date() >= staged.patience_ends_on:
            draft.said.append(_given_up(staged, ambiguous=bool(live)))
        else:
            left.append(staged)
    if left:
        draft.timers.append(SetTimer(LOOK_TIMER + serial, event.time + LOOK_AGAIN))
    return draft.decision(purchase, replace(row, staged=tuple(left)))


def _letter(staged: Staged, holder: NameHolder) -> Letter:
    fact = RegistrationLinked.model_construct(
        warranty=holder.id,
        reference=staged.reference,
        connector=staged.connector,
        serial=staged.serial,
        purchased_on=staged.day,
        ends_on=staged.ends_on,
        branch=staged.branch,
        customer=staged.customer,
    )
    return Letter(fact, holder.home)


def _given_up(staged: Staged, *, ambiguous: bool) -> Said:
    if ambiguous:
        reason = Refusal(code="serial_ambiguous", message="several products have that serial")
    else:
        reason = Refusal(code="product_unknown", message="no sale has named the product of it")
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
