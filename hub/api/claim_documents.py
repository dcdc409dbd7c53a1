"""What is told of a claim and of what it led to."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from hub.api.documents import Document
from hub.api.effect_bodies import EffectState
from schemas.events.claim import CostKind, Denial, Kind, State
from schemas.policies.parts import Locale

ClaimId = Annotated[str, Field(pattern="^clm_[a-z2-7]{16}_[0-9]+$")]
EffectId = Annotated[str, Field(pattern="^eff_[a-z2-7]{16}_[0-9]+$")]


class Doer(Document):
    """Who did something: somebody of staff, a key, a source, or the hub by a rule."""

    kind: str
    id: str
    role: str


class Sum(Document):
    """Minor units: 1999 is 19.99 EUR, and 1999 JPY."""

    amount: int
    currency: str


class ClaimLine(Document):
    """A claim as it stands."""

    id: ClaimId
    state: State
    """`staged`: something it needs is missing. `awaiting_info`: a question to the customer is open."""
    open: bool
    """Whether it is still to be decided."""
    warranty: str
    issue: str
    product: str
    """Its code; else brand and name."""
    branch: str | None
    claimant: str | None
    """Who claims, by reference; never a name or an address."""
    source: str
    """Whose reference it is."""
    reference: str | None
    filed_at: datetime
    incident_on: date | None
    missing: list[str]
    """Evidence that is required and not there."""
    blocked: list[str]
    """Why it cannot be decided as it is."""
    flags: list[str]
    """What whoever decides should know."""
    version: int


class ClaimPage(Document):
    """Some claims, by id; in the order of filing where that was asked for."""

    claims: list[ClaimLine]
    cursor: str | None
    """Give it back as `cursor` for the next page; null at the end."""


class ClaimMove(Document):
    """That a claim came to a state."""

    before: State | None
    after: State
    at: datetime
    by: Doer
    reason: str | None
    """A code: what is missing, or why it was denied."""
    why: str
    event: str
    trace: str
    """Where the whole way of this event can be read."""


class ClaimPiece(Document):
    """A piece of evidence that was shown with the claim."""

    id: str
    """Its number in the claim."""
    kind: str
    value: str | None
    """A file, reference, serial or day; null for words, which stand in `said`."""
    by: Doer
    at: datetime
    withdrawn_by: Doer | None
    withdrawn_why: str
    event: str
    trace: str


class ClaimWords(Document):
    """What somebody wrote. Personal data: never kept by a cache."""

    kind: str
    """description, question, answer, or note, which is internal and never leaves."""
    text: str | None
    """Null where it was erased."""
    by: Doer
    at: datetime
    event: str
    trace: str


class GrantedThing(Document):
    """One thing that an approval leads to."""

    kind: Kind
    amount: Sum | None


class ClaimApproval(Document):
    """That somebody approves: enough by itself, or the first of two."""

    by: Doer
    at: datetime
    why: str
    granted: list[GrantedThing]
    partial: bool


class RuleUsed(Document):
    """Which version of a policy was applied, and what it came to."""

    policy: str
    version: int
    rule: str
    """The part of the document that fitted."""
    outcome: str


class ClaimVerdict(Document):
    """What was decided, by whom or by which rule, and why."""

    state: State
    at: datetime
    by: Doer
    why: str
    granted: list[GrantedThing]
    reason: Denial | None
    ruled: list[RuleUsed]
    approvals: list[ClaimApproval]
    """Of everybody who approved, where it took two."""
    override: str | None


class ClaimAllowance(Document):
    """An override by which it may be decided whatever blocks it."""

    id: str
    by: Doer
    at: datetime
    why: str
    amount: Sum | None
    """What it may cost."""


class ClaimWeighing(Document):
    """What rules looked at and said."""

    at: datetime
    event: str
    inputs: dict[str, Any]
    ruled: list[RuleUsed]
    missing: list[str]
    blocked: list[str]
    flags: list[str]
    then: str


class CustomerIsTold(Document):
    """What the customer reads: where the claim stands, what comes next, and how long it takes."""

    locale: Locale
    status: str
    next_step: str
    expected: str


class EffectChange(Document):
    """What was told of an effect."""

    state: EffectState
    stage: str | None
    at: datetime
    by: Doer
    why: str
    event: str
    trace: str


class EffectDocument(Document):
    """Something that a decision asked of somebody outside, once."""

    id: EffectId
    claim: ClaimId
    warranty: str
    kind: Kind
    state: EffectState
    """`waiting`: for stock, before anything is asked of anybody."""
    stage: str | None
    """Of a repair: received, diagnosed, repaired or sent back."""
    amount: Sum | None
    product: str
    serial: str | None
    supplier: str | None
    branch: str | None
    reference: str | None
    """Of whoever does it."""
    reason: str | None
    """Why it failed."""
    replaced_by: str | None
    """The warranty of the new unit."""
    new_serial: str | None
    asked_at: datetime
    changes: list[EffectChange]


class EffectPage(Document):
    """Some effects, by id."""

    effects: list[EffectDocument]
    cursor: str | None


class CostVerification(Document):
    """That somebody else than who posted it found it right."""

    by: Doer
    at: datetime
    why: str


class CostPosting(Document):
    """What a claim cost, or below zero, brought back. Never edited; a correction is another one."""

    id: str
    kind: CostKind
    amount: Sum
    source: str
    reference: str
    by: Doer
    at: datetime
    why: str
    corrects: str | None
    corrected_by: list[str]
    """The postings that correct this one."""
    effect: str | None
    """What it was for."""
    verified: list[CostVerification]
    event: str
    trace: str


class Costs(Document):
    """Everything that was posted of a claim."""

    claim: ClaimId
    sums: list[Sum]
    """Of all postings, corrections among them, by currency."""
    postings: list[CostPosting]


class ClaimDocument(ClaimLine):
    """A claim with everything that led to where it stands."""

    serial: str | None
    preferred: Kind | None
    expires_at: datetime | None
    """When it is closed, if what is missing has not come by then."""
    history: list[ClaimMove]
    pieces: list[ClaimPiece]
    said: list[ClaimWords]
    """Notes among them only for whoever may explain claims."""
    approvals: list[ClaimApproval]
    """The first of two, until the second decides."""
    verdict: ClaimVerdict | None
    override: ClaimAllowance | None
    effects: list[EffectDocument]
    costs: list[Sum]
    """The sum of its postings, by currency."""
    customer: CustomerIsTold
