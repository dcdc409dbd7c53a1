"""What can be delivered to. A new kind is one file with a `Destination`, named in `kinds.py` and where it is built."""

from dataclasses import dataclass
from typing import Protocol

from hub.delivery.bodies import Payload
from hub.delivery.schedule import Answer
from hub.delivery.secrets import Secret
from schemas.policies.parts import Locale


@dataclass(frozen=True, slots=True)
class Receiver:
    """An endpoint, as much of it as a destination needs."""

    id: str
    tenant: str
    version: int
    kind: str
    address: str
    payload: Payload
    at_once: int
    timeout: float
    secrets: tuple[Secret, ...]
    """The live ones, newest first."""
    locale: Locale = "en"
    """In which people are written to."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One attempt to make."""

    delivery: int
    attempt: int
    event: str
    """Its id; the same for every attempt."""
    body: str
    """The CloudEvent, whole."""
    traceparent: str | None


class Destination(Protocol):
    """Takes parcels of one kind to where they are wanted."""

    def check(self, address: str) -> None:
        """Raise ForbiddenError where an address is not one of this kind."""

    async def send(self, receiver: Receiver, parcel: Parcel) -> Answer:
        """Make one attempt, within the receiver's timeout; whatever goes wrong is an answer."""

    async def aclose(self) -> None:
        """Hang up."""
