"""What is noticed of customers, and what people of a merchant decide of them. No value of theirs."""

from typing import ClassVar, Literal

from schemas.base import Fact, Name
from schemas.events.parts import Actor, Instant
from schemas.events.policy import Why


class CustomerNoticed(Fact):
    """Home to home: somebody gave your customer another name, or a phone that is another customer's."""

    TYPE: ClassVar[str] = "customer.noticed.v1"

    customer: str
    code: Literal["customer_name_differs", "contact_conflict"]
    at: Instant
    event: str
    connector: Name
    contact: str
    """Where what was given is kept; never the contact itself."""
    other: str | None = None
    """Whose phone it is."""


class CustomerMergeRequested(Fact):
    """Somebody says that two customers are one. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "customer_merge.requested.v1"

    customer: str
    into: str
    """Who stays."""
    why: Why
    by: Actor


class CustomerMergeUndone(Fact):
    """Somebody says that they are two after all. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "customer_merge.undone.v1"

    customer: str
    why: Why
    by: Actor


class CustomerMerged(Fact):
    """Two customers are read as one from now on; what was decided of either stays as it is."""

    TYPE: ClassVar[str] = "customer.merged.v1"

    customer: str
    into: str
    why: str
    by: Actor


class CustomerUnmerged(Fact):
    """Two customers who were read as one are two again."""

    TYPE: ClassVar[str] = "customer.unmerged.v1"

    customer: str
    into: str
    """Who it was read as."""
    why: str
    by: Actor
