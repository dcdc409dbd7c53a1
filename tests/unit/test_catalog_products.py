"""Products and categories: described, named by a sale, described again, in any order."""

from datetime import timedelta
from typing import Any

import pytest

from hub.processors.catalog.product import ask_named, holder_of
from hub.sdk.events import Outcome
from schemas.events.policy import CatalogRefused
from schemas.events.product import CategoryChanged, ProductChanged, ProductNamed
from tests.unit.catalog_story import MORNING, CatalogStory

HOUR = timedelta(hours=1)
TERMS = {"standard": {"months": 36, "type": "repair"}, "transferable": True}
WHOLE: dict[str, Any] = {
    "brand": "Acme",
    "name": "Hammer drill",
    "category": "tools",
    "supplier": {"code": "S-1", "coverage_months": 12, "claim_within_days": 30},
    "terms": TERMS,
    "documents": [{"title": "Manual", "url": "https://acme.example/drill.pdf"}],
    "support": [{"title": "Help", "url": "https://acme.example/help"}],
}


@pytest.fixture
def catalog() -> CatalogStory:
    return CatalogStory()


def codes(answer: Any) -> list[str]:
    return [one["code"] for one in answer["reasons"]]


def a_naming(name: str = "Drill", **rest: Any) -> ProductNamed:
    return ProductNamed(name=name, connector="till", **rest)


def test_a_product_is_what_its_merchant_says(catalog: CatalogStory) -> None:
    answer = catalog.describe("D-1", **WHOLE)

    (row,) = catalog.products
    assert answer["product"] == {"id": row.id, "code": "D-1", "version": 1}
    assert (row.brand, row.name, row.category) == ("Acme", "Hammer drill", "tools")
    assert row.said["supplier"]["claim_within_days"] == 30
    (said,) = catalog.said
    assert isinstance(said, ProductChanged)
    assert (said.code, said.version, said.by) == ("D-1", 1, "description")
    assert said.supplier is not None
    assert said.supplier.coverage_months == 12


def test_what_a_later_description_leaves_out_is_gone(catalog: CatalogStory) -> None:
    catalog.describe("D-1", **WHOLE)
    catalog.describe("D-1", name="Hammer drill", at=MORNING + HOUR)

    (row,) = catalog.products
    assert (row.number, row.brand, row.category, row.said) == (2, None, None, {})


def test_the_same_again_is_no_news(catalog: CatalogStory) -> None:
    first = catalog.describe("D-1", **WHOLE)
    again = catalog.describe("D-1", **WHOLE, at=MORNING + HOUR)

    assert first == again
    assert catalog.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert len(catalog.said) == 1


def test_what_comes_late_does_not_overwrite_what_is_newer(catalog: CatalogStory) -> None:
    catalog.describe("D-1", name="New", at=MORNING + HOUR)
    late = catalog.describe("D-1", name="Old")

    (row,) = catalog.products
    assert (row.name, row.number) == ("New", 1)
    assert late["product"] == {"id": row.id, "code": "D-1", "version": 1, "stale": True}


def test_what_was_confirmed_later_is_newer_than_what_lies_between(catalog: CatalogStory) -> None:
    catalog.describe("D-1", name="New")
    catalog.describe("D-1", name="New", at=MORNING + 2 * HOUR)
    catalog.describe("D-1", name="Between", at=MORNING + HOUR)

    assert catalog.products[0].name == "New"


def test_nobody_replaces_a_version_that_he_has_not_seen(catalog: CatalogStory) -> None:
    catalog.describe("D-1", name="One", expects_version=0)
    taken = catalog.describe("D-1", name="Two", at=MORNING + HOUR, expects_version=0)
    ahead = catalog.describe("D-1", name="Two", at=MORNING + HOUR, expects_version=2)
    right = catalog.describe("D-1", name="Two", at=MORNING + HOUR, expects_version=1)

    assert codes(taken) == ["version_exists"]
    assert codes(ahead) == ["version_unknown"]
    assert right["product"]["version"] == 2
    assert isinstance(catalog.said[1], CatalogRefused)
    assert catalog.said[1].name == "D-1"


def test_a_description_of_tomorrow_is_refused(catalog: CatalogStory) -> None:
    answer = catalog.describe("D-1", described_at=MORNING + 25 * HOUR)

    assert codes(answer) == ["described_in_future"]


def test_a_sale_makes_a_product_of_a_code_and_a_name(catalog: CatalogStory) -> None:
    catalog.tell(a_naming(code="D-1", brand="Acme"), MORNING)
    again = catalog.tell(a_naming("Other", code="D-1"), MORNING)

    (row,) = catalog.products
    assert (row.code, row.brand, row.name, row.number) == ("D-1", "Acme", "Drill", 0)
    assert again is None
    assert catalog.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert [type(one) for one in catalog.said] == [ProductChanged]


def test_a_sale_never_changes_a_product_that_is_there(catalog: CatalogStory) -> None:
    catalog.describe("D-1", **WHOLE)
    catalog.tell(a_naming("Teapot", code="D-1", brand="Acne"), MORNING + HOUR)

    (row,) = catalog.products
    assert (row.brand, row.name, row.number) == ("Acme", "Hammer drill", 1)


def test_a_product_that_a_sale_named_is_described_as_its_first_version(
    catalog: CatalogStory,
) -> None:
    catalog.tell(a_naming(code="D-1"), MORNING)
    answer = catalog.describe("D-1", **WHOLE, expects_version=0)

    (row,) = catalog.products
    assert answer["product"]["version"] == row.number == 1
    assert (row.name, row.named_by) == ("Hammer drill", "till")


def test_a_product_without_a_code_is_found_by_brand_and_name(catalog: CatalogStory) -> None:
    catalog.tell(a_naming("Drill", brand="Acme"), MORNING)
    catalog.tell(a_naming(" DRILL", brand="acme"), MORNING)

    (row,) = catalog.products
    assert (row.code, row.brand, row.name) == (None, "Acme", "Drill")
    holders: Any = catalog.answer(ask_named("acme", "acme/drill"))
    assert [one.id for one in holders] == [row.id]


@pytest.mark.parametrize("first", ["sale", "description"])
def test_a_product_with_a_code_stands_for_one_of_its_brand_and_name(
    catalog: CatalogStory, first: str
) -> None:
    if first == "sale":
        catalog.tell(a_naming("Drill", brand="Acme"), MORNING)
    catalog.describe("D-1", brand="Acme", name="Drill")
    if first == "description":
        catalog.tell(a_naming("Drill", brand="Acme"), MORNING)

    (row,) = catalog.products
    found = holder_of(catalog.answer(ask_named("acme", "acme/drill")))  # type: ignore[arg-type]
    assert row.code == "D-1"
    assert found is not None
    assert found.id == row.id


def test_a_product_lets_go_of_a_name_that_it_no_longer_has(catalog: CatalogStory) -> None:
    catalog.describe("D-1", brand="Acme", name="Drill")
    catalog.describe("D-1", brand="Acme", name="Borer", at=MORNING + HOUR)

    assert holder_of(catalog.answer(ask_named("acme", "acme/drill"))) is None  # type: ignore[arg-type]
    assert holder_of(catalog.answer(ask_named("acme", "acme/borer"))) is not None  # type: ignore[arg-type]


def test_a_name_without_code_or_brand_is_refused(catalog: CatalogStory) -> None:
    assert codes(catalog.tell(a_naming(), MORNING)) == ["product_unknown"]


def test_a_category_has_terms_and_versions(catalog: CatalogStory) -> None:
    first = catalog.describe_category("tools", name="Tools", terms=TERMS)
    again = catalog.describe_category("tools", name="Tools", terms=TERMS, at=MORNING + HOUR)
    other = catalog.describe_category("tools", name="Tools", at=MORNING + 2 * HOUR)
    late = catalog.describe_category("tools", name="Tool", at=MORNING + HOUR)

    (row,) = catalog.categories
    assert first["category"] == {"id": row.id, "code": "tools", "version": 1}
    assert again == first
    assert other["category"]["version"] == 2
    assert late["category"]["stale"] is True
    assert [one.number for one in row.history] == [1, 2]
    changed = catalog.said[0]
    assert isinstance(changed, CategoryChanged)
    assert changed.terms is not None
    assert changed.terms.transferable
