"""A sale and the catalogue: what a sale makes known, what it may not change, and on whose terms it is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub.domain.terms import Of, Rule, Since, Terms, rule_of, said_at
from hub.sdk.events import Outcome
from schemas.events.product import CoverTerms, ProductNamed
from schemas.events.warranty import WarrantyActivated
from schemas.policies.coverage import CoveragePolicy
from tests.unit.story import NEW_YEAR, Story, a_line, a_registration, a_return, a_sale
from tests.unit.test_purchase_policies import NOON, a_version, with_policies

EARLIER = NOON - timedelta(days=30)


def terms(months: int, **rest: Any) -> dict[str, Any]:
    return {"standard": {"months": months, "type": "repair"}, **rest}


def named(code: str | None = None, brand: str | None = None, name: str | None = None) -> Any:
    return a_line({"code": code, "brand": brand, "name": name})


@pytest.mark.parametrize(
    ("line", "made"),
    [
        (named("D-1", name="Drill"), ("D-1", None, "Drill")),
        (named("D-1", "Acme", "Drill"), ("D-1", "Acme", "Drill")),
        (named(None, "Acme", "Drill"), (None, "Acme", "Drill")),
    ],
)
def test_e1_a_sale_makes_a_product_that_nobody_knew(
    story: Story, line: Any, made: tuple[str | None, ...]
) -> None:
    story.tell(a_sale(line))
    (founded,) = story.catalog.products
    (letter,) = story.letters
    assert isinstance(letter.fact, ProductNamed)
    story.deliver()

    (row,) = story.catalog.products
    assert (row.code, row.brand, row.name) == made
    assert (row.id, row.number, row.said, row.named_by) == (founded.id, 0, {}, "till")
    assert story.catalog.outcomes == [Outcome.APPLIED]


@pytest.mark.parametrize("line", [named("D-1"), named(name="Drill"), named(brand="Acme")])
def test_e1_too_little_makes_none(story: Story, line: Any) -> None:
    story.given(a_sale(line))

    assert story.outcomes == [Outcome.APPLIED]
    assert story.catalog.products == []


def test_e2_a_brand_and_name_that_is_known_makes_none(story: Story) -> None:
    story.given(
        a_sale(named(None, "Acme", "Drill")),
        a_sale(named(None, " acme ", "DRILL"), order="O-2"),
    )

    (row,) = story.catalog.products
    assert row.name == "Drill"
    assert len(story.catalog.settled) == 1


def test_e2_a_brand_and_name_is_the_product_that_was_described_so(story: Story) -> None:
    story.catalog.describe("D-1", brand="Acme", name="Drill", terms=terms(6), at=EARLIER)
    story.given(a_sale(named(None, "ACME", "drill")))

    (row,) = story.catalog.products
    (unit,) = story.units
    assert row.code == "D-1"
    assert unit.rulings[0].rule == "product/D-1"


def test_e3_what_a_sale_calls_otherwise_is_noted_and_changes_nothing(story: Story) -> None:
    story.catalog.describe("D-1", brand="Acme", name="Drill", at=EARLIER)
    story.given(a_sale(named("D-1", "Acne", "Borer"), named("D-1", "ACME", " drill ")))

    (row,) = story.catalog.products
    assert (row.brand, row.name, row.number) == ("Acme", "Drill", 1)
    assert story.heads[0].sales[0].remarks == (("brand_differs", "1"), ("name_differs", "1"))
    assert len(story.catalog.settled) == 1


def test_a_refused_sale_makes_no_product(story: Story) -> None:
    line = named("D-1", name="Drill") | {"serials": ["1", "2"]}
    story.given(a_sale(line))

    assert story.outcomes == [Outcome.REJECTED]
    assert story.catalog.products == []


def test_two_sales_before_anybody_listens_make_one_product(story: Story) -> None:
    first, second = (
        a_sale(named("D-1", name="Drill")),
        a_sale(named("D-1", name="Saw"), order="O-2"),
    )
    before = story.lookups(second)
    story.tell(first)
    story.tell(second, before)
    story.deliver()

    (row,) = story.catalog.products
    assert row.name == "Drill"
    assert story.catalog.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]


def test_e12_the_period_is_the_products_its_categorys_or_the_merchants(story: Story) -> None:
    story.catalog.describe_category("tools", terms=terms(36), at=EARLIER)
    story.catalog.describe("drill", category="tools", terms=terms(48), at=EARLIER)
    story.catalog.describe("saw", category="tools", at=EARLIER)
    story.catalog.describe("lamp", category="lights", at=EARLIER)
    story.given(a_sale(*map(a_line, ("drill", "saw", "lamp", "fan"))))

    assert [unit.ends_on for unit in story.units] == [
        date(2030, 1, 1),
        date(2029, 1, 1),
        date(2028, 1, 1),
        date(2028, 1, 1),
    ]
    drill, saw, *others = story.units
    assert (drill.rulings[0].policy, drill.rulings[0].version) == ("product", 1)
    assert drill.rulings[0].catalogue == (("product/drill", 1), ("category/tools", 1))
    assert (saw.rulings[0].policy, saw.rulings[0].rule) == ("category", "category/tools")
    assert [unit.rulings for unit in others] == [(), ()]
    activated = story.said[1]
    assert isinstance(activated, WarrantyActivated)
    assert activated.ruled_by is not None
    assert activated.ruled_by.catalogue == {"product/saw": 1, "category/tools": 1}


def test_e12_a_registration_goes_by_the_catalogue_as_well(story: Story) -> None:
    story.catalog.describe_category("tools", terms=terms(6), at=EARLIER)
    story.catalog.describe("drill", category="tools", at=EARLIER)
    story.given(a_registration())

    assert story.units[0].ends_on == date(2026, 7, 1)


def test_what_was_said_at_the_sale_counts_whatever_is_said_later(story: Story) -> None:
    story.catalog.describe("drill", terms=terms(36), at=EARLIER)
    story.given(a_sale(a_line("drill", serials=["1"]), raw="r1", revision=1))
    story.catalog.describe("drill", terms=terms(6), at=NOON + timedelta(days=1))
    story.given(a_sale(a_line("drill", serials=["2"]), raw="r1", revision=2))
    story.given(a_sale(order="O-2", on=NEW_YEAR + timedelta(days=2)))

    assert [unit.ends_on for unit in story.covered] == [date(2029, 1, 1), date(2026, 7, 3)]


def test_a_catalogue_that_comes_after_its_sales_counts_for_them(story: Story) -> None:
    story.catalog.describe("drill", terms=terms(36), at=NOON + timedelta(days=9))
    story.given(a_sale())

    assert story.units[0].ends_on == date(2029, 1, 1)


def test_the_policy_counts_before_the_catalogue_of_product_and_category_alike() -> None:
    story = with_policies(a_version(1, EARLIER, 12, drill=60))
    for code in ("drill", "saw"):
        story.catalog.describe(code, terms=terms(6), at=EARLIER)
    story.given(a_sale(*map(a_line, ("drill", "saw", "fan"))))

    assert [unit.rulings[0].rule for unit in story.units] == [
        "by_product/drill",
        "product/saw",
        "default",
    ]


AT = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULT = {"default": terms(1)}
OWN = Since(3, AT, "tools", Terms.of(CoverTerms.model_validate(terms(6, extended=None))))
BARE = Since(3, AT, "tools")
OF_TOOLS = Since(2, AT, None, OWN.terms)


@pytest.mark.parametrize(
    ("policy", "product", "category", "rule"),
    [
        (None, None, None, None),
        (None, Of("drill", BARE), None, None),
        (None, Of("drill", OWN), Of("tools", OF_TOOLS), ("product", 3, "product/drill")),
        (None, Of("drill", BARE), Of("tools", OF_TOOLS), ("category", 2, "category/tools")),
        (None, Of("drill", BARE), Of("tools"), None),
        (DEFAULT, Of("drill", BARE), Of("tools"), ("coverage", 1, "default")),
        (DEFAULT, Of("drill", BARE), Of("tools", OF_TOOLS), ("category", 2, "category/tools")),
        (
            DEFAULT | {"by_category": {"tools": terms(2)}},
            Of("drill", BARE),
            Of("tools", OF_TOOLS),
            ("coverage", 1, "by_category/tools"),
        ),
        (
            DEFAULT | {"by_category": {"tools": terms(2)}},
            Of("drill", OWN),
            Of("tools", OF_TOOLS),
            ("product", 3, "product/drill"),
        ),
        (
            DEFAULT | {"by_product": {"drill": terms(2)}},
            Of("drill", OWN),
            Of("tools", OF_TOOLS),
            ("coverage", 1, "by_product/drill"),
        ),
    ],
)
def test_whose_period_counts(
    policy: Any, product: Of | None, category: Of | None, rule: tuple[str, int, str] | None
) -> None:
    force = None if policy is None else (1, CoveragePolicy.model_validate(policy))
    found: Rule | None = rule_of(force, product, category)

    assert (found and (found.by, found.version, found.rule)) == rule


def test_before_anything_was_said_what_was_said_first_counts() -> None:
    history = [Since(1, AT), Since(2, AT + timedelta(days=2))]

    assert said_at((), AT) is None
    found = [said_at(history, AT + timedelta(days=n)) for n in (-1, 0, 1, 2, 3)]
    assert [one.number for one in found if one] == [1, 1, 1, 2, 2]


def test_e5_reports_meet_that_name_a_product_by_code_and_by_brand_and_name(story: Story) -> None:
    story.catalog.describe("D-1", brand="Acme", name="Drill", at=EARLIER)
    coded, bare = (
        named("D-1") | {"serials": ["1"]},
        named(None, "acme", "DRILL") | {"serials": ["1"]},
    )
    story.given(a_sale(coded), a_sale(bare, by="shop"))
    story.given(a_sale(bare, by="erp", order="O-2"))

    (unit,) = story.covered
    assert unit.product == "D-1"
    assert len(unit.reports) == 3


def test_what_was_told_before_a_product_had_its_code_stays_what_it_is(story: Story) -> None:
    sale = named(None, "Acme", "Drill")
    story.given(a_sale(sale, id="first"))
    story.catalog.describe("D-1", brand="Acme", name="Drill")
    story.given(
        a_sale(sale, id="again"),
        a_sale(named("D-1", "Acme", "Drill"), id="resolved"),
        a_sale(named("D-1"), by="shop"),
        a_return({"product": {"code": "D-1"}}),
    )

    (unit,) = story.units
    assert (unit.product, unit.status) == ("acme/drill", "ended")
    assert story.outcomes == [
        Outcome.APPLIED,
        Outcome.DEDUPLICATED,
        Outcome.DEDUPLICATED,
        Outcome.DEDUPLICATED,
        Outcome.APPLIED,
    ]


def test_a_repeat_is_known_by_what_was_told_whatever_the_catalogue_says_by_now(
    story: Story,
) -> None:
    story.catalog.describe("D-1", brand="Acme", name="Drill", at=EARLIER)
    sale = named(None, "Acme", "Drill")
    story.given(a_sale(sale, id="first"))
    story.catalog.describe("D-1", brand="Acme", name="Borer")
    story.given(a_sale(sale, id="again"))

    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1]


def test_e6_one_unit_on_two_lines_is_refused_however_they_call_it(story: Story) -> None:
    story.catalog.describe("D-1", brand="Acme", name="Drill", at=EARLIER)
    serial = {"serials": ["1"]}
    story.given(a_sale(named("D-1") | serial, named(None, "Acme", "Drill") | serial))

    assert story.codes == ["serial_repeated"]
