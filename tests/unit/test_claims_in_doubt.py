"""Claims where things go wrong at the edges: under whose limit, what is told twice, what was not looked up yet."""

from hub.processors.purchase.claims.costing import MOST_POSTINGS
from hub.processors.purchase.claims.effecting import MOST_CHANGES
from tests.unit.by_hand import a_policy, an_override, grants, who
from tests.unit.claims import (
    FEBRUARY,
    MANAGER,
    OTHER,
    OWNER,
    PHOTO,
    a_rule,
    approved,
    covered,
    evidence,
    filed,
    moves,
    reported,
    reviewed,
    rules,
    settled,
    shown,
    the_claim,
    the_effect,
)
from tests.unit.documents import DOCUMENTS
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_return, a_sale, a_serial
from tests.unit.test_claims_decided import LIMITS, claimed
from tests.unit.test_purchase_customers import BOB, merge, said_by, two

MAX = who("warranty_manager", "max")
STOCK = a_policy("stock", {"missing": {"action": "block"}, "different": {"action": "block"}})


def test_no_amount_is_below_zero() -> None:
    story, claim = claimed(LIMITS)
    story.given(
        approved(claim, ("repair", 50_000), ("write_off", -49_000)), approved(claim, ("refund", -5))
    )

    assert story.codes == ["amount_negative"] * 2
    assert story.effects == []


def test_a_replacement_counts_as_much_as_the_unit_whatever_is_said_of_it() -> None:
    story, claim = claimed(LIMITS)
    story.given(approved(claim, ("replacement", 1)))

    assert the_claim(story).state == "under_review"


def test_a_unit_is_replaced_once() -> None:
    story, warranty = covered()
    story.catalog.describe("drill")
    story.move_stock("in", 5)
    story.given(filed(warranty), filed(warranty, "scratched"))
    one, two = story.claims
    story.given(approved(one.id, "replacement"), approved(two.id, "replacement"))

    assert len(story.effects) == 1
    assert story.codes == ["already_replaced"]


def test_what_a_rule_cannot_do_is_flagged_once() -> None:
    story, warranty = covered(rules(a_rule("r", "approve", resolutions=["supplier_recovery"])))
    story.given(filed(warranty, photos=[PHOTO], incident_on=FEBRUARY))
    claim = the_claim(story).id
    story.given(shown(claim, photos=[OTHER]), shown(claim, photos=["med_" + "0c" * 16]))

    assert the_claim(story).flags == ("rule_not_possible:supplier_unknown",)


def test_what_is_blocked_while_somebody_looks_at_it_is_not_approved() -> None:
    no = a_rule("bare", "deny", evidence_complete=False, reason="evidence_missing")
    story, warranty = covered(evidence("photos"), rules(no))
    story.given(filed(warranty, photos=[PHOTO], incident_on=FEBRUARY))
    claim = the_claim(story).id
    story.given(reviewed(claim), settled(claim, "1", good=False), approved(claim, "repair"))

    assert story.codes == ["claim_staged"]


def test_whoever_approved_first_may_change_what_he_approves() -> None:
    story, claim = claimed(LIMITS)
    story.given(
        approved(claim, ("repair", 6_000)),
        approved(claim, ("repair", 7_000)),
        approved(claim, ("repair", 7_000), by=MAX),
    )

    assert story.codes == []
    assert the_claim(story).state == "approved"


def test_what_is_granted_in_place_of_something_counts_with_what_was_done() -> None:
    story, claim = claimed(LIMITS)
    story.given(approved(claim, ("repair", 3_000), ("refund", 1_000)))
    repair, refund = story.effects
    story.given(reported(repair.id, "done"), reported(refund.id, "failed"))
    story.given(approved(claim, ("write_off", 4_000), id="instead"))

    assert len(story.effects) == 2


def test_nobody_takes_evidence_back_in_for_his_own_claim() -> None:
    story, warranty = covered(evidence("photos"))
    story.given(filed(warranty, photos=[PHOTO], by=MANAGER.id.replace("_", "-")))
    claim = the_claim(story).id
    story.given(settled(claim, "1", good=False, by=OWNER), settled(claim, "1", good=True))

    assert story.codes == ["own_claim"]


def test_a_serial_that_is_attached_later_is_looked_up_with_its_movements() -> None:
    story = Story()
    story.policies = [STOCK]
    story.move_stock("M-2", -1, serials=["SN-1"])
    story.given(a_sale(a_line()))
    warranty = story.units[0].id
    story.given(filed(warranty, incident_on=FEBRUARY))
    story.given(a_serial(warranty, "SN-1", on=FEBRUARY))

    assert moves(story) == ["new > staged (stock_missing)", "staged > submitted (complete)"]


def test_a_claim_that_is_filed_by_serial_is_weighed_at_once() -> None:
    story, _ = covered(STOCK, evidence("photos"))
    story.move_stock("M-2", -1, serials=["SN-1"])
    story.given(filed(serial="SN-1", incident_on=FEBRUARY))

    assert moves(story) == ["new > staged (evidence_missing)"]


def test_what_a_rule_would_deny_under_review_is_lifted_by_an_override() -> None:
    no = a_rule("bare", "deny", evidence_complete=False, reason="evidence_missing")
    story, warranty = covered(
        evidence("photos"), rules(no), LIMITS, a_policy("override", DOCUMENTS["override"])
    )
    story.given(filed(warranty, photos=[PHOTO], incident_on=FEBRUARY))
    claim = the_claim(story).id
    story.given(approved(claim, ("repair", 6_000)), settled(claim, "1", good=False))
    lifted = an_override(warranty, change="claim", claim=claim, by=MAX, on=FEBRUARY, id="o")
    story.given(lifted, approved(claim, ("repair", 4_000)))

    assert story.codes == []
    assert the_claim(story).verdict is not None
    assert the_claim(story).flags == ("overridden:evidence_missing",)


def test_nobody_lifts_what_blocks_his_own_claim_and_keeps_his_allowance() -> None:
    story, warranty = covered(evidence("photos"), a_policy("override", DOCUMENTS["override"]))
    story.given(filed(warranty, by=MANAGER.id.replace("_", "-")))
    claim = the_claim(story).id
    story.given(an_override(warranty, change="claim", claim=claim, by=MANAGER, on=FEBRUARY, id="o"))

    assert [one.state for one in grants(story)] == ["returned"]
    assert the_claim(story).override is None


def test_an_override_covers_no_more_than_was_taken_of_the_allowance() -> None:
    story, warranty = covered(evidence("photos"), a_policy("override", DOCUMENTS["override"]))
    story.given(filed(warranty))
    claim = the_claim(story).id
    asked_for = an_override(warranty, 500, change="claim", claim=claim, by=MAX, on=FEBRUARY, id="o")
    story.given(asked_for, approved(claim, "repair"), approved(claim, ("repair", 501)))
    story.given(approved(claim, ("repair", 500)))

    assert story.codes == ["override_exceeded"] * 2
    assert the_claim(story).state == "approved"


def test_the_same_trouble_told_by_two_systems_is_not_granted_twice_by_a_rule() -> None:
    story, warranty = covered(
        rules(a_rule("small", "approve", resolutions=["repair"])), evidence("photos")
    )
    story.given(filed(warranty, reference="A-1"), filed(warranty, reference="B-1", by="till"))
    one, two = story.claims
    story.given(shown(one.id, photos=[PHOTO]), shown(two.id, photos=[PHOTO]))
    one, two = story.claims

    assert (one.state, two.state, len(story.effects)) == ("approved", "submitted", 1)
    assert "rule_not_possible:possible_duplicate" in two.flags


def test_what_is_told_again_by_a_serial_that_was_sold_once_more_is_about_the_same_claim() -> None:
    story, _ = covered()
    story.given(filed(serial="SN-1", reference="A-1", incident_on=NEW_YEAR))
    story.given(a_return(order="O-1"), a_sale(a_line(serials=["SN-1"]), order="O-2", on=FEBRUARY))
    story.given(filed(serial="SN-1", reference="A-1", incident_on=NEW_YEAR, photos=[PHOTO]))

    assert story.codes == []
    assert [piece.kind for piece in the_claim(story).pieces] == ["incident", "photo"]


def test_what_is_told_of_an_effect_over_and_over_finds_an_end() -> None:
    story, claim = claimed()
    story.given(approved(claim, "repair"))
    effect = the_effect(story).id
    for number in range(MOST_CHANGES + 1):
        story.given(reported(effect, "acknowledged", reference=f"T-{number}"))
    for number in range(MOST_POSTINGS + 1):
        story.given(reported(effect, "acknowledged", cost=number % 2 + 1, why=f"bill {number}"))
    story.given(reported(effect, "done"))

    assert set(story.codes) == {"too_many_changes", "too_many_postings"}
    assert the_effect(story).state == "done"
    assert len(the_claim(story).costs) == MOST_POSTINGS


def test_a_unit_that_replaced_another_is_worth_what_was_paid_for_that() -> None:
    story, warranty = covered()
    story.catalog.describe("drill")
    story.move_stock("in", 1)
    story.given(filed(warranty))
    story.given(approved(the_claim(story).id, "replacement"))
    story.given(reported(the_effect(story).id, "done", serial="SN-2"))
    story.given(filed(serial="SN-2"))
    claim = next(one.id for one in story.claims if one.is_open)
    story.given(approved(claim, ("refund", 10_001)), approved(claim, "refund"))

    assert story.codes == ["refund_above_price"]
    assert story.effects[-1].amount == 10_000


def test_whoever_claims_is_the_owner_once_people_said_that_both_are_one() -> None:
    story, ada, bob = two()
    story.given(said_by(filed(serial="SN-1", incident_on=FEBRUARY), BOB))
    before = the_claim(story).blocked
    story.given(merge(bob, ada), shown(the_claim(story).id, photos=[PHOTO]))

    assert before == ("wrong_owner",)
    assert (the_claim(story).state, the_claim(story).blocked) == ("submitted", ())


def test_what_happened_to_a_unit_a_moment_ago_counts_for_its_approval() -> None:
    story, claim = claimed()
    story.tell(a_return(order="O-1"))
    story.tell(approved(claim, "repair"))

    assert story.codes == ["claim_staged"]
    assert story.effects == []


def test_a_new_unit_that_its_owner_registered_first_inherits_the_term_all_the_same() -> None:
    story, warranty = covered()
    story.catalog.describe("drill")
    story.move_stock("in", 1)
    story.given(filed(warranty))
    story.given(approved(the_claim(story).id, "replacement"))
    story.given(a_registration("SN-2", on=FEBRUARY))
    story.given(reported(the_effect(story).id, "done", serial="SN-2"))

    old, new = sorted(story.units, key=lambda unit: unit.serial or "")
    assert (old.status, old.replaced_by, new.replaces) == ("ended", new.id, old.id)
    assert (new.ends_on, new.customer, the_effect(story).state) == (old.ends_on, "ada", "done")
