"""Letters between the homes of two reports of one unit. Only the hub itself writes them."""

from datetime import date
from typing import ClassVar

from schemas.base import Fact, Name
from schemas.events.parts import Order, Product, RuledBy, Serial
from schemas.money import Money


class SaleLinked(Fact):
    """Home to home: a line sold here is the unit that lives with you."""

    TYPE: ClassVar[str] = "sale.linked.v1"

    warranty: str
    asked_by: str
    """The home that waits for the answer."""
    line: Name
    order: Order
    connector: str
    product: Product
    serial: Serial
    sold_on: date
    ends_on: date
    extended_until: date | None = None
    """The last day of cover once an owner has registered the unit."""
    branch: Name | None = None
    customer: str | None = None
    """A contact reference, never the contact itself."""
    revision: int = 0
    """Of the translation that says so; a higher one corrects what a lower one said."""
    version: int | None = None
    """How often the order was deleted before this was said, where it was."""
    ruled_by: RuledBy | None = None
    price: Money | None = None
    """Of the unit, where its source told one."""


class LinkAccepted(Fact):
    """Home to home: the unit takes your sale among its reports."""

    TYPE: ClassVar[str] = "link.accepted.v1"

    warranty: str
    asked_by: str
    """The home that asked."""
    line: Name
    serial: Serial
    connector: str
    starts_on: date
    ends_on: date
    version: int | None = None
    """Of the sale that this answers."""


class LinkRefused(Fact):
    """Home to home: the unit does not take your sale, and why."""

    TYPE: ClassVar[str] = "link.refused.v1"

    warranty: str
    asked_by: str
    """The home that asked."""
    line: Name
    serial: Serial
    connector: str
    code: str
    reason: str
    version: int | None = None
    """Of the sale that this answers."""


class SaleUnlinked(Fact):
    """Home to home: the order that is linked to your unit was deleted."""

    TYPE: ClassVar[str] = "sale.unlinked.v1"

    warranty: str
    order: Order
    connector: str
    version: int
    """How often the order has been deleted by now: what it said before counts no more."""
    branch: Name | None = None


class UnitReturned(Fact):
    """Home to home: your unit came back under the order that is linked to it."""

    TYPE: ClassVar[str] = "unit.returned.v1"

    warranty: str
    order: Order
    reference: Name
    connector: str
    returned_on: date
    branch: Name | None = None


class RegistrationLinked(Fact):
    """Home to home: somebody registered your unit before its product was known here."""

    TYPE: ClassVar[str] = "registration.linked.v1"

    warranty: str
    asked_by: str | None = None
    """The home that waits for the answer; nobody does where it is absent."""
    reference: Name
    connector: str
    serial: Serial
    purchased_on: date
    ends_on: date
    branch: Name | None = None
    customer: str | None = None
    """A contact reference, never the contact itself."""


class RegistrationAccepted(Fact):
    """Home to home: the unit takes your registration."""

    TYPE: ClassVar[str] = "registration.accepted.v1"

    warranty: str
    asked_by: str
    """The home that asked."""
    reference: Name
    connector: str


class RegistrationRefused(Fact):
    """Home to home: the unit does not take your registration, and why."""

    TYPE: ClassVar[str] = "registration.refused.v1"

    warranty: str
    asked_by: str
    """The home that asked."""
    reference: Name
    connector: str
    code: str
    reason: str


class SerialSold(Fact):
    """Home to home: the serial that a registration waits for with you was sold."""

    TYPE: ClassVar[str] = "serial.sold.v1"

    home: str
    """The home that waits for it."""
    serial: Serial
