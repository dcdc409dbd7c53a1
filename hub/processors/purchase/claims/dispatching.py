"""Which of a claim's events is decided where, and what stirs a claim beside its own events."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from hub.domain.claims.life import OPEN
from hub.domain.claims.record import Override
from hub.domain.errors import RejectedError, reject
from hub.processors.purchase.claims import (
    costing,
    deciding,
    effecting,
    filing,
    replacing,
    reviewing,
)
from hub.processors.purchase.claims.asking import claim_of_timer
from hub.processors.purchase.claims.finding import claim_here
from hub.processors.purchase.claims.moving import HUB, person
from hub.processors.purchase.claims.weighing import consider, due
from hub.processors.purchase.customers import whose, with_customer
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.proofs import Proof
from hub.processors.purchase.state import Purchase, Unit
from hub.sdk.decision import Decision, Letter
from hub.sdk.events import Event, Known, TimerDue
from schemas.base import Fact
from schemas.events.claim import (
    ApprovalGiven,
    ClaimAnswered,
    ClaimClosed,
    ClaimEvidenceAdded,
    ClaimFiled,
    ClaimStirred,
    ClaimWithdrawn,
    CostPosted,
    CostVerified,
    DenialGiven,
    EffectReported,
    EvidenceSettled,
    NoteWritten,
    QuestionAsked,
    ReplacementRefused,
    ReplacementTaken,
    ReviewBegun,
    StockPromised,
    StockSeen,
    StockShort,
    UnitReplaced,
)
from schemas.events.decided import OverrideGranted
from schemas.refs import home_of


def decide_claim(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
    """What is told of a claim."""
    if event.type == TimerDue.TYPE:
        return _by_timer(purchase, event, known)
    return HANDLERS[type(event.fact)](purchase, event, event.fact, known)


def _file(purchase: Purchase, event: Event, fact: ClaimFiled, known: Known) -> Decision[Purchase]:
    decision = filing.file(purchase, event, fact, known)
    if event.customer is None or not event.customer.is_somebody:
        return decision
    return with_customer(decision, event, whose(event, known))


def _by_timer(purchase: Purchase, event: Event, known: Known) -> Decision[Purchase]:
    identifier = claim_of_timer(event.fact)
    if identifier is None:
        raise TypeError("no timer of a claim")
    if identifier.startswith("eff_"):
        return effecting.ask_stock_again(purchase, event, identifier)
    found, draft = claim_here(purchase, identifier), Draft()
    due(draft, purchase, found.claim, event, known)
    return draft.decision(purchase, found.row)


def _look(
    purchase: Purchase, event: Event, fact: ClaimStirred | StockSeen, known: Known
) -> Decision[Purchase]:
    """Weigh it again, if it is still to be decided and no answer of the customer is awaited."""
    found, draft = claim_here(purchase, fact.claim), Draft()
    if found.claim.state not in OPEN or found.claim.state == "awaiting_info":
        return Decision(purchase)
    consider(draft, purchase, found.claim, event, known, HUB)
    return draft.decision(purchase, found.row)


def _plain(
    function: Callable[[Purchase, Event, Any], Decision[Purchase]],
) -> Callable[[Purchase, Event, Any, Known], Decision[Purchase]]:
    """What needs nothing that was looked up."""
    return lambda purchase, event, fact, _: function(purchase, event, fact)


HANDLERS: Mapping[type[Fact], Callable[[Purchase, Event, Any, Known], Decision[Purchase]]] = {
    ClaimFiled: _file,
    ClaimEvidenceAdded: reviewing.add_evidence,
    ClaimAnswered: reviewing.answer,
    ClaimWithdrawn: _plain(reviewing.withdraw),
    EffectReported: _plain(effecting.report),
    CostPosted: _plain(costing.post),
    ReviewBegun: _plain(reviewing.review),
    ApprovalGiven: deciding.approve,
    DenialGiven: _plain(deciding.deny),
    QuestionAsked: _plain(reviewing.question),
    NoteWritten: _plain(reviewing.note),
    EvidenceSettled: reviewing.settle_evidence,
    ClaimClosed: _plain(reviewing.close),
    CostVerified: _plain(costing.verify),
    ClaimStirred: _look,
    StockSeen: _look,
    StockPromised: _plain(effecting.take_stock),
    StockShort: _plain(effecting.take_stock),
    UnitReplaced: replacing.take,
    ReplacementTaken: _plain(replacing.taken),
    ReplacementRefused: _plain(replacing.refused),
}


def stirred(decision: Decision[Purchase]) -> Decision[Purchase]:
    """The same decision, with a letter for each open claim on what it changed."""
    letters = tuple(_stirs(decision))
    return replace(decision, letters=(*decision.letters, *letters)) if letters else decision


def _stirs(decision: Decision[Purchase]) -> Iterator[Letter]:
    changed = {row.id for row in decision.rows if isinstance(row, Unit)}
    changed |= {row.warranty for row in decision.rows if isinstance(row, Proof)}
    for claim in decision.state.claims.values():
        if claim.state in OPEN and claim.warranty in changed:
            fact = ClaimStirred(claim=claim.id, warranty=claim.warranty)
            yield Letter(fact, home_of(claim.warranty))


def override(purchase: Purchase, event: Event, letter: OverrideGranted) -> Decision[Purchase]:
    """Lift what blocks a claim; it is weighed anew by a letter, for whose policies nobody asked here.

    Raises:
        RejectedError: there is nothing to lift, or it is the claim of whoever lifts it.

    """
    found = claim_here(purchase, letter.claim or "")
    claim = found.claim
    check_override(purchase, letter.claim or "")
    by, cost = person(letter.by), letter.amount
    reviewing.check_own(claim, by)
    note = Override(letter.override, by, event.time, letter.why, cost.amount, cost.currency)
    claim = replace(claim, override=note)
    fact = ClaimStirred(claim=claim.id, warranty=claim.warranty)
    draft = Draft(claims={claim.id: claim}, letters=[Letter(fact, home_of(claim.id))])
    return draft.decision(purchase, found.row)


def check_override(purchase: Purchase, identifier: str) -> None:
    """Refuse an override that would lift nothing.

    Raises:
        RejectedError: nothing blocks the claim, or it has one.

    """
    claim = claim_here(purchase, identifier).claim
    if not claim.is_open or not claim.blocked or claim.override is not None:
        raise _nothing_to_lift(identifier, claim.state)


def _nothing_to_lift(identifier: str, state: str) -> RejectedError:
    return reject("nothing_to_override", f"claim {identifier} is {state}; nothing blocks it")
