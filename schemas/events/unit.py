"""What is told of one unit after its cover began: its serial, and who has it now."""

from typing import ClassVar

from schemas.base import Fact, Name
from schemas.events.parts import Contact, Instant, Serial, Zone


class SerialAttached(Fact):
    """A unit that was sold without a serial turns out to have this one."""

    TYPE: ClassVar[str] = "serial.attached.v1"

    warranty: str
    serial: Serial
    attached_at: Instant


class OwnershipTransferred(Fact):
    """A unit has a new owner. Its cover ends when it would have ended anyway."""

    TYPE: ClassVar[str] = "ownership.transferred.v1"

    warranty: str
    reference: Name
    """The source's own reference of this transfer."""
    transferred_at: Instant
    zone: Zone
    customer: Contact | None = None
    """The new owner."""
    given_by: str | None = None
    """The reference of whoever gives it away, as its warranty shows it: of another, nothing is transferred."""
