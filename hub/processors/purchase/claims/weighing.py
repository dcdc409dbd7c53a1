"""A claim is weighed: what it lacks, whether it waits, and whether a rule decides it."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from hub.domain.claims.record import By, Weighing
from hub.domain.claims.weighing import Inputs, Weighed, weigh
from hub.processors.purchase.claim_rows import Claim
from hub.processors.purchase.claims import deciding
from hub.processors.purchase.claims.asking import TIMER
from hub.processors.purchase.claims.gathering import inputs_of, is_looked_up, policies_of
from hub.processors.purchase.claims.moving import HUB, move
from hub.processors.purchase.claims.waiting import watch_stock
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.state import Purchase, Unit
from hub.sdk.decision import ClearTimer, Letter, Said, SetTimer
from hub.sdk.events import Event, Known
from schemas.events.claim import ClaimReminded, ClaimStirred
from schemas.refs import home_of

LOOK_AGAIN = timedelta(days=1)
OF_WEIGHING = ("overridden:", "rule_not_possible:")
"""How flags begin that each weighing puts up anew."""
MOST_WEIGHINGS = 50
"""So many are kept; the first one, and the latest of the others."""


def consider(  # noqa: PLR0913, PLR0917 - a claim, and what is known of it
    draft: Draft, purchase: Purchase, claim: Claim, event: Event, known: Known, by: By
) -> Claim:
    """Weigh a claim that is open, and have it stand where that puts it."""
    unit = draft.units.get(claim.warranty) or purchase.units[claim.warranty]
    if not is_looked_up(event, known, unit):
        fact = ClaimStirred(claim=claim.id, warranty=unit.id)
        draft.letters.append(Letter(fact, home_of(unit.id)))
        draft.claims[claim.id] = claim
        return claim
    inputs = inputs_of(purchase, claim, unit, event, known)
    weighed = weigh(inputs, policies_of(event, known, claim.filed_at))
    before = claim
    claim = _kept(claim, unit, inputs, weighed, event)
    draft.claims[claim.id] = claim
    watch_stock(draft, before, claim)
    claim = _stand(draft, claim, weighed, by, event)
    if claim.state == "submitted" and weighed.then != "review":
        claim = deciding.by_rule(draft, purchase, claim, weighed, event, known)
    _watch_time(draft, before, claim, event.received_at)
    return claim


def weighed_new(
    purchase: Purchase, claim: Claim, unit: Unit, event: Event, known: Known
) -> tuple[Claim, Weighed | None]:
    """A new claim as it is weighed; what was not looked up yet leaves it submitted for now."""
    if not is_looked_up(event, known, unit):
        return claim, None
    inputs = inputs_of(purchase, claim, unit, event, known)
    weighed = weigh(inputs, policies_of(event, known, claim.filed_at))
    kept = _kept(claim, unit, inputs, weighed, event)
    return replace(kept, state="staged" if weighed.staged else "submitted"), weighed


def _stand(draft: Draft, claim: Claim, weighed: Weighed, by: By, event: Event) -> Claim:
    """Staged while something is missing, submitted once nothing is."""
    if claim.state == "staged" and not weighed.staged:
        return move(draft, claim, "submitted", by, event, reason="complete")
    if claim.state in {"submitted", "under_review"} and weighed.staged:
        claim = replace(claim, approvals=())
        return move(draft, claim, "staged", by, event, reason=weighed.blocked[0])
    if weighed.blocked and claim.approvals:
        claim = replace(claim, approvals=())
        draft.claims[claim.id] = claim
    return claim


def _kept(claim: Claim, unit: Unit, inputs: Inputs, weighed: Weighed, event: Event) -> Claim:
    one = Weighing(
        event.received_at,
        event.id,
        inputs,
        weighed.ruled,
        weighed.missing,
        weighed.blocked,
        weighed.flags,
        weighed.then,
    )
    last = claim.weighings[-1] if claim.weighings else None
    same = last is not None and replace(one, at=last.at, event=last.event) == last
    weighings = claim.weighings if same else (*claim.weighings, one)
    if len(weighings) > MOST_WEIGHINGS:
        weighings = (weighings[0], *weighings[2:])
    own = tuple(one for one in claim.flags if ":" in one and not one.startswith(OF_WEIGHING))
    expires, remind = claim.expires_at, claim.remind_at
    if weighed.missing and weighed.expires_days is not None and expires is None:
        expires = event.received_at + timedelta(days=weighed.expires_days)
    if weighed.missing and weighed.remind_days is not None and remind is None:
        remind = event.received_at + timedelta(days=weighed.remind_days)
    return replace(
        claim,
        weighings=weighings,
        missing=weighed.missing,
        blocked=weighed.blocked,
        flags=(*weighed.flags, *own),
        serial_norm=unit.serial_norm,
        branch=unit.branch or claim.branch,
        product=unit.product,
        expires_at=expires if weighed.missing else None,
        remind_at=remind if weighed.missing else None,
        remind_days=weighed.remind_days,
    )


def _watch_time(draft: Draft, before: Claim, claim: Claim, now: datetime) -> None:
    """Look at what waits once a day, and when its time is over."""
    if claim.state == "staged":
        due = min(now + LOOK_AGAIN, claim.expires_at or now + LOOK_AGAIN)
        draft.timers.append(SetTimer(TIMER + claim.id, due))
    elif before.state == "staged":
        draft.timers.append(ClearTimer(TIMER + claim.id))


def begun(draft: Draft, claim: Claim, event: Event) -> None:
    """Watch a claim that has just been filed."""
    empty = replace(claim, missing=(), blocked=(), weighings=())
    watch_stock(draft, empty, claim)
    _watch_time(draft, empty, claim, event.received_at)


def due(draft: Draft, purchase: Purchase, claim: Claim, event: Event, known: Known) -> Claim:
    """Its time to look again: cancel what waited too long, else weigh it and remind of what is missing."""
    if claim.state != "staged":
        return claim
    if claim.expires_at is not None and event.time >= claim.expires_at and claim.missing:
        return move(draft, claim, "cancelled", HUB, event, reason="evidence_never_came")
    if claim.remind_at is not None and event.time >= claim.remind_at and claim.missing:
        claim = _remind(draft, claim, event)
    return consider(draft, purchase, claim, event, known, HUB)


def _remind(draft: Draft, claim: Claim, event: Event) -> Claim:
    """Tell once more what is missing, and when to tell it next."""
    fact = ClaimReminded.model_construct(
        claim=claim.id,
        warranty=claim.warranty,
        missing=claim.missing,
        expires_at=claim.expires_at,
        source=claim.source,
        reference=claim.reference,
        branch=claim.branch,
        customer=claim.customer,
        supplier=claim.supplier,
    )
    draft.said.append(Said(fact, claim.id))
    return replace(claim, remind_at=event.time + timedelta(days=claim.remind_days or 1))
