"""Proofs of purchase: offered, accepted at once where they name the sale's own order, else decided by staff."""

from collections.abc import Iterable

from msgspec.structs import replace

from hub.domain.errors import reject
from hub.domain.serials import normalise
from hub.processors.purchase.answers import Proved
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.linking import unit_here
from hub.processors.purchase.proofs import ACCEPTED, OFFERED, REFUSED, Proof
from hub.processors.purchase.state import Purchase, Unit
from hub.sdk.decision import Decision, Said
from hub.sdk.events import Event, Outcome
from schemas.events.proof import (
    ProofAccepted,
    ProofDecided,
    ProofOffered,
    ProofReceived,
    ProofRefused,
)
from schemas.refs import home_of

MOST = 20
"""Proofs of one warranty: more help nobody decide."""
MATCHES = "it names the order that was reported with the sale"


def offer(purchase: Purchase, event: Event, fact: ProofOffered) -> Decision[Purchase]:
    """Keep it for whoever may decide it; what names the sale's own order needs nobody."""
    row, unit = unit_here(purchase, fact.warranty)
    if (fact.media is None) == (fact.invoice is None):
        message = "a proof is a file that was sent or the reference of an invoice; name one of them"
        raise reject("nothing_shown", message)
    mine = [one for one in purchase.proofs.values() if one.warranty == unit.id]
    for one in mine:
        if one.shows == (fact.media, fact.invoice):
            return Decision(purchase, Outcome.DEDUPLICATED, Proved(one.told))
    if len(mine) >= MOST:
        message = f"warranty {unit.id} has {MOST} proofs; have those decided first"
        raise reject("too_many_proofs", message)
    proof = _proof(purchase, event, fact, unit)
    draft = Draft()
    draft.proofs[proof.id] = proof
    received = ProofReceived(
        warranty=unit.id,
        proof=proof.id,
        state=proof.state,
        media=fact.media,
        invoice=fact.invoice,
        by=fact.by,
    )
    draft.said.append(Said(received, unit.id))
    return draft.decision(purchase, row, Proved(proof.told))


def _proof(purchase: Purchase, event: Event, fact: ProofOffered, unit: Unit) -> Proof:
    number = len(purchase.proofs) + 1
    shown = fact.invoice is not None and normalise(fact.invoice) in set(references(unit))
    proof = Proof(
        id=f"prf_{home_of(unit.id)}_{number}",
        number=number,
        state=ACCEPTED if shown else OFFERED,
        warranty=unit.id,
        media=fact.media,
        invoice=fact.invoice,
        note=fact.why,
        by_kind=fact.by.kind,
        by_id=fact.by.id,
        by_role=fact.by.role,
        offered_at=event.time,
        event=event.id,
    )
    return replace(proof, decided_at=event.time, decided_why=MATCHES) if shown else proof


def references(unit: Unit) -> Iterable[str]:
    """What sources called the orders it was sold under, as serials are compared: by letters and figures."""
    return (normalise(one.reference) for one in unit.reports if one.namespace is not None)


def settle(
    purchase: Purchase, event: Event, fact: ProofAccepted | ProofRefused
) -> Decision[Purchase]:
    """Accept or refuse it; nobody decides what he offered himself."""
    proof = purchase.proofs.get(fact.proof)
    if proof is None or purchase.row is None:
        raise reject("unknown_proof", f"there is no proof {fact.proof!r}")
    state = ACCEPTED if isinstance(fact, ProofAccepted) else REFUSED
    if proof.state != OFFERED:
        if (proof.state, proof.decided_by) == (state, fact.by.id):
            return Decision(purchase, Outcome.DEDUPLICATED, Proved(proof.told))
        raise reject("already_decided", f"proof {proof.id} was {proof.state} already")
    if fact.by.id == proof.by_id:
        message = "whoever offered it cannot decide it; ask somebody else who may"
        raise reject("own_proof", message)
    decided = replace(
        proof, state=state, decided_by=fact.by.id, decided_at=event.time, decided_why=fact.why
    )
    draft = Draft()
    draft.proofs[decided.id] = decided
    told = ProofDecided(
        warranty=proof.warranty, proof=proof.id, state=state, why=fact.why, by=fact.by
    )
    draft.said.append(Said(told, proof.warranty))
    return draft.decision(purchase, purchase.row, Proved(decided.told))
