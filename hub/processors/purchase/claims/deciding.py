"""A claim is decided: by a rule, by one person, or by two where the limits ask for that."""

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from hub.domain.claims.life import DECIDED, GRANTED, illegal
from hub.domain.claims.limits import limits, total
from hub.domain.claims.record import Approval, By, Granted, Verdict
from hub.domain.claims.weighing import Weighed, weigh
from hub.domain.errors import RejectedError, reject
from hub.processors.purchase.claim_rows import Claim
from hub.processors.purchase.claims import effecting
from hub.processors.purchase.claims.answers import Claimed, FirstOfTwo, Half, ToldClaim
from hub.processors.purchase.claims.finding import Found, claim_here
from hub.processors.purchase.claims.gathering import (
    approval_of,
    inputs_of,
    is_looked_up,
    policies_of,
    price_of,
)
from hub.processors.purchase.claims.granting import checked
from hub.processors.purchase.claims.moving import HUB, is_theirs, move, person
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.state import Purchase
from hub.sdk.decision import Decision
from hub.sdk.events import Event, Known, Outcome
from schemas.events.claim import ApprovalGiven, DenialGiven


def by_rule(  # noqa: PLR0913, PLR0917 - a claim, and what was found of it
    draft: Draft, purchase: Purchase, claim: Claim, weighed: Weighed, event: Event, known: Known
) -> Claim:
    """Approve or deny as the first rule that fits says; the version stands in the verdict."""
    unit = draft.units.get(claim.warranty) or purchase.units[claim.warranty]
    if weighed.then == "deny":
        verdict = Verdict(
            "denied",
            event.time,
            HUB,
            weighed.ruled[-1].rule,
            event.id,
            reason=weighed.reason,
            ruled=weighed.ruled,
        )
        return _decided(draft, claim, verdict, event)
    granted = tuple(Granted(kind) for kind in weighed.resolutions)
    try:
        _check_duplicate(purchase, claim)
        granted = checked(purchase, claim, unit, granted, event, known)
    except RejectedError as error:
        # What the rule grants cannot be done; people see why.
        flag = f"rule_not_possible:{error.reasons[0].code}"
        claim = replace(claim, flags=(*claim.flags, flag))
        draft.claims[claim.id] = claim
        return claim
    verdict = Verdict(
        "approved",
        event.time,
        HUB,
        weighed.ruled[-1].rule,
        event.id,
        granted=granted,
        ruled=weighed.ruled,
    )
    claim = _decided(draft, claim, verdict, event)
    return effecting.ask(draft, purchase, claim, event, known)


def _check_duplicate(purchase: Purchase, claim: Claim) -> None:
    """The same trouble told by two systems is not granted twice by itself."""
    of = [flag.partition(":")[2] for flag in claim.flags if flag.startswith("possible_duplicate:")]
    others = [purchase.claims[one] for one in of if one in purchase.claims]
    if any(one.state not in {"cancelled", "denied"} for one in others):
        raise reject("possible_duplicate", f"it may be the same as {', '.join(of)}; look at both")


def approve(
    purchase: Purchase, event: Event, fact: ApprovalGiven, known: Known
) -> Decision[Purchase]:
    """Approve it, or be the first of two who do.

    Raises:
        RejectedError: with what stands, or who may.

    """
    found, by = claim_here(purchase, fact.claim), person(fact.by)
    claim, unit = found.claim, found.unit
    state: Literal["approved", "partially_approved"] = (
        "partially_approved" if fact.partial else "approved"
    )
    asked = tuple(
        Granted(one.kind, *((one.amount.amount, one.amount.currency) if one.amount else ()))
        for one in fact.resolutions
    )
    again = _repeated(purchase, claim, by, state, None)
    if again is not None and not _is_substitute(purchase, claim):
        return again
    _check(purchase, claim, by, state)
    _check_now(found, purchase, event, known)
    granted = checked(purchase, claim, unit, asked, event, known)
    amount, currency = total(tuple(_in_all(purchase, claim, granted)), price_of(purchase, unit))
    _check_override(claim, amount, currency)
    may = limits(approval_of(event, known), by.role, amount, currency)
    if may.may == "never":
        message = (
            f"the policy approval lets a {by.role} approve nothing in {currency or 'any currency'}"
        )
        raise reject("limit_exceeded", f"{message}; ask one of those it names")
    notify = fact.notify_customer
    one = Approval(by, event.time, fact.why, granted, fact.partial, event.id, notify)
    first = _first(claim, one) if may.may == "two" else _other(claim, by)
    draft = Draft()
    if may.may == "two" and first is None:
        return _half(draft, found, purchase, one, event)
    verdict = Verdict(
        state,
        event.time,
        by,
        fact.why,
        event.id,
        granted=granted,
        ruled=may.ruled,
        approvals=(first, one) if first else (),
        override=claim.override.id if claim.override else None,
    )
    notify = first.notify if first and notify is None else notify
    claim = _decided(draft, replace(claim, approvals=()), verdict, event, notify)
    claim = effecting.ask(draft, purchase, claim, event, known)
    return draft.decision(purchase, found.row, Claimed.of(claim))


def _in_all(purchase: Purchase, claim: Claim, granted: tuple[Granted, ...]) -> Iterator[Granted]:
    """What is granted now, and what was before and did not fail: limits are of the claim."""
    yield from granted
    for one in purchase.effects.values():
        if one.claim == claim.id and one.state != "failed":
            yield Granted(one.kind, one.amount, one.currency)


def _first(claim: Claim, one: Approval) -> Approval | None:
    """The approval of somebody else that this one completes; one's own is corrected by another."""
    if not claim.approvals:
        return None
    first = claim.approvals[0]
    same = (first.granted, first.partial) == (one.granted, one.partial)
    if first.by.id == one.by.id:
        if not same:
            return None
        message = "you approved it already; it takes a second person"
        raise reject("second_person_needed", message)
    if not same:
        message = f"{first.by.id} approved something else; approve the same, or deny it"
        raise reject("approval_differs", message)
    return first


def _other(claim: Claim, by: By) -> Approval | None:
    return next((one for one in claim.approvals if one.by.id != by.id), None)


def _half(
    draft: Draft, found: Found, purchase: Purchase, one: Approval, event: Event
) -> Decision[Purchase]:
    claim = found.claim
    if claim.state == "submitted":
        claim = move(draft, claim, "under_review", one.by, event, notify=one.notify)
    claim = replace(claim, approvals=(one,))
    draft.claims[claim.id] = claim
    answer = Half(ToldClaim.of(claim), FirstOfTwo(one.by.id))
    return draft.decision(purchase, found.row, answer)


def deny(purchase: Purchase, event: Event, fact: DenialGiven) -> Decision[Purchase]:
    """Deny it for a reason that other systems can act on.

    Raises:
        RejectedError: with what stands.

    """
    found, by = claim_here(purchase, fact.claim), person(fact.by)
    claim = found.claim
    again = _repeated(purchase, claim, by, "denied", fact.reason)
    if again is not None:
        return again
    _check(purchase, claim, by, "denied")
    verdict = Verdict("denied", event.time, by, fact.why, event.id, reason=fact.reason)
    draft = Draft()
    claim = _decided(draft, replace(claim, approvals=()), verdict, event, fact.notify_customer)
    return draft.decision(purchase, found.row, Claimed.of(claim))


def _repeated(
    purchase: Purchase, claim: Claim, by: By, state: str, reason: str | None
) -> Decision[Purchase] | None:
    """Whoever decides the same again is answered with what stands."""
    verdict = claim.verdict
    if verdict is None or claim.state not in DECIDED | {"resolved"}:
        return None
    if (verdict.by.id, verdict.state, verdict.reason) == (by.id, state, reason):
        return Decision(purchase, Outcome.DEDUPLICATED, Claimed.of(claim))
    if _is_substitute(purchase, claim) and state != "denied":
        return None
    message = f"claim {claim.id} was {verdict.state} by {verdict.by.id}; file a new one if need be"
    raise reject("already_decided", message)


def _is_substitute(purchase: Purchase, claim: Claim) -> bool:
    """Whether something it led to failed, and something else may be granted in its place."""
    if claim.state not in GRANTED:
        return False
    mine = [one for one in purchase.effects.values() if one.claim == claim.id]
    return any(one.state == "failed" for one in mine) and all(
        one.state in {"failed", "done"} for one in mine
    )


def _check(purchase: Purchase, claim: Claim, by: By, state: str) -> None:
    if is_theirs(claim, by):
        message = "nobody decides a claim that he filed; ask somebody else who may"
        raise reject("own_claim", message)
    if claim.blocked and claim.is_open and state != "denied":
        # Staged, or where a rule would deny what somebody took before: no rule decides under his hands.
        lacks = ", ".join((*claim.missing, *claim.blocked))
        message = f"the claim is {claim.state}: {lacks}; add what is missing, or use an override"
        raise reject("claim_staged", message)
    if claim.state not in {"staged", "submitted", "under_review"} and not _is_substitute(
        purchase, claim
    ):
        raise illegal(claim.state, "denied" if state == "denied" else "approved")


def _check_now(found: Found, purchase: Purchase, event: Event, known: Known) -> None:
    """Whatever changed its unit a moment ago counts, though the letter about that is on its way."""
    claim = found.claim
    if not claim.is_open or not is_looked_up(event, known, found.unit):
        return
    inputs = inputs_of(purchase, claim, found.unit, event, known)
    blocked = weigh(inputs, policies_of(event, known, claim.filed_at)).blocked
    if blocked:
        message = f"by now it is blocked: {', '.join(blocked)}; read the claim again"
        raise reject("claim_staged", message)


def _check_override(claim: Claim, amount: int | None, currency: str | None) -> None:
    """What is granted against the rule costs no more than was taken of somebody's allowance."""
    spent = claim.override
    if spent is None or not any(one.startswith("overridden:") for one in claim.flags):
        return
    if amount is None or currency not in {None, spent.currency} or amount > (spent.amount or 0):
        message = (
            f"the override of {spent.by.id} is for {spent.amount} minor units {spent.currency}; "
            "say amounts within that"
        )
        raise reject("override_exceeded", message)


def _decided(
    draft: Draft,
    claim: Claim,
    verdict: Verdict,
    event: Event,
    notify: bool | None = None,  # noqa: FBT001 - nobody has said
) -> Claim:
    claim = replace(claim, verdict=verdict)
    reason = verdict.reason or ""
    if claim.state in GRANTED:
        # In place of what failed: the claim stays where it is.
        claim = replace(claim, flags=_without_failures(claim))
        draft.claims[claim.id] = claim
        return claim
    why = verdict.why
    return move(
        draft, claim, verdict.state, verdict.by, event, reason=reason, why=why, notify=notify
    )


def _without_failures(claim: Claim) -> tuple[str, ...]:
    return tuple(flag for flag in claim.flags if not flag.startswith("effect_failed:"))
