"""What a merchant's people lay down, and what the hub makes of it."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from schemas.base import Fact, Name
from schemas.events.parts import Actor, Instant
from schemas.events.warranty import Refusal

PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,62}$")]
Why = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class PolicyPublished(Fact):
    """A new version of a policy was written. Believed only from a door that had `by` prove himself."""

    TYPE: ClassVar[str] = "policy.published.v1"

    name: PolicyName
    document: dict[str, Any]
    effective_from: Instant | None = None
    """Never in the past; at the moment of the event where absent."""
    expects_version: Annotated[int, Field(ge=0)] | None = None
    """The version its author has seen, 0 for none: somebody else's is not replaced unseen."""
    why: Why
    by: Actor


class GoLiveRequested(Fact):
    """A merchant wants to begin. Believed only from a door that had `by` prove himself."""

    TYPE: ClassVar[str] = "tenant.go_live_requested.v1"

    why: Why
    by: Actor


class PolicyAccepted(Fact):
    """A version stands, and from `effective_from` on it counts."""

    TYPE: ClassVar[str] = "policy.accepted.v1"

    policy: str
    name: PolicyName
    version: int
    effective_from: Instant
    hash: str
    document: dict[str, Any]
    why: str
    by: Actor


class TenantWentLive(Fact):
    """Everything that has to be settled before a merchant begins was."""

    TYPE: ClassVar[str] = "tenant.went_live.v1"

    why: str
    by: Actor
    policies: dict[str, int]
    """The version of each that was in force."""


class CatalogRefused(Fact):
    """What was laid down was refused as a whole; each reason says where."""

    TYPE: ClassVar[str] = "catalog.refused.v1"

    event: str
    """The id of the event that was refused."""
    event_type: str
    connector: str
    reasons: tuple[Refusal, ...]
    name: Name | None = None
