"""What we decided about warranties."""

from datetime import date
from typing import ClassVar, Literal

from schemas.base import Fact, Name, Part
from schemas.events.parts import DecidedBy, Order, Product, RuledBy, Serial, VerifiedBy


class WarrantyActivated(Fact):
    """A unit is covered from `starts_on` to `ends_on`, both days included."""

    TYPE: ClassVar[str] = "warranty.activated.v1"

    warranty: str
    product: Product
    starts_on: date
    ends_on: date
    connector: str
    by: Literal["sale", "registration"]
    order: Order | None = None
    line: Name | None = None
    serial: Serial | None = None
    branch: Name | None = None
    customer: str | None = None
    """A contact reference, never the contact itself."""
    ruled_by: RuledBy | None = None
    """Where a policy decided the period of what is told here."""
    verified_by: VerifiedBy | None = None
    """Where a shop confirmed the registration that is told here."""


class WarrantyLinked(Fact):
    """Another report was recognised as the same unit; the dates are those now in force."""

    TYPE: ClassVar[str] = "warranty.linked.v1"

    warranty: str
    starts_on: date
    ends_on: date
    connector: str
    by: Literal["sale", "registration"]
    order: Order | None = None
    line: Name | None = None
    serial: Serial | None = None
    branch: Name | None = None
    customer: str | None = None
    ruled_by: RuledBy | None = None
    """Where a policy decided the period of what is told here."""
    verified_by: VerifiedBy | None = None
    """Where a shop confirmed the registration that is told here."""


class WarrantyCorrected(Fact):
    """A source corrected what it had said; what stands here is what now holds of the warranty."""

    TYPE: ClassVar[str] = "warranty.corrected.v1"

    warranty: str
    starts_on: date
    ends_on: date
    connector: str
    by: Literal["sale", "registration", "return"]
    """What the source had said wrongly, or what it deleted."""
    order: Order | None = None
    line: Name | None = None
    serial: Serial | None = None
    branch: Name | None = None
    customer: str | None = None
    """A contact reference, never the contact itself."""
    ended_on: date | None = None
    """The first day that is no longer covered, where cover has ended."""
    ruled_by: RuledBy | None = None
    """Where a policy decided the period of what is told here."""
    verified_by: VerifiedBy | None = None
    """Where a shop confirmed the registration that is told here."""


class WarrantySerialAttached(Fact):
    """A unit that was covered without a serial has one now."""

    TYPE: ClassVar[str] = "warranty.serial_attached.v1"

    warranty: str
    serial: Serial
    starts_on: date
    ends_on: date
    connector: str
    branch: Name | None = None


class WarrantyTransferred(Fact):
    """A unit has a new owner from `transferred_on` on; its dates stay."""

    TYPE: ClassVar[str] = "warranty.transferred.v1"

    warranty: str
    transferred_on: date
    starts_on: date
    ends_on: date
    connector: str
    reference: Name
    customer: str
    """A contact reference, never the contact itself: of whoever has it now."""
    policy_version: int
    """Of the coverage policy that lets cover go on."""
    serial: Serial | None = None
    branch: Name | None = None


class WarrantyEnded(Fact):
    """Cover stopped; `ended_on` is the first day that is no longer covered."""

    TYPE: ClassVar[str] = "warranty.ended.v1"

    warranty: str
    ended_on: date
    reason: Literal["returned", "merged", "corrected", "decided", "deleted", "replaced"]
    """It came back, it turned out to be a unit that another warranty covers, its source takes back
    that it was ever sold, somebody decided it, its order was deleted, or another unit took its place."""
    connector: str
    order: Order | None = None
    serial: Serial | None = None
    branch: Name | None = None
    decided: DecidedBy | None = None


class Refusal(Part):
    """Why, and which line if one is to blame."""

    code: str
    message: str
    line: Name | None = None


class WarrantyRefused(Fact):
    """What was asked was refused as a whole; each reason names its line."""

    TYPE: ClassVar[str] = "warranty.refused.v1"

    event: str
    """The id of the event that was refused."""
    event_type: str
    connector: str
    reasons: tuple[Refusal, ...]
    order: Order | None = None
    reference: Name | None = None
    branch: Name | None = None
