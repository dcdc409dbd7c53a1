"""What happens to a claim while it is looked at: begun, asked, answered, noted, added to, withdrawn, closed."""

from msgspec.structs import replace

from hub.domain.claims.life import DECIDED, OPEN
from hub.domain.claims.record import SETTLED, By, Said
from hub.domain.coverage import day_of
from hub.domain.errors import reject
from hub.processors.purchase.claim_rows import Claim
from hub.processors.purchase.claims.answers import Claimed
from hub.processors.purchase.claims.asking import TIMER
from hub.processors.purchase.claims.evidence import Shown, add_pieces, settle_piece
from hub.processors.purchase.claims.filing import check_incident, check_open, words_of
from hub.processors.purchase.claims.finding import claim_here
from hub.processors.purchase.claims.moving import is_theirs, move, person, source
from hub.processors.purchase.claims.weighing import consider
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.state import Purchase
from hub.sdk.decision import ClearTimer, Decision
from hub.sdk.events import Event, Known, Outcome
from schemas.events.claim import (
    ClaimAnswered,
    ClaimClosed,
    ClaimEvidenceAdded,
    ClaimWithdrawn,
    EvidenceSettled,
    NoteWritten,
    QuestionAsked,
    ReviewBegun,
)

MOST_SAID = 500
"""Words in one claim."""


def review(purchase: Purchase, event: Event, fact: ReviewBegun) -> Decision[Purchase]:
    """Take a submitted claim.

    Raises:
        RejectedError: it is in no state to be taken, or it is the caller's own.

    """
    found, by, draft = claim_here(purchase, fact.claim), person(fact.by), Draft()
    claim = found.claim
    check_own(claim, by)
    if claim.state == "under_review":
        return Decision(purchase, Outcome.DEDUPLICATED, Claimed.of(claim))
    if claim.state == "awaiting_info":
        message = "a question to the customer is open; wait for the answer, or write it down as one"
        raise reject("illegal_move", message)
    claim = move(draft, claim, "under_review", by, event, why=fact.why)
    return draft.decision(purchase, found.row, Claimed.of(claim))


def check_own(claim: Claim, by: By) -> None:
    """Refuse what people do to a claim by whoever filed it.

    Raises:
        RejectedError: it is his own.

    """
    if is_theirs(claim, by):
        message = "nobody looks at a claim that he filed; ask somebody else who may"
        raise reject("own_claim", message)


def question(purchase: Purchase, event: Event, fact: QuestionAsked) -> Decision[Purchase]:
    """Ask the customer; the claim waits for the answer."""
    found, by, draft = claim_here(purchase, fact.claim), person(fact.by), Draft()
    claim = found.claim
    check_own(claim, by)
    claim = _with_words(claim, "question", event, by_actor=fact)
    said = fact.notify_customer
    if claim.state == "submitted":
        claim = move(draft, claim, "under_review", by, event, notify=said)
    if claim.state != "awaiting_info":
        claim = move(draft, claim, "awaiting_info", by, event, reason="question", notify=said)
    draft.claims[claim.id] = claim
    return draft.decision(purchase, found.row, Claimed.of(claim))


def note(purchase: Purchase, event: Event, fact: NoteWritten) -> Decision[Purchase]:
    """Keep an internal note, whatever became of the claim."""
    found = claim_here(purchase, fact.claim)
    claim = _with_words(found.claim, "note", event, by_actor=fact)
    draft = Draft(claims={claim.id: claim})
    return draft.decision(purchase, found.row, Claimed.of(claim))


def _with_words(
    claim: Claim, kind: str, event: Event, by_actor: QuestionAsked | NoteWritten
) -> Claim:
    words = words_of(event)
    if words is None:
        raise reject("words_missing", f"say it: a {kind} has words")
    _check_room(claim)
    one = Said(
        "question" if kind == "question" else "note",
        words,
        person(by_actor.by),
        event.time,
        event.id,
    )
    return replace(claim, said=(*claim.said, one))


def _check_room(claim: Claim) -> None:
    if len(claim.said) >= MOST_SAID:
        message = f"claim {claim.id} has {MOST_SAID} questions, answers and notes"
        raise reject("too_many_words", message)


def answer(
    purchase: Purchase, event: Event, fact: ClaimAnswered, known: Known
) -> Decision[Purchase]:
    """Take the customer's answer; what was asked for is looked at again."""
    found, by, draft = claim_here(purchase, fact.claim), source(event), Draft()
    claim, words = found.claim, words_of(event)
    check_open(claim)
    _check_room(claim)
    if words is None and not fact.photos:
        raise reject("words_missing", "an answer has words or photos")
    claim = add_pieces(claim, Shown(photos=fact.photos), by, event)
    if words is not None:
        claim = replace(claim, said=(*claim.said, Said("answer", words, by, event.time, event.id)))
    if claim.state == "awaiting_info":
        claim = move(draft, claim, "under_review", by, event, reason="answered")
    claim = consider(draft, purchase, claim, event, known, by)
    return draft.decision(purchase, found.row, Claimed.of(claim))


def add_evidence(
    purchase: Purchase, event: Event, fact: ClaimEvidenceAdded, known: Known
) -> Decision[Purchase]:
    """Take what a claim lacked; the same again is none."""
    found, by, draft = claim_here(purchase, fact.claim), source(event), Draft()
    check_incident(fact.incident_on, day_of(event.time, found.claim.zone))
    shown = Shown(fact.photos, fact.invoice, fact.serial, fact.incident_on, words_of(event))
    claim = add_pieces(found.claim, shown, by, event)
    if claim == found.claim:
        return Decision(purchase, Outcome.DEDUPLICATED, Claimed.of(claim))
    check_open(claim)
    claim = consider(draft, purchase, claim, event, known, by)
    return draft.decision(purchase, found.row, Claimed.of(claim))


def settle_evidence(
    purchase: Purchase, event: Event, fact: EvidenceSettled, known: Known
) -> Decision[Purchase]:
    """Withdraw a piece or take it back in: what rests on it waits until something else shows the same."""
    found, by, draft = claim_here(purchase, fact.claim), person(fact.by), Draft()
    if fact.good:
        # By what he takes back in, a rule might decide what he filed.
        check_own(found.claim, by)
    check_open(found.claim)
    claim = settle_piece(found.claim, fact.piece, good=fact.good, by=by, why=fact.why)
    if claim.state == "awaiting_info":
        draft.claims[claim.id] = claim
        return draft.decision(purchase, found.row, Claimed.of(claim))
    claim = consider(draft, purchase, claim, event, known, by)
    return draft.decision(purchase, found.row, Claimed.of(claim))


def withdraw(purchase: Purchase, event: Event, fact: ClaimWithdrawn) -> Decision[Purchase]:
    """End a claim that nobody pursues; what is decided stays decided."""
    found, by, draft = claim_here(purchase, fact.claim), source(event), Draft()
    claim = found.claim
    if claim.state == "cancelled":
        return Decision(purchase, Outcome.DEDUPLICATED, Claimed.of(claim))
    if claim.state not in OPEN:
        message = f"claim {claim.id} is {claim.state}; what was decided cannot be withdrawn"
        raise reject("already_decided", message)
    if claim.state == "staged":
        draft.timers.append(ClearTimer(TIMER + claim.id))
    claim = replace(claim, approvals=())
    claim = move(draft, claim, "cancelled", by, event, reason="withdrawn", why=fact.why)
    return draft.decision(purchase, found.row, Claimed.of(claim))


def close(purchase: Purchase, event: Event, fact: ClaimClosed) -> Decision[Purchase]:
    """Say that nothing is left to be done.

    Raises:
        RejectedError: it is not decided, or something that was asked for is still on its way.

    """
    found, by, draft = claim_here(purchase, fact.claim), person(fact.by), Draft()
    claim = found.claim
    if claim.state == "resolved":
        return Decision(purchase, Outcome.DEDUPLICATED, Claimed.of(claim))
    mine = [one for one in purchase.effects.values() if one.claim == claim.id]
    left = [one.id for one in mine if one.state not in SETTLED]
    if claim.state in DECIDED and left:
        message = f"{', '.join(left)} is still to be done; report its outcome first"
        raise reject("effects_open", message)
    claim = move(draft, claim, "resolved", by, event, reason="closed", why=fact.why)
    return draft.decision(purchase, found.row, Claimed.of(claim))
