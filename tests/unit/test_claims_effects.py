"""What a decision leads to: asked for once, taken on, done or failed; what it costs stands for ever."""

from hub.sdk.events import Outcome
from schemas.events.claim import EffectChanged
from tests.unit.claims import (
    EUR,
    FEBRUARY,
    OWNER,
    approved,
    asks,
    covered,
    filed,
    moves,
    posted,
    reported,
    the_claim,
    the_effect,
    verified,
)
from tests.unit.story import Story, a_line, a_return, a_sale


def granted(*kinds: str | tuple[str, int], stock: int = 0, **line: object) -> Story:
    """A world in which a claim was approved."""
    story, warranty = covered(**line)  # type: ignore[arg-type]
    supplier = {"code": "bolt", "name": "Bolt"}
    story.catalog.describe("drill", supplier=supplier)
    if stock:
        story.move_stock("in", stock)
    story.given(filed(warranty, incident_on=FEBRUARY))
    story.given(approved(the_claim(story).id, *kinds))
    return story


def changes(story: Story) -> list[str]:
    told = [fact for fact in story.said if isinstance(fact, EffectChanged)]
    return [
        f"{one.kind} {one.state}"
        + (f" ({one.stage or one.reason})" if one.stage or one.reason else "")
        for one in told
    ]


def test_a_replacement_is_promised_by_the_stock_and_inherits_the_rest_of_the_term() -> None:
    story = granted("replacement", stock=1)
    effect = the_effect(story)
    story.given(
        reported(effect.id, "acknowledged", reference="RMA-7"),
        reported(effect.id, "done", serial="SN-2"),
    )

    old, new = sorted(story.units, key=lambda unit: unit.serial or "")
    assert asks(story) == ["replacement.requested.v1"]
    assert (old.status, old.replaced_by, old.ended_on) == ("ended", new.id, FEBRUARY)
    assert (new.serial, new.starts_on, new.ends_on) == ("SN-2", FEBRUARY, old.ends_on)
    assert (new.replaces, new.customer, new.product) == (old.id, old.customer, "drill")
    assert the_effect(story).replaced_by == new.id
    assert moves(story)[-1] == "approved > resolved (done)"
    assert "ended SN-1 2026-02-10" in story.words_of_units


def test_unknown_or_empty_stock_never_promises_a_replacement() -> None:
    unknown, short = granted("replacement"), granted("replacement", stock=1)
    story = short
    story.given(a_sale(a_line(serials=["SN-8"]), order="O-2"))
    story.given(filed(serial="SN-8", incident_on=FEBRUARY))
    story.given(approved(story.claims[1].id, "replacement"))

    assert [one.reason for one in unknown.effects] == ["stock_unknown"]
    assert [one.state for one in story.effects] == ["requested", "failed"]
    assert story.effects[1].reason == "out_of_stock"
    assert story.claims[1].state == "approved"


def test_what_failed_can_be_granted_in_another_way() -> None:
    story = granted("replacement")
    claim = the_claim(story).id
    story.given(approved(claim, "refund", id="instead"))
    story.given(reported(story.effects[1].id, "done", reference="CN-1"))

    assert [one.state for one in story.effects] == ["failed", "done"]
    assert moves(story)[-1] == "approved > resolved (done)"


def test_a_serial_that_another_warranty_has_cannot_be_the_new_unit_s() -> None:
    story = granted("replacement", stock=2)
    story.given(a_sale(a_line(serials=["SN-2"]), order="O-2"))
    effect = the_effect(story).id
    story.given(
        reported(effect, "done"),
        reported(effect, "done", serial="sn-1"),
        reported(effect, "done", serial="SN-2"),
    )
    refused = the_effect(story)
    story.given(reported(effect, "done", serial="SN-3"))

    assert story.codes == ["serial_missing", "serial_same"]
    assert (refused.state, refused.reason) == ("acknowledged", "serial_taken")
    assert the_effect(story).state == "done"
    assert sorted(unit.serial or "" for unit in story.covered) == ["SN-2", "SN-3"]


def test_a_repair_passes_its_stages_and_costs_what_the_workshop_says() -> None:
    story = granted("repair")
    effect = the_effect(story).id
    story.given(
        reported(effect, "received", reference="T-1"),
        reported(effect, "repaired", cost=3_000),
        reported(effect, "diagnosed"),
        reported(effect, "sent_back", cost=3_500),
        reported(effect, "sent_back", cost=3_500),
        reported(effect, "done"),
        reported(effect, "acknowledged"),
    )

    costs = [(one.kind, one.amount, one.corrects) for one in the_claim(story).costs]
    assert changes(story) == [
        "repair acknowledged (received)",
        "repair acknowledged (repaired)",
        "repair acknowledged (sent_back)",
        "repair done (sent_back)",
    ]
    assert costs == [("labour", 3_000, None), ("labour", 500, "1")]
    assert story.outcomes[-1] is Outcome.DEDUPLICATED


def test_each_effect_is_posted_once_and_taken_back_where_it_failed_after_all() -> None:
    story = granted("refund", "supplier_recovery")
    refund, recovery = story.effects
    story.given(
        reported(refund.id, "done"),
        reported(refund.id, "done", by="bank"),
        reported(recovery.id, "done"),
        reported(refund.id, "failed", why="the account is closed"),
    )

    costs = [(one.kind, one.amount) for one in the_claim(story).costs]
    assert recovery.supplier == "bolt"
    assert costs == [("refund", 10_000), ("refund", -10_000)]
    assert the_claim(story).flags[-1] == f"effect_failed:{refund.id}"


def test_a_write_off_is_done_at_once() -> None:
    story = granted(("write_off", 900))

    assert [(one.kind, one.amount, one.currency) for one in the_claim(story).costs] == [
        ("write_off", 900, EUR)
    ]
    assert moves(story)[-1] == "approved > resolved (done)"


def test_what_is_reported_of_nothing_known_is_refused() -> None:
    story = granted("refund", "replacement")
    refund, replacement = story.effects
    story.given(
        reported(refund.id[:-1] + "9", "done"),
        reported(refund.id, "repaired"),
        reported(replacement.id, "failed"),
    )

    assert story.codes == ["unknown_effect", "stage_of_repair"]
    assert story.outcomes[-1] is Outcome.DEDUPLICATED


def test_a_posting_is_never_edited_but_corrected_and_verified_by_somebody_else() -> None:
    story = granted("repair")
    claim = the_claim(story).id
    story.given(
        posted(claim, "B-1", 900),
        posted(claim, "B-1", 900, by="books"),
        posted(claim, "B-1", 800),
        posted(claim, "B-2", -100, corrects="1"),
        posted(claim, "B-3", -100, corrects="9"),
        verified(claim, "1"),
        verified(claim, "9"),
    )
    own = posted(claim, "B-4", 50, by=OWNER.id.replace("_", "-"))
    story.given(own, verified(claim, "3"))

    done = the_claim(story)
    assert [one.amount for one in done.costs] == [900, -100, 50]
    assert [one.posting for one in done.verified] == ["1"]
    assert story.codes == ["posting_differs", "unknown_posting", "unknown_posting", "own_posting"]


def test_the_stock_is_asked_again_until_it_answers() -> None:
    story, warranty = covered()
    story.catalog.describe("drill")
    story.move_stock("in", 1)
    story.given(filed(warranty, incident_on=FEBRUARY))
    story.tell(approved(the_claim(story).id, "replacement"))
    story.letters.clear()
    story.pass_days(60)

    assert the_effect(story).state == "requested"
    assert asks(story) == ["replacement.requested.v1"]


def test_what_a_repair_had_cost_before_says_nothing_where_more_was_told_since() -> None:
    story = granted("repair", "refund")
    repair, refund = story.effects
    story.given(
        reported(repair.id, "sent_back", cost=3_500),
        reported(repair.id, "repaired", cost=3_000),
        reported(repair.id, "done"),
        reported(repair.id, "diagnosed", cost=4_000),
        reported(refund.id, "failed", cost=200),
        reported(refund.id, "failed", cost=200, by="bank"),
        reported(refund.id, "acknowledged", cost=200),
    )

    costs = [(one.kind, one.amount) for one in the_claim(story).costs]
    assert costs == [("labour", 3_500), ("labour", 500), ("refund", 200), ("refund", -200)]


def test_a_replacement_is_one_unit_whatever_is_told_while_it_is_being_covered() -> None:
    story = granted("replacement", stock=1)
    effect = the_effect(story).id
    story.tell(reported(effect, "done", serial="SN-2"))
    story.tell(reported(effect, "done", serial="SN-3"))
    story.tell(reported(effect, "done", serial="sn-2", reference="RMA-7"))
    story.tell(reported(effect, "failed"))
    story.deliver()
    story.given(
        reported(effect, "done", serial="SN-3", by="bank"), reported(effect, "failed", by="bank")
    )

    under_way, settled = ["replacement_under_way"] * 2, ["effect_settled"] * 2
    assert story.codes == [*under_way, *settled]
    assert [unit.serial for unit in story.covered] == ["SN-2"]
    assert the_effect(story).state == "done"


def test_a_unit_that_came_back_meanwhile_is_told_from_the_one_that_was_sent_for_it() -> None:
    story = granted("replacement", stock=1)
    story.given(a_return(order="O-1"))
    story.given(reported(the_effect(story).id, "done", serial="SN-2"))

    old, new = sorted(story.units, key=lambda unit: unit.serial or "")
    assert (old.status, old.replaced_by, new.replaces) == ("ended", new.id, old.id)
