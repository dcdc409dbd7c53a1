"""Corrections: another translation of the same record takes the place of what it said before."""

from datetime import date

import msgspec

from hub.processors.purchase.state import PurchaseRow
from hub.sdk.events import Outcome, Tenant
from schemas.events.parts import Order
from schemas.events.warranty import WarrantyCorrected
from tests.unit.revised import FEB_1, LATER, back, told
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_return, a_sale


def test_a_corrected_day_moves_the_cover_and_keeps_the_warranty(story: Story) -> None:
    story.given(told(on=NEW_YEAR), told(on=FEB_1, revision=2, fact={"branch": "north"}))

    unit = story.units[0]
    assert story.said[1:] == [
        WarrantyCorrected(
            warranty=unit.id,
            starts_on=FEB_1,
            ends_on=date(2028, 2, 1),
            connector="till",
            by="sale",
            order=Order(namespace="shop", reference="O-1"),
            line="1",
            branch="north",
        )
    ]
    assert (unit.starts_on, unit.ends_on, unit.branch) == (FEB_1, date(2028, 2, 1), "north")
    assert story.outcomes == [Outcome.APPLIED, Outcome.APPLIED]
    assert story.answers[1]["warranties"] == [
        {
            "line": "1",
            "id": unit.id,
            "serial": None,
            "starts_on": "2026-02-01",
            "ends_on": "2028-02-01",
            "status": "covered",
        }
    ]


def test_the_same_content_of_a_later_revision_is_a_repeat_that_is_remembered(story: Story) -> None:
    story.given(
        told(),
        told(revision=3),
        told(a_line("saw"), revision=2),
        told(a_line("saw"), revision=4),
    )
    assert story.outcomes[1:3] == [Outcome.DEDUPLICATED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1] == story.answers[2]
    assert [unit.product for unit in story.covered] == ["saw"]


def test_a_late_lower_revision_is_answered_with_what_stands(story: Story) -> None:
    story.given(told(a_line("saw"), revision=2), told())
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1]
    assert len(story.said) == 1


def test_the_same_revision_does_not_correct_itself(story: Story) -> None:
    story.given(told(), told(a_line("saw"), id="other"))
    assert story.codes == ["order_differs"]


def test_another_record_of_the_order_is_no_correction(story: Story) -> None:
    story.given(told(), told(a_line("saw"), raw="another", revision=2))
    assert story.codes == ["order_differs"]


def test_a_record_that_came_twice_is_corrected_by_either(story: Story) -> None:
    """A till that sends everything twice has both records translated anew, in whatever order."""
    story.given(
        told(),
        told(raw="twin", id="twin-1"),
        told(a_line("saw"), raw="twin", id="twin-2", revision=2),
        told(a_line("saw"), revision=2),
    )
    assert story.outcomes[1:] == [Outcome.DEDUPLICATED, Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert [unit.product for unit in story.covered] == ["saw"]


def test_remembers_so_many_records_that_said_the_same_and_no_more(story: Story) -> None:
    story.given(told(), *(told(raw=f"raw-{n}", id=f"n-{n}") for n in range(12)))
    assert len(story.heads[0].sales[0].also) == 8


def test_a_correction_of_what_was_refused_is_simply_decided(story: Story) -> None:
    story.given(
        told(a_line(serials=["A", "B"])), told(a_line(serials=["A", "B"], quantity=2), revision=2)
    )
    assert story.outcomes == [Outcome.REJECTED, Outcome.APPLIED]
    assert [unit.serial for unit in story.covered] == ["A", "B"]


def test_a_refused_correction_changes_nothing(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["Z"]), order="O-9"),
        told(a_line(serials=["A"])),
        told(a_line(serials=["Z"]), revision=2),
        told(a_line(serials=["B"]), revision=3),
    )
    assert story.codes == ["double_entry"]
    assert story.outcomes[2:] == [Outcome.REJECTED, Outcome.APPLIED]
    assert [unit.serial for unit in story.covered] == ["Z", "B"]


def test_ends_what_was_never_sold_and_covers_what_was(story: Story) -> None:
    story.given(told(a_line(quantity=2)), told(a_line("saw"), a_line(), revision=2))
    assert story.words[2:] == [
        "ended unit 2026-01-01",
        "corrected unit 2026-01-01..2028-01-01 by till",
        "activated unit 2026-01-01..2028-01-01 by till",
    ]
    assert story.said[2].reason == "corrected"  # type: ignore[attr-defined]
    assert [(unit.product, unit.status) for unit in story.units] == [
        ("drill", "covered"),
        ("drill", "ended"),
        ("saw", "covered"),
    ]
    assert story.units[1].withdrawn


def test_says_nothing_where_only_lines_were_put_in_another_order(story: Story) -> None:
    lines = [a_line(line="1"), a_line("saw", line="2")]
    story.given(told(*lines), told(*reversed(lines), revision=2))
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert len(story.said) == 2


def test_a_line_under_another_number_is_news(story: Story) -> None:
    story.given(told(a_line(line="1")), told(a_line(line="7"), revision=2))
    assert story.said[-1].line == "7"  # type: ignore[attr-defined]
    story.given(a_return({"line": "7"}))
    assert story.covered == []


def test_a_new_default_of_the_merchant_corrects_nothing(story: Story) -> None:
    story.given(told())
    story.tenant = Tenant("acme", coverage_months=6, patience_days=7, version=2)
    story.given(told(revision=2))
    assert story.outcomes[-1] is Outcome.DEDUPLICATED
    assert story.units[0].ends_on == date(2028, 1, 1)


def test_rows_written_before_revisions_were_kept_are_read(story: Story) -> None:
    story.given(told(), back())
    doc = msgspec.json.decode(msgspec.json.encode(story.heads[0]))
    for name in ("raw", "revision"):
        del doc["sales"][0][name], doc["returns"][0][name]
    doc["sales"][0]["lines"] = [line[:5] for line in doc["sales"][0]["lines"]]
    row = msgspec.convert(doc, PurchaseRow)
    assert (row.sales[0].raw, row.sales[0].revision, row.returns[0].raw) == (None, 0, None)


# Returns


def test_what_came_back_stays_back_and_learns_what_was_corrected(story: Story) -> None:
    story.given(told(a_line(quantity=2)), a_return({"line": "1"}), told(a_line(), revision=2))
    assert [(unit.status, unit.withdrawn) for unit in story.units] == [
        ("ended", True),
        ("ended", False),
    ]
    story.given(told(a_line(), on=FEB_1, revision=3))
    assert story.units[1].starts_on == FEB_1
    assert story.words[-1].startswith("ended")


def test_a_unit_that_came_back_under_a_wrong_serial_is_renamed_in_silence(story: Story) -> None:
    story.given(
        told(a_line(serials=["7"])),
        back({"serials": ["7"]}),
        told(a_line(serials=["007"]), revision=2),
        back({"serials": ["007"]}, revision=2),
    )
    assert [(unit.serial, unit.status) for unit in story.units] == [("007", "ended")]
    assert story.outcomes[2:] == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[1] == story.answers[3]
    assert [word.split()[0] for word in story.words] == ["activated", "ended"]


def test_a_person_decides_which_unit_came_back(story: Story) -> None:
    story.given(
        told(a_line(quantity=2)), a_return({"line": "1"}), told(a_line(serials=["A"]), revision=2)
    )
    assert story.codes == ["correction_needs_person"]
    assert len(story.covered) == 1


def test_a_product_that_was_not_sold_but_came_back_stays_ended(story: Story) -> None:
    story.given(told(a_line()), a_return(), told(a_line("saw"), revision=2))
    assert [(unit.product, unit.status, unit.withdrawn) for unit in story.units] == [
        ("drill", "ended", False),
        ("saw", "covered", False),
    ]


def test_a_corrected_return_ends_what_came_back_too(story: Story) -> None:
    story.given(
        told(a_line(quantity=3)),
        back({"line": "1"}),
        back({"line": "1", "quantity": 2}, revision=2),
        back({"line": "1"}),
        back({"line": "1", "quantity": 2}, revision=3),
    )
    assert story.outcomes[1:] == [
        Outcome.APPLIED,
        Outcome.APPLIED,
        Outcome.DEDUPLICATED,
        Outcome.DEDUPLICATED,
    ]
    assert len(story.covered) == 1
    assert len(story.answers[2]["ended"]) == 2
    assert story.answers[2] == story.answers[4]


def test_a_late_lower_revision_of_a_return_is_answered_with_what_stands(story: Story) -> None:
    story.given(
        told(a_line(quantity=3)),
        back({"line": "1", "quantity": 2}, revision=2),
        back({"line": "1"}),
        back({"line": "1"}, reference="misread"),
    )
    assert story.outcomes[2:] == [Outcome.DEDUPLICATED, Outcome.DEDUPLICATED]
    assert story.answers[1] == story.answers[2] == story.answers[3]


def test_a_person_decides_about_cover_that_would_begin_again(story: Story) -> None:
    story.given(
        told(a_line(quantity=3)),
        back({"line": "1", "quantity": 2}),
        back({"line": "1"}, revision=2),
        back({"line": "1"}, revision=3, reference="another"),
    )
    assert story.codes == ["correction_needs_person", "correction_needs_person"]
    assert len(story.covered) == 1


def test_a_corrected_day_of_return_moves_the_end(story: Story) -> None:
    story.given(
        told(a_line(quantity=2)),
        a_return({"line": "1"}, by="erp", reference="E"),
        back({"line": "1", "quantity": 2}, on=FEB_1),
        back({"line": "1", "quantity": 2}, on=LATER, revision=2),
    )
    assert [str(unit.ended_on) for unit in story.units] == ["2026-03-01", "2026-01-06"]
    corrected = [fact for fact in story.said if isinstance(fact, WarrantyCorrected)]
    assert [(fact.by, fact.ended_on) for fact in corrected] == [("return", LATER)]
    assert story.answers[-1]["returned_on"] == "2026-03-01"


def test_a_person_decides_about_the_last_day_of_a_unit_elsewhere(story: Story) -> None:
    story.given(
        a_registration("A"),
        told(a_line(serials=["A"])),
        back({"serials": ["A"]}, on=FEB_1),
        back({"serials": ["A"]}, on=LATER, revision=2),
    )
    assert story.codes == ["correction_needs_person"]
