"""What people of a merchant decide of a warranty by hand, what they propose, and what that leads to."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from schemas.base import Fact
from schemas.events.parts import Actor, DecidedBy
from schemas.events.policy import Why
from schemas.money import Money

LEAST_REASON = 10
Reason = Annotated[
    str, StringConstraints(min_length=LEAST_REASON, max_length=1000, strip_whitespace=True)
]
Change = Literal["end", "reinstate"]


class StatusChangeRequested(Fact):
    """Somebody wants a warranty ended or reinstated. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "status_change.requested.v1"

    warranty: str
    change: Change
    why: Why
    by: Actor


class ProposalApproved(Fact):
    """Whoever may decides that it be done. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "proposal.approved.v1"

    proposal: str
    why: Why
    by: Actor


class ProposalDeclined(Fact):
    """Whoever may decides that it be left. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "proposal.declined.v1"

    proposal: str
    why: Why
    by: Actor


class OverrideRequested(Fact):
    """Somebody wants goodwill against the rule. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "override.requested.v1"

    warranty: str
    change: Literal["extend", "reinstate", "claim"]
    until: date | None = None
    """The last covered day of an extension."""
    claim: str | None = None
    """The claim of this warranty that is to be decided whatever blocks it."""
    amount: Money
    """What it may cost."""
    why: Reason
    by: Actor


class OverrideGranted(Fact):
    """Home to home: the allowance of a person takes this override; do it to your warranty."""

    TYPE: ClassVar[str] = "override.granted.v1"

    override: str
    asked_by: str
    """The home of the allowance."""
    warranty: str
    change: Literal["extend", "reinstate", "claim"]
    until: date | None = None
    claim: str | None = None
    amount: Money
    policy_version: int
    why: str
    by: Actor


class OverrideApplied(Fact):
    """Home to home: the override had its effect."""

    TYPE: ClassVar[str] = "override.applied.v1"

    override: str
    asked_by: str


class OverrideReturned(Fact):
    """Home to home: the override cannot have an effect, and counts against nobody."""

    TYPE: ClassVar[str] = "override.returned.v1"

    override: str
    asked_by: str
    code: str
    reason: str


class ProposalMade(Fact):
    """A change waits for the role that may decide it."""

    TYPE: ClassVar[str] = "proposal.made.v1"

    proposal: str
    warranty: str
    change: Change
    approver: str
    """The role that decides; the merchant's owner always may."""
    why: str
    by: Actor


class ProposalSettled(Fact):
    """A proposal was approved, and done, or declined."""

    TYPE: ClassVar[str] = "proposal.settled.v1"

    proposal: str
    warranty: str
    approved: bool
    why: str
    by: Actor


class WarrantyReinstated(Fact):
    """A warranty that had been ended by hand is covered again."""

    TYPE: ClassVar[str] = "warranty.reinstated.v1"

    warranty: str
    starts_on: date
    ends_on: date
    decided: DecidedBy


class WarrantyExtended(Fact):
    """A warranty is covered for longer than its rule says."""

    TYPE: ClassVar[str] = "warranty.extended.v1"

    warranty: str
    starts_on: date
    ends_on: date
    decided: DecidedBy
