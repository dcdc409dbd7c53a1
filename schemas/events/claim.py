"""What is told of a claim, what people decide of it, and what became of it."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Fact, Name, Part
from schemas.events.parts import Actor, Contact, DecidedBy, Instant, Product, Serial, Zone
from schemas.events.policy import Why
from schemas.money import Money

State = Literal[
    "staged",
    "submitted",
    "under_review",
    "awaiting_info",
    "approved",
    "partially_approved",
    "denied",
    "resolved",
    "cancelled",
]
"""`staged`: something it needs is missing. `awaiting_info`: a question to the customer is open."""
Kind = Literal["replacement", "repair", "refund", "supplier_recovery", "write_off"]
"""What a claim may lead to; several of them at once."""
Denial = Literal[
    "expired",
    "not_begun",
    "cover_ended",
    "not_covered",
    "excluded",
    "customer_damage",
    "no_defect",
    "unauthorised_repair",
    "wrong_owner",
    "no_warranty",
    "too_late",
    "duplicate",
    "evidence_missing",
    "other",
]
"""Why a claim is denied, as a code that other systems can act on."""
Reported = Literal[
    "acknowledged", "received", "diagnosed", "repaired", "sent_back", "done", "failed"
]
"""What the other side says of an effect; `received` to `sent_back` are stages of a repair."""
CostKind = Literal[
    "parts", "labour", "shipping", "replacement", "refund", "recovery", "write_off", "other"
]

Issue = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
"""A code of the policy `issue_types`."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=5000, strip_whitespace=True)]
"""What somebody wrote. Personal data: it leaves the event before any decision is made."""
Media = Annotated[str, StringConstraints(pattern=r"^med_[0-9a-f]{32}$")]
Photos = Annotated[tuple[Media, ...], Field(max_length=50)]
Amount = Annotated[int, Field(ge=0, le=10**15)]


class ClaimFiled(Fact):
    """Somebody has trouble with a unit: a new claim, or more of one that its source told before.

    What is left out of a later one stays as it was. Without a reference it is always a new claim.
    """

    TYPE: ClassVar[str] = "claim.filed.v1"
    SPEAKS: ClassVar[bool] = True

    warranty: str | None = None
    serial: Serial | None = None
    """Where the warranty is not known by its id."""
    source: Name | None = None
    """Whose reference it is, where that is not the source of the event."""
    reference: Name | None = None
    issue: Issue | None = None
    """A new claim has one."""
    filed_at: Instant
    zone: Zone
    incident_on: date | None = None
    """The day that decides about cover, in the merchant's zone."""
    preferred: Kind | None = None
    photos: Photos = ()
    invoice: Name | None = None
    """The reference that stands on the invoice or receipt of a till."""
    customer: Contact | None = None
    words: Words | None = None
    """What happened."""

    def speaks_of(self, source: str) -> str | None:
        """The claim of that source: what is told of it again in the same words is nothing new."""
        return f"claim/{self.source or source}/{self.reference}" if self.reference else None


class OfClaim(Fact):
    """Something that is said about a claim that is known."""

    claim: str

    def speaks_of(self, source: str) -> str | None:  # noqa: ARG002 - whoever says it
        """The claim."""
        return self.claim


class ClaimEvidenceAdded(OfClaim):
    """Something that a claim lacked, from whichever system."""

    TYPE: ClassVar[str] = "claim.evidence_added.v1"
    SPEAKS: ClassVar[bool] = True

    photos: Photos = ()
    invoice: Name | None = None
    serial: Serial | None = None
    incident_on: date | None = None
    words: Words | None = None
    """A description, where there was none."""


class ClaimAnswered(OfClaim):
    """The customer's answer to what was asked."""

    TYPE: ClassVar[str] = "claim.answered.v1"
    SPEAKS: ClassVar[bool] = True

    photos: Photos = ()
    words: Words | None = None


class ClaimWithdrawn(Fact):
    """Whoever filed it does not pursue it."""

    TYPE: ClassVar[str] = "claim.withdrawn.v1"

    claim: str
    why: Why


class EffectReported(Fact):
    """What the other side says of something that a decision asked of it."""

    TYPE: ClassVar[str] = "effect.reported.v1"

    effect: str
    state: Reported
    reference: Name | None = None
    """Theirs: an order, a ticket, a credit note."""
    serial: Serial | None = None
    """Of the unit that replaces the old one."""
    cost: Money | None = None
    """What it has cost so far, posted to the claim under this effect."""
    why: Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)] = ""


class CostPosted(Fact):
    """What a claim costs or brings back; never edited, only corrected by another one."""

    TYPE: ClassVar[str] = "cost.posted.v1"

    claim: str
    reference: Name
    """The source's own: under it, the posting counts once."""
    kind: CostKind
    amount: Money
    """Below zero is what comes back."""
    corrects: str | None = None
    """The posting that this one corrects."""
    why: Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)] = ""


class ReviewBegun(Fact):
    """Somebody takes a submitted claim. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "claim_review.begun.v1"

    claim: str
    why: str = ""
    by: Actor


class Wanted(Part):
    """One thing that an approval leads to, and what it may cost."""

    kind: Kind
    amount: Money | None = None


class ApprovalGiven(Fact):
    """Somebody approves a claim. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "claim_approval.given.v1"

    claim: str
    resolutions: Annotated[tuple[Wanted, ...], Field(max_length=10)] = ()
    partial: bool = False
    """Less than was asked for; `why` says what is left out."""
    why: Why
    by: Actor
    notify_customer: bool | None = None
    """False where the customer is to hear nothing of it from the hub; else he does."""


class DenialGiven(Fact):
    """Somebody denies a claim. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "claim_denial.given.v1"

    claim: str
    reason: Denial
    why: Why
    """For the merchant's people; what the customer reads follows from the reason."""
    by: Actor
    notify_customer: bool | None = None
    """False where the customer is to hear nothing of it from the hub; else he does."""


class QuestionAsked(OfClaim):
    """Somebody asks the customer for more. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "claim_question.asked.v1"
    SPEAKS: ClassVar[bool] = True

    words: Words | None = None
    why: str = ""
    by: Actor
    notify_customer: bool | None = None
    """False where the customer is to hear nothing of it from the hub; else he does."""


class NoteWritten(OfClaim):
    """An internal note, which never leaves. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "claim_note.written.v1"
    SPEAKS: ClassVar[bool] = True

    words: Words | None = None
    why: str = ""
    by: Actor


class EvidenceSettled(Fact):
    """Somebody withdraws what a claim rests on, or takes it back in. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "claim_evidence.settled.v1"

    claim: str
    piece: str
    """By its number in the claim."""
    good: bool
    why: Why
    by: Actor


class ClaimClosed(Fact):
    """Nothing is left to be done. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "claim_closing.given.v1"

    claim: str
    why: Why
    by: Actor


class CostVerified(Fact):
    """Somebody else than who posted it says that it is right. Believed only where a door vouches for him."""

    TYPE: ClassVar[str] = "cost_verification.given.v1"

    claim: str
    posting: str
    why: Why
    by: Actor


class ClaimStirred(Fact):
    """Home to itself: something about the unit of a claim has changed; look at the claim again."""

    TYPE: ClassVar[str] = "claim.stirred.v1"

    claim: str
    warranty: str


class StockSeen(Fact):
    """Home to home: a movement of a unit was told that a claim waits for."""

    TYPE: ClassVar[str] = "stock.seen.v1"

    claim: str
    movement: str


class StockWanted(Fact):
    """Home to home: set a unit of your product aside, if one can be promised."""

    TYPE: ClassVar[str] = "stock.wanted.v1"

    effect: str
    product: Name
    """By its key."""


class StockReleased(Fact):
    """Home to home: what was promised has left the stock, or is not needed."""

    TYPE: ClassVar[str] = "stock.released.v1"

    effect: str
    product: Name


class StockPromised(Fact):
    """Home to home: a unit is set aside for your effect."""

    TYPE: ClassVar[str] = "stock.promised.v1"

    effect: str
    left: int
    """How many more could be promised."""


class StockShort(Fact):
    """Home to home: none can be promised."""

    TYPE: ClassVar[str] = "stock.short.v1"

    effect: str
    known: bool
    """Whether anything is known of its stock at all."""


class UnitReplaced(Fact):
    """Home to home: this unit takes the place of mine, for the rest of its term."""

    TYPE: ClassVar[str] = "unit.replaced.v1"

    effect: str
    warranty: str
    """The old one."""
    product: Name
    """By its key."""
    goods: Product
    """The same as it is told to the world."""
    serial: Serial | None = None
    replaced_on: date
    ends_on: date
    branch: Name | None = None
    customer: str | None = None
    """A reference."""
    price: Money | None = None
    """What was paid for the old one: no more is paid back for the new one."""


class ReplacementTaken(Fact):
    """Home to home: it is covered as this warranty."""

    TYPE: ClassVar[str] = "replacement.taken.v1"

    effect: str
    warranty: str
    """The new one."""


class ReplacementRefused(Fact):
    """Home to home: it cannot take the place of yours."""

    TYPE: ClassVar[str] = "replacement.refused.v1"

    effect: str
    code: str
    reason: str


class ClaimMoved(Fact):
    """A claim came to a new state. One of these is told for each real transition, none for anything else."""

    claim: str
    warranty: str
    before: State | None = None
    """None where it is new."""
    issue: str
    reason: str | None = None
    """A code: what is missing, or why it was denied."""
    missing: tuple[str, ...] = ()
    source: Name
    reference: Name | None = None
    product: str | None = None
    branch: Name | None = None
    customer: str | None = None
    """A contact reference, never the contact itself."""
    resolutions: tuple[Wanted, ...] = ()
    ruled_by: tuple[str, int] | None = None
    """The policy and its version by which the hub decided, where no person did."""
    decided: DecidedBy | None = None
    supplier: Name | None = None
    """By the code that the catalogue had for its product when the claim was filed."""
    notify_customer: bool | None = None
    """False where whoever decided wants the customer to hear nothing of it from the hub."""


class ClaimStaged(ClaimMoved):
    """It waits for what it lacks."""

    TYPE: ClassVar[str] = "claim.staged.v1"


class ClaimSubmitted(ClaimMoved):
    """It has all it needs and waits to be looked at."""

    TYPE: ClassVar[str] = "claim.submitted.v1"


class ClaimUnderReview(ClaimMoved):
    """Somebody, or a rule, looks at it."""

    TYPE: ClassVar[str] = "claim.under_review.v1"


class ClaimAwaitingInfo(ClaimMoved):
    """A question to the customer is open."""

    TYPE: ClassVar[str] = "claim.awaiting_info.v1"


class ClaimApproved(ClaimMoved):
    """What was asked for is granted."""

    TYPE: ClassVar[str] = "claim.approved.v1"


class ClaimPartiallyApproved(ClaimMoved):
    """A part of what was asked for is granted."""

    TYPE: ClassVar[str] = "claim.partially_approved.v1"


class ClaimDenied(ClaimMoved):
    """Nothing is granted."""

    TYPE: ClassVar[str] = "claim.denied.v1"


class ClaimResolved(ClaimMoved):
    """Everything it led to is done."""

    TYPE: ClassVar[str] = "claim.resolved.v1"


class ClaimCancelled(ClaimMoved):
    """It was withdrawn, or what it lacked never came."""

    TYPE: ClassVar[str] = "claim.cancelled.v1"


class ClaimReminded(Fact):
    """A claim still lacks evidence: whoever filed it is to be reminded."""

    TYPE: ClassVar[str] = "claim.reminded.v1"

    claim: str
    warranty: str
    missing: tuple[str, ...]
    expires_at: Instant | None = None
    """When it ends unless the evidence comes."""
    source: Name
    reference: Name | None = None
    branch: Name | None = None
    customer: str | None = None
    """A contact reference, never the contact itself."""
    supplier: Name | None = None
    """By the code that the catalogue had for its product when the claim was filed."""


MOVED: dict[State, type[ClaimMoved]] = {
    "staged": ClaimStaged,
    "submitted": ClaimSubmitted,
    "under_review": ClaimUnderReview,
    "awaiting_info": ClaimAwaitingInfo,
    "approved": ClaimApproved,
    "partially_approved": ClaimPartiallyApproved,
    "denied": ClaimDenied,
    "resolved": ClaimResolved,
    "cancelled": ClaimCancelled,
}
"""What is told of each state that a claim comes to."""


class EffectAsked(Fact):
    """A decision asks something of somebody outside, once. `effect` is its key for ever."""

    effect: str
    claim: str
    warranty: str
    amount: Money | None = None
    product: str
    serial: Serial | None = None
    supplier: Name | None = None
    branch: Name | None = None
    customer: str | None = None
    """A contact reference, never the contact itself."""


class ReplacementRequested(EffectAsked):
    """Send the customer another unit; one is set aside for it."""

    TYPE: ClassVar[str] = "replacement.requested.v1"


class RepairRequested(EffectAsked):
    """Open a ticket at the service centre."""

    TYPE: ClassVar[str] = "repair.requested.v1"


class RefundPrepared(EffectAsked):
    """So much is to be paid back; it is held until somebody who pays acknowledges it."""

    TYPE: ClassVar[str] = "refund.prepared.v1"


class RecoveryRequested(EffectAsked):
    """Claim it from the supplier."""

    TYPE: ClassVar[str] = "recovery.requested.v1"


class WriteOffRecorded(EffectAsked):
    """The merchant bears it."""

    TYPE: ClassVar[str] = "write_off.recorded.v1"


ASKED: dict[Kind, type[EffectAsked]] = {
    "replacement": ReplacementRequested,
    "repair": RepairRequested,
    "refund": RefundPrepared,
    "supplier_recovery": RecoveryRequested,
    "write_off": WriteOffRecorded,
}
"""What is told of each kind of effect when it is asked for."""


class EffectChanged(Fact):
    """The other side took an effect on, came further with it, did it, or could not."""

    TYPE: ClassVar[str] = "effect.changed.v1"

    effect: str
    claim: str
    warranty: str
    kind: Kind
    state: Literal["acknowledged", "done", "failed"]
    stage: str | None = None
    """Of a repair: received, diagnosed, repaired or sent back."""
    reference: Name | None = None
    reason: str | None = None
    replaced_by: str | None = None
    """The warranty of the new unit."""
    branch: Name | None = None
    supplier: Name | None = None


class CostRecorded(Fact):
    """A posting stands in a claim."""

    TYPE: ClassVar[str] = "cost.recorded.v1"

    claim: str
    posting: str
    kind: CostKind
    amount: Money
    corrects: str | None = None
    connector: Name
    branch: Name | None = None
