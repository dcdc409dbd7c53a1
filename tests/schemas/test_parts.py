"""The pieces facts are made of."""

from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.events.parts import Product, Zone, local_date


def test_the_day_of_an_instant_is_the_merchants() -> None:
    late = datetime(2026, 1, 31, 22, 30, tzinfo=UTC)

    assert local_date(late, "Europe/Istanbul") == date(2026, 2, 1)
    assert local_date(late, "America/New_York") == date(2026, 1, 31)


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "\0"])
def test_refuses_an_unknown_zone(zone: str) -> None:
    with pytest.raises(ValidationError, match="unknown time zone"):
        TypeAdapter(Zone).validate_python(zone)


@pytest.mark.parametrize(
    ("product", "key"),
    [
        (Product(code="TV", brand="Acme"), "TV"),
        (Product(brand="Acme", name="TV"), "acme/tv"),
        (Product(name="TV"), "/tv"),
        (Product(), ""),
    ],
)
def test_a_product_is_known_by_its_code_or_else_by_brand_and_name(
    product: Product, key: str
) -> None:
    assert product.key == key
