"""Sales: coverage, refusals, repeats, and two sources that report one order."""

from datetime import date

import pytest

from hub.sdk.events import Outcome
from schemas.events.parts import Order, Product
from schemas.events.warranty import WarrantyActivated
from tests.unit.story import Story, a_line, a_sale

JAN_31 = date(2026, 1, 31)


def test_covers_from_the_day_of_sale_to_the_clamped_day_of_expiry(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["SN-1"], coverage_months=1), on=JAN_31, fact={"branch": "north"})
    )

    unit = story.units[0]
    assert story.said == [
        WarrantyActivated(
            warranty=unit.id,
            product=Product(code="drill"),
            starts_on=JAN_31,
            ends_on=date(2026, 2, 28),
            connector="till",
            by="sale",
            order=Order(namespace="shop", reference="O-1"),
            line="1",
            serial="SN-1",
            branch="north",
        )
    ]
    assert story.answers == [
        {
            "warranties": [
                {
                    "line": "1",
                    "id": unit.id,
                    "serial": "SN-1",
                    "starts_on": "2026-01-31",
                    "ends_on": "2026-02-28",
                    "status": "covered",
                }
            ]
        }
    ]


def test_counts_the_day_in_the_merchants_zone(story: Story) -> None:
    fact = {"zone": "Pacific/Auckland", "sold_at": "2026-01-31T20:00:00Z"}
    story.given(a_sale(a_line(coverage_months=1), on=JAN_31, fact=fact))
    assert story.words == ["activated unit 2026-02-01..2026-03-01 by till"]


def test_takes_the_merchants_period_where_the_line_names_none(story: Story) -> None:
    story.given(a_sale(on=date(2024, 2, 29)))
    assert story.words == ["activated unit 2024-02-29..2026-02-28 by till"]


def test_takes_an_explicit_last_day_over_any_period(story: Story) -> None:
    story.given(a_sale(a_line(coverage_months=1, covered_until="2026-01-01")))
    assert story.words == ["activated unit 2026-01-01..2026-01-01 by till"]


def test_covers_to_the_end_of_the_calendar_at_most(story: Story) -> None:
    story.given(a_sale(a_line(coverage_months=1200), on=date(9950, 5, 31)))
    assert story.words == ["activated unit 9950-05-31..9999-12-31 by till"]


def test_refuses_a_day_that_no_calendar_has(story: Story) -> None:
    fact = {"zone": "America/New_York", "sold_at": "0001-01-01T00:00:00Z"}
    story.given(a_sale(fact=fact))
    assert story.codes == ["date_out_of_range"]


def test_covers_each_unit_of_a_quantity(story: Story) -> None:
    story.given(a_sale(a_line(quantity=3, serials=["A"])))
    assert [unit.serial for unit in story.units] == ["A", None, None]
    assert [unit.id[-2:] for unit in story.units] == ["_1", "_2", "_3"]
    assert len(story.answers[0]["warranties"]) == 3


def test_keeps_a_serial_as_given_and_compares_it_without_case_and_blanks(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["00 7a"])),
        a_sale(a_line(serials=["007A"]), order="O-2"),
        a_sale(a_line(serials=["7A"]), order="O-3"),
    )
    assert [unit.serial for unit in story.units] == ["00 7a", "7A"]
    assert story.codes == ["double_entry"]


def test_refuses_a_sale_as_a_whole_with_every_reason(story: Story) -> None:
    story.given(
        a_sale(
            a_line(serials=["A", "B"]),
            a_line(covered_until="2025-12-31"),
            a_line(serials=["C"]),
            a_line(serials=["c "]),
            a_line(line="1"),
        )
    )
    assert story.units == []
    assert story.outcomes == [Outcome.REJECTED]
    assert story.codes == [
        "too_many_serials",
        "covered_until_before_sale",
        "line_repeated",
        "serial_repeated",
    ]
    assert [reason["line"] for reason in story.answers[0]["reasons"]] == ["1", "2", "1", "4"]


def test_takes_one_serial_for_two_products(story: Story) -> None:
    story.given(a_sale(a_line("drill", serials=["A"]), a_line("saw", serials=["A"])))
    assert len(story.covered) == 2


@pytest.mark.parametrize(
    "lines", [[a_line(quantity=1001, serials=["A"])], [a_line() for _ in range(1001)]]
)
def test_refuses_more_than_a_thousand_units(story: Story, lines: list[object]) -> None:
    story.given(a_sale(*lines))  # type: ignore[arg-type]
    assert story.codes == ["too_many_units"]


def test_takes_a_thousand_units(story: Story) -> None:
    story.given(a_sale(a_line(quantity=1000)))
    assert len(story.covered) == 1000
    story.given(a_sale(a_line("saw"), by="erp"))
    assert story.codes == ["too_many_units"]


def test_answers_the_same_event_again_with_the_first_answer(story: Story) -> None:
    story.given(a_sale(), a_sale())
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1]
    assert len(story.said) == 1


def test_answers_the_same_order_under_another_event_id_with_the_first_answer(story: Story) -> None:
    lines = [a_line(quantity=2, serials=["A"]), a_line("saw")]
    story.given(
        a_sale(*lines),
        a_sale(*lines, id="again"),
        a_sale(a_line("saw"), a_line(serials=["a"]), a_line(), id="in-other-lines"),
    )
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1] == story.answers[2]
    assert len(story.units) == 3


@pytest.mark.parametrize(
    "other",
    [
        a_sale(a_line(serials=["B"])),
        a_sale(a_line(quantity=2, serials=["A"])),
        a_sale(a_line("saw", serials=["A"])),
        a_sale(a_line(serials=["A"]), on=date(2026, 1, 2)),
        a_sale(a_line(serials=["A"], coverage_months=1)),
    ],
)
def test_refuses_the_same_order_with_other_content(story: Story, other: object) -> None:
    story.given(a_sale(a_line(serials=["A"])), other)  # type: ignore[arg-type]
    assert story.codes == ["order_differs"]
    assert len(story.units) == 1


def test_covers_only_what_a_second_source_reports_on_top(story: Story) -> None:
    story.given(a_sale(a_line(quantity=2)), a_sale(a_line(quantity=3), by="erp"))
    assert len(story.covered) == 3
    assert story.words == [
        "activated unit 2026-01-01..2028-01-01 by till",
        "activated unit 2026-01-01..2028-01-01 by till",
        "linked unit 2026-01-01..2028-01-01 by erp",
        "linked unit 2026-01-01..2028-01-01 by erp",
        "activated unit 2026-01-01..2028-01-01 by erp",
    ]
    assert story.outcomes == [Outcome.APPLIED, Outcome.APPLIED]


def test_recognises_a_second_source_that_adds_nothing(story: Story) -> None:
    story.given(a_sale(), a_sale(by="erp"))
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1]
    assert len(story.units) == 1


def test_gives_a_unit_the_serial_a_second_source_knows(story: Story) -> None:
    story.given(
        a_sale(a_line(quantity=2)),
        a_sale(a_line(quantity=2, serials=["A"]), by="erp"),
        a_sale(a_line(serials=["a"]), order="O-2"),
    )
    assert [unit.serial for unit in story.units] == ["A", None]
    assert story.codes == ["double_entry"]


def test_counts_serials_that_differ_as_units_that_differ(story: Story) -> None:
    story.given(a_sale(a_line(serials=["A"])), a_sale(a_line(serials=["B"]), by="erp"))
    assert [unit.serial for unit in story.covered] == ["A", "B"]


def test_takes_units_with_serials_where_a_second_source_knows_none(story: Story) -> None:
    story.given(
        a_sale(a_line(quantity=2, serials=["A", "B"])),
        a_sale(a_line(quantity=2, serials=["B"]), by="erp"),
    )
    assert [len(unit.reports) for unit in story.units] == [2, 2]


def test_covers_a_unit_by_all_its_sales_from_the_first_day_to_the_last(story: Story) -> None:
    story.given(
        a_sale(a_line(coverage_months=12), on=date(2026, 1, 2)),
        a_sale(a_line(coverage_months=6), on=date(2026, 1, 1), by="erp"),
    )
    assert story.words[-1] == "linked unit 2026-01-01..2027-01-02 by erp"


def test_compares_products_by_brand_and_name_where_no_code_is_known(story: Story) -> None:
    acme, unknown = {"brand": "Acme", "name": "Drill"}, {"brand": None}
    story.given(
        a_sale(a_line(acme), a_line(unknown)),
        a_sale(a_line({"brand": "ACME", "name": "drill"}), a_line(unknown), by="erp"),
    )
    assert len(story.units) == 2


def test_refuses_a_second_sale_of_a_serial_under_another_order(story: Story) -> None:
    story.given(
        a_sale(a_line(serials=["A"])),
        a_sale(a_line("saw"), a_line(serials=["a"]), order="O-2"),
        a_sale(a_line(serials=["A"]), order="O-3", by="erp", on=date(2026, 1, 2)),
    )
    assert story.words[1:] == ["refused 2:double_entry", "refused 1:double_entry"]
    assert len(story.units) == 1


def test_takes_the_serial_of_another_product(story: Story) -> None:
    story.given(a_sale(a_line(serials=["A"])), a_sale(a_line("saw", serials=["A"]), order="O-2"))
    assert len(story.covered) == 2


def test_decides_again_when_a_serial_was_taken_meanwhile(story: Story) -> None:
    late = a_sale(a_line(serials=["A"]), order="O-2")
    before = story.lookups(late)
    story.given(a_sale(a_line(serials=["A"])))
    story.tell(late, before)
    assert story.codes == ["double_entry"]
    assert len(story.units) == 1


def test_refuses_a_tenant_nobody_set_up(story: Story) -> None:
    story.given(a_sale(tenant="nobody"))
    assert story.codes == ["unknown_tenant"]


def test_refuses_an_event_about_a_warranty_of_another_home(story: Story) -> None:
    story.given(a_sale())
    stranger = story.units[0].id
    story.given(a_sale(order="O-2", subject=stranger), a_sale(by="erp", subject=stranger))
    assert story.codes == ["unknown_warranty"]
    assert story.outcomes[2] is Outcome.DEDUPLICATED


def test_names_the_customer_by_reference(story: Story) -> None:
    story.given(a_sale(customer="ada"))
    assert story.units[0].customer == "ada"


def test_names_too_many_serials_once_and_looks_none_of_them_up(story: Story) -> None:
    sale = a_sale(a_line(serials=["A"] * 5000))
    story.given(sale)
    assert story.codes == ["too_many_serials"]
    assert len(story.lookups(sale).answers) == 5


@pytest.mark.parametrize(
    ("at", "codes"),
    [
        ("2026-01-02T12:00:00Z", []),
        ("2026-01-02T15:00:00+03:00", []),
        ("2026-01-02T12:00:00.000001Z", ["sold_in_future"]),
        ("2099-01-01T00:00:00Z", ["sold_in_future"]),
    ],
)
def test_refuses_a_sale_more_than_a_day_after_its_receipt(
    story: Story, at: str, codes: list[str]
) -> None:
    story.given(a_sale(fact={"sold_at": at}))
    assert story.codes == codes


def test_e11_a_sale_without_a_date_keeps_the_day_of_its_first_report(story: Story) -> None:
    undated = {"undated": True}
    story.given(
        a_sale(fact=undated),
        a_sale(on=date(2026, 3, 1), fact=undated, id="again"),
        a_sale(on=date(2026, 3, 1), id="with a date"),
    )
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.REJECTED]
    assert story.answers[1] == story.answers[0]
    assert story.codes == ["order_differs"]


def test_e11_a_repeat_without_a_date_is_no_mistake_once_its_cover_is_over(story: Story) -> None:
    line = a_line(covered_until="2026-02-01")
    story.given(
        a_sale(line, fact={"undated": True}),
        a_sale(line, on=date(2026, 3, 1), fact={"undated": True}, id="again"),
    )
    assert story.answers[1] == story.answers[0]


def test_a_line_may_be_sold_on_a_day_of_its_own(story: Story) -> None:
    early = a_line("saw", sold_at="2025-12-24T12:00:00Z", coverage_months=12)
    story.given(
        a_sale(a_line(), early),
        a_sale(a_line(), early, id="again"),
        a_sale(a_line(), {**early, "sold_at": "2025-12-25T12:00:00Z"}, id="otherwise"),
    )
    assert story.words[1] == "activated unit 2025-12-24..2026-12-24 by till"
    assert story.outcomes[1:] == [Outcome.DEDUPLICATED, Outcome.REJECTED]


def test_e13_a_line_of_a_day_of_its_own_is_held_to_that_day(story: Story) -> None:
    late = a_line(sold_at="2026-01-02T01:00:00Z", covered_until="2026-01-01")
    ahead = a_line(sold_at="2026-02-01T00:00:00Z")
    story.given(a_sale(late), a_sale(ahead, order="O-2"))
    assert story.codes == ["covered_until_before_sale", "sold_in_future"]


def test_keeps_what_its_sender_should_know(story: Story) -> None:
    remark = {"code": "phone_elsewhere", "message": "it is a number of another country"}
    story.given(a_sale(fact={"remarks": [remark]}))
    assert story.heads[0].sales[0].remarks == (("phone_elsewhere", None),)


def test_a_correction_sees_that_only_the_day_of_a_line_differs(story: Story) -> None:
    line = a_line(sold_at="2025-12-24T12:00:00Z")
    moved = a_line(sold_at="2025-12-25T12:00:00Z")
    story.given(
        a_sale(line, raw="raw", revision=1, id="1"),
        a_sale(line, raw="raw", revision=2, id="2"),
        a_sale(moved, raw="raw", revision=3, id="3"),
    )
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.APPLIED]
    assert story.covered[0].starts_on == date(2025, 12, 25)
