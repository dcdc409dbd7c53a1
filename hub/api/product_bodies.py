"""What is put of products and categories."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.api.bodies import BLANK, EXAMPLE, STRICT, VISIBLE, At, Months, Text, whole
from hub.api.filters import MAX_LIMIT, Word
from schemas.events.product import (
    CategoryDescribed,
    CoverPeriod,
    CoverTerms,
    Link,
    ProductDescribed,
    Supplier,
)

Seen = Annotated[int, Field(ge=0, le=10**6), BeforeValidator(whole)]
Days = Annotated[int, Field(ge=1, le=3650, strict=True), BeforeValidator(whole)]
Address = Annotated[str, Field(max_length=2000, pattern=rf"^https?://[^{BLANK}]+$")]
TERMS: dict[str, Any] = {
    "standard": {"months": 24, "type": "repair"},
    "extended": {"months": 60, "type": "limited"},
    "transferable": True,
}
PRODUCT: dict[str, Any] = {
    "brand": "Acme",
    "name": "Hammer drill 18 V",
    "category": "tools",
    "supplier": {"code": "S-1", "coverage_months": 12, "claim_within_days": 30},
    "documents": [{"title": "Manual", "url": "https://acme.example/drill.pdf"}],
    "support": [{"title": "Help", "url": "https://acme.example/help"}],
    "described_at": EXAMPLE,
}


class PeriodBody(CoverPeriod):
    """So many months of one kind of cover."""

    model_config = STRICT

    months: Months


class TermsBody(CoverTerms):
    """What a buyer gets."""

    model_config = STRICT

    standard: PeriodBody
    extended: PeriodBody | None = None
    """What can be bought beside it, counted from the day of sale."""


class SupplierBody(Supplier):
    """Whom you have it from, and on what terms."""

    model_config = STRICT

    code: Text
    name: Text | None = None
    coverage_months: Months | None = None
    """For how long the supplier stands for a unit, counted from your sale."""
    claim_within_days: Days | None = None


class LinkBody(Link):
    """A document or a page of support."""

    model_config = STRICT

    title: Text
    url: Address


Links = Annotated[tuple[LinkBody, ...], Field(max_length=50)]


class CategoryDescription(BaseModel):
    """All of a category: what is left out is no longer so."""

    model_config = ConfigDict(
        **STRICT, json_schema_extra={"examples": [{"name": "Tools", "terms": TERMS}]}
    )

    name: Text | None = None
    terms: TermsBody | None = None
    """Of whatever product has none of its own."""
    described_at: At | None = None
    """When it was so in your system; now, where it is absent. Of two descriptions the later counts."""
    expects_version: Seen | None = None
    """The last version you have seen, 0 for none: nobody else's is replaced unseen."""

    def fact(self, code: str) -> CategoryDescribed:
        """As the catalogue is told."""
        return CategoryDescribed.model_validate(self.model_dump() | {"code": code})


class ProductDescription(CategoryDescription):
    """All of a product: what is left out is no longer so."""

    model_config = ConfigDict(**STRICT, json_schema_extra={"examples": [PRODUCT]})

    name: Text
    brand: Text | None = None
    category: Text | None = None
    """The code of a category."""
    supplier: SupplierBody | None = None
    terms: TermsBody | None = None
    """Its own, where they are not those of its category."""
    documents: Links = ()
    support: Links = ()

    def fact(self, code: str) -> ProductDescribed:  # type: ignore[override] # of the same room
        """As the catalogue is told."""
        return ProductDescribed.model_validate(self.model_dump() | {"code": code})


class CategoryFilters(BaseModel):
    """A page of categories."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50
    cursor: Annotated[str, Field(pattern="^[a-z2-7]{16}$")] | None = None
    """From the page before; the filters stay the same."""


class ProductFilters(CategoryFilters):
    """All of them have to fit; without any, all products."""

    code: Word | None = None
    """For codes that no path can hold, such as those with a slash."""
    category: Word | None = None
    brand: Annotated[str, Field(min_length=1, max_length=200, pattern=VISIBLE)] | None = None
    """With `name`, in any spelling: case and blanks do not count."""
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=VISIBLE)] | None = None
