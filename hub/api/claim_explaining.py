"""Why a claim stands where it stands: every input, rule, person, message and effect, in order of time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from hub.api import claim_telling
from hub.api.claim_documents import Doer, EffectDocument
from hub.api.claim_rows import By, Claim
from hub.api.documents import Document, WarrantyWithHistory
from hub.api.explained_documents import ExplainedStep
from hub.api.proof_bodies import ProofDocument
from hub.delivery.reading import DeliveryTold

SHOWN_APART = {"at", "by", "why", "event", "trace"}
"""What every step has beside what it tells."""


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
    """Every step, in the order of time; what happened at once in the order in which it is told of."""
    found = (
        *_of_the_warranty(known),
        *_evidence(known),
        *_decisions(known.claim),
        *_effects(known.effects),
        *_costs(known.claim),
        *(_message(one) for one in known.messages),
    )
    return sorted(found, key=lambda step: step.at)


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


def _evidence(known: Known) -> Iterator[ExplainedStep]:
    claim = known.claim
    for one in claim.pieces:
        piece = claim_telling.piece(one)
        yield _step("evidence", one.at, piece.by, "", _rest(piece), one.event)
        if piece.withdrawn_by is not None:
            told = {"piece": piece.id}
            yield _step(
                "evidence_withdrawn", one.at, piece.withdrawn_by, piece.withdrawn_why, told, None
            )
    for words in claim_telling.said(claim, known.words, notes=True):
        yield _step("said", words.at, words.by, "", _rest(words), words.event)


def _decisions(claim: Claim) -> Iterator[ExplainedStep]:
    """What rules said and people decided, and the states it came to."""
    for one in claim.weighings:
        told = msgspec.to_builtins(one)
        told["ruled"] = [msgspec.structs.asdict(each) for each in one.ruled]
        yield _step("weighed", one.at, _hub(), "", _without(told), one.event)
    if claim.override is not None:
        one_of = claim.override
        told = {"override": one_of.id}
        yield _step("overridden", one_of.at, _doer(one_of.by), one_of.why, told, None)
    approvals = claim.verdict.approvals if claim.verdict and claim.verdict.approvals else ()
    for given in approvals or claim.approvals:
        yield _step(
            "approved",
            given.at,
            _doer(given.by),
            given.why,
            _rest(claim_telling.approval(given)),
            given.event,
        )
    for move in claim.history:
        told = {"before": move.before, "after": move.after, "reason": move.reason or None}
        if claim.verdict is not None and claim.verdict.event == move.event:
            told["verdict"] = _rest(claim_telling.verdict(claim.verdict))
        yield _step("moved", move.at, _doer(move.by), move.why, told, move.event)


def _effects(effects: Iterable[EffectDocument]) -> Iterator[ExplainedStep]:
    for one in effects:
        told = one.model_dump(mode="json", exclude={"changes", "asked_at"})
        yield _step("asked", one.asked_at, _hub(), "", told, None)
        for change in one.changes:
            told = {"effect": one.id, "kind": one.kind} | _rest(change)
            yield _step("effect", change.at, change.by, change.why, told, change.event)


def _costs(claim: Claim) -> Iterator[ExplainedStep]:
    for one in claim.costs:
        posting = claim_telling.posting(claim, one)
        yield _step("cost", one.at, posting.by, one.why, _rest(posting), one.event)
    for verified in claim.verified:
        told = {"posting": verified.posting}
        yield _step("verified", verified.at, _doer(verified.by), verified.why, told, None)


def _message(one: DeliveryTold) -> ExplainedStep:
    told = msgspec.to_builtins(one.delivery) | {"attempts": msgspec.to_builtins(one.attempts)}
    return _step("message", one.delivery.made_at, _hub(), "", _without(told), one.delivery.event)


def _hub() -> Doer:
    return Doer(kind="hub", id="hub", role="")


def _doer(by: By) -> Doer:
    return claim_telling.doer(by)


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
