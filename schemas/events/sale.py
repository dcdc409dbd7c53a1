"""What a till or shop says of a sale and of a return."""

from datetime import date
from typing import ClassVar

from pydantic import Field

from schemas.base import Fact, Name, Part
from schemas.events.parts import (
    Contact,
    Instant,
    Months,
    Order,
    Product,
    Quantity,
    Remark,
    Serial,
    Zone,
)
from schemas.money import Money


class ExtendedWarranty(Part):
    """Cover beyond the period of the product, which an insurer sells beside it."""

    insurance: Name
    """The insurer's own reference."""
    name: Name | None = None
    price: Money | None = None
    store: Name | None = None
    """The branch that sold it."""


class SaleLine(Part):
    """`quantity` units of one product, of which some, all or none have a serial."""

    line: Name
    product: Product
    quantity: Quantity = 1
    serials: tuple[Serial, ...] = ()
    coverage_months: Months | None = None
    """The period sold with this line; the merchant's default where it is absent."""
    covered_until: date | None = None
    """An explicit last covered day, which then counts instead of the period."""
    price: Money | None = None
    sold_at: Instant | None = None
    """When this line was sold, where that was not when the sale was."""
    extended: tuple[ExtendedWarranty, ...] | None = None


class SaleRecorded(Fact):
    """A sale took place."""

    TYPE: ClassVar[str] = "sale.recorded.v1"

    order: Order
    sold_at: Instant
    zone: Zone
    lines: tuple[SaleLine, ...] = Field(min_length=1)
    branch: Name | None = None
    till: Name | None = None
    seller: Name | None = None
    customer: Contact | None = None
    undated: bool | None = None
    """Nobody said when it was sold: `sold_at` is when it was reported, and a repeat keeps the day
    of the first report."""
    remarks: tuple[Remark, ...] | None = None


class ReturnLine(Part):
    """What came back: named serials, or a number of units of a line or product."""

    line: Name | None = None
    product: Product | None = None
    quantity: Quantity = 1
    serials: tuple[Serial, ...] = ()


class SaleReturned(Fact):
    """Goods of a sale came back. Without lines, all of them did."""

    TYPE: ClassVar[str] = "sale.returned.v1"

    order: Order
    reference: Name
    """The source's own reference of this return, unique within the order."""
    returned_at: Instant
    zone: Zone
    lines: tuple[ReturnLine, ...] = ()
    branch: Name | None = None


class SaleDeleted(Fact):
    """An order counts no more, as if it had never been reported, whoever reported it.

    What another order or an owner says of the same units stays. The order may be reported again.
    """

    TYPE: ClassVar[str] = "sale.deleted.v1"

    order: Order
    deleted_at: Instant
    branch: Name | None = None
