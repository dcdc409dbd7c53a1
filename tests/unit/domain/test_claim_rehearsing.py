"""A draft of a policy is tried on claims as they were: what would differ, by claim, reason and cost."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.domain.claims.record import By, Granted
from hub.domain.claims.rehearsing import (
    Case,
    Cost,
    Difference,
    Look,
    Verdict,
    rehearse,
    rehearse_limits,
    with_draft,
)
from hub.domain.claims.tallying import CostTotal, Reason, Tally
from hub.domain.claims.weighing import Policies
from schemas.policies.approval import ApprovalPolicy
from schemas.policies.wording import WordingPolicy
from tests.unit.domain.weighed import a_claim, a_rule, policies, requiring, ruling

NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)
MANAGER = By("person", "usr_m", "warranty_manager")
HUB = By("hub", "hub")
DENY_ALL = ruling(a_rule("all", "deny"))
APPROVE_ALL = ruling(a_rule("all"))
LOOK_AT_ALL = ruling(a_rule("all", "review"))


def a_case(number: int = 1, **told: Any) -> Case:
    """A submitted claim of something that cost 90.00 EUR."""
    rest = {name: told.pop(name) for name in ("verdict", "costs", "state") if name in told}
    looked = (Look(a_claim(**{"value": 9_000, "currency": "EUR"} | told)),)
    given: dict[str, Any] = {"state": "submitted"} | rest
    return Case(f"clm_{number}", filed_at=NOON, weighings=looked, **given)


def approved(*granted: Granted, by: By = MANAGER) -> dict[str, Any]:
    return {"state": "resolved", "verdict": Verdict("approved", NOON, by, granted)}


def changed(case: Case, before: dict[str, Any], **draft: Any) -> Difference | None:
    return rehearse(case, policies(**before), policies(**before | draft))


def ways(one: Difference | None) -> str:
    return "nothing" if one is None else f"{one.before} -> {one.after}"


def test_a_draft_that_says_the_same_changes_nothing() -> None:
    same = {"evidence": requiring("photos"), "claim_rules": APPROVE_ALL}

    assert changed(a_case(), same, claim_rules=ruling(a_rule("renamed"))) is None
    assert changed(a_case(photos=0), same, evidence=requiring("photos", expires_days=3)) is None


def test_stricter_evidence_has_claims_wait_that_did_not() -> None:
    one = changed(
        a_case(invoice="missing", **approved(Granted("repair", 4_000, "EUR"))),
        {"evidence": requiring("photos")},
        evidence=requiring("photos", "pos_invoice"),
    )

    assert ways(one) == "review -> wait: evidence_missing, pos_invoice"
    assert one is not None
    assert (one.cost_before, one.cost_after) == ({"EUR": 4_000}, {})


def test_what_is_only_flagged_shows_as_well() -> None:
    before = {"stock": {"missing": {"action": "block"}, "different": {"action": "allow"}}}
    draft = {"missing": {"action": "flag"}, "different": {"action": "allow"}}
    one = changed(a_case(movement="missing"), before, stock=draft)

    assert ways(one) == "wait: stock_missing -> review (stock_missing)"


def test_a_rule_that_denies_saves_what_was_granted() -> None:
    case = a_case(
        **approved(Granted("refund", 9_000, "EUR"), Granted("supplier_recovery", 5, "EUR"))
    )
    one = changed(case, {}, claim_rules=DENY_ALL)

    assert ways(one) == "review -> deny: other"
    assert one is not None
    assert (one.cost_before, one.cost_after) == ({"EUR": 9_000}, {})


def test_what_was_posted_counts_before_what_was_granted() -> None:
    costs = (Cost(7_000, "EUR"), Cost(-500, "EUR"), Cost(10, "PLN"))
    case = a_case(costs=costs, **approved(Granted("refund", 9_000, "EUR")))
    one = changed(case, {}, claim_rules=DENY_ALL)

    assert one is not None
    assert one.cost_before == {"EUR": 6_500, "PLN": 10}


def test_a_rule_that_approves_grants_the_price_of_the_unit() -> None:
    denied: dict[str, Any] = {"state": "denied", "verdict": Verdict("denied", NOON, MANAGER)}
    rules = ruling(a_rule() | {"resolutions": ["replacement", "supplier_recovery"]})
    one = changed(a_case(**denied), {}, claim_rules=rules)
    unknown = changed(a_case(value=None, **denied), {}, claim_rules=rules)
    free = ruling(a_rule() | {"resolutions": ["supplier_recovery"]})
    nothing = changed(a_case(value=None), {}, claim_rules=free)

    assert ways(one) == "review -> approve: replacement, supplier_recovery"
    assert one is not None
    assert unknown is not None
    assert nothing is not None
    assert (one.cost_before, one.cost_after, one.unpriced) == ({}, {"EUR": 9_000}, False)
    assert (unknown.cost_after, unknown.unpriced) == ({}, True)
    assert (nothing.cost_after, nothing.unpriced) == ({}, False)


def test_what_was_posted_of_a_denied_claim_stays() -> None:
    denied: dict[str, Any] = {"state": "denied", "verdict": Verdict("denied", NOON, MANAGER)}
    shipped = a_case(costs=(Cost(300, "EUR"),), **denied)
    held = changed(shipped, {"claim_rules": DENY_ALL}, claim_rules=LOOK_AT_ALL)
    granted = changed(shipped, {}, claim_rules=APPROVE_ALL)

    assert held is not None
    assert granted is not None
    assert held.cost_after == held.cost_before == {"EUR": 300}
    assert granted.cost_after == {"EUR": 9_300}


def test_what_people_approved_costs_the_same_where_a_rule_grants_as_much() -> None:
    case = a_case(**approved(Granted("repair", 4_000, "EUR")))
    same = changed(case, {}, claim_rules=APPROVE_ALL)
    more = ruling(a_rule() | {"resolutions": ["replacement"]})
    other = changed(case, {}, claim_rules=more)

    assert same is not None
    assert other is not None
    assert same.cost_after == {"EUR": 4_000}
    assert other.cost_after == {"EUR": 9_000}


def test_what_is_left_to_people_costs_what_they_granted() -> None:
    by_people = a_case(**approved(Granted("repair", 4_000, "EUR")))
    by_rule = a_case(**approved(Granted("repair", 9_000, "EUR"), by=HUB))
    before = {"claim_rules": APPROVE_ALL}
    theirs = changed(by_people, before, claim_rules=LOOK_AT_ALL)
    ours = changed(by_rule, before, claim_rules=LOOK_AT_ALL)

    assert theirs is not None
    assert ours is not None
    assert theirs.cost_after == {"EUR": 4_000}
    assert (ours.cost_before, ours.cost_after) == ({"EUR": 9_000}, {}), "nobody has decided it yet"


LIMITS = {
    "limits": [
        {"role": "warranty_manager", "up_to": {"amount": 5_000, "currency": "EUR"}},
        {"role": "owner", "up_to": {"amount": 50_000, "currency": "EUR"}},
    ]
}


def limits(**rest: Any) -> tuple[int, ApprovalPolicy]:
    return 2, ApprovalPolicy.model_validate_json(json.dumps(LIMITS | rest))


def test_a_draft_of_limits_says_who_could_have_approved_alone() -> None:
    case = a_case(
        **approved(Granted("refund", 9_000, "EUR"), Granted("supplier_recovery", 9_000, "EUR"))
    )
    wider = [{"role": "warranty_manager", "up_to": {"amount": 9_000, "currency": "EUR"}}]
    one = rehearse_limits(case, limits(), limits(limits=wider))
    unruled = rehearse_limits(case, None, limits())

    assert ways(one) == "two: owner -> alone: warranty_manager"
    assert one is not None
    assert one.cost_before == one.cost_after == {"EUR": 9_000}
    assert ways(unruled) == "alone -> two: owner"
    assert rehearse_limits(case, limits(), limits()) is None


def test_a_draft_of_limits_says_what_needed_four_eyes_or_could_not_be_approved() -> None:
    case = a_case(**approved(Granted("refund", 4_000, "EUR")))
    eyes = rehearse_limits(
        case, limits(), limits(four_eyes_above=[{"amount": 1_000, "currency": "EUR"}])
    )
    nobody = [{"role": "owner", "up_to": {"amount": 1, "currency": "EUR"}}]
    never = rehearse_limits(case, limits(), limits(limits=nobody))

    assert ways(eyes) == "alone: owner, warranty_manager -> two"
    assert ways(never) == "alone: owner, warranty_manager -> never"
    assert never is not None
    assert never.cost_after == {}


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"verdict": Verdict("denied", NOON, MANAGER)},
        {"verdict": Verdict("approved", NOON, HUB, (Granted("refund", 9_000, "EUR"),))},
    ],
)
def test_limits_are_asked_of_nothing_but_what_people_approved(told: dict[str, Any]) -> None:
    assert rehearse_limits(a_case(**told), None, limits()) is None


def test_an_approval_without_an_amount_is_within_every_limit() -> None:
    case = a_case(**approved(Granted("repair")))
    one = rehearse_limits(case, None, limits())

    assert ways(one) == "alone -> alone: owner, warranty_manager"
    assert one is not None
    assert one.cost_before == one.cost_after == {}


def test_totals_are_by_reason_and_by_currency() -> None:
    tally = Tally("claim_rules", NOON)
    tally.skip()
    tally.count(None)
    for number, told in enumerate(
        (
            approved(Granted("refund", 100, "EUR")),
            approved(Granted("refund", 50, "PLN")),
            {"cover": "expired"},
        )
    ):
        tally.count(changed(a_case(number, **told), {}, claim_rules=DENY_ALL))
    whole = tally.result()

    assert (whole.claims, whole.unweighed, whole.differ) == (5, 1, 3)
    assert whole.reasons == (
        Reason(2, "review", "deny: other"),
        Reason(1, "wait: expired", "deny: other"),
    )
    assert whole.costs == (CostTotal("EUR", 100, 0, -100), CostTotal("PLN", 50, 0, -50))
    assert [one.claim for one in whole.differences] == ["clm_0", "clm_1", "clm_2"]


def test_a_draft_stands_in_the_place_of_its_policy_alone() -> None:
    counted = policies(evidence=requiring("photos"), claim_rules=DENY_ALL)
    draft = policies(claim_rules=APPROVE_ALL).rules
    assert draft is not None
    drafted = with_draft(counted, 9, draft[1])

    assert drafted == Policies(counted.evidence, None, (9, draft[1]))
    assert with_draft(counted, 9, draft[1]).evidence is counted.evidence
    for name in ("evidence", "stock"):
        document = {
            "evidence": requiring(),
            "stock": {"missing": {"action": "flag"}} | {"different": {"action": "flag"}},
        }[name]
        found = getattr(policies(**{name: document}), name)
        assert getattr(with_draft(counted, 9, found[1]), name) == (9, found[1])
    words = WordingPolicy.model_validate({"statuses": {"ended": {"text": {"en": "Over."}}}})
    with pytest.raises(TypeError, match="no claim is weighed by WordingPolicy"):
        with_draft(counted, 9, words)
