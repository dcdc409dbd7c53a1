"""What the API answers about products, categories and stock."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from hub.api.documents import Document


class PeriodShown(Document):
    """So many months of one kind of cover."""

    months: int
    type: Literal["full_replacement", "repair", "limited"]


class TermsShown(Document):
    """What a buyer gets."""

    standard: PeriodShown
    extended: PeriodShown | None = None
    transferable: bool = False


class SupplierShown(Document):
    """Whom a product is from, and on what terms."""

    code: str
    name: str | None = None
    coverage_months: int | None = None
    claim_within_days: int | None = None
    needs_serial: bool = False


class LinkShown(Document):
    """A document or a page of support."""

    title: str
    url: str


class CategoryDocument(Document):
    """A category as it stands."""

    id: Annotated[str, Field(pattern="^cat_[a-z2-7]{16}_1$")]
    code: str
    name: str | None = None
    terms: TermsShown | None = None
    version: int
    """How often it was described otherwise than before."""
    described_at: datetime | None


class ProductDocument(Document):
    """A product as it stands. One that only sales have named has version 0 and its default attributes."""

    id: Annotated[str, Field(pattern="^prd_[a-z2-7]{16}_1$")]
    code: str | None
    """Null where it is known by brand and name alone."""
    brand: str | None
    name: str
    category: str | None
    supplier: SupplierShown | None = None
    terms: TermsShown | None = None
    documents: list[LinkShown] = Field(default_factory=list)
    support: list[LinkShown] = Field(default_factory=list)
    version: int
    """How often it was described otherwise than before."""
    described_at: datetime | None
    named_by: str | None
    """The source of the sale that named it first."""


class ProductPage(Document):
    """Some products, by id."""

    products: list[ProductDocument]
    cursor: str | None
    """Give it back as `cursor` for the next page; null at the end."""


class CategoryPage(Document):
    """Some categories, by id."""

    categories: list[CategoryDocument]
    cursor: str | None


class BranchStock(Document):
    """The stock of a branch."""

    branch: str
    quantity: int
    """The sum of all movements; below zero where more left than was told to have come."""
    movements: int
    last_moved_at: datetime


class StockDocument(Document):
    """The stock of a product, by branch."""

    product: str
    quantity: int
    """In all branches."""
    branches: list[BranchStock]
