"""What shows that a unit was bought: offered by whoever has it, accepted or refused by the merchant."""

from typing import ClassVar, Literal

from schemas.base import Fact
from schemas.events.parts import Actor
from schemas.events.policy import Why

State = Literal["offered", "accepted", "refused"]


class ProofOffered(Fact):
    """Somebody shows a receipt or names an invoice. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "proof.offered.v1"

    warranty: str
    media: str | None = None
    """A photo or paper that was sent."""
    invoice: str | None = None
    """The reference that stands on the invoice or receipt of a till."""
    why: str = ""
    """What whoever offers it says of it."""
    by: Actor


class ProofAccepted(Fact):
    """Whoever may says that it shows the purchase. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "proof.accepted.v1"

    proof: str
    why: Why
    by: Actor


class ProofRefused(Fact):
    """Whoever may says that it does not. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "proof.refused.v1"

    proof: str
    why: Why
    by: Actor


class ProofReceived(Fact):
    """A proof waits for whoever may decide it; one that names the order of the sale is accepted at once."""

    TYPE: ClassVar[str] = "proof.received.v1"

    warranty: str
    proof: str
    state: State
    media: str | None = None
    invoice: str | None = None
    by: Actor


class ProofDecided(Fact):
    """A proof was accepted or refused."""

    TYPE: ClassVar[str] = "proof.decided.v1"

    warranty: str
    proof: str
    state: State
    why: str
    by: Actor
