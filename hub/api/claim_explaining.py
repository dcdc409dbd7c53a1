"""Why a claim stands where it stands: every input, rule, person, message and effect, in order of time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from hub.api import claim_telling
from hub.api.claim_documents import Doer, EffectChange, EffectDocument
from hub.api.claim_rows import Claim
from hub.api.documents import Document, WarrantyWithHistory
from hub.api.explained_documents import ExplainedStep
from hub.api.proof_bodies import ProofDocument
from hub.delivery.reading import DeliveryTold
from hub.domain.claims.record import Approval, Move, Verdict, Weighing

SHOWN_APART = {"at", "by", "why", "event", "trace"}
"""What every step has beside what it tells."""
HUB = Doer(kind="hub", id="hub", role="")


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is read of a claim."""

    claim: Claim
    warranty: WarrantyWithHistory | None
    proofs: list[ProofDocument]
    words: Mapping[str, str | None]
    effects: list[EffectDocument]
    messages: list[DeliveryTold]


def steps(known: Known) -> list[ExplainedStep]:
    """Every step in order; what happened at once in the order in which it is told of.

    What was heard of late says when it happened. In a claim it stands where it was heard of: after what had
    been so before.
    """
    filed = known.claim.filed_at
    kinds = (
        *(_as_heard(filed, part) for part in _evidence(known)),
        *(_as_heard(filed, part) for part in _decisions(known.claim)),
        *(_as_heard(filed, part) for part in _effects(known.effects)),
        _as_heard(filed, _costs(known.claim)),
    )
    found = [(step.at, step) for step in _of_the_warranty(known)]
    found += [pair for kind in kinds for pair in kind]
    found += [(one.delivery.made_at, _message(one)) for one in known.messages]
    return [step for _, step in sorted(found, key=itemgetter(0))]


def _as_heard(
    first: datetime, told: Iterable[ExplainedStep]
) -> Iterator[tuple[datetime, ExplainedStep]]:
    """One kind of step beside the moment it is put at: never before the one that came before it."""
    for step in told:
        first = max(first, step.at)
        yield first, step


def _of_the_warranty(known: Known) -> Iterator[ExplainedStep]:
    """What the rules knew of the unit: its reports, by which policy it is covered, its proofs."""
    if known.warranty is None:
        return
    zone = ZoneInfo(known.claim.zone)
    for one in known.warranty.history:
        by = (
            Doer(kind=one.by.kind, id=one.by.id, role=one.by.role)
            if one.by
            else _first(one.sources)
        )
        why = one.by.why if one.by else ""
        yield _step("reported", _morning(one.on, zone), by, why, _rest(one), one.event)
    for ruling in known.warranty.rulings:
        yield _step("ruled", ruling.at, None, "", _rest(ruling), ruling.event)
    for proof in known.proofs:
        by = Doer(kind=proof.by_kind, id=proof.by_id, role=proof.by_role)
        yield _step("proof", proof.offered_at, by, proof.decided_why or "", _rest(proof), None)


def _first(sources: Iterable[str]) -> Doer | None:
    return next((Doer(kind="source", id=one, role="") for one in sources), None)


def _morning(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _evidence(known: Known) -> Iterator[Iterator[ExplainedStep]]:
    """What was shown, what of it does not count, and what was said."""
    yield _pieces(known.claim)
    said = claim_telling.said(known.claim, known.words, notes=True)
    yield (_step("said", one.at, one.by, "", _rest(one), one.event) for one in said)


def _pieces(claim: Claim) -> Iterator[ExplainedStep]:
    for one in claim.pieces:
        piece = claim_telling.piece(one)
        yield _step("evidence", one.at, piece.by, "", _rest(piece), one.event)
        if piece.withdrawn_by is not None:
            by, why = piece.withdrawn_by, piece.withdrawn_why
            yield _step("evidence_withdrawn", one.at, by, why, {"piece": piece.id}, None)


def _decisions(claim: Claim) -> Iterator[Iterator[ExplainedStep]]:
    """What rules said and people decided, and the states it came to."""
    yield (_weighed(one) for one in claim.weighings)
    if claim.override is not None:
        by, told = claim_telling.doer(claim.override.by), {"override": claim.override.id}
        yield iter([_step("overridden", claim.override.at, by, claim.override.why, told, None)])
    yield (_approved(one) for one in (*_approvals(claim.verdict), *claim.approvals))
    yield (_moved(one, claim.verdict) for one in claim.history)


def _weighed(one: Weighing) -> ExplainedStep:
    told = msgspec.to_builtins(one)
    told["ruled"] = [msgspec.structs.asdict(each) for each in one.ruled]
    return _step("weighed", one.at, HUB, "", _without(told), one.event)


def _approvals(verdict: Verdict | None) -> tuple[Approval, ...]:
    return verdict.approvals if verdict else ()


def _approved(one: Approval) -> ExplainedStep:
    told = _rest(claim_telling.approval(one))
    return _step("approved", one.at, claim_telling.doer(one.by), one.why, told, one.event)


def _moved(one: Move, verdict: Verdict | None) -> ExplainedStep:
    told: dict[str, Any] = {"before": one.before, "after": one.after, "reason": one.reason or None}
    if verdict is not None and (verdict.event, verdict.state) == (one.event, one.after):
        told["verdict"] = _rest(claim_telling.verdict(verdict))
    return _step("moved", one.at, claim_telling.doer(one.by), one.why, told, one.event)


def _effects(effects: Iterable[EffectDocument]) -> Iterator[Iterator[ExplainedStep]]:
    for one in effects:
        told = one.model_dump(mode="json", exclude={"changes", "asked_at"})
        asked = _step("asked", one.asked_at, HUB, "", told, None)
        yield iter([asked, *(_changed(one, change) for change in one.changes)])


def _changed(effect: EffectDocument, one: EffectChange) -> ExplainedStep:
    told = {"effect": effect.id, "kind": effect.kind} | _rest(one)
    return _step("effect", one.at, one.by, one.why, told, one.event)


def _costs(claim: Claim) -> Iterator[ExplainedStep]:
    for one in claim.costs:
        posting = claim_telling.posting(claim, one)
        yield _step("cost", one.at, posting.by, one.why, _rest(posting), one.event)
    for verified in claim.verified:
        told = {"posting": verified.posting}
        yield _step(
            "verified", verified.at, claim_telling.doer(verified.by), verified.why, told, None
        )


def _message(one: DeliveryTold) -> ExplainedStep:
    told = msgspec.to_builtins(one.delivery) | {"attempts": msgspec.to_builtins(one.attempts)}
    return _step("message", one.delivery.made_at, HUB, "", _without(told), one.delivery.event)


def _rest(one: Document) -> dict[str, Any]:
    return _without(one.model_dump(mode="json"))


def _without(told: dict[str, Any]) -> dict[str, Any]:
    """What it tells but for what stands beside it already."""
    return {name: value for name, value in told.items() if name not in SHOWN_APART}


def _step(  # noqa: PLR0913, PLR0917 - what every step has
    what: Any, at: datetime, by: Doer | None, why: str, told: dict[str, Any], event: str | None
) -> ExplainedStep:
    way = claim_telling.trace(event) if event else None
    return ExplainedStep(at=at, what=what, by=by, why=why, told=told, event=event, trace=way)
