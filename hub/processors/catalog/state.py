"""What a home of the catalog remembers: a head of one kind, and the rows that others look up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, cast

import msgspec

from hub.domain.policies.versions import PolicyVersion
from hub.domain.products import Goods, name_key
from hub.domain.terms import Since
from hub.sdk.decision import Row
from hub.sdk.processor import Column, RowType

POLICY, TENANT = "policy", "tenant"
"""Kinds of homes: a policy of a tenant, and the tenant itself."""
PRODUCT, CATEGORY, MOVEMENT = "product", "category", "movement"
"""A product, a category of products, a movement of stock."""


class By(msgspec.Struct, frozen=True, gc=False):
    """Who laid it down."""

    kind: str
    id: str
    role: str


class CatalogRow(Row, frozen=True, gc=False, omit_defaults=True):
    """The head of a home. What a kind has no use for stays at its default."""

    kind: str
    name: str
    current: int = 0
    """The number of the last version; 0 where there is none."""
    live_since: datetime | None = None
    live_by: By | None = None


class PolicyRow(Row, frozen=True, gc=False, omit_defaults=True):
    """A version of a policy; its document is the text that its hash is of."""

    name: str
    number: int
    effective_from: datetime
    document: str
    hash: str
    by: By
    why: str
    published_at: datetime
    event: str

    @property
    def version(self) -> PolicyVersion:
        """As whoever decides by it sees it."""
        return PolicyVersion(self.name, self.number, self.effective_from, self.document, self.hash)


class Reserved(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A unit that is set aside for an effect of a claim, and since when."""

    effect: str
    at: datetime


class ProductRow(Row, frozen=True, gc=False, omit_defaults=True):
    """A product. Until it is described it has version 0 and nothing but what a sale named it."""

    number: int = 0
    """How often it was described otherwise than before."""
    code: str | None = None
    brand: str | None = None
    name: str = ""
    category: str | None = None
    said: dict[str, Any] = msgspec.field(default_factory=dict)
    """The rest of its description, as it was told."""
    hash: str = ""
    described_at: datetime | None = None
    history: tuple[Since, ...] = ()
    named_by: str | None = None
    """The source of the sale that named it first."""
    reserved: tuple[Reserved, ...] = ()
    """Units that were promised and have not left the stock yet."""

    @property
    def goods(self) -> Goods:
        """As lines are compared with it."""
        return Goods(self.code, self.brand, self.name)

    @property
    def name_key(self) -> str | None:
        """Under which it is found by brand and name."""
        return name_key(self.brand, self.name) if self.brand and self.name else None


class CategoryRow(Row, frozen=True, gc=False, omit_defaults=True):
    """A category of products."""

    code: str
    number: int = 0
    said: dict[str, Any] = msgspec.field(default_factory=dict)
    hash: str = ""
    described_at: datetime | None = None
    history: tuple[Since, ...] = ()


class MovementRow(Row, frozen=True, gc=False, omit_defaults=True):
    """A movement of stock: the stock of a product at a branch is the sum of them."""

    reference: str
    connector: str
    product: str
    """Its code."""
    branch: str
    quantity: int
    moved_at: datetime
    reason: str | None = None
    serials: tuple[str, ...] = ()
    raw: str | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Shelf:
    """A home as rules see it; `row` is None until something was accepted there."""

    row: CatalogRow | None = None
    versions: tuple[PolicyRow, ...] = ()
    product: ProductRow | None = None
    category: CategoryRow | None = None
    movement: MovementRow | None = None


def assemble(head: Row | None, parts: Sequence[Row]) -> Shelf:
    """A home from its stored rows, its versions in the order they were published."""
    versions = sorted((p for p in parts if isinstance(p, PolicyRow)), key=lambda p: p.number)
    return Shelf(
        cast("CatalogRow | None", head),
        tuple(versions),
        next((p for p in parts if isinstance(p, ProductRow)), None),
        next((p for p in parts if isinstance(p, CategoryRow)), None),
        next((p for p in parts if isinstance(p, MovementRow)), None),
    )


def take_apart(shelf: Shelf) -> CatalogRow | None:
    """The head row of a home."""
    return shelf.row


def _column(name: str, kind: str) -> Column:
    return Column(name, kind, attrgetter(name))


HEAD = RowType(
    table="catalog", row=CatalogRow, columns=(_column("kind", "text"), _column("name", "text"))
)
POLICIES = RowType(
    table="policy",
    row=PolicyRow,
    columns=(
        _column("name", "text"),
        _column("number", "int"),
        _column("effective_from", "timestamptz"),
    ),
)
PRODUCTS = RowType(
    table="product",
    row=ProductRow,
    columns=(
        _column("code", "text"),
        _column("brand", "text"),
        _column("name", "text"),
        _column("name_key", "text"),
        _column("category", "text"),
    ),
)
CATEGORIES = RowType(table="category", row=CategoryRow, columns=(_column("code", "text"),))
MOVEMENTS = RowType(
    table="stock_movement",
    row=MovementRow,
    columns=(
        _column("product", "text"),
        _column("branch", "text"),
        _column("quantity", "int"),
        _column("moved_at", "timestamptz"),
    ),
)
