"""What senders are told: small, and the same again at every repeat."""

from datetime import date

import msgspec

from hub.domain.errors import RejectedError
from hub.processors.purchase.state import Unit, Warranty
from hub.sdk.decision import Said
from hub.sdk.events import Event
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleRecorded, SaleReturned
from schemas.events.warranty import WarrantyRefused


class Warranties(msgspec.Struct, frozen=True, gc=False):
    """The answer to a sale or a registration."""

    warranties: tuple[Warranty, ...]


class Ended(msgspec.Struct, frozen=True, gc=False):
    """The answer to a return."""

    ended: tuple[str, ...]
    returned_on: date


def warranty(unit: Unit, line: str | None) -> Warranty:
    """What the sender of that line is told of the unit."""
    return Warranty(line, unit.id, unit.serial, unit.starts_on, unit.ends_on, unit.status)


def refuse(event: Event, error: RejectedError) -> Said:
    """The fact that tells the world of a refusal."""
    fact = event.fact
    order = reference = branch = None
    if isinstance(fact, SaleRecorded | SaleReturned):
        order = fact.order
    if isinstance(fact, RegistrationRequested | SaleReturned):
        reference = fact.reference
    if isinstance(fact, SaleRecorded | SaleReturned | RegistrationRequested):
        branch = fact.branch
    said = WarrantyRefused.model_construct(
        event=event.id,
        event_type=event.type,
        connector=event.connector,
        reasons=error.reasons,
        order=order,
        reference=reference,
        branch=branch,
    )
    return Said(said, event.id)
