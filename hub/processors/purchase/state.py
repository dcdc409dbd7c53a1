"""What a home remembers: one row of the purchase and one of each unit born there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Literal, cast

import msgspec

from hub.domain.reports import Report
from hub.sdk.decision import Row
from hub.sdk.processor import Column, RowType
from schemas.events.parts import Order, Product

COVERED: Literal["covered"] = "covered"
ENDED: Literal["ended"] = "ended"


class Warranty(msgspec.Struct, frozen=True, gc=False):
    """What a sender is told of one unit, and what is kept to tell it again."""

    line: str | None
    id: str | None
    serial: str | None
    starts_on: date | None
    ends_on: date | None
    status: str


class Line(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A line of a sale as far as a repeat is compared by it."""

    product: str
    quantity: int
    serials: tuple[str, ...]
    months: int | None
    until: date | None
    line: str | None = None


class Sale(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What one source said of this order, and what it was answered."""

    connector: str
    event: str
    day: date
    lines: tuple[Line, ...]
    answer: tuple[Warranty, ...]
    branch: str | None = None
    customer: str | None = None
    raw: str | None = None
    """The raw record it was translated from."""
    revision: int = 0
    """Of the translation; a higher one of the same record corrects it."""
    also: tuple[str, ...] = ()
    """Other raw records that said the same."""


class Return(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What one source said came back, and which warranties that were."""

    connector: str
    reference: str
    day: date
    lines: tuple[tuple[str | None, str | None, int, tuple[str, ...]], ...]
    answer: tuple[str, ...]
    raw: str | None = None
    revision: int = 0


class Pointer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A line sold here whose unit lives in another home."""

    connector: str
    line: str
    warranty: str
    serial: str
    serial_norm: str
    product: str
    """The product's key."""
    goods: tuple[str | None, str | None, str | None]
    """The product as it was told: code, brand, name."""
    ends_on: date
    state: Literal["pending", "linked", "refused"] = "pending"
    returned_by: tuple[str, ...] = ()
    instead_of: str | None = None
    """The unit of this home that turns out to be the linked one, once the link is accepted."""


class Registered(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A registration that was accepted, and what it was answered."""

    connector: str
    reference: str
    warranty: str
    answer: Warranty
    raw: str | None = None


class Staged(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A registration that names no product and waits for the sale that does."""

    connector: str
    reference: str
    event: str
    serial: str
    serial_norm: str
    day: date
    ends_on: date
    patience_ends_on: date
    branch: str | None = None
    customer: str | None = None
    asked: str | None = None
    """The warranty whose home was asked to take it and has not answered yet."""
    raw: str | None = None
    revision: int = 0


class PurchaseRow(Row, frozen=True, gc=False, omit_defaults=True):
    """The head of a home: who reported what, and what each was answered."""

    order_namespace: str | None = None
    order_reference: str | None = None
    sales: tuple[Sale, ...] = ()
    returns: tuple[Return, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    registered: tuple[Registered, ...] = ()
    staged: tuple[Staged, ...] = ()

    @property
    def order(self) -> Order:
        """The order this home is of; meaningless where it was founded by a registration."""
        return Order.model_construct(
            namespace=self.order_namespace or "", reference=self.order_reference or ""
        )

    @property
    def key(self) -> tuple[str | None, str]:
        """The order as reports name it."""
        return self.order_namespace, self.order_reference or ""


class Unit(Row, frozen=True, gc=False, omit_defaults=True):
    """One unit and the coverage its reports amount to."""

    number: int
    status: Literal["covered", "ended"]
    product: str
    """The product's key."""
    starts_on: date
    ends_on: date
    reports: tuple[Report, ...]
    serial: str | None = None
    serial_norm: str | None = None
    order_reference: str | None = None
    customer: str | None = None
    branch: str | None = None
    ended_on: date | None = None
    returned_by: tuple[str, ...] = ()
    """The sources that said it came back."""
    follows: str | None = None
    """The unit that had the serial before, came back and was sold again as this one."""

    @property
    def withdrawn(self) -> bool:
        """Whether its only source took back that it was ever sold."""
        return self.status == ENDED and not self.reports


@dataclass(frozen=True, slots=True)
class Purchase:
    """A home as rules see it; `row` is None until something was accepted there."""

    row: PurchaseRow | None = None
    units: Mapping[str, Unit] = field(default_factory=dict)

    def changed(self, row: PurchaseRow, units: Sequence[Unit] = ()) -> "Purchase":
        """The same purchase with another head and these units new or changed."""
        if not units:
            return Purchase(row, self.units)
        return Purchase(row, {**self.units, **{unit.id: unit for unit in units}})


def product_of(goods: tuple[str | None, str | None, str | None]) -> Product:
    """The product as it was told."""
    code, brand, name = goods
    return Product.model_construct(code=code, brand=brand, name=name)


def assemble(head: Row | None, parts: Sequence[Row]) -> Purchase:
    """A home from its stored rows, its units in the order they were born."""
    units = sorted((unit for unit in parts if isinstance(unit, Unit)), key=lambda unit: unit.number)
    return Purchase(cast("PurchaseRow | None", head), {unit.id: unit for unit in units})


def take_apart(purchase: Purchase) -> PurchaseRow | None:
    """The head row of a home."""
    return purchase.row


def _column(name: str, kind: str) -> Column:
    return Column(name, kind, attrgetter(name))


HEAD = RowType(
    table="purchase",
    row=PurchaseRow,
    columns=(_column("order_namespace", "text"), _column("order_reference", "text")),
)
UNITS = RowType(
    table="unit",
    row=Unit,
    columns=(
        _column("status", "text"),
        _column("serial", "text"),
        _column("serial_norm", "text"),
        _column("product", "text"),
        _column("order_reference", "text"),
        _column("customer", "text"),
        _column("branch", "text"),
        _column("starts_on", "date"),
        _column("ends_on", "date"),
    ),
)
