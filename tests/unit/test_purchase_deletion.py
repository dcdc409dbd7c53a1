"""E14 and E23: an order is deleted, and what that takes back."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from hub.processors.purchase.deleting import MOST_VERSIONS
from hub.sdk.events import Event, Outcome
from tests.unit.revised import told
from tests.unit.story import (
    NEW_YEAR,
    Story,
    a_deletion,
    a_line,
    a_registration,
    a_return,
    a_sale,
    rows_of,
)

SERIAL = a_line(serials=["SN-1"])


def again(*lines: dict[str, Any], number: int = 2, **rest: Any) -> Event:
    """The same report under another id, as a caller sends it who heard no answer."""
    by, order = rest.get("by", "till"), rest.get("order", "O-1")
    return a_sale(*lines, id=f"{by}-{order}-{number}", **rest)


def test_e14_cancels_every_warranty_of_the_order(story: Story) -> None:
    story.given(a_sale(a_line(quantity=2, serials=["A"]), a_line("saw")), a_deletion())
    assert story.covered == []
    assert story.words[3:] == ["ended A 2026-01-01"] + ["ended unit 2026-01-01"] * 2
    assert {fact.reason for fact in story.said[3:]} == {"deleted"}  # type: ignore[attr-defined]
    assert [(one["line"], one["status"]) for one in story.answers[1]["warranties"]] == [
        ("1", "ended"),
        ("1", "ended"),
        ("2", "ended"),
    ]


def test_e14_leaves_a_tombstone_and_no_hole(story: Story) -> None:
    story.given(a_sale(SERIAL), a_deletion())
    unit = story.units[0]
    assert (unit.status, unit.serial, unit.reports) == ("ended", "SN-1", ())
    assert [deleted.connector for deleted in story.heads[0].deleted] == ["till"]


def test_e14_is_idempotent(story: Story) -> None:
    story.given(a_sale(SERIAL), a_deletion(), a_deletion(id="other"), a_deletion())
    assert story.outcomes[1:] == [Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.DEDUPLICATED]
    assert story.answers[1] == story.answers[2] == story.answers[3]


def test_e14_does_not_know_an_order_that_nobody_reported(story: Story) -> None:
    story.given(a_deletion(order="O-7"), a_sale(order="O-7"), a_deletion(order="O-7", id="later"))
    assert story.codes == ["order_unknown"]
    assert story.outcomes[2] is Outcome.APPLIED


def test_e14_posted_again_it_is_another_version(story: Story) -> None:
    sale = a_sale(SERIAL, a_line("saw"))
    story.given(sale, a_deletion(), again(SERIAL, a_line("saw")))
    first, second = story.answers[0]["warranties"], story.answers[2]["warranties"]
    assert story.outcomes[2] is Outcome.APPLIED
    assert len({one["id"] for one in first + second}) == 4
    assert [unit.id for unit in story.covered] == [one["id"] for one in second]


def test_e14_the_new_version_is_repeated_and_deleted_like_any_other(story: Story) -> None:
    story.given(
        a_sale(SERIAL),
        a_deletion(),
        again(SERIAL),
        again(SERIAL, number=3),
        a_deletion(id="second"),
        a_deletion(id="third"),
    )
    assert story.answers[3] == story.answers[2]
    assert story.answers[4] == story.answers[5] != story.answers[1]
    assert story.covered == []


def test_a_repeat_of_the_report_itself_hears_its_first_answer_and_brings_nothing_back(
    story: Story,
) -> None:
    sale = a_sale(SERIAL)
    story.given(sale, a_deletion(), sale)
    assert story.answers[2] == story.answers[0]
    assert story.covered == []


def test_no_later_translation_of_a_deleted_record_brings_it_back(story: Story) -> None:
    story.given(told(SERIAL), a_deletion(), told(SERIAL, a_line("saw"), revision=2))
    assert story.outcomes[2] is Outcome.DEDUPLICATED
    assert story.answers[2] == story.answers[1]
    assert story.covered == []


def test_the_serial_is_free_for_another_order(story: Story) -> None:
    story.given(a_sale(SERIAL), a_deletion(), a_sale(SERIAL, order="O-2"))
    assert [unit.order_reference for unit in story.covered] == ["O-2"]


def test_what_came_back_before_stays_as_it_came_back(story: Story) -> None:
    story.given(
        a_sale(SERIAL, a_line("saw")),
        a_return({"serials": ["SN-1"]}),
        a_deletion(),
        again(SERIAL, a_line("saw")),
    )
    assert [unit.status for unit in story.units] == ["ended", "ended", "covered", "covered"]
    assert story.units[0].ended_on == date(2026, 1, 6)
    assert story.codes == []


def test_takes_back_what_every_source_said_of_the_order(story: Story) -> None:
    story.given(a_sale(SERIAL), a_sale(SERIAL, by="erp"), a_deletion(by="erp"))
    assert story.covered == []
    assert len(story.answers[2]["warranties"]) == 1


def test_an_owner_keeps_what_he_registered(story: Story) -> None:
    story.given(
        a_sale(SERIAL),
        a_registration(fact={"purchased_on": "2025-12-24", "coverage_months": 6}),
        a_deletion(),
    )
    assert story.words[2:] == ["corrected SN-1 2025-12-24..2026-06-24 by till"]
    assert story.covered[0].order_reference is None
    assert story.answers[2]["warranties"][0]["status"] == "covered"


def test_takes_back_only_what_that_order_said(story: Story) -> None:
    story.given(
        a_sale(SERIAL),
        a_sale({**SERIAL, "coverage_months": 60}, by="erp", order="E-7"),
        a_deletion(by="erp", order="E-7"),
    )
    assert story.words[-1] == "corrected SN-1 2026-01-01..2028-01-01 by erp"
    assert [report.connector for report in story.covered[0].reports] == ["till"]


def test_the_order_a_unit_was_born_under_is_deleted_and_the_linked_one_stays(story: Story) -> None:
    story.given(a_sale(SERIAL), a_sale(SERIAL, by="erp", order="E-7"), a_deletion())
    assert [report.connector for report in story.covered[0].reports] == ["erp"]
    story.given(a_deletion(by="erp", order="E-7"))
    assert story.covered == []
    story.given(a_sale(SERIAL, by="web", order="W-1"))
    assert len(story.covered) == 1


def test_a_linked_order_is_deleted_and_reported_again(story: Story) -> None:
    story.given(
        a_sale(SERIAL),
        a_sale(SERIAL, by="erp", order="E-7"),
        a_deletion(by="erp", order="E-7"),
        again({**SERIAL, "coverage_months": 60}, by="erp", order="E-7"),
    )
    assert [report.connector for report in story.covered[0].reports] == ["till", "erp"]
    assert story.covered[0].ends_on == date(2031, 1, 1)
    assert story.letters == []
    assert story.timers == {}


def test_waits_until_a_link_is_answered(story: Story) -> None:
    story.given(a_sale(SERIAL))
    story.tell(a_sale(SERIAL, by="erp", order="E-7"))
    story.tell(a_deletion(by="erp", order="E-7"))
    assert story.outcomes[2] is Outcome.EARLY
    story.deliver()
    assert story.settled[story.told[0]].outcome is Outcome.APPLIED
    assert [report.connector for report in story.covered[0].reports] == ["till"]


def test_a_letter_that_is_delivered_again_links_nothing_anew(story: Story) -> None:
    story.given(a_sale(SERIAL))
    story.tell(a_sale(SERIAL, by="erp", order="E-7"))
    late = story.letters[0]
    story.deliver()
    story.given(a_deletion(by="erp", order="E-7"))
    before = rows_of(story)
    story.letters.append(replace(late, id="again"))
    story.deliver()
    assert rows_of(story) == before


@pytest.mark.parametrize("first", [0, 1])
def test_letters_of_two_versions_may_overtake_each_other(story: Story, first: int) -> None:
    story.given(a_sale(SERIAL), a_sale(SERIAL, by="erp", order="E-7"))
    story.tell(a_deletion(by="erp", order="E-7"))
    story.tell(again({**SERIAL, "coverage_months": 60}, by="erp", order="E-7"))
    assert len(story.letters) == 2
    story.deliver(lambda count: first if count == 2 else 0)
    assert [(r.connector, r.ends_on.year) for r in story.covered[0].reports] == [
        ("till", 2028),
        ("erp", 2031),
    ]


def test_a_return_of_a_deleted_order_waits_for_its_next_version(story: Story) -> None:
    story.given(a_sale(SERIAL), a_deletion(), a_return(), again(SERIAL))
    assert story.covered == []
    story.pass_days(20)
    assert story.codes == []


def test_a_deletion_from_tomorrow_is_refused(story: Story) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    story.given(a_sale(), a_deletion(on=NEW_YEAR, fact={"deleted_at": at}))
    assert story.codes == ["deleted_in_future"]


def test_a_home_does_not_grow_without_end(story: Story) -> None:
    for number in range(MOST_VERSIONS + 1):
        story.given(again(SERIAL, number=number), a_deletion(id=f"delete-{number}"))
    story.given(again(SERIAL, number=99))
    assert story.codes == ["deleted_too_often"]
    assert story.covered == []


@pytest.mark.parametrize("first", ["registration", "sale"])
def test_what_came_back_and_is_sold_by_nobody_any_more_is_sold_anew(
    story: Story, first: str
) -> None:
    """Its owner's registration is left, of a unit that came back: the next buyer has another."""
    told = [a_registration(), a_sale(SERIAL)]
    story.given(*(told if first == "registration" else told[::-1]), a_return(), a_deletion())
    story.given(a_sale(SERIAL, order="O-2", on=date(2026, 1, 9)))

    (unit,) = story.covered
    (old,) = (one for one in story.units if one.status == "ended")
    assert (unit.starts_on, unit.customer, unit.follows) == (date(2026, 1, 9), None, old.id)
    assert len(old.reports) == 1


def test_a_sale_that_finds_its_unit_came_back_meanwhile_is_refused(story: Story) -> None:
    """It had looked the serial up while the order was still there that is deleted by now."""
    story.given(a_registration(), a_sale(SERIAL))
    late = a_sale(SERIAL, order="O-2", by="web")
    story.tell(late)
    letters, story.letters = story.letters, []
    story.given(a_return(), a_deletion())
    story.letters += letters
    story.deliver()

    assert story.codes == ["unit_returned"]
    assert [unit.reports[0].connector for unit in story.units] == ["portal"]
