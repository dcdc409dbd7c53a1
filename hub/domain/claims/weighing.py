"""Weighing a claim: what it lacks, what blocks it, and which rule decides. Pure, so that it can be rehearsed."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

import msgspec

from schemas.events.claim import Denial, Kind
from schemas.policies.claim_rules import ClaimRule, ClaimRulesPolicy
from schemas.policies.evidence import Evidence, EvidencePolicy
from schemas.policies.stock import StockPolicy, StockRule

Cover = Literal["covered", "not_begun", "expired", "returned", "ended"]
Owned = Literal["owner", "former_owner", "stranger", "unsaid"]
"""Whether whoever claims owned the unit on the day of the incident; `unsaid` where nobody is named."""
Invoice = Literal["accepted", "offered", "missing"]
Movement = Literal["matches", "missing", "different"]
Then = Literal["review", "approve", "deny"]
BLOCKED_BY_COVER: dict[Cover, str] = {
    "not_begun": "not_begun",
    "expired": "expired",
    "returned": "cover_ended",
    "ended": "cover_ended",
}


class Inputs(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Everything a rule looks at, kept with the claim, so that the same can be weighed again."""

    issue: str
    cover: Cover
    owned: Owned
    incident_on: date | None
    asked_on: date
    """The day that cover was asked for: that of the incident, else that of filing."""
    product: str
    category: str | None = None
    invoice: Invoice = "missing"
    photos: int = 0
    serial: bool = False
    description: bool = False
    movement: Movement = "missing"
    preferred: Kind | None = None
    value: int | None = None
    """The price of the unit in minor units, where it is known."""
    currency: str | None = None
    earlier: int = 0
    """Claims of the same unit before this one."""
    days_covered: int = 0
    """From the first covered day to the incident."""
    override: bool = False
    """Somebody's allowance lifts what blocks it."""


class Policies(msgspec.Struct, frozen=True, gc=False):
    """The versions that count: evidence and rules at submission, each beside its number; None where there is none."""

    evidence: tuple[int, EvidencePolicy] | None = None
    stock: tuple[int, StockPolicy] | None = None
    rules: tuple[int, ClaimRulesPolicy] | None = None


class Ruled(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """That a version of a policy was applied, and what it came to."""

    policy: str
    version: int
    rule: str
    """The part of the document that fitted, such as `by_issue/broken`."""
    outcome: str


class Weighed(msgspec.Struct, frozen=True, gc=False):
    """What a claim amounts to."""

    missing: tuple[str, ...]
    """Pieces of evidence that are required and not there."""
    blocked: tuple[str, ...]
    """Codes of what keeps it from being decided; empty where nothing does."""
    flags: tuple[str, ...]
    """What whoever decides should know."""
    then: Then
    resolutions: tuple[Kind, ...]
    reason: Denial | None
    expires_days: int | None
    """How long it may lack its evidence."""
    remind_days: int | None
    """How often its lack is told again."""
    ruled: tuple[Ruled, ...]

    @property
    def staged(self) -> bool:
        """Whether it has to wait for something."""
        return bool(self.blocked) and self.then != "deny"


def weigh(inputs: Inputs, policies: Policies) -> Weighed:
    """What a claim amounts to under these versions; the first rule that fits decides."""
    number, evidence, place = _evidence(inputs, policies)
    missing = tuple(one for one in evidence.required if not _given(inputs, evidence, one))
    ruled = [Ruled("evidence", number, place, ",".join(missing) or "complete")] if number else []
    blocked: list[str] = []
    flags: list[str] = []
    if missing:
        (blocked if evidence.missing == "block" else flags).append("evidence_missing")
    for code, stock_rule, one in _stock(inputs, policies):
        ruled.append(one)
        if stock_rule.action != "allow":
            (blocked if stock_rule.action == "block" else flags).append(code)
    blocked += _cover(inputs)
    if inputs.incident_on is None:
        flags.append("incident_assumed")
    if inputs.override and blocked:
        # Somebody spent an allowance so that people decide: no rule denies or approves it instead.
        flags += [f"overridden:{code}" for code in blocked]
        return _weighed(missing, (), flags, None, evidence, ruled)
    found = _rule(inputs, policies, complete=not missing, blocked=bool(blocked))
    if found is None:
        return _weighed(missing, blocked, flags, None, evidence, ruled)
    number, rule = found
    ruled.append(Ruled("claim_rules", number, rule.code, rule.then))
    return _weighed(missing, blocked, flags, rule, evidence, ruled)


def _weighed(  # noqa: PLR0913, PLR0917 - the parts of one answer
    missing: tuple[str, ...],
    blocked: Sequence[str],
    flags: Sequence[str],
    rule: ClaimRule | None,
    evidence: Evidence,
    ruled: Sequence[Ruled],
) -> Weighed:
    return Weighed(
        missing,
        tuple(blocked),
        tuple(flags),
        rule.then if rule else "review",
        rule.resolutions if rule else (),
        rule.reason if rule else None,
        evidence.expires_days,
        evidence.remind_days,
        tuple(ruled),
    )


def _evidence(inputs: Inputs, policies: Policies) -> tuple[int, Evidence, str]:
    if policies.evidence is None:
        return 0, Evidence(), ""
    number, policy = policies.evidence
    of_issue = inputs.issue in policy.by_issue
    return (
        number,
        policy.evidence(inputs.issue),
        f"by_issue/{inputs.issue}" if of_issue else "default",
    )


def _given(inputs: Inputs, evidence: Evidence, proof: str) -> bool:
    return {
        "pos_invoice": inputs.invoice == "accepted",
        "photos": inputs.photos >= evidence.photos,
        "serial": inputs.serial,
        "incident_date": inputs.incident_on is not None,
        "stock_movement": inputs.movement != "missing",
        "description": inputs.description,
    }[proof]


def _stock(inputs: Inputs, policies: Policies) -> Iterator[tuple[str, StockRule, Ruled]]:
    """Two rules: nothing is known of the unit's movement, or what is known is of something else."""
    if policies.stock is None or inputs.movement == "matches":
        return
    number, policy = policies.stock
    rule = policy.missing if inputs.movement == "missing" else policy.different
    code = f"stock_{inputs.movement}"
    yield code, rule, Ruled("stock", number, inputs.movement, rule.action)


def _cover(inputs: Inputs) -> Iterator[str]:
    if inputs.cover != "covered":
        yield BLOCKED_BY_COVER[inputs.cover]
    if inputs.owned in {"former_owner", "stranger"}:
        yield "wrong_owner"


def _rule(
    inputs: Inputs, policies: Policies, *, complete: bool, blocked: bool
) -> tuple[int, ClaimRule] | None:
    if policies.rules is None:
        return None
    number, policy = policies.rules
    for rule in policy.rules:
        if rule.then == "approve" and (blocked or not complete):
            # What lacks something is never approved by the hub, whatever a rule says.
            continue
        if _fits(inputs, rule, complete=complete):
            return number, rule
    return None


def _fits(inputs: Inputs, rule: ClaimRule, *, complete: bool) -> bool:
    when = rule.when
    value = when.value_up_to
    return all(
        (
            when.cover is None or inputs.cover in when.cover,
            when.owned is None or inputs.owned in when.owned,
            when.issues is None or inputs.issue in when.issues,
            when.products is None or inputs.product in when.products,
            when.categories is None or inputs.category in when.categories,
            when.preferred is None or inputs.preferred in when.preferred,
            when.evidence_complete is None or when.evidence_complete == complete,
            when.earlier_claims_at_least is None or inputs.earlier >= when.earlier_claims_at_least,
            when.days_covered_up_to is None or inputs.days_covered <= when.days_covered_up_to,
            value is None
            or (
                inputs.value is not None
                and inputs.currency == value.currency
                and inputs.value <= value.amount
            ),
        )
    )
