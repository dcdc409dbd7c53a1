"""Stock for claims: who waits for a movement hears of it, and no unit is promised twice."""

import pytest

from hub.processors.catalog import PROCESSOR
from hub.processors.catalog.state import ProductRow
from hub.sdk.decision import Letter
from hub.sdk.events import NameHolder, Outcome
from schemas.events.claim import (
    StockPromised,
    StockReleased,
    StockSeen,
    StockShort,
    StockWanted,
)
from schemas.events.product import ProductNamed
from schemas.refs import SEPARATOR, home, home_of, movement_home, movement_id, product_home
from schemas.topics import WARRANTY_INTAKE
from tests.unit.catalog_story import MORNING, CatalogStory
from tests.unit.tenant import TENANT

HOME = home(TENANT.id, "order", "shop", "o1")
CLAIM = f"clm_{HOME}_1"


@pytest.fixture
def catalog() -> CatalogStory:
    return CatalogStory()


def effect(number: int = 1) -> str:
    return f"eff_{HOME}_{number}"


def want(catalog: CatalogStory, number: int = 1, product: str = "drill") -> None:
    catalog.tell(StockWanted(effect=effect(number), product=product), MORNING)


def release(catalog: CatalogStory, number: int = 1) -> None:
    catalog.tell(StockReleased(effect=effect(number), product="drill"), MORNING)


def letters(catalog: CatalogStory) -> list[Letter]:
    return [letter for one in catalog.settled for letter in one.letters]


def facts(catalog: CatalogStory) -> list[object]:
    return [letter.fact for letter in letters(catalog)]


def wait(catalog: CatalogStory, norm: str, claim: str = CLAIM, *, released: bool = False) -> None:
    """As a claim's home writes that it waits for a movement of that serial."""
    value = norm + SEPARATOR + claim
    holder = NameHolder("stock_wanted", value, home_of(claim), claim, released)
    catalog.names["stock_wanted", value] = holder


def moved(catalog: CatalogStory) -> dict[str, bool]:
    """The serials under which movements are found, and whether they are let go of."""
    found = (one for one in catalog.names.values() if one.kind == "moved")
    return {one.value.partition(SEPARATOR)[0]: one.released for one in found}


def mov(reference: str) -> str:
    return movement_id(movement_home(TENANT.id, "portal", reference))


def test_a_movement_is_found_by_each_of_its_serials(catalog: CatalogStory) -> None:
    catalog.move("m1", -2, serials=["a 1", "A1", "B2"])

    names = [one for one in catalog.names.values() if one.kind == "moved"]
    assert {(one.value, one.id) for one in names} == {
        (f"a1{SEPARATOR}{mov('m1')}", mov("m1")),
        (f"b2{SEPARATOR}{mov('m1')}", mov("m1")),
    }
    assert letters(catalog) == []


def test_a_corrected_movement_lets_go_of_serials_that_are_gone(catalog: CatalogStory) -> None:
    catalog.move("m1", -2, serials=["A", "B"], raw="r1", revision=1)
    catalog.move("m1", -2, serials=["B", "C"], raw="r1", revision=2)

    assert moved(catalog) == {"a": True, "b": False, "c": False}

    catalog.move("m1", 0, serials=["B", "C"], raw="r1", revision=3)

    assert moved(catalog) == {"a": True, "b": True, "c": True}


def test_a_translation_that_is_outdated_changes_no_name(catalog: CatalogStory) -> None:
    catalog.move("m1", -1, serials=["B"], raw="r1", revision=2)
    catalog.move("m1", -1, serials=["A"], raw="r1", revision=1)

    assert moved(catalog) == {"b": False}
    assert catalog.outcomes[-1] is Outcome.DEDUPLICATED


def test_a_movement_of_older_code_is_found_once_it_is_told_again(catalog: CatalogStory) -> None:
    catalog.move("m1", -1, serials=["A"])
    catalog.names.clear()
    wait(catalog, "a")
    catalog.move("m1", -1, serials=["A"])

    assert moved(catalog) == {"a": False}
    assert facts(catalog) == [StockSeen(claim=CLAIM, movement=mov("m1"))]


def test_a_claim_that_waits_for_a_movement_hears_of_it(catalog: CatalogStory) -> None:
    wait(catalog, "a")
    wait(catalog, "ab", f"clm_{HOME}_2")
    wait(catalog, "a", f"clm_{HOME}_3", released=True)
    catalog.move("m1", -1, serials=["A"])

    assert letters(catalog) == [Letter(StockSeen(claim=CLAIM, movement=mov("m1")), HOME)]
    assert PROCESSOR.letters[StockSeen.TYPE] == WARRANTY_INTAKE


def test_a_claim_that_waits_for_two_units_of_a_movement_hears_of_it_once(
    catalog: CatalogStory,
) -> None:
    wait(catalog, "a")
    wait(catalog, "b")
    catalog.move("m1", -2, serials=["A", "B"])

    assert facts(catalog) == [StockSeen(claim=CLAIM, movement=mov("m1"))]


def test_a_movement_without_serials_stirs_nobody(catalog: CatalogStory) -> None:
    wait(catalog, "a")
    catalog.move("m1", -1)

    assert letters(catalog) == []


def test_units_are_promised_until_none_is_left(catalog: CatalogStory) -> None:
    catalog.describe("drill")
    catalog.move("m1", 1)
    catalog.move("m2", 1, branch="south")
    for number in (1, 2, 3):
        want(catalog, number)

    assert facts(catalog) == [
        StockPromised(effect=effect(1), left=1),
        StockPromised(effect=effect(2), left=0),
        StockShort(effect=effect(3), known=True),
    ]
    assert {letter.home for letter in letters(catalog)} == {HOME}
    assert [one.effect for one in catalog.products[0].reserved] == [effect(1), effect(2)]
    assert catalog.products[0].reserved[0].at == MORNING


def test_an_effect_that_asks_again_is_promised_the_same_unit(catalog: CatalogStory) -> None:
    catalog.describe("drill")
    catalog.move("m1", 2)
    want(catalog)
    want(catalog)

    assert facts(catalog) == [StockPromised(effect=effect(), left=1)] * 2
    assert len(catalog.products[0].reserved) == 1
    assert catalog.outcomes[-2:] == [Outcome.APPLIED, Outcome.DEDUPLICATED]


def test_a_promise_outlives_stock_that_is_corrected_below_it(catalog: CatalogStory) -> None:
    catalog.describe("drill")
    catalog.move("m1", 1, raw="r1", revision=1)
    want(catalog)
    catalog.move("m1", 0, raw="r1", revision=2)
    want(catalog)
    want(catalog, 2)

    assert facts(catalog)[1:] == [
        StockPromised(effect=effect(), left=0),
        StockShort(effect=effect(2), known=True),
    ]


def test_a_unit_that_is_released_can_be_promised_again(catalog: CatalogStory) -> None:
    catalog.describe("drill")
    catalog.move("m1", 1)
    want(catalog)
    release(catalog)
    release(catalog)
    want(catalog, 2)

    assert facts(catalog)[-1] == StockPromised(effect=effect(2), left=0)
    assert catalog.outcomes[-2:] == [Outcome.DEDUPLICATED, Outcome.APPLIED]
    assert [one.effect for one in catalog.products[0].reserved] == [effect(2)]


def test_a_product_of_unknown_stock_is_never_promised(catalog: CatalogStory) -> None:
    catalog.describe("drill")
    want(catalog)

    assert facts(catalog) == [StockShort(effect=effect(), known=False)]


def test_a_wish_for_an_unknown_product_founds_none(catalog: CatalogStory) -> None:
    catalog.move("m1", 5)
    want(catalog)
    release(catalog)

    assert facts(catalog) == [StockShort(effect=effect(), known=False)]
    assert catalog.products == []
    assert catalog.homes[product_home(TENANT.id, "drill")].state.row is None


def test_a_description_keeps_what_is_promised(catalog: CatalogStory) -> None:
    catalog.describe("drill")
    catalog.move("m1", 2)
    want(catalog)
    catalog.describe("drill", name="Power drill")
    want(catalog, 2)

    assert facts(catalog)[-1] == StockPromised(effect=effect(2), left=0)


def test_a_product_that_a_sale_founded_is_named_although_a_wish_came_first(
    catalog: CatalogStory,
) -> None:
    place = product_home(TENANT.id, "drill")
    catalog.found(ProductRow(f"prd_{place}_1", code="drill", brand="ACME", name="Drill"))
    want(catalog)
    named = ProductNamed(code="drill", brand="ACME", name="Drill", connector="till")
    catalog.tell(named, MORNING)

    assert facts(catalog) == [StockShort(effect=effect(), known=False)]
    assert catalog.outcomes == [Outcome.APPLIED, Outcome.APPLIED]
    assert [one.kind for one in catalog.names.values()] == ["product"]
