"""What somebody did, as the line of its decision tells it: the door vouched for who he is."""

from typing import Any, NamedTuple

import msgspec

from hub.ledger.entries import NO_BODY, Entry
from schemas.events.claim import (
    ApprovalGiven,
    ClaimClosed,
    CostVerified,
    DenialGiven,
    EvidenceSettled,
    NoteWritten,
    QuestionAsked,
    ReviewBegun,
)
from schemas.events.customer import CustomerMergeRequested, CustomerMergeUndone
from schemas.events.decided import (
    OverrideRequested,
    ProposalApproved,
    ProposalDeclined,
    ProposalMade,
    StatusChangeRequested,
)
from schemas.events.policy import GoLiveRequested, PolicyPublished
from schemas.events.proof import ProofAccepted, ProofOffered, ProofRefused

APPLIED = "applied"
SETTLED = frozenset({APPLIED, "rejected", "deduplicated"})
"""Whatever was decided of it. What no door vouched for never is."""
ACTIONS = {
    PolicyPublished.TYPE: "policy:published",
    GoLiveRequested.TYPE: "tenant:went_live",
    StatusChangeRequested.TYPE: "status:changed",
    ProposalApproved.TYPE: "proposal:approved",
    ProposalDeclined.TYPE: "proposal:declined",
    OverrideRequested.TYPE: "override:used",
    ProofOffered.TYPE: "proof:offered",
    ProofAccepted.TYPE: "proof:accepted",
    ProofRefused.TYPE: "proof:refused",
    CustomerMergeRequested.TYPE: "customer:merged",
    CustomerMergeUndone.TYPE: "customer:unmerged",
    ReviewBegun.TYPE: "claim:reviewed",
    QuestionAsked.TYPE: "claim:asked",
    NoteWritten.TYPE: "claim:noted",
    EvidenceSettled.TYPE: "claim:evidence_settled",
    ApprovalGiven.TYPE: "claim:approved",
    DenialGiven.TYPE: "claim:denied",
    ClaimClosed.TYPE: "claim:closed",
    CostVerified.TYPE: "cost:verified",
}
"""What an act that was done is called."""
PROPOSED = "status:proposed"


class Act(NamedTuple):
    """Who did what, and why; `action` is empty where it was not done, or was done before."""

    kind: str
    who: str
    role: str
    why: str
    subject: str
    action: str = ""


class By(msgspec.Struct, gc=False):
    """Whoever did it."""

    kind: str
    id: str
    role: str


class Told(msgspec.Struct, gc=False):
    """What all of these facts have, and by what each names what it was done to."""

    by: By
    why: str = ""
    name: str | None = None
    claim: str | None = None
    warranty: str | None = None
    proposal: str | None = None
    proof: str | None = None
    customer: str | None = None


_told: Any = msgspec.json.Decoder(Told).decode


def act_of(one: Entry) -> Act | None:
    """The act whose decision this line is; None where it is none."""
    action = ACTIONS.get(one.type)
    if action is None or one.outcome not in SETTLED or bytes(one.body) == bytes(NO_BODY):
        return None
    told: Told = _told(one.body)
    names = (told.claim, told.warranty, told.proposal, told.proof, told.customer)
    named = told.name or next(filter(None, names), None)
    subject = named or one.tenant
    if any(said.type == ProposalMade.TYPE for said in one.said):
        action = PROPOSED
    done = action if one.outcome == APPLIED else ""
    return Act(told.by.kind, told.by.id, told.by.role, told.why, subject, done)
