"""A change by hand: done where the map names the role, else proposed to the role that it names."""

from datetime import datetime

from msgspec.structs import replace

from hub.domain.errors import reject
from hub.domain.policies.versions import policy_in_force
from hub.domain.setup import DEFAULT_MAP, OWNER, approver
from hub.processors.purchase.answers import Changed, Proposed
from hub.processors.purchase.deciding import change_unit, check_change
from hub.processors.purchase.draft import Draft
from hub.processors.purchase.hand import ask_map
from hub.processors.purchase.linking import unit_here
from hub.processors.purchase.state import PENDING, Proposal, Purchase, Unit
from hub.sdk.decision import Decision, Said
from hub.sdk.events import Event, Known, Outcome
from schemas.events.decided import (
    ProposalApproved,
    ProposalDeclined,
    ProposalMade,
    ProposalSettled,
    StatusChangeRequested,
)
from schemas.events.parts import Actor, DecidedBy
from schemas.policies.setup_map import SetupMapPolicy
from schemas.refs import home_of

AREA = "portal_status"


def _approver(event: Event, known: Known) -> str:
    """The role that decides now; the merchant's owner may always."""
    found = policy_in_force(known.policies(ask_map(event)), event.time)
    setup = SetupMapPolicy.model_validate_json(found.document) if found else DEFAULT_MAP
    return approver(setup, AREA)


def request(
    purchase: Purchase, event: Event, fact: StatusChangeRequested, known: Known
) -> Decision[Purchase]:
    """Change the status, or keep what is wanted for whoever may decide it."""
    row, unit = unit_here(purchase, fact.warranty)
    check_change(unit, fact.change)
    named = _approver(event, known)
    draft = Draft()
    if fact.by.role in {named, OWNER}:
        decided = DecidedBy(by=fact.by, why=fact.why)
        changed = change_unit(draft, unit, fact.change, decided, event.time.date())
        return draft.decision(purchase, row, _answer(changed))
    for known_one in purchase.proposals.values():
        if _same(known_one, fact):
            return Decision(purchase, Outcome.DEDUPLICATED, Proposed(known_one.told))
    proposal = _proposal(purchase, event, fact, named)
    draft.proposals[proposal.id] = proposal
    made = ProposalMade(
        proposal=proposal.id,
        warranty=unit.id,
        change=fact.change,
        approver=named,
        why=fact.why,
        by=fact.by,
    )
    draft.said.append(Said(made, unit.id))
    return draft.decision(purchase, row, Proposed(proposal.told))


def _same(one: Proposal, fact: StatusChangeRequested) -> bool:
    wanted = (one.warranty, one.change, one.by_id)
    return one.state == PENDING and wanted == (fact.warranty, fact.change, fact.by.id)


def _proposal(
    purchase: Purchase, event: Event, fact: StatusChangeRequested, named: str
) -> Proposal:
    number = len(purchase.proposals) + 1
    return Proposal(
        id=f"prp_{home_of(fact.warranty)}_{number}",
        number=number,
        state=PENDING,
        warranty=fact.warranty,
        change=fact.change,
        approver=named,
        why=fact.why,
        by_kind=fact.by.kind,
        by_id=fact.by.id,
        by_role=fact.by.role,
        made_at=event.time,
        event=event.id,
    )


def decide_proposal(
    purchase: Purchase, event: Event, fact: ProposalApproved | ProposalDeclined, known: Known
) -> Decision[Purchase]:
    """Do what was proposed, or leave it; nobody decides his own proposal."""
    proposal = purchase.proposals.get(fact.proposal)
    if proposal is None or purchase.row is None:
        raise reject("unknown_proposal", f"there is no proposal {fact.proposal!r}")
    approved = isinstance(fact, ProposalApproved)
    state = "approved" if approved else "declined"
    if proposal.state != PENDING:
        if (proposal.state, proposal.settled_by) == (state, fact.by.id):
            return Decision(purchase, Outcome.DEDUPLICATED, Proposed(proposal.told))
        raise reject("already_settled", f"proposal {proposal.id} was {proposal.state} already")
    _check_decider(proposal, fact.by, _approver(event, known))
    draft = Draft()
    unit = purchase.units[proposal.warranty]
    if approved:
        _apply(draft, unit, proposal, fact, event.time)
    settled = replace(
        proposal, state=state, settled_by=fact.by.id, settled_at=event.time, settled_why=fact.why
    )
    draft.proposals[settled.id] = settled
    told = ProposalSettled(
        proposal=settled.id, warranty=unit.id, approved=approved, why=fact.why, by=fact.by
    )
    draft.said.append(Said(told, unit.id))
    return draft.decision(purchase, purchase.row, Proposed(settled.told))


def _check_decider(proposal: Proposal, by: Actor, named: str) -> None:
    if by.id == proposal.by_id:
        message = "whoever proposed it cannot decide it; ask somebody else who may"
        raise reject("own_proposal", message)
    if by.role not in {named, OWNER}:
        raise reject("not_named", f"a {named} decides this, or the owner; not a {by.role}")


def _apply(
    draft: Draft,
    unit: Unit,
    proposal: Proposal,
    fact: ProposalApproved | ProposalDeclined,
    at: datetime,
) -> None:
    """Under the name of whoever approved it; the proposal says whose wish it was."""
    check_change(unit, proposal.change)
    decided = DecidedBy(by=fact.by, why=proposal.why, proposal=proposal.id)
    change_unit(draft, unit, proposal.change, decided, at.date())


def _answer(unit: Unit) -> Changed:
    return Changed.of(unit)
