"""Returns: which units they end, and what they are when repeated, early or wrong."""

from datetime import date

import pytest

from hub.sdk.events import Event, Outcome
from tests.unit.story import Story, a_line, a_return, a_sale


def test_ends_the_unit_with_the_serial(story: Story) -> None:
    story.given(
        a_sale(a_line(quantity=2, serials=["A", "B"]), fact={"branch": "north"}),
        a_return({"serials": ["a"]}),
    )
    assert story.words[-1] == "ended A 2026-01-06"
    assert [unit.serial for unit in story.covered] == ["B"]
    assert story.answers[-1] == {"ended": [story.units[0].id], "returned_on": "2026-01-06"}
    assert story.said[-1].branch == "north"  # type: ignore[attr-defined]


def test_ends_the_last_unit_first(story: Story) -> None:
    story.given(
        a_sale(a_line(quantity=12)), a_return({"product": {"code": "drill"}, "quantity": 2})
    )
    assert [unit.number for unit in story.units if unit.status == "ended"] == [11, 12]


def test_ends_units_of_the_line(story: Story) -> None:
    story.given(a_sale(a_line(), a_line("saw"), a_line()), a_return({"line": "1"}))
    assert [unit.status for unit in story.units] == ["ended", "covered", "covered"]


def test_finds_a_line_as_another_source_numbers_it(story: Story) -> None:
    story.given(a_sale(a_line(line="x")), a_return({"line": "x"}, by="erp"))
    assert story.covered == []


def test_falls_back_on_the_product_of_a_line_nobody_knows(story: Story) -> None:
    story.given(a_sale(), a_return({"line": "x", "product": {"code": "drill"}}))
    assert story.covered == []


def test_ends_everything_where_no_line_is_named(story: Story) -> None:
    story.given(a_sale(a_line(quantity=2), a_line("saw")), a_return())
    assert story.covered == []
    assert len(story.answers[-1]["ended"]) == 3


def test_ends_no_unit_before_its_cover_began(story: Story) -> None:
    story.given(a_sale(on=date(2026, 1, 10)), a_return(on=date(2026, 1, 9)))
    assert story.words[-1] == "ended unit 2026-01-10"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"serials": ["Z"]}, "not_sold"),
        ({"serials": ["A"], "product": {"code": "lamp"}}, "not_sold"),
        ({"serials": ["A"]}, "serial_ambiguous"),
        ({"product": {"code": "drill"}, "quantity": 9}, "not_sold"),
        ({"line": "77"}, "not_sold"),
        ({"quantity": 1}, "not_sold"),
    ],
)
def test_refuses_what_was_not_sold(story: Story, line: dict[str, object], code: str) -> None:
    story.given(
        a_sale(a_line(serials=["A"]), a_line("saw", serials=["A"])),
        a_return(line, {"product": {"code": "saw"}}),
    )
    assert story.codes == [code]
    assert len(story.covered) == 2


def test_refuses_what_came_back_before(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["A"])),
        a_return({"serials": ["A"]}),
        a_return({"serials": ["A"]}, reference="back-2"),
        a_return({"product": {"code": "drill"}}, reference="back-3"),
        a_return(reference="back-4"),
    )
    assert story.codes == ["already_returned"] * 3
    assert len([word for word in story.words if word.startswith("ended")]) == 1


def test_answers_a_repeated_return_with_the_first_answer(story: Story) -> None:
    story.given(
        a_sale(a_line(quantity=2)),
        a_return({"line": "1"}),
        a_return({"line": "1"}, id="again"),
        a_return({"line": "1", "quantity": 2}, id="other"),
    )
    assert story.outcomes[1:] == [Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.REJECTED]
    assert story.answers[1] == story.answers[2]
    assert story.codes == ["return_differs"]
    assert len(story.covered) == 1


def test_recognises_the_return_that_a_second_source_reports_too(story: Story) -> None:
    story.given(
        a_sale(a_line(quantity=3)),
        a_return({"product": {"code": "drill"}}),
        a_return({"product": {"code": "drill"}}, by="erp", reference="R-9"),
        a_return({"product": {"code": "drill"}}, by="erp", reference="R-10"),
    )
    assert story.outcomes[2:] == [Outcome.DEDUPLICATED, Outcome.APPLIED]
    assert story.answers[1] == story.answers[2]
    assert len(story.covered) == 1


def test_a_return_waits_for_its_sale(story: Story) -> None:
    story.given(a_return())
    assert story.outcomes == [Outcome.EARLY]
    assert story.answers == [{"waits_for": "the sale of order O-1 is not known yet"}]

    story.given(a_sale())
    assert story.outcomes == [Outcome.APPLIED, Outcome.APPLIED]
    assert story.covered == []


def test_a_return_is_refused_when_its_sale_never_comes(story: Story) -> None:
    story.given(a_return())
    story.pass_days(8)
    assert story.outcomes == [Outcome.REJECTED]
    assert story.codes == ["never_came"]
    assert story.timers == {}


def test_a_released_serial_is_sold_again_as_a_fresh_unit(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["A"])),
        a_return(),
        a_sale(a_line(serials=["A"]), order="O-2", on=date(2026, 2, 1)),
    )
    assert [unit.status for unit in story.units] == ["ended", "covered"]
    assert story.units[0].id != story.units[1].id


def test_a_released_serial_goes_to_a_unit_without_one(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["A"])),
        a_return(),
        a_sale(order="O-2", on=date(2026, 2, 1)),
        a_sale(a_line(serials=["A"]), order="O-2", on=date(2026, 2, 1), by="erp"),
    )
    assert [unit.serial for unit in story.covered] == ["A"]


LATE = [
    a_sale(a_line(serials=["A"]), by="erp"),
    a_sale(a_line(serials=["A"]), by="erp", order="E-1"),
    a_sale(a_line(serials=["A"]), id="again"),
]


@pytest.mark.parametrize("late", LATE)
def test_a_late_sale_revives_nothing(story: Story, late: Event) -> None:
    story.given(a_sale(a_line(serials=["A"])), a_return(), late)
    assert [unit.status for unit in story.units] == ["ended"]
    assert story.outcomes[-1] is Outcome.DEDUPLICATED
    assert [word.split()[0] for word in story.words] == ["activated", "ended"]


def test_a_serial_learned_after_the_return_stays_with_the_ended_unit(story: Story) -> None:
    story.given(a_sale(), a_return(), a_sale(a_line(serials=["A"]), by="erp"))
    assert [(unit.serial, unit.status) for unit in story.units] == [("A", "ended")]
    story.given(a_sale(a_line(serials=["A"]), order="O-2", on=date(2026, 2, 1)))
    assert len(story.covered) == 1


@pytest.mark.parametrize("lines", [[{"serials": ["A"] * 1001}], [{"line": "1"}] * 1001])
def test_refuses_a_return_of_more_than_a_purchase_holds(
    story: Story, lines: list[dict[str, object]]
) -> None:
    story.given(a_sale(), a_return(*lines))
    assert story.codes == ["too_many_units"]
    assert len(story.covered) == 1


@pytest.mark.parametrize(
    ("at", "codes"),
    [
        ("2026-01-07T12:00:00Z", []),
        ("2026-01-07T12:00:00.000001Z", ["returned_in_future"]),
    ],
)
def test_refuses_a_return_more_than_a_day_after_its_receipt(
    story: Story, at: str, codes: list[str]
) -> None:
    story.given(a_sale(), a_return(fact={"returned_at": at}))
    assert story.codes == codes
