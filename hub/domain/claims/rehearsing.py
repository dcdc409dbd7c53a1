"""What a draft of a policy would change: real claims, weighed as they were and with the draft in its place."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from hub.domain.claims.life import GRANTED
from hub.domain.claims.limits import COSTS, May, limits
from hub.domain.claims.record import By, Granted
from hub.domain.claims.weighing import Inputs, Policies, Weighed, weigh
from schemas.events.claim import State
from schemas.policies.approval import ApprovalPolicy
from schemas.policies.claim_rules import ClaimRulesPolicy
from schemas.policies.evidence import EvidencePolicy
from schemas.policies.parts import Policy
from schemas.policies.stock import StockPolicy

Amounts = Mapping[str, int]
"""Minor units by currency."""
Becomes = Literal["wait", "approve", "deny", "review"] | May


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What was decided."""

    state: State
    at: datetime
    by: By
    granted: tuple[Granted, ...] = ()


class Cost(msgspec.Struct, frozen=True, gc=False):
    """A posting; one that corrects another says only what differs."""

    amount: int
    currency: str


class Look(msgspec.Struct, frozen=True, gc=False):
    """What rules looked at."""

    inputs: Inputs


class Case(msgspec.Struct, frozen=True, gc=False):
    """A claim, as far as a rehearsal reads it."""

    id: str
    state: State
    filed_at: datetime
    weighings: tuple[Look, ...] = ()
    verdict: Verdict | None = None
    costs: tuple[Cost, ...] = ()

    @property
    def spent(self) -> dict[str, int]:
        """What it cost: as it was posted, else as it was granted."""
        told = self.costs or (self.verdict.granted if self.verdict else ())
        sums: Counter[str] = Counter()
        for one in told:
            if one.currency and one.amount and (isinstance(one, Cost) or one.kind in COSTS):
                sums[one.currency] += one.amount
        return dict(sums)


class Outcome(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What becomes of a claim by rule; `alone`, `two` or `never` where limits are rehearsed."""

    becomes: Becomes
    codes: tuple[str, ...] = ()
    """Why, or what it leads to."""
    flags: tuple[str, ...] = ()
    """What would be flagged otherwise."""

    def __str__(self) -> str:
        """In one line, for whoever wrote the draft."""
        flags = f" ({', '.join(self.flags)})" if self.flags else ""
        return self.becomes + (f": {', '.join(self.codes)}" if self.codes else "") + flags


class Difference(msgspec.Struct, frozen=True, gc=False):
    """A claim that would have gone another way."""

    claim: str
    state: State
    before: Outcome
    after: Outcome
    cost_before: Amounts
    """What it cost, or what was granted."""
    cost_after: Amounts
    unpriced: bool = False
    """Something would be granted whose price nobody told; it counts as nothing."""


def rehearse(case: Case, counted: Policies, drafted: Policies) -> Difference | None:
    """What differs for a claim; None where nothing does."""
    inputs = case.weighings[-1].inputs
    was, now = weigh(inputs, counted), weigh(inputs, drafted)
    before, after = _outcome(was, now), _outcome(now, was)
    if before == after:
        return None
    cost, unpriced = _cost(case, inputs, now, after)
    return Difference(case.id, case.state, before, after, case.spent, cost, unpriced)


def rehearse_limits(
    case: Case, counted: tuple[int, ApprovalPolicy] | None, draft: tuple[int, ApprovalPolicy]
) -> Difference | None:
    """Whether who approved a claim could have done so alone, and who else; None where nothing differs."""
    verdict = case.verdict
    if verdict is None or verdict.state not in GRANTED or verdict.by.kind == "hub":
        return None
    costs = [one for one in verdict.granted if one.kind in COSTS and one.amount is not None]
    amount = sum(one.amount or 0 for one in costs)
    currency = next((one.currency for one in costs), None)
    before, after = (
        _allowed(policy, verdict.by.role, amount, currency) for policy in (counted, draft)
    )
    if before == after:
        return None
    cost = {currency: amount} if currency else {}
    left = {} if after.becomes == "never" else cost
    return Difference(case.id, case.state, before, after, cost, left)


def _allowed(
    found: tuple[int, ApprovalPolicy] | None, role: str, amount: int, currency: str | None
) -> Outcome:
    """What whoever decided may, and which of the roles that are named may alone."""
    roles = dict.fromkeys(one.role for one in found[1].limits) if found else ()
    alone = [one for one in roles if limits(found, one, amount, currency).may == "alone"]
    return Outcome(limits(found, role, amount, currency).may, tuple(sorted(alone)))


def _outcome(weighed: Weighed, other: Weighed) -> Outcome:
    """What becomes of it, with those flags alone that the other has not."""
    flags = tuple(flag for flag in weighed.flags if flag not in other.flags)
    if weighed.then == "deny":
        return Outcome("deny", (str(weighed.reason),), flags)
    if weighed.blocked:
        return Outcome("wait", (*weighed.blocked, *weighed.missing), flags)
    if weighed.then == "approve":
        return Outcome("approve", weighed.resolutions, flags)
    return Outcome("review", (), flags)


def _cost(case: Case, inputs: Inputs, weighed: Weighed, after: Outcome) -> tuple[Amounts, bool]:
    """What it would cost; what people decide they decide as they did, if they did."""
    verdict = case.verdict
    granted = verdict is not None and verdict.state in GRANTED
    if after.becomes == "approve":
        kinds = {one.kind for one in verdict.granted} if verdict and granted else set()
        if kinds == set(weighed.resolutions):
            return case.spent, False
        return _priced(inputs, weighed, {} if granted else case.spent)
    if not granted:
        return case.spent, False
    by_people = after.becomes == "review" and verdict is not None and verdict.by.kind != "hub"
    return (case.spent if by_people else {}), False


def _priced(inputs: Inputs, weighed: Weighed, spent: Amounts) -> tuple[Amounts, bool]:
    """As the hub prices what a rule grants: each resolution that costs is worth what the unit cost."""
    times = sum(kind in COSTS for kind in weighed.resolutions)
    if not times:
        return spent, False
    if inputs.value is None or inputs.currency is None:
        return spent, True
    sums = Counter(spent)
    sums[inputs.currency] += inputs.value * times
    return dict(sums), False


def with_draft(counted: Policies, number: int, draft: Policy) -> Policies:
    """The versions that counted, with a draft in place of the one that it would follow.

    Raises:
        TypeError: no claim is weighed by a policy like that.

    """
    match draft:
        case EvidencePolicy():
            return replace(counted, evidence=(number, draft))
        case StockPolicy():
            return replace(counted, stock=(number, draft))
        case ClaimRulesPolicy():
            return replace(counted, rules=(number, draft))
        case _:
            raise TypeError(f"no claim is weighed by {type(draft).__name__}")
