"""What is said of products and categories, and what the catalogue makes of it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Fact, Name, Part
from schemas.events.parts import Instant, Months, Serial

Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]


class CoverPeriod(Part):
    """So many months of one kind of cover."""

    months: Months
    type: Literal["full_replacement", "repair", "limited"]


class CoverTerms(Part):
    """What a buyer gets."""

    standard: CoverPeriod
    extended: CoverPeriod | None = None
    """What can be bought beside it, counted from the day of sale."""
    transferable: bool = False
    """Whether cover goes on when the unit changes hands."""


class Supplier(Part):
    """Whom the merchant has a product from, and on what terms; two suppliers may differ."""

    code: Name
    name: Name | None = None
    coverage_months: Months | None = None
    """For how long the supplier stands for a unit, counted from the merchant's sale."""
    claim_within_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """A claim reaches the supplier within so many days, or is the merchant's own."""
    needs_serial: bool = False
    """The supplier takes no claim without a serial."""


class Link(Part):
    """A document or a page of support."""

    title: Name
    url: Url


Links = Annotated[tuple[Link, ...], Field(max_length=50)]
Seen = Annotated[int, Field(ge=0)]


class ProductDescribed(Fact):
    """What a merchant's own system says of a product: all of it, and no longer what is left out."""

    TYPE: ClassVar[str] = "product.described.v1"

    code: Name
    name: Name
    described_at: Instant | None = None
    """When it was so at its source, else the time of the event: of two descriptions the later one
    counts, whichever comes last."""
    brand: Name | None = None
    category: Name | None = None
    """The code of a category."""
    supplier: Supplier | None = None
    terms: CoverTerms | None = None
    """Its own, where they are not those of its category."""
    documents: Links = ()
    support: Links = ()
    expects_version: Seen | None = None
    """The version its author has seen, 0 for none: somebody else's is not replaced unseen."""


class CategoryDescribed(Fact):
    """What a merchant's own system says of a category of products."""

    TYPE: ClassVar[str] = "category.described.v1"

    code: Name
    described_at: Instant | None = None
    name: Name | None = None
    terms: CoverTerms | None = None
    expects_version: Seen | None = None


class ProductNamed(Fact):
    """A sale names a product that the catalogue did not have."""

    TYPE: ClassVar[str] = "product.named.v1"

    name: Name
    connector: Name
    """The source that reported the sale."""
    code: Name | None = None
    brand: Name | None = None


class ProductChanged(Fact):
    """The catalogue has a product, as it is from now on."""

    TYPE: ClassVar[str] = "product.changed.v1"

    product: str
    version: int
    by: Literal["description", "sale"]
    """A product that a sale named has nothing but its name until it is described."""
    connector: str
    name: Name
    code: Name | None = None
    brand: Name | None = None
    category: Name | None = None
    supplier: Supplier | None = None
    terms: CoverTerms | None = None
    documents: Links = ()
    support: Links = ()


class CategoryChanged(Fact):
    """The catalogue has a category, as it is from now on."""

    TYPE: ClassVar[str] = "category.changed.v1"

    category: str
    version: int
    connector: str
    code: Name
    name: Name | None = None
    terms: CoverTerms | None = None


class StockMoved(Fact):
    """Units of a product came to a branch or left it."""

    TYPE: ClassVar[str] = "stock.moved.v1"

    reference: Name
    """The source's own reference of this movement: under it, the movement counts once."""
    product: Name
    """By its code."""
    branch: Name
    quantity: Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
    """How many came; below zero, how many left."""
    moved_at: Instant
    reason: Literal["received", "sold", "returned", "transferred", "counted", "scrapped"] | None = (
        None
    )
    serials: Annotated[tuple[Serial, ...], Field(max_length=1000)] = ()


class StockChanged(Fact):
    """A movement was taken into the stock of its product and branch."""

    TYPE: ClassVar[str] = "stock.changed.v1"

    movement: str
    reference: Name
    connector: str
    product: Name
    branch: Name
    quantity: int
    moved_at: Instant
    before: int | None = None
    """What the same movement had counted as, where its source corrected it."""
    reason: str | None = None
