"""An order is deleted, and people had decided something of its warranties by hand, or want to."""

from datetime import date

import pytest

from schemas.events.decided import ProposalMade
from schemas.events.warranty import WarrantyCorrected
from tests.unit.by_hand import (
    MARCH,
    a_change,
    allowing,
    an_override,
    grants,
    settled,
    sold,
    who,
)
from tests.unit.story import Story, a_deletion, a_line, a_registration, a_return, a_sale

SERIAL = a_line(serials=["SN-1"])
OWNER = who("owner")
EXTENDED = date(2029, 1, 1)


def elsewhere(story: Story, warranty: str) -> list[str]:
    """The order of whichever other unit is covered."""
    return [u.order_reference or "" for u in story.covered if u.id != warranty]


def test_what_its_order_deleted_nobody_reinstates() -> None:
    story, warranty = sold()
    story.given(a_deletion(), a_change(warranty, "reinstate", by=OWNER))

    assert story.codes == ["unit_returned"]
    assert story.covered == []


def test_what_had_ended_by_hand_is_not_reinstated_once_its_order_is_deleted() -> None:
    story, warranty = sold()
    story.given(
        a_change(warranty, by=OWNER), a_deletion(), a_change(warranty, "reinstate", by=OWNER)
    )

    assert story.codes == ["unit_returned"]
    (unit,) = story.units
    assert (unit.ended_on, unit.withdrawn) == (MARCH, True)


def test_a_serial_that_was_kept_for_a_reinstatement_is_free_once_the_order_is_deleted() -> None:
    story, warranty = sold()
    story.given(a_change(warranty, by=OWNER))
    story.given(a_deletion(), a_sale(SERIAL, order="O-2", on=MARCH))

    assert story.codes == []
    assert elsewhere(story, warranty) == ["O-2"]


def test_what_came_back_after_it_ended_by_hand_lets_go_of_its_serial_once() -> None:
    story, warranty = sold()
    story.given(
        a_change(warranty, by=OWNER),
        a_return(),
        a_sale(SERIAL, order="O-2", on=MARCH),
        a_deletion(),
    )
    story.given(a_sale(SERIAL, by="erp", order="E-7", on=MARCH))

    (unit,) = story.covered
    assert {report.reference for report in unit.reports} == {"O-2", "E-7"}


def test_what_others_still_report_is_reinstated_to_what_they_say() -> None:
    story, warranty = sold()
    story.given(
        a_registration(fact={"purchased_on": "2025-12-24", "coverage_months": 6}),
        a_change(warranty, by=OWNER),
        a_deletion(),
        a_change(warranty, "reinstate", by=OWNER),
    )

    assert story.codes == []
    (unit,) = story.covered
    assert (unit.starts_on, unit.ends_on) == (date(2025, 12, 24), date(2026, 6, 24))
    assert unit.order_reference is None


def test_another_version_of_the_order_is_another_warranty_than_the_one_ended_by_hand() -> None:
    story, warranty = sold()
    story.given(a_change(warranty, by=OWNER), a_deletion(), a_sale(SERIAL, id="again"))

    assert elsewhere(story, warranty) == ["O-1"]
    assert [unit.status for unit in story.units] == ["ended", "covered"]


def test_an_override_of_a_deleted_warranty_comes_back_and_is_free_again() -> None:
    story, warranty = sold(allowing(count=1))
    story.given(
        a_deletion(),
        an_override(warranty, id="extend"),
        an_override(warranty, change="reinstate", id="reinstate"),
    )

    assert [one.state for one in grants(story)] == ["returned", "returned"]
    assert "its order was deleted" in (grants(story)[0].reason or "")
    assert story.codes == []
    assert story.covered == []


def test_a_deletion_that_overtakes_the_grant_of_an_override_counts() -> None:
    story, warranty = sold(allowing())
    story.tell(an_override(warranty, id="o1"))
    story.tell(a_deletion())
    story.deliver()

    assert [one.state for one in grants(story)] == ["returned"]
    assert story.covered == []


def test_an_extension_ends_with_the_order_it_was_granted_for() -> None:
    story, warranty = sold(allowing())
    story.given(an_override(warranty, id="o1"), a_deletion(), a_sale(SERIAL, id="again"))

    (unit,) = story.covered
    assert unit.ends_on == date(2028, 1, 1)


def test_an_extension_stays_where_others_still_report_the_unit() -> None:
    story, warranty = sold(allowing())
    story.given(a_registration(), an_override(warranty, id="o1"), a_deletion())

    told = story.said[-1]
    assert isinstance(told, WarrantyCorrected)
    assert told.ends_on == story.covered[0].ends_on == EXTENDED


@pytest.mark.parametrize(
    ("change", "code"), [("end", "already_ended"), ("reinstate", "unit_returned")]
)
def test_a_proposal_of_a_deleted_warranty_can_only_be_declined(change: str, code: str) -> None:
    story, warranty = sold()
    if change == "reinstate":
        story.given(a_change(warranty, by=OWNER))
    story.given(a_change(warranty, change, by=who("sales_staff")))
    proposal = next(fact.proposal for fact in story.said if isinstance(fact, ProposalMade))
    story.given(
        a_deletion(),
        settled(proposal, by=who("warranty_manager")),
        settled(proposal, by=OWNER, approve=False),
    )

    assert story.codes == [code]
    assert story.proposals[0].state == "declined"
    assert story.covered == []


def test_a_serial_that_is_learnt_after_a_unit_ended_by_hand_is_its_own_when_it_is_reinstated() -> (
    None
):
    story = Story()
    story.given(a_sale(a_line()))
    warranty = story.units[0].id
    story.given(
        a_change(warranty, by=OWNER),
        a_sale(SERIAL, by="erp"),
        a_change(warranty, "reinstate", by=OWNER),
        a_sale(SERIAL, order="O-2", on=MARCH),
    )

    assert story.codes == ["double_entry"]
    assert [unit.id for unit in story.covered] == [warranty]


def test_a_serial_that_is_corrected_after_a_unit_ended_by_hand_moves_with_it() -> None:
    story = Story()
    story.given(a_sale(SERIAL, raw="r", revision=1))
    warranty = story.units[0].id
    story.given(
        a_change(warranty, by=OWNER),
        a_sale(a_line(serials=["SN-2"]), raw="r", revision=2),
        a_change(warranty, "reinstate", by=OWNER),
        a_sale(SERIAL, order="O-2", on=MARCH),
        a_sale(a_line(serials=["SN-2"]), order="O-3", on=MARCH),
    )

    assert story.codes == ["double_entry"]
    assert sorted(unit.serial or "" for unit in story.covered) == ["SN-1", "SN-2"]
