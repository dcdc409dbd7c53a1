"""What an owner, an app or a portal says of a unit somebody holds."""

from datetime import date
from typing import ClassVar

from schemas.base import Fact, Name
from schemas.events.parts import Contact, Instant, Months, Product, Serial, Zone


class RegistrationRequested(Fact):
    """Somebody registers a unit, whether or not its sale is known."""

    TYPE: ClassVar[str] = "registration.requested.v1"

    reference: Name
    """The source's own reference of this registration."""
    registered_at: Instant
    zone: Zone
    product: Product | None = None
    serial: Serial | None = None
    purchased_on: date | None = None
    """As the owner states it; the day of registration where absent."""
    coverage_months: Months | None = None
    order: Name | None = None
    """The order as its shop names it to the customer, such as `#1001`; a shop that is asked is asked for it."""
    branch: Name | None = None
    customer: Contact | None = None
