"""A claim moves: each step is recorded, and told to the world once."""

from typing import Any

from msgspec.structs import replace

from hub.domain.claims.life import OPEN, way
from hub.domain.claims.record import By, Move, Verdict
from hub.processors.purchase.claim_rows import Claim
from hub.processors.purchase.claims import waiting
from hub.processors.purchase.draft import Draft
from hub.sdk.decision import Said
from hub.sdk.events import Event
from schemas.events.claim import MOVED, State, Wanted
from schemas.events.parts import Actor, DecidedBy
from schemas.money import Money

HUB = By("hub", "hub")


def source(event: Event) -> By:
    """The source that tells it, or the hub where a timer or letter does."""
    return HUB if event.connector == "hub" else By("source", event.connector)


def person(actor: Actor) -> By:
    """Whoever a door vouches for."""
    return By(actor.kind, actor.id, actor.role)


def is_theirs(claim: Claim, by: By) -> bool:
    """Whether somebody filed the claim himself; a person reports under a name made of his id."""
    return speaks_as(by, claim.connector)


def speaks_as(by: By, name: str) -> bool:
    """Whether somebody reports as the source of that name."""
    return name in {by.id, by.id.replace("_", "-")}


def begin(draft: Draft, claim: Claim, by: By, event: Event) -> Claim:
    """Tell of a new claim, in the state it begins in."""
    return _step(
        draft, replace(claim, history=()), None, claim.state, by, event, _why_staged(claim)
    )


def move(  # noqa: PLR0913 - what a move consists of
    draft: Draft,
    claim: Claim,
    after: State,
    by: By,
    event: Event,
    *,
    reason: str = "",
    why: str = "",
    notify: bool | None = None,
) -> Claim:
    """Bring it to another state, by every state on the way; `notify` is false where customers hear nothing of it.

    Raises:
        RejectedError: it cannot come there, with where it can.

    """
    steps = way(claim.state, after)
    for state in steps:
        last = state == after
        code = reason if last else ""
        said = why if last else ""
        claim = _step(draft, claim, claim.state, state, by, event, code, said, notify)
    return claim


def _why_staged(claim: Claim) -> str:
    return claim.blocked[0] if claim.state == "staged" and claim.blocked else ""


def _step(  # noqa: PLR0913, PLR0917 - what a move consists of
    draft: Draft,
    claim: Claim,
    before: State | None,
    after: State,
    by: By,
    event: Event,
    reason: str,
    why: str = "",
    notify: bool | None = None,  # noqa: FBT001 - nobody has said
) -> Claim:
    note = Move(before, after, event.received_at, by, reason, why, event.id)
    claim = replace(claim, state=after, history=(*claim.history, note))
    draft.claims[claim.id] = claim
    if before in OPEN and after not in OPEN:
        waiting.over(draft, claim)
    draft.said.append(Said(_fact(claim, before, reason, notify), claim.id))
    return claim


def _fact(claim: Claim, before: State | None, reason: str, notify: bool | None) -> Any:  # noqa: FBT001 - as above
    verdict = claim.verdict if claim.verdict and claim.verdict.state == claim.state else None
    return MOVED[claim.state].model_construct(
        claim=claim.id,
        warranty=claim.warranty,
        before=before,
        issue=claim.issue,
        reason=reason or None,
        missing=claim.missing if claim.state == "staged" else (),
        source=claim.source,
        reference=claim.reference,
        product=claim.product,
        branch=claim.branch,
        customer=claim.customer,
        resolutions=_wanted(verdict) if verdict else (),
        ruled_by=_ruled_by(verdict),
        decided=_decided(verdict),
        supplier=claim.supplier,
        notify_customer=notify,
    )


def _wanted(verdict: Verdict) -> tuple[Wanted, ...]:
    return tuple(
        Wanted.model_construct(kind=one.kind, amount=money(one.amount, one.currency))
        for one in verdict.granted
    )


def money(amount: int | None, currency: str | None) -> Money | None:
    """An amount as the world is told, where there is one."""
    if amount is None or currency is None:
        return None
    return Money.model_construct(amount=amount, currency=currency)


def _ruled_by(verdict: Verdict | None) -> tuple[str, int] | None:
    if verdict is None or verdict.by.kind != "hub" or not verdict.ruled:
        return None
    return verdict.ruled[-1].policy, verdict.ruled[-1].version


def _decided(verdict: Verdict | None) -> DecidedBy | None:
    if verdict is None or verdict.by.kind == "hub":
        return None
    kind = "system" if verdict.by.kind in {"source", "hub"} else verdict.by.kind
    about: dict[str, Any] = {"kind": kind, "id": verdict.by.id, "role": verdict.by.role}
    by = Actor.model_construct(**about)
    return DecidedBy.model_construct(by=by, why=verdict.why, override=verdict.override)
