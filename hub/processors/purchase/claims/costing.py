"""What a claim costs and brings back: postings that stand for ever, corrected by others, verified by others."""

from msgspec.structs import replace

from hub.domain.claims.record import By, Posting, Verified
from hub.domain.errors import reject
from hub.processors.purchase.claim_rows import Claim, Effect
from hub.processors.purchase.claims.answers import Posted
from hub.processors.purchase.claims.finding import claim_here
from hub.processors.purchase.claims.moving import HUB, person, source, speaks_as
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.state import Purchase
from hub.sdk.decision import Decision, Said
from hub.sdk.events import Event, Outcome
from schemas.events.claim import (
    CostKind,
    CostPosted,
    CostRecorded,
    CostVerified,
    EffectReported,
    Kind,
)
from schemas.money import Money

MOST_POSTINGS = 500
OF_KIND: dict[Kind, CostKind] = {
    "replacement": "replacement",
    "repair": "labour",
    "refund": "refund",
    "supplier_recovery": "recovery",
    "write_off": "write_off",
}


def post(purchase: Purchase, event: Event, fact: CostPosted) -> Decision[Purchase]:
    """Post an amount under its source's reference.

    Raises:
        RejectedError: under that reference another one stands, or what it corrects does not.

    """
    found = claim_here(purchase, fact.claim)
    claim = found.claim
    before = _before(claim, event.connector, fact.reference)
    if before is not None:
        said = (fact.kind, fact.amount.amount, fact.amount.currency, fact.corrects)
        if (before.kind, before.amount, before.currency, before.corrects) != said:
            message = (
                f"posting {fact.reference!r} was told with another amount; correct it by another"
            )
            raise reject("posting_differs", message)
        return Decision(purchase, Outcome.DEDUPLICATED, Posted.of(claim.id, before))
    _check(claim, fact)
    posting = Posting(
        id=_next(claim),
        kind=fact.kind,
        amount=fact.amount.amount,
        currency=fact.amount.currency,
        source=event.connector,
        reference=fact.reference,
        by=source(event),
        at=event.time,
        event=event.id,
        corrects=fact.corrects,
        why=fact.why,
    )
    claim = replace(claim, costs=(*claim.costs, posting))
    draft = Draft(claims={claim.id: claim}, said=[said_of(claim, posting)])
    return draft.decision(purchase, found.row, Posted.of(claim.id, posting))


def _before(claim: Claim, name: str, reference: str) -> Posting | None:
    about = (name, reference)
    return next((one for one in claim.costs if (one.source, one.reference) == about), None)


def _check_room(claim: Claim) -> None:
    if len(claim.costs) >= MOST_POSTINGS:
        message = f"claim {claim.id} has {MOST_POSTINGS} postings; sum them up in one"
        raise reject("too_many_postings", message)


def _check(claim: Claim, fact: CostPosted) -> None:
    _check_room(claim)
    if fact.corrects is None:
        return
    wrong = next((one for one in claim.costs if one.id == fact.corrects), None)
    if wrong is None:
        message = f"claim {claim.id} has no posting {fact.corrects!r}; read its costs"
        raise reject("unknown_posting", message)
    if wrong.currency != fact.amount.currency:
        message = f"posting {wrong.id} is in {wrong.currency}; correct it in that"
        raise reject("currencies_differ", message)


def _next(claim: Claim) -> str:
    return str(len(claim.costs) + 1)


def said_of(claim: Claim, one: Posting) -> Said:
    """That a posting stands."""
    fact = CostRecorded.model_construct(
        claim=claim.id,
        posting=one.id,
        kind=one.kind,
        amount=Money.model_construct(amount=one.amount, currency=one.currency),
        corrects=one.corrects,
        connector=one.source,
        branch=claim.branch,
    )
    return Said(fact, claim.id)


def verify(purchase: Purchase, event: Event, fact: CostVerified) -> Decision[Purchase]:
    """Find a posting right; nobody verifies his own.

    Raises:
        RejectedError: there is no such posting, or it is the caller's own.

    """
    found, by = claim_here(purchase, fact.claim), person(fact.by)
    claim = found.claim
    posting = next((one for one in claim.costs if one.id == fact.posting), None)
    if posting is None:
        message = f"claim {claim.id} has no posting {fact.posting!r}; read its costs"
        raise reject("unknown_posting", message)
    if by.id == posting.by.id or speaks_as(by, posting.source):
        message = "nobody verifies what he posted; ask somebody else who may"
        raise reject("own_posting", message)
    if any(one.posting == posting.id for one in claim.verified):
        return Decision(purchase, Outcome.DEDUPLICATED, Posted.of(claim.id, posting))
    note = Verified(posting.id, by, event.time, fact.why)
    claim = replace(claim, verified=(*claim.verified, note))
    draft = Draft(claims={claim.id: claim})
    return draft.decision(purchase, found.row, Posted.of(claim.id, posting))


def of_effect(  # noqa: PLR0913 - an effect, and what is told of it
    claim: Claim, effect: Effect, fact: EffectReported, by: By, event: Event, *, late: bool
) -> Claim:
    """What the other side says that an effect has cost so far: the difference to what was posted.

    What comes late never lowers it, and what failed costs nothing any more.
    """
    if fact.cost is None or effect.state == "failed":
        return claim
    posted = [one for one in claim.costs if one.effect == effect.id]
    if any(one.currency != fact.cost.currency for one in posted):
        message = f"the cost of {effect.id} is told in {posted[0].currency}; stay with it"
        raise reject("currencies_differ", message)
    amount = fact.cost.amount - sum(one.amount for one in posted)
    if not amount or (late and amount < 0):
        return claim
    _check_room(claim)
    return _posted(claim, effect, amount, fact.cost.currency, by, event, fact.why)


def settled(claim: Claim, effect: Effect, event: Event) -> Claim:
    """Post what an effect that is done was granted for; take back all of one that failed after all."""
    posted = [one for one in claim.costs if one.effect == effect.id]
    if effect.state == "failed":
        amount = -sum(one.amount for one in posted)
        if not amount:
            return claim
        return _posted(claim, effect, amount, posted[0].currency, HUB, event, "it failed")
    if posted or effect.amount is None or effect.currency is None or effect.kind == "repair":
        return claim
    sign = -1 if effect.kind == "supplier_recovery" else 1
    return _posted(claim, effect, sign * effect.amount, effect.currency, HUB, event, "")


def _posted(  # noqa: PLR0913, PLR0917 - what a posting consists of
    claim: Claim, effect: Effect, amount: int, currency: str, by: By, event: Event, why: str
) -> Claim:
    posted = [one for one in claim.costs if one.effect == effect.id]
    posting = Posting(
        id=_next(claim),
        kind=OF_KIND[effect.kind],
        amount=amount,
        currency=currency,
        source=event.connector,
        reference=f"{effect.id}/{len(posted) + 1}",
        by=by,
        at=event.time,
        event=event.id,
        corrects=posted[-1].id if posted else None,
        effect=effect.id,
        why=why,
    )
    return replace(claim, costs=(*claim.costs, posting))
