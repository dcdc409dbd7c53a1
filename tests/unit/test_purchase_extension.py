"""A unit that was sold is extended by its owner's registration, to what its policy grants owners."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub.domain.policies.periods import periods
from hub.domain.policies.versions import PolicyVersion
from hub.sdk.events import Outcome
from schemas.events.warranty import WarrantyActivated
from schemas.policies.coverage import CoveragePolicy
from tests.unit.by_hand import a_policy
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

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
A = a_line(serials=["SN-1"])
YEAR, TWO_YEARS = date(2027, 1, 1), date(2028, 1, 1)


def terms(standard: int, extended: int | None = None, **more: Any) -> dict[str, Any]:
    longer = {"extended": {"months": extended, "type": "limited"}} if extended else {}
    return {"standard": {"months": standard, "type": "full_replacement"}, **longer, **more}


def a_coverage(number: int = 1, begins: datetime = LONG_AGO, **drill: Any) -> PolicyVersion:
    """Twelve months, and twenty-four for an owner who registers."""
    document = {"default": terms(6), "by_product": {"drill": terms(12, 24) | drill}}
    return a_policy("coverage", document, number, begins)


def extending(*versions: PolicyVersion) -> Story:
    story = Story()
    story.policies = list(versions or [a_coverage()])
    return story


def test_p2_a_registration_extends_a_sold_unit_from_the_day_of_sale() -> None:
    story = extending()
    story.given(a_sale(A), a_registration(on=date(2026, 3, 1)))

    assert story.outcomes == [Outcome.APPLIED, Outcome.APPLIED]
    assert story.words == [
        "activated SN-1 2026-01-01..2027-01-01 by till",
        "linked SN-1 2026-01-01..2028-01-01 by portal",
    ]
    assert story.answers[1]["warranties"][0]["ends_on"] == "2028-01-01"


def test_p2_of_a_unit_whose_sale_is_unknown_the_owner_has_the_extended_period_at_once() -> None:
    story = extending()
    told = {"purchased_on": "2026-01-15"}
    story.given(a_registration(on=date(2026, 3, 1), fact=told))

    (unit,) = story.units
    assert (unit.starts_on, unit.ends_on) == (date(2026, 1, 15), date(2028, 1, 15))
    assert [(one.rule, one.months, one.type) for one in unit.rulings] == [
        ("by_product/drill/extended", 24, "limited")
    ]


def test_sale_and_registration_end_the_same_in_either_order() -> None:
    sale, told = a_sale(A), a_registration(on=date(2026, 1, 9), fact={"purchased_on": "2025-12-24"})
    first, last = extending(), extending()
    first.given(sale, told)
    last.given(told, sale)

    for story in (first, last):
        (unit,) = story.covered
        assert (unit.starts_on, unit.ends_on, unit.customer) == (NEW_YEAR, TWO_YEARS, "ada")


def test_a_registration_that_waited_for_its_sale_extends_it_too() -> None:
    story = extending()
    story.given(a_registration(product=None), a_sale(A))

    assert [unit.ends_on for unit in story.units] == [TWO_YEARS]


def test_a_linked_sale_of_another_source_brings_its_extension_along() -> None:
    story = extending()
    story.given(a_registration(), a_sale(A, order="W-1", by="web"))
    story.given(a_sale(a_line(serials=["SN-1"], coverage_months=6)))

    assert [(unit.starts_on, unit.ends_on) for unit in story.units] == [(NEW_YEAR, TWO_YEARS)]


def test_the_sale_tells_at_once_what_registering_would_bring() -> None:
    story = extending()
    story.given(a_sale(A))

    (said,) = story.said
    assert isinstance(said, WarrantyActivated)
    assert said.ruled_by is not None
    assert said.ruled_by.extended is not None
    assert (said.ruled_by.months, said.ruled_by.extended.months) == (12, 24)
    assert said.ruled_by.extended.ends_on == TWO_YEARS


@pytest.mark.parametrize(
    ("line", "ends_on"),
    [
        pytest.param({"coverage_months": 6}, date(2026, 7, 1), id="months"),
        pytest.param({"covered_until": "2026-05-31"}, date(2026, 5, 31), id="day"),
    ],
)
def test_a_period_that_was_sold_with_the_line_is_not_the_policys_to_extend(
    line: dict[str, Any], ends_on: date
) -> None:
    story = extending()
    story.given(a_sale(a_line(serials=["SN-1"], **line)), a_registration())

    assert [unit.ends_on for unit in story.units] == [ends_on]


def test_the_version_in_force_at_the_sale_decides_both_periods() -> None:
    later = a_coverage(2, datetime(2026, 2, 1, tzinfo=UTC), **terms(1, 2))
    story = extending(a_coverage(), later)
    story.given(a_sale(A), a_registration(on=date(2026, 3, 1)))

    assert [unit.ends_on for unit in story.units] == [TWO_YEARS]


def test_a_product_without_a_longer_period_keeps_its_own() -> None:
    story = extending()
    story.given(a_sale(a_line("saw", serials=["SN-1"])), a_registration(product="saw"))

    assert [unit.ends_on for unit in story.units] == [date(2026, 7, 1)]


def test_a_deleted_sale_leaves_the_owner_what_the_registration_grants() -> None:
    story = extending()
    story.given(a_sale(A), a_registration(on=date(2026, 1, 3)), a_deletion())

    (unit,) = story.covered
    assert (unit.starts_on, unit.ends_on) == (date(2026, 1, 3), date(2028, 1, 3))
    story.given(a_sale(A, on=date(2026, 1, 8), id="again"))
    (unit,) = story.covered
    assert (unit.starts_on, unit.ends_on) == (date(2026, 1, 8), date(2028, 1, 8))


def test_a_corrected_day_of_sale_moves_the_extension_along() -> None:
    story = extending()
    story.given(
        a_sale(A, raw="r", revision=1),
        a_registration(),
        a_sale(A, raw="r", revision=2, on=date(2026, 2, 28), id="2"),
    )

    (unit,) = story.covered
    assert (unit.starts_on, unit.ends_on) == (date(2026, 2, 28), date(2028, 2, 28))


def test_a_return_ends_the_extended_cover_too() -> None:
    story = extending()
    story.given(a_sale(A), a_registration(), a_return())

    assert story.words[-1] == "ended SN-1 2026-01-06"


def test_a_second_person_is_refused_and_extends_nothing() -> None:
    story = extending()
    story.given(a_sale(A), a_registration(), a_registration(reference="reg-2", customer="eve"))

    assert story.codes == ["already_registered"]
    assert "ada" not in str(story.answers[2])
    assert [unit.customer for unit in story.units] == ["ada"]


def test_extending_twice_is_extending_once() -> None:
    once, twice = extending(), extending()
    once.given(a_sale(A), a_registration())
    twice.given(a_sale(A), a_registration(), a_registration(id="again"), a_sale(A, id="again"))

    assert rows_of(once) == rows_of(twice)
    assert len(twice.said) == 2


# Both periods, from one function


def test_p4_a_category_sets_both_periods_and_a_product_its_own() -> None:
    policy = CoveragePolicy.model_validate(
        {
            "default": terms(6),
            "by_category": {"tools": terms(12, 24)},
            "by_product": {"drill": terms(24, 36)},
        }
    )

    of_category = periods(policy, NEW_YEAR, "saw", "tools")
    assert (of_category.standard.ends_on, of_category.registered) == (
        YEAR,
        ("by_category/tools/extended", (24, "limited", TWO_YEARS)),
    )
    assert periods(policy, NEW_YEAR, "drill", "tools").rule == "by_product/drill"
    assert periods(policy, NEW_YEAR, "lamp").registered[0] == "default"


@pytest.mark.parametrize("extended", [11, 12])
def test_an_extension_that_is_no_longer_is_none(extended: int) -> None:
    policy = CoveragePolicy.model_validate({"default": terms(12, extended)})

    assert periods(policy, NEW_YEAR, None).extended is None


@pytest.mark.parametrize(
    ("sold", "standard", "extended"),
    [
        (date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 28)),
        (date(2022, 2, 28), date(2023, 2, 28), date(2024, 2, 28)),
    ],
)
def test_the_29th_of_february_ends_on_the_last_day_of_a_shorter_one(
    sold: date, standard: date, extended: date
) -> None:
    policy = CoveragePolicy.model_validate({"default": terms(12, 24)})

    granted = periods(policy, sold, None)
    assert granted.standard.ends_on == standard
    assert granted.extended is not None
    assert granted.extended.ends_on == extended


def test_a_year_sold_on_the_29th_is_extended_to_the_29th_again() -> None:
    """Both periods count from the day of sale, so the 28th between them loses no day."""
    policy = CoveragePolicy.model_validate({"default": terms(12, 48)})

    granted = periods(policy, date(2024, 2, 29), None)
    assert granted.extended is not None
    assert granted.extended.ends_on == date(2028, 2, 29)
    assert granted.standard.ends_on + timedelta(days=1) == date(2025, 3, 1)
