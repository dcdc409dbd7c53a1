"""What a serial looks like: it names the product of a registration, and is noted where it is odd."""

from datetime import date, timedelta
from typing import Any

import pytest

from hub.domain.policies.versions import PolicyVersion
from hub.sdk.events import Outcome
from schemas.policies.checking import canonical, parse
from schemas.policies.serial_rules import SerialRulesPolicy
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_return, a_sale
from tests.unit.test_purchase_policies import NOON

RULES: list[dict[str, Any]] = [
    {"product": "drill", "pattern": "D[0-9]+", "normalise": ["upper", "no_spaces", "no_dashes"]},
    {"product": "saw", "pattern": "S", "match": "prefix"},
    {"product": "lamp", "pattern": "SL", "match": "prefix"},
    {"category": "fans", "pattern": "F[0-9]{3}"},
]


def by_rules(*rules: dict[str, Any], number: int = 1) -> PolicyVersion:
    text = canonical(parse("serial_rules", {"rules": rules or RULES})).decode()
    return PolicyVersion("serial_rules", number, NOON - timedelta(days=1), text)


@pytest.fixture
def story() -> Story:
    story = Story()
    story.policies = [by_rules()]
    return story


@pytest.mark.parametrize(
    ("serial", "products"),
    [
        ("d-1 2", ("drill",)),
        ("D", ()),
        ("XD1", ()),
        ("D1X", ()),
        ("s-1", ("saw",)),
        ("SL1", ("saw", "lamp")),
        ("F123", ()),
        ("\uff44\uff11", ("drill",)),
    ],
)
def test_what_a_serial_looks_like(serial: str, products: tuple[str, ...]) -> None:
    rules = parse("serial_rules", {"rules": RULES})
    assert isinstance(rules, SerialRulesPolicy)

    assert rules.products(serial) == products


def test_a_registration_without_a_product_is_of_the_one_that_its_serial_looks_like(
    story: Story,
) -> None:
    told = a_registration("d-1 2", product=None)
    story.given(told, a_registration("d-1 2", product=None, id="again"))

    (unit,) = story.units
    assert (unit.product, unit.serial, unit.customer) == ("drill", "d-1 2", "ada")
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1]


def test_its_sale_finds_it(story: Story) -> None:
    story.given(a_registration("D1", product=None), a_sale(a_line("drill", serials=["D1"])))

    (unit,) = story.units
    assert len(unit.reports) == 2


@pytest.mark.parametrize("serial", ["SL1", "X", "F123"])
def test_a_serial_of_no_product_or_of_several_waits_for_its_sale(story: Story, serial: str) -> None:
    story.given(a_registration(serial, product=None))
    assert story.answers[0]["warranties"][0]["status"] == "staged"
    story.given(a_sale(a_line("lamp", serials=[serial])))

    (unit,) = story.units
    assert (unit.product, unit.customer) == ("lamp", "ada")


def test_what_was_sold_counts_before_what_a_serial_looks_like(story: Story) -> None:
    story.given(a_sale(a_line("lamp", serials=["D1"])), a_registration("D1", product=None))

    (unit,) = story.units
    assert (unit.product, unit.customer) == ("lamp", "ada")


def test_of_several_that_were_sold_the_one_is_meant_that_the_serial_looks_like(
    story: Story,
) -> None:
    both = a_sale(a_line("drill", serials=["D1"]), a_line("fan", serials=["D1"]))
    story.given(both, a_registration("D1", product=None))

    assert [(unit.product, unit.customer) for unit in story.units] == [
        ("drill", "ada"),
        ("fan", None),
    ]


def test_several_that_were_sold_and_look_alike_wait_for_somebody_who_knows(story: Story) -> None:
    both = a_sale(a_line("saw", serials=["SL1"]), a_line("lamp", serials=["SL1"]))
    story.given(both, a_registration("SL1", product=None))
    assert story.answers[-1]["warranties"][0]["status"] == "staged"
    story.policies.append(by_rules(RULES[2], number=2))
    story.pass_days(2)

    assert [(unit.product, unit.customer) for unit in story.units] == [
        ("saw", None),
        ("lamp", "ada"),
    ]


def test_rules_that_were_not_in_force_yet_say_nothing(story: Story) -> None:
    early = a_registration("D1", product=None, on=NEW_YEAR - timedelta(days=9))
    story.given(early)

    assert story.units == []


def test_a_sale_with_an_odd_serial_is_taken_and_noted(story: Story) -> None:
    story.catalog.describe("fan", category="fans", at=NOON)
    story.given(
        a_sale(
            a_line("drill", serials=["D1"]),
            a_line("drill", serials=["X1"]),
            a_line("fan", serials=["F12"]),
            a_line("tent", serials=["?"]),
        )
    )

    assert story.outcomes == [Outcome.APPLIED]
    remarks = story.heads[0].sales[0].remarks
    assert remarks == (("serial_unlike_rule", "2"), ("serial_unlike_rule", "3"))


def test_a_serial_that_came_back_is_still_told_so(story: Story) -> None:
    sale = a_sale(a_line("drill", serials=["D1"]))
    story.given(sale, a_return(), a_registration("D1", product=None, on=date(2026, 1, 9)))

    assert story.codes == ["unit_returned"]


def test_a_registration_is_held_to_the_rule_of_its_products_category(story: Story) -> None:
    story.catalog.describe("fan", category="fans", at=NOON)
    odd, right = a_registration("F12", "fan"), a_registration("F123", "fan", reference="reg-2")
    story.given(odd, right)

    assert story.codes == ["serial_malformed"]
    assert [unit.serial for unit in story.units] == ["F123"]
