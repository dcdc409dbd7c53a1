"""A claim is filed: it waits for what it lacks, and moves on by itself when the last piece arrives."""

from datetime import timedelta
from typing import Any

from hub.sdk.events import Outcome
from schemas.events.claim import ClaimReminded
from tests.unit.by_hand import a_policy, who
from tests.unit.claims import (
    FEBRUARY,
    OTHER,
    PHOTO,
    a_rule,
    covered,
    days,
    evidence,
    filed,
    moves,
    rules,
    settled,
    shown,
    the_claim,
    withdrawn,
)
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_return, a_sale, a_transfer

STOCK = a_policy("stock", {"missing": {"action": "block"}, "different": {"action": "block"}})


def test_a_claim_that_has_all_it_needs_is_submitted() -> None:
    story, warranty = covered(evidence("pos_invoice", "photos"))
    story.given(filed(warranty, photos=[PHOTO], incident_on=days(30)))

    claim = the_claim(story)
    assert moves(story) == ["new > submitted"]
    assert (claim.missing, claim.blocked, claim.flags) == ((), (), ())
    assert claim.id.startswith("clm_" + warranty.split("_")[1])


def test_what_is_missing_is_said_and_the_last_piece_moves_it_on() -> None:
    story, warranty = covered(evidence("photos", "description", "incident_date"))
    story.given(filed(warranty))
    claim = the_claim(story).id
    assert the_claim(story).missing == ("photos", "description", "incident_date")
    story.given(
        shown(claim, photos=[PHOTO]),
        shown(claim, words="con_1"),
        shown(claim, incident_on=days(10)),
    )

    assert moves(story) == ["new > staged (evidence_missing)", "staged > submitted (complete)"]


def test_the_invoice_comes_by_till_feed_after_the_claim() -> None:
    story = Story()
    story.policies = [evidence("pos_invoice")]
    story.given(a_registration(), filed(serial="SN-1"))
    assert the_claim(story).blocked == ("evidence_missing",)
    story.given(a_sale(a_line(serials=["SN-1"])))

    assert moves(story) == ["new > staged (evidence_missing)", "staged > submitted (complete)"]


def test_a_flag_lets_it_through_and_says_so() -> None:
    story, warranty = covered(evidence("photos", missing="flag"))
    story.given(filed(warranty, incident_on=days(3)))

    assert moves(story) == ["new > submitted"]
    assert the_claim(story).flags == ("evidence_missing",)


def test_a_movement_of_stock_that_is_missing_or_different_has_its_own_rule() -> None:
    story, warranty = covered(STOCK)
    story.given(filed(warranty))
    story.move_stock("M-1", -1, serials=["SN-1"], product="saw")
    different = the_claim(story).blocked
    story.move_stock("M-2", -1, serials=["SN-1"])

    said = [ruled.outcome for one in the_claim(story).weighings for ruled in one.ruled]
    assert moves(story) == ["new > staged (stock_missing)", "staged > submitted (complete)"]
    assert (different, said) == (("stock_different",), ["block", "block"])


def test_cover_counts_on_the_day_of_the_incident() -> None:
    story, warranty = covered(coverage_months=1)
    story.given(
        filed(warranty, "early", incident_on=days(-3)),
        filed(warranty, "late", incident_on=days(40), on=days(41)),
        filed(warranty, "within", incident_on=days(20), on=days(90)),
    )

    assert [claim.blocked for claim in story.claims] == [("not_begun",), ("expired",), ()]


def test_a_unit_that_came_back_is_covered_until_then() -> None:
    story, warranty = covered()
    story.given(
        a_return(),
        filed(warranty, "before", incident_on=days(2)),
        filed(warranty, "after", incident_on=days(9)),
    )

    assert [claim.blocked for claim in story.claims] == [(), ("cover_ended",)]


def test_whoever_owned_it_then_may_claim_and_nobody_else() -> None:
    story, warranty = covered(a_policy("coverage", TRANSFERABLE))
    story.given(a_registration(customer="ada"), a_transfer(warranty, on=days(30)))
    for customer in ("ada", "bob", "cem"):
        story.given(filed(warranty, customer, customer=customer, incident_on=days(35)))

    told = [(one.issue, one.weighings[0].inputs.owned, one.blocked) for one in story.claims]
    assert told == [
        ("ada", "former_owner", ("wrong_owner",)),
        ("bob", "owner", ()),
        ("cem", "stranger", ("wrong_owner",)),
    ]


def test_a_transfer_waits_until_open_claims_are_decided() -> None:
    story, warranty = covered(a_policy("coverage", TRANSFERABLE))
    story.given(filed(warranty), a_transfer(warranty, on=days(60)))
    story.given(withdrawn(the_claim(story).id), a_transfer(warranty, on=days(61), reference="h2"))

    assert story.codes == ["claim_open"]
    assert story.units[0].customer == "bob"


def test_one_open_claim_of_a_unit_and_issue_unless_a_source_tells_two() -> None:
    story, warranty = covered()
    story.given(
        filed(warranty, id="first"),
        filed(warranty, id="again"),
        filed(warranty, "noise"),
        filed(warranty, by="workshop", reference="W-1"),
    )

    first = story.claims[0].id
    assert story.codes == ["claim_open"]
    assert [one.flags[-1] for one in story.claims] == [
        "incident_assumed",
        "incident_assumed",
        f"possible_duplicate:{first}",
    ]


def test_a_source_tells_more_of_its_claim_under_its_reference() -> None:
    story, warranty = covered(evidence("photos"))
    about: dict[str, Any] = {"by": "workshop", "reference": "W-1"}
    story.given(
        filed(warranty, **about),
        filed(None, None, photos=[PHOTO], **about),
        filed(None, None, photos=[PHOTO], on=FEBRUARY + timedelta(days=1), **about),
        filed(warranty, "noise", on=FEBRUARY + timedelta(days=2), **about),
    )

    assert story.outcomes[1:] == [
        Outcome.APPLIED,
        Outcome.APPLIED,
        Outcome.DEDUPLICATED,
        Outcome.REJECTED,
    ]
    assert story.codes == ["claim_differs"]
    assert the_claim(story).state == "submitted"


def test_two_sources_may_use_one_reference_and_one_may_speak_for_another() -> None:
    story, warranty = covered()
    story.given(
        filed(warranty, "a", by="portal", reference="1"),
        filed(warranty, "b", by="workshop", reference="1"),
        filed(None, "a", by="relay", source="portal", reference="1", photos=[OTHER]),
    )

    assert [(one.source, len(one.pieces)) for one in story.claims] == [
        ("portal", 1),
        ("workshop", 0),
    ]


def test_what_cannot_be_filed_is_refused_with_what_to_do() -> None:
    issues = a_policy("issue_types", {"types": [{"code": "broken", "text": {"en": "Broken"}}]})
    story, warranty = covered(issues)
    story.given(
        filed(warranty[:-1] + "9"),
        filed(None, serial="SN-9"),
        filed(None),
        filed(warranty, None),
        filed(warranty, "dancing"),
        filed(warranty, incident_on=FEBRUARY + timedelta(days=1)),
    )

    assert story.claims == []
    assert story.codes == [
        "unknown_warranty",
        "unknown_serial",
        "warranty_missing",
        "issue_missing",
        "unknown_issue",
        "incident_in_future",
    ]


def test_evidence_that_is_withdrawn_holds_it_up_again() -> None:
    story, warranty = covered(evidence("photos"))
    story.given(filed(warranty, photos=[PHOTO]))
    claim = the_claim(story).id
    story.given(settled(claim, "1", good=False), settled(claim, "7", good=False))
    story.given(settled(claim, "1", good=True))

    assert story.codes == ["unknown_piece"]
    assert moves(story)[1:] == [
        "submitted > staged (evidence_missing)",
        "staged > submitted (complete)",
    ]


def test_what_never_comes_ends_the_claim() -> None:
    story, warranty = covered(evidence("photos", expires_days=10))
    story.given(filed(warranty))
    story.pass_days(9)
    waits = the_claim(story).state
    story.pass_days(3)

    assert waits == "staged"
    assert moves(story)[-1] == "staged > cancelled (evidence_never_came)"
    assert story.timers == {}


def test_whoever_filed_it_is_reminded_until_it_is_there() -> None:
    story, warranty = covered(evidence("photos", remind_days=3, expires_days=30))
    story.given(filed(warranty))
    story.pass_days(7)
    reminded = [fact for fact in story.said if isinstance(fact, ClaimReminded)]
    story.given(shown(the_claim(story).id, photos=[PHOTO]))
    story.pass_days(30)

    assert [fact.missing for fact in reminded] == [("photos",), ("photos",)]
    assert [fact for fact in story.said if isinstance(fact, ClaimReminded)] == reminded


def test_everything_that_is_required_and_missing_is_said_at_once() -> None:
    fields = a_policy("required_fields", {"claim": ["description", "photos", "email"]})
    story, warranty = covered(fields)
    story.given(
        filed(warranty), filed(warranty, words="con_1", customer="cus_" + "a" * 16, photos=[PHOTO])
    )

    assert story.codes == ["field_missing"] * 3
    assert len(story.claims) == 1


def test_a_rule_approves_denies_or_leaves_it_to_people() -> None:
    story, warranty = covered(
        evidence("photos"),
        rules(
            a_rule("late", "deny", cover=["expired"], reason="expired"),
            a_rule("dear", "review", issues=["fire"]),
            a_rule(
                "cheap",
                "approve",
                resolutions=["repair"],
                value_up_to={"amount": 20_000, "currency": "EUR"},
            ),
        ),
    )
    story.given(
        filed(warranty, "late", incident_on=days(4000), on=days(4001)),
        filed(warranty, "fire", photos=[PHOTO]),
        filed(warranty, "crack", photos=[PHOTO]),
        filed(warranty, "dark"),
    )

    late, fire, crack, dark = story.claims
    assert [one.state for one in (late, fire, crack, dark)] == [
        "denied",
        "submitted",
        "approved",
        "staged",
    ]
    assert late.verdict is not None
    assert late.verdict.reason == "expired"
    assert crack.verdict is not None
    assert [one.rule for one in crack.verdict.ruled] == ["default", "cheap"]
    assert [one.kind for one in story.effects] == ["repair"]


def test_nobody_owns_what_words_alone_are_told_of() -> None:
    story, warranty = covered(evidence("description"))
    story.given(filed(warranty, words="con_1", incident_on=NEW_YEAR))

    claim = the_claim(story)
    assert (claim.claimant, claim.state) == (None, "submitted")
    assert [(one.kind, one.words) for one in claim.said] == [("description", "con_1")]


def test_an_id_of_ours_is_no_way_into_another_home() -> None:
    story, warranty = covered()
    story.given(filed(warranty))
    claim = the_claim(story).id
    story.given(shown(claim[:-1] + "7", photos=[PHOTO]), shown("clm_nobody", photos=[PHOTO]))

    assert story.codes == ["unknown_claim", "unknown_claim"]
    assert who("owner").id not in {move.by.id for move in the_claim(story).history}


TRANSFERABLE = {
    "default": {"standard": {"months": 24, "type": "repair"}, "transferable": True},
}
