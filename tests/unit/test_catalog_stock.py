"""Stock: a sum of movements, each once, and corrected where its source read it wrongly."""

from datetime import timedelta
from typing import Any

import pytest

from hub.sdk.events import Outcome
from schemas.events.product import StockChanged
from tests.unit.catalog_story import MORNING, CatalogStory


@pytest.fixture
def catalog() -> CatalogStory:
    return CatalogStory()


def codes(answer: Any) -> list[str]:
    return [one["code"] for one in answer["reasons"]]


def test_stock_is_the_sum_of_movements_by_product_and_branch(catalog: CatalogStory) -> None:
    catalog.move("m1", 10)
    catalog.move("m2", -3)
    catalog.move("m3", 4, branch="south")
    answer = catalog.move("m1", 5, by="other")

    assert catalog.stock == {("drill", "north"): 12, ("drill", "south"): 4}
    assert answer["movement"]["quantity"] == 5
    assert [one.quantity for one in catalog.said if isinstance(one, StockChanged)] == [10, -3, 4, 5]


def test_a_movement_that_is_told_again_counts_once(catalog: CatalogStory) -> None:
    first = catalog.move("m1", 10, serials=["B", "A"])
    again = catalog.move("m1", 10, serials=["A", "B"], raw="r1")

    assert first == again
    assert catalog.stock == {("drill", "north"): 10}
    assert catalog.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]


def test_another_content_under_one_reference_is_refused(catalog: CatalogStory) -> None:
    catalog.move("m1", 10)

    assert codes(catalog.move("m1", 11)) == ["movement_differs"]
    assert codes(catalog.move("m2", 0)) == ["quantity_zero"]
    ahead = catalog.move("m3", 1, moved_at=MORNING + timedelta(hours=25))
    assert codes(ahead) == ["moved_in_future"]
    assert catalog.stock == {("drill", "north"): 10}


def test_a_later_translation_of_its_record_corrects_a_movement(catalog: CatalogStory) -> None:
    catalog.move("m1", 10, raw="r1", revision=1)
    catalog.move("m1", 7, raw="r1", revision=2)
    late = catalog.move("m1", 10, raw="r1", revision=1)
    catalog.move("m1", 7, raw="r1", revision=3, branch="south")

    assert late["movement"]["quantity"] == 7
    assert catalog.stock == {("drill", "south"): 7}
    told = [(o.branch, o.quantity, o.before) for o in catalog.said if isinstance(o, StockChanged)]
    assert told == [("north", 10, None), ("north", 7, 10), ("north", 0, 7), ("south", 7, None)]
