"""A claim is decided by those who may, and what follows happens once."""

import pytest

from hub.sdk.events import Outcome
from tests.unit.by_hand import a_policy, an_override, who
from tests.unit.claims import (
    EUR,
    FEBRUARY,
    MANAGER,
    OWNER,
    PHOTO,
    answered,
    approved,
    asked,
    asks,
    closed,
    covered,
    denied,
    evidence,
    filed,
    moves,
    noted,
    reported,
    reviewed,
    settled,
    the_claim,
    the_effect,
    withdrawn,
)
from tests.unit.documents import DOCUMENTS
from tests.unit.story import Story, a_line, a_registration, a_sale

LIMITS = a_policy(
    "approval",
    {
        "limits": [
            {"role": "warranty_manager", "up_to": {"amount": 5_000, "currency": EUR}},
            {"role": "owner", "up_to": {"amount": 50_000, "currency": EUR}},
        ],
        "four_eyes_above": [{"amount": 8_000, "currency": EUR}],
    },
)


def claimed(*policies: object, **line: object) -> tuple[Story, str]:
    """A world with one submitted claim."""
    story, warranty = covered(*policies, **line)  # type: ignore[arg-type]
    story.given(filed(warranty, photos=[PHOTO], incident_on=FEBRUARY))
    story.said.clear()
    return story, the_claim(story).id


def test_approving_a_submitted_claim_reviews_it_too() -> None:
    story, claim = claimed()
    story.given(approved(claim, "repair"))

    assert moves(story) == ["submitted > under_review", "under_review > approved"]
    assert asks(story) == ["repair.requested.v1"]
    told = story.said[1]
    assert told.decided.by.id == MANAGER.id  # type: ignore[attr-defined]
    assert [one.kind for one in told.resolutions] == ["repair"]  # type: ignore[attr-defined]


def test_the_same_decision_again_is_answered_and_another_is_refused() -> None:
    story, claim = claimed()
    story.given(
        approved(claim, "repair"),
        approved(claim, "repair", id="again"),
        approved(claim, "repair", by=OWNER),
        denied(claim),
        withdrawn(claim),
    )

    assert story.outcomes[2:] == [
        Outcome.APPLIED,
        Outcome.DEDUPLICATED,
        Outcome.REJECTED,
        Outcome.REJECTED,
        Outcome.REJECTED,
    ]
    assert story.codes == ["already_decided"] * 3
    assert len(story.effects) == 1


def test_above_the_limit_it_takes_two_people() -> None:
    story, claim = claimed(LIMITS)
    story.given(
        approved(claim, ("repair", 6_000)),
        approved(claim, ("repair", 6_000), id="me again"),
    )
    half = the_claim(story)
    story.given(approved(claim, ("repair", 6_000), by=who("warranty_manager", "max")))

    verdict = the_claim(story).verdict
    assert (half.state, half.approvals[0].by.id) == ("under_review", MANAGER.id)
    assert story.answers[2]["approval"]["first_by"] == MANAGER.id
    assert verdict is not None
    assert [one.by.id for one in verdict.approvals] == [MANAGER.id, "usr_max"]
    assert story.codes == ["second_person_needed"]


def test_whoever_may_so_much_alone_completes_it_and_the_first_stays_told() -> None:
    story, claim = claimed(LIMITS)
    story.given(approved(claim, ("repair", 6_000)), approved(claim, ("repair", 7_000), by=OWNER))

    verdict = the_claim(story).verdict
    assert verdict is not None
    assert verdict.by.id == OWNER.id
    assert [one.by.id for one in verdict.approvals] == [MANAGER.id, OWNER.id]


def test_what_names_no_amount_counts_as_much_as_the_unit_did() -> None:
    story, claim = claimed(LIMITS)
    story.given(approved(claim, "repair"))

    assert the_claim(story).state == "under_review"
    assert the_claim(story).approvals[0].by.id == MANAGER.id


def test_what_nobody_knows_the_amount_of_takes_two_people() -> None:
    story, claim = claimed(LIMITS, price=None)
    story.given(approved(claim, "repair", by=OWNER), approved(claim, "repair"))

    verdict = the_claim(story).verdict
    assert verdict is not None
    assert [one.rule for one in verdict.ruled] == ["amount_unknown"]
    assert [one.by.id for one in verdict.approvals] == [OWNER.id, MANAGER.id]


def test_the_price_is_known_where_another_order_told_it() -> None:
    story = Story()
    story.policies = [LIMITS]
    price = {"amount": 9_900, "currency": EUR}
    story.given(a_registration(), a_sale(a_line(serials=["SN-1"], price=price)))
    story.given(filed(serial="SN-1", incident_on=FEBRUARY))
    story.given(approved(the_claim(story).id, "refund", by=OWNER))
    half = the_claim(story).approvals[0].granted[0]

    assert (half.amount, half.currency) == (9_900, EUR)


def test_above_four_eyes_even_the_owner_needs_somebody() -> None:
    story, claim = claimed(LIMITS)
    story.given(
        approved(claim, ("repair", 9_000), by=OWNER),
        approved(claim, ("repair", 9_500), by=MANAGER),
        approved(claim, ("repair", 9_000), by=MANAGER),
    )

    verdict = the_claim(story).verdict
    assert story.codes == ["approval_differs"]
    assert verdict is not None
    assert [one.by.id for one in verdict.approvals] == [OWNER.id, MANAGER.id]
    assert len(story.effects) == 1


def test_a_role_without_a_limit_approves_nothing() -> None:
    story, claim = claimed(LIMITS)
    story.given(approved(claim, ("repair", 10), by=who("finance_user")))

    assert story.codes == ["limit_exceeded"]


def test_nobody_decides_his_own_claim() -> None:
    story, warranty = covered()
    story.given(filed(warranty, by=MANAGER.id.replace("_", "-")))
    claim = the_claim(story).id
    story.given(approved(claim, "repair"), denied(claim), reviewed(claim))

    assert story.codes == ["own_claim"] * 3


def test_what_lacks_its_evidence_cannot_be_approved_but_denied() -> None:
    story, warranty = covered(evidence("photos"))
    story.given(filed(warranty, incident_on=FEBRUARY))
    claim = the_claim(story).id
    story.given(approved(claim, "repair"), reviewed(claim), denied(claim, "evidence_missing"))

    assert story.codes == ["claim_staged", "illegal_move"]
    assert moves(story)[1:] == [
        "staged > submitted",
        "submitted > under_review",
        "under_review > denied (evidence_missing)",
    ]


def test_evidence_withdrawn_between_two_approvals_holds_both() -> None:
    story, warranty = covered(LIMITS, evidence("photos"))
    story.given(filed(warranty, photos=[PHOTO], incident_on=FEBRUARY))
    claim = the_claim(story).id
    story.given(
        approved(claim, ("repair", 6_000)),
        settled(claim, "1", good=False),
        approved(claim, ("repair", 6_000), by=who("warranty_manager", "max")),
    )

    assert story.codes == ["claim_staged"]
    assert (the_claim(story).state, the_claim(story).approvals) == ("staged", ())


def test_an_override_lifts_what_blocks_it_and_is_flagged_for_ever() -> None:
    override = a_policy("override", DOCUMENTS["override"])
    story, warranty = covered(override, coverage_months=1)
    story.given(
        filed(warranty, incident_on=FEBRUARY.replace(month=6), on=FEBRUARY.replace(month=7))
    )
    claim = the_claim(story).id
    asked_for = an_override(
        warranty, change="claim", claim=claim, by=MANAGER, on=FEBRUARY.replace(month=7), id="o"
    )
    story.given(asked_for, approved(claim, "repair", on=FEBRUARY.replace(month=7), by=OWNER))

    done = the_claim(story)
    assert moves(story)[0] == "new > staged (expired)"
    assert done.state == "approved"
    assert "overridden:expired" in done.flags
    assert done.verdict is not None
    assert done.verdict.override == (done.override and done.override.id)


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        ((), "resolution_missing"),
        (("repair", "repair"), "resolution_twice"),
        ((("refund", 10_001),), "refund_above_price"),
        (("supplier_recovery",), "supplier_unknown"),
    ],
)
def test_what_cannot_be_granted_is_refused(kinds: tuple[str, ...], code: str) -> None:
    story, claim = claimed()
    story.given(approved(claim, *kinds))

    assert story.codes == [code]
    assert story.effects == []


def test_a_refund_is_what_was_paid_unless_less_is_said_and_never_more_in_all() -> None:
    story, claim = claimed()
    story.given(approved(claim, "refund", ("repair", 500)))
    warranty = the_claim(story).warranty
    story.given(filed(warranty, "again", photos=[PHOTO]))
    story.given(approved(story.claims[1].id, ("refund", 1), by=OWNER))

    refund, repair = story.effects
    assert (refund.amount, refund.currency, repair.amount) == (10_000, EUR, 500)
    assert story.codes == ["refund_above_price"]


def test_a_refund_needs_an_amount_where_no_price_was_told() -> None:
    story, claim = claimed(price=None)
    story.given(approved(claim, "refund"), approved(claim, ("refund", 700)))

    assert story.codes == ["amount_missing"]
    assert the_effect(story).amount == 700


def test_partly_granted_says_so() -> None:
    story, claim = claimed()
    story.given(approved(claim, ("refund", 4_000), partial=True))

    assert moves(story)[-1] == "under_review > partially_approved"


def test_a_question_waits_for_its_answer() -> None:
    story, claim = claimed()
    story.given(
        asked(claim), approved(claim, "repair"), reviewed(claim), answered(claim), noted(claim)
    )
    story.given(approved(claim, "repair", id="now"))

    said = the_claim(story).said
    assert moves(story)[:4] == [
        "submitted > under_review",
        "under_review > awaiting_info (question)",
        "awaiting_info > under_review (answered)",
        "under_review > approved",
    ]
    assert story.codes == ["illegal_move", "illegal_move"]
    assert [(one.kind, one.words) for one in said] == [
        ("question", "con_q"),
        ("answer", "con_a"),
        ("note", "con_n"),
    ]


def test_denied_is_closed_by_somebody_and_nothing_follows() -> None:
    story, claim = claimed()
    march = FEBRUARY.replace(month=3)
    story.given(closed(claim), denied(claim), closed(claim, on=march), closed(claim, by=OWNER))

    assert moves(story)[-1] == "denied > resolved (closed)"
    assert story.codes == ["illegal_move"]
    assert story.outcomes[-1] is Outcome.DEDUPLICATED


def test_a_claim_with_effects_under_way_is_not_closed() -> None:
    story, claim = claimed()
    story.given(approved(claim, "repair"), closed(claim))
    story.given(reported(the_effect(story).id, "done"))

    assert story.codes == ["effects_open"]
    assert moves(story)[-1] == "approved > resolved (done)"


def test_withdrawn_before_a_decision_it_is_over() -> None:
    story, claim = claimed()
    story.given(withdrawn(claim), withdrawn(claim, by="phone"), approved(claim, "repair"))

    assert moves(story) == ["submitted > cancelled (withdrawn)"]
    assert story.codes == ["illegal_move"]
