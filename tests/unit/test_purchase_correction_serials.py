"""Corrections of serials: a unit keeps its place, and a serial goes to whose it is."""

from tests.unit.revised import FEB_1, told
from tests.unit.story import Story, a_line, a_registration, a_return, a_sale


def test_a_serial_that_was_read_wrongly_is_renamed(story: Story) -> None:
    story.given(told(a_line(serials=["7"])), told(a_line(serials=["007"]), revision=2))
    assert story.words[1:] == ["corrected 007 2026-01-01..2028-01-01 by till"]
    assert [(unit.number, unit.serial) for unit in story.units] == [(1, "007")]


def test_the_wrong_serial_is_free_for_its_owner_and_the_right_one_is_taken(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        told(a_line(serials=["B"]), revision=2),
        a_sale(a_line(serials=["A"]), order="O-2"),
        a_sale(a_line(serials=["B"]), order="O-3"),
    )
    assert story.codes == ["double_entry"]
    assert [unit.serial for unit in story.covered] == ["B", "A"]
    assert all(unit.follows is None for unit in story.units)


def test_whoever_registers_the_wrong_serial_does_not_get_the_unit_with_the_right_one(
    story: Story,
) -> None:
    story.given(
        told(a_line(serials=["A"])),
        told(a_line(serials=["B"]), revision=2),
        a_registration("A"),
        a_registration("A", product=None, reference="reg-2", customer="eve"),
    )
    assert [(unit.serial, unit.customer) for unit in story.covered] == [("B", None), ("A", "ada")]


def test_a_serial_that_was_never_there_is_taken_off(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        told(a_line(), revision=2),
        a_sale(a_line(serials=["A"]), order="O-2"),
    )
    assert [unit.serial for unit in story.covered] == [None, "A"]


def test_serials_keep_to_their_units_and_their_places(story: Story) -> None:
    story.given(
        told(a_line(quantity=3, serials=["1", "2", "C"])),
        told(a_line(quantity=3, serials=["01", "02", "C"]), revision=2),
    )
    assert [unit.serial for unit in story.units] == ["01", "02", "C"]
    story.given(told(a_line(quantity=3, serials=["C", "002", "01"]), revision=3))
    assert [unit.serial for unit in story.units] == ["01", "002", "C"]


def test_another_source_keeps_the_serial_it_read_itself(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        a_sale(a_line(serials=["A"]), by="erp"),
        told(a_line(serials=["B"]), revision=2),
    )
    assert [(unit.serial, len(unit.reports)) for unit in story.covered] == [("A", 1), ("B", 1)]


def test_the_units_of_other_sources_stay_rather_than_ones_own(story: Story) -> None:
    story.given(
        told(a_line(quantity=2, serials=["A", "B"])),
        a_sale(a_line(serials=["B"]), by="erp"),
        told(a_line(), revision=2),
    )
    assert [(unit.serial, unit.status) for unit in story.units] == [
        ("A", "ended"),
        ("B", "covered"),
    ]


def test_the_unit_that_another_source_reports_stays_where_one_is_left(story: Story) -> None:
    story.given(
        told(a_line(quantity=2, serials=["A"])),
        a_sale(a_line(), by="erp"),
        told(a_line(), revision=2),
    )
    assert [(unit.serial, unit.status) for unit in story.units] == [
        ("A", "ended"),
        (None, "covered"),
    ]


def test_refuses_a_correction_to_more_than_a_thousand_units(story: Story) -> None:
    story.given(
        a_sale(a_line("saw", quantity=600), by="erp"),
        told(a_line(quantity=400)),
        told(a_line(quantity=401), revision=2),
    )
    assert story.codes == ["too_many_units"]
    assert len(story.covered) == 1000


def test_an_item_without_serial_is_rather_a_unit_without_one(story: Story) -> None:
    story.given(
        a_sale(a_line(quantity=2, serials=["A"]), by="erp"),
        told(a_line("saw")),
        told(a_line(coverage_months=60), revision=2),
    )
    assert [unit.ends_on.year for unit in story.covered] == [2028, 2031]


def test_takes_a_serial_of_a_unit_that_came_back_elsewhere(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["B"]), order="O-9"),
        a_return(order="O-9"),
        told(a_line(serials=["A"]), on=FEB_1),
        told(a_line(serials=["B"]), on=FEB_1, revision=2),
    )
    assert [unit.serial for unit in story.covered] == ["B"]
    assert story.covered[0].follows == story.units[0].id


def test_refuses_a_serial_that_the_same_source_sold_under_another_order(story: Story) -> None:
    """As without a correction: it never sells one unit twice."""
    story.given(
        a_sale(a_line(serials=["A"]), by="erp"),
        told(a_line(serials=["A"]), order="O-2"),
        told(a_line("saw")),
        told(a_line(serials=["A"]), revision=2),
    )
    assert story.codes == ["double_entry"]
    story.given(told(a_line(), revision=3))
    assert [unit.serial for unit in story.covered] == ["A", None]


def test_a_unit_that_a_source_sold_elsewhere_is_none_of_those_it_sold_here(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        a_sale(a_line(serials=["A"]), by="erp", order="E-1"),
        told(a_line(), by="erp"),
        told(a_line(coverage_months=60), by="erp", revision=2),
        told(a_line(quantity=2, coverage_months=60), by="erp", revision=3),
        told(a_line(quantity=3, coverage_months=60), by="erp", revision=4),
    )
    assert [(unit.serial, unit.ends_on.year) for unit in story.covered] == [
        ("A", 2028),
        (None, 2031),
        (None, 2031),
        (None, 2031),
    ]
    assert story.codes == []


def test_a_serial_may_be_sold_again_in_the_order_that_had_misread_it(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        a_sale(a_line(serials=["A"]), by="erp", order="E-1"),
        told(a_line(serials=["B"]), revision=2),
        a_return(order="E-1", by="erp"),
        told(a_line(quantity=2, serials=["A", "B"]), by="web", on=FEB_1),
    )
    assert [unit.serial for unit in story.covered] == ["B", "A"]
    assert story.covered[1].follows == story.units[0].id


def test_a_corrected_serial_is_that_of_a_unit_another_source_knows_without_one(
    story: Story,
) -> None:
    story.given(
        a_sale(a_line(quantity=2), by="web"),
        a_sale(a_line(), by="erp"),
        told(a_line("saw")),
        told(a_line(serials=["A"]), revision=2),
    )
    assert [(u.serial, u.product) for u in story.covered] == [("A", "drill"), (None, "drill")]
    assert [len(unit.reports) for unit in story.covered] == [2, 2]
    # Whose report is on which unit is nothing the world can see.
    assert story.words[-2:] == [
        "ended unit 2026-01-01",
        "corrected A 2026-01-01..2028-01-01 by till",
    ]


def test_an_item_of_another_source_follows_to_the_unit_that_was_sold(story: Story) -> None:
    story.given(
        told(a_line(serials=["A"])),
        a_registration("A"),
        a_sale(a_line(), by="erp"),
        told(a_line(serials=["B"]), revision=2),
    )
    assert {u.serial: [r.connector for r in u.reports] for u in story.covered} == {
        "A": ["portal"],
        "B": ["till", "erp"],
    }
