"""Weighing a claim: what it lacks, what blocks it, and the first rule that fits."""

from typing import Any

import pytest

from hub.domain.claims.weighing import (
    Movement,
    Policies,
    Ruled,
    Weighed,
    weigh,
)
from tests.unit.domain.weighed import a_claim, a_rule, policies, requiring, ruling

ALL = ["pos_invoice", "photos", "serial", "incident_date", "stock_movement", "description"]


def test_without_policies_people_decide() -> None:
    assert weigh(a_claim(), Policies()) == Weighed((), (), (), "review", (), None, None, None, ())


@pytest.mark.parametrize(
    ("proof", "lacking"),
    [
        ("pos_invoice", {"invoice": "missing"}),
        ("pos_invoice", {"invoice": "offered"}),
        ("photos", {"photos": 1}),
        ("serial", {"serial": False}),
        ("incident_date", {"incident_on": None}),
        ("stock_movement", {"movement": "missing"}),
        ("description", {"description": False}),
    ],
)
def test_each_piece_that_is_required_and_not_there_is_named(
    proof: str, lacking: dict[str, Any]
) -> None:
    strict = policies(evidence=requiring(*ALL, photos=2, expires_days=9, remind_days=3))
    lacks = weigh(a_claim(**lacking), strict)

    assert lacks.missing == (proof,)
    assert lacks.blocked == ("evidence_missing",)
    assert lacks.staged
    assert (lacks.expires_days, lacks.remind_days) == (9, 3)
    assert lacks.ruled == (Ruled("evidence", 3, "default", proof),)
    whole = weigh(a_claim(), strict)
    assert (whole.missing, whole.blocked, whole.staged) == ((), (), False)
    assert whole.ruled == (Ruled("evidence", 3, "default", "complete"),)


def test_an_issue_may_need_less_and_may_only_be_flagged() -> None:
    flagging = {"required": ["photos"], "missing": "flag"}
    policy = policies(evidence=requiring("pos_invoice") | {"by_issue": {"broken": flagging}})
    lacks = weigh(a_claim(photos=0, invoice="missing"), policy)

    assert lacks.missing == ("photos",)
    assert lacks.blocked == ()
    assert lacks.flags == ("evidence_missing",)
    assert not lacks.staged
    assert lacks.ruled == (Ruled("evidence", 3, "by_issue/broken", "photos"),)


@pytest.mark.parametrize("movement", ["missing", "different"])
@pytest.mark.parametrize("action", ["block", "flag", "allow"])
def test_a_movement_that_is_missing_and_one_that_differs_are_two_rules(
    movement: Movement, action: str
) -> None:
    other = "different" if movement == "missing" else "missing"
    document = {movement: {"action": action}, other: {"action": "allow"}}
    one = weigh(a_claim(movement=movement), policies(stock=document))

    code = f"stock_{movement}"
    assert one.blocked == ((code,) if action == "block" else ())
    assert one.flags == ((code,) if action == "flag" else ())
    assert one.ruled == (Ruled("stock", 3, movement, action),), (
        "the decision is stored, whatever it is"
    )


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"cover": "not_begun"}, "not_begun"),
        ({"cover": "expired"}, "expired"),
        ({"cover": "returned"}, "cover_ended"),
        ({"cover": "ended"}, "cover_ended"),
        ({"owned": "stranger"}, "wrong_owner"),
        ({"owned": "former_owner"}, "wrong_owner"),
    ],
)
def test_whoever_was_not_covered_is_blocked_by_that(told: dict[str, Any], code: str) -> None:
    one = weigh(a_claim(**told), Policies())

    assert (one.blocked, one.staged) == ((code,), True)
    denied = weigh(a_claim(**told), policies(claim_rules=ruling(a_rule(then="deny"))))
    assert (denied.then, denied.reason, denied.staged) == ("deny", "other", False)


def test_nobody_named_is_nobody_else() -> None:
    assert weigh(a_claim(owned="unsaid"), Policies()).blocked == ()


def test_a_day_that_nobody_said_is_flagged() -> None:
    assert weigh(a_claim(incident_on=None), Policies()).flags == ("incident_assumed",)


def test_an_override_lifts_what_blocks_and_leaves_it_to_people() -> None:
    rules = ruling(a_rule("old", "deny", cover=["expired"]), a_rule("all"))
    told = {"cover": "expired", "owned": "stranger", "override": True}
    one = weigh(a_claim(**told), policies(claim_rules=rules))

    assert one.blocked == ()
    assert one.flags == ("overridden:expired", "overridden:wrong_owner")
    assert one.then == "review", "neither the rule that denies nor the one that approves counts"
    idle = weigh(a_claim(override=True), policies(claim_rules=rules))
    assert idle.then == "approve", "where nothing was lifted, rules decide as ever"


def test_the_first_rule_that_fits_decides() -> None:
    rules = ruling(
        a_rule("other", "deny", issues=["power"]),
        a_rule("look", "review", products=["drill"]),
        a_rule("rest"),
    )
    looked = weigh(a_claim(), policies(claim_rules=rules))
    rest = weigh(a_claim(product="saw"), policies(claim_rules=rules))

    assert (looked.then, looked.resolutions) == ("review", ())
    assert looked.ruled == (Ruled("claim_rules", 3, "look", "review"),)
    assert (rest.then, rest.resolutions) == ("approve", ("repair",))


@pytest.mark.parametrize(
    ("when", "fitting", "other"),
    [
        ({"cover": ["covered"]}, {}, {"cover": "expired"}),
        ({"owned": ["unsaid", "owner"]}, {"owned": "unsaid"}, {"owned": "stranger"}),
        ({"issues": ["broken"]}, {}, {"issue": "power"}),
        ({"products": ["drill"]}, {}, {"product": "saw"}),
        ({"categories": ["tools"]}, {"category": "tools"}, {"category": None}),
        ({"preferred": ["repair"]}, {"preferred": "repair"}, {"preferred": None}),
        ({"evidence_complete": True}, {}, {"photos": 0}),
        ({"evidence_complete": False}, {"photos": 0}, {}),
        ({"earlier_claims_at_least": 2}, {"earlier": 2}, {"earlier": 1}),
        ({"days_covered_up_to": 30}, {"days_covered": 30}, {"days_covered": 31}),
        (
            {"value_up_to": {"amount": 500, "currency": "EUR"}},
            {"value": 500, "currency": "EUR"},
            {"value": 501, "currency": "EUR"},
        ),
        (
            {"value_up_to": {"amount": 500, "currency": "EUR"}},
            {"value": 0, "currency": "EUR"},
            {"value": 5, "currency": "TRY"},
        ),
        ({"value_up_to": {"amount": 500, "currency": "EUR"}}, {"value": 1, "currency": "EUR"}, {}),
    ],
)
def test_a_rule_fits_where_all_that_it_names_does(
    when: dict[str, Any], fitting: dict[str, Any], other: dict[str, Any]
) -> None:
    policy = policies(
        evidence=requiring("photos"), claim_rules=ruling(a_rule("r", "review", **when))
    )

    assert weigh(a_claim(**fitting), policy).ruled[-1].policy == "claim_rules"
    assert weigh(a_claim(**other), policy).ruled[-1].policy == "evidence"


@pytest.mark.parametrize("missing", ["block", "flag"])
def test_nothing_incomplete_is_approved_by_a_rule(missing: str) -> None:
    policy = policies(
        evidence=requiring("photos", missing=missing),
        claim_rules=ruling(a_rule("all"), a_rule("rest", "review")),
    )

    assert weigh(a_claim(photos=0), policy).then == "review"
    assert weigh(a_claim(), policy).then == "approve"
