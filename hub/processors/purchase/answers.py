"""What senders are told: small, and the same again at every repeat."""

from datetime import date

import msgspec

from hub.domain.errors import RejectedError
from hub.domain.owners import Transfer
from hub.processors.purchase.proofs import ToldProof
from hub.processors.purchase.state import ToldProposal, Unit, Warranty
from hub.sdk.decision import Said
from hub.sdk.events import Event
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleDeleted, SaleRecorded, SaleReturned
from schemas.events.unit import OwnershipTransferred
from schemas.events.warranty import WarrantyRefused


class Warranties(msgspec.Struct, frozen=True, gc=False):
    """The answer to a sale or a registration."""

    warranties: tuple[Warranty, ...]


class Ended(msgspec.Struct, frozen=True, gc=False):
    """The answer to a return."""

    ended: tuple[str, ...]
    returned_on: date


class Proposed(msgspec.Struct, frozen=True, gc=False):
    """The answer where a change waits for whoever may decide it, or was settled."""

    proposal: ToldProposal


class Proved(msgspec.Struct, frozen=True, gc=False):
    """The answer to a proof that was offered or decided."""

    proof: ToldProof


class ChangedUnit(msgspec.Struct, frozen=True, gc=False):
    """A unit as a decision by hand left it."""

    warranty: str
    status: str
    ends_on: date
    ended_on: date | None


class Changed(msgspec.Struct, frozen=True, gc=False):
    """The answer to a change that was made."""

    changed: ChangedUnit

    @classmethod
    def of(cls, unit: Unit) -> "Changed":
        """What is told of a unit that was changed."""
        return cls(ChangedUnit(unit.id, unit.status, unit.ends_on, unit.ended_on))


class GrantedOverride(msgspec.Struct, frozen=True, gc=False):
    """An override that an allowance took; its warranty says what became of it."""

    id: str
    warranty: str
    policy_version: int


class Granted(msgspec.Struct, frozen=True, gc=False):
    """The answer to a request for an override."""

    override: GrantedOverride

    @classmethod
    def of(cls, override: str, warranty: str, version: int) -> "Granted":
        """What is told of a grant."""
        return cls(GrantedOverride(override, warranty, version))


class TransferTold(msgspec.Struct, frozen=True, gc=False):
    """A transfer as its sender is told of it, without anybody's name."""

    warranty: str
    reference: str
    transferred_on: date


class Transferred(msgspec.Struct, frozen=True, gc=False):
    """The answer to a transfer."""

    transfer: TransferTold

    @classmethod
    def of(cls, warranty: str, made: Transfer) -> "Transferred":
        """What is told of a transfer."""
        return cls(TransferTold(warranty, made.reference, made.day))


class AttachedTold(msgspec.Struct, frozen=True, gc=False):
    """Which warranty has the serial; `pending` until the home of that one has answered."""

    warranty: str
    serial: str
    status: str


class Attached(msgspec.Struct, frozen=True, gc=False):
    """The answer to a serial that was attached."""

    attached: AttachedTold


class MergedCustomer(msgspec.Struct, frozen=True, gc=False):
    """A customer, and who it is read as."""

    customer: str
    into: str | None


class Merged(msgspec.Struct, frozen=True, gc=False):
    """The answer to a merge of customers, and to its undoing."""

    merged: MergedCustomer

    @classmethod
    def of(cls, customer: str, into: str | None) -> "Merged":
        """What is told of it."""
        return cls(MergedCustomer(customer, into))


def warranty(unit: Unit, line: str | None) -> Warranty:
    """What the sender of that line is told of the unit."""
    return Warranty(line, unit.id, unit.serial, unit.starts_on, unit.ends_on, unit.status)


def refuse(event: Event, error: RejectedError) -> Said:
    """The fact that tells the world of a refusal."""
    fact = event.fact
    order = reference = branch = None
    if isinstance(fact, SaleRecorded | SaleReturned | SaleDeleted):
        order = fact.order
    if isinstance(fact, RegistrationRequested | SaleReturned | OwnershipTransferred):
        reference = fact.reference
    if isinstance(fact, SaleRecorded | SaleReturned | SaleDeleted | RegistrationRequested):
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
