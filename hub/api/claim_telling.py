"""Claims and effects, from their rows to what is told of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from hub.api.claim_documents import (
    ClaimAllowance,
    ClaimApproval,
    ClaimDocument,
    ClaimLine,
    ClaimMove,
    ClaimPiece,
    ClaimVerdict,
    ClaimWords,
    CostPosting,
    Costs,
    CostVerification,
    CustomerIsTold,
    Doer,
    EffectChange,
    EffectDocument,
    GrantedThing,
    RuleUsed,
    Sum,
)
from hub.api.claim_rows import Claim, Effect, Line
from hub.domain.claims.life import OPEN
from hub.domain.claims.record import (
    Approval,
    By,
    Granted,
    Move,
    Override,
    Piece,
    Posting,
    Said,
    Verdict,
)
from hub.domain.claims.weighing import Ruled

NOTE = "note"


def line(claim: Line, version: int) -> ClaimLine:
    """A claim as lists show it."""
    return ClaimLine(**_line(claim, version))


def _line(claim: Line, version: int) -> dict[str, Any]:
    names = ("id", "state", "warranty", "issue", "product", "branch", "reference")
    return {name: getattr(claim, name) for name in (*names, "filed_at", "incident_on")} | {
        "open": claim.state in OPEN,
        "claimant": claim.customer,
        "source": claim.source or claim.connector,
        "missing": list(claim.missing),
        "blocked": list(claim.blocked),
        "flags": list(claim.flags),
        "version": version,
    }


def document(
    claim: Claim,
    version: int,
    said: Iterable[ClaimWords],
    effects: Iterable[EffectDocument],
    customer: CustomerIsTold,
) -> ClaimDocument:
    """A claim with everything that led to where it stands."""
    return ClaimDocument(
        **_line(claim, version),
        serial=claim.serial_norm,
        preferred=claim.preferred,
        expires_at=claim.expires_at,
        history=[move(one) for one in claim.history],
        pieces=[piece(one) for one in claim.pieces],
        said=list(said),
        approvals=[approval(one) for one in claim.approvals],
        verdict=verdict(claim.verdict) if claim.verdict else None,
        override=_allowance(claim.override) if claim.override else None,
        effects=list(effects),
        costs=sums(claim.costs),
        customer=customer,
    )


def _allowance(one: Override) -> ClaimAllowance:
    amount = _sum(one.amount, one.currency)
    return ClaimAllowance(id=one.id, by=doer(one.by), at=one.at, why=one.why, amount=amount)


def doer(by: By) -> Doer:
    """Who did something."""
    return Doer(kind=by.kind, id=by.id, role=by.role)


def trace(event: str) -> str:
    """Where the whole way of an event can be read."""
    return f"/v1/trace/{quote(event, safe='')}"


def move(one: Move) -> ClaimMove:
    """That it came to a state."""
    told = msgspec.structs.asdict(one) | {"by": doer(one.by), "reason": one.reason or None}
    return ClaimMove(**told, trace=trace(one.event))


def piece(one: Piece) -> ClaimPiece:
    """A piece of evidence; where words are kept is nobody's business."""
    told = msgspec.structs.asdict(one) | {
        "by": doer(one.by),
        "value": None if one.kind == "words" else one.value,
        "withdrawn_by": doer(one.withdrawn_by) if one.withdrawn_by else None,
    }
    return ClaimPiece(**told, trace=trace(one.event))


def said(claim: Claim, words: Mapping[str, str | None], *, notes: bool) -> list[ClaimWords]:
    """What was written, notes among it only where they are for whoever asks."""
    return [_written(one, words) for one in claim.said if notes or one.kind != NOTE]


def _written(one: Said, words: Mapping[str, str | None]) -> ClaimWords:
    return ClaimWords(
        kind=one.kind,
        text=words.get(one.words),
        by=doer(one.by),
        at=one.at,
        event=one.event,
        trace=trace(one.event),
    )


def granted(found: Iterable[Granted]) -> list[GrantedThing]:
    """What an approval leads to."""
    return [GrantedThing(kind=one.kind, amount=_sum(one.amount, one.currency)) for one in found]


def approval(one: Approval) -> ClaimApproval:
    """That somebody approves."""
    return ClaimApproval(
        by=doer(one.by),
        at=one.at,
        why=one.why,
        granted=granted(one.granted),
        partial=one.partial,
    )


def verdict(one: Verdict) -> ClaimVerdict:
    """What was decided."""
    told = msgspec.structs.asdict(one) | {
        "by": doer(one.by),
        "granted": granted(one.granted),
        "ruled": rules(one.ruled),
        "approvals": [approval(each) for each in one.approvals],
    }
    return ClaimVerdict(**told)


def rules(found: Iterable[Ruled]) -> list[RuleUsed]:
    """Which versions of policies were applied."""
    return [RuleUsed(**msgspec.structs.asdict(one)) for one in found]


def _sum(amount: int | None, currency: str | None) -> Sum | None:
    if amount is None or currency is None:
        return None
    return Sum(amount=amount, currency=currency)


def sums(postings: Iterable[Posting]) -> list[Sum]:
    """What all of them come to, by currency."""
    found: dict[str, int] = defaultdict(int)
    for one in postings:
        found[one.currency] += one.amount
    return [Sum(amount=amount, currency=currency) for currency, amount in sorted(found.items())]


def costs(claim: Claim) -> Costs:
    """Everything that was posted of a claim, in order."""
    return Costs(
        claim=claim.id,
        sums=sums(claim.costs),
        postings=[posting(claim, one) for one in claim.costs],
    )


def posting(claim: Claim, one: Posting) -> CostPosting:
    """A posting, with who verified it and what corrects it."""
    names = ("id", "kind", "source", "reference", "at", "why", "corrects", "effect", "event")
    return CostPosting(
        **{name: getattr(one, name) for name in names},
        amount=Sum(amount=one.amount, currency=one.currency),
        by=doer(one.by),
        corrected_by=[other.id for other in claim.costs if other.corrects == one.id],
        verified=[
            CostVerification(by=doer(each.by), at=each.at, why=each.why)
            for each in claim.verified
            if each.posting == one.id
        ],
        trace=trace(one.event),
    )


def effect_document(one: Effect) -> EffectDocument:
    """An effect with everything that was told of it."""
    told = msgspec.structs.asdict(one)
    changes = [
        EffectChange(
            **msgspec.structs.asdict(each) | {"by": doer(each.by)}, trace=trace(each.event)
        )
        for each in one.changes
    ]
    left = {name: told[name] for name in EffectDocument.model_fields if name in told}
    return EffectDocument(**left | {"amount": _sum(one.amount, one.currency), "changes": changes})
