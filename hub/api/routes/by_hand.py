"""Decisions by hand: status changes, proposals, and overrides of a rule."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems, proposals
from hub.api.acting import Act, acted, actor
from hub.api.at_warranty import Warranty, check_warranty
from hub.api.auth import Allowed
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.documents import ProposalDocument, ProposalPage
from hub.api.hand_bodies import Override, ProposalFilters, Settlement, StatusChange
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND
from hub.api.reading import read
from schemas.events.decided import (
    OverrideRequested,
    ProposalApproved,
    ProposalDeclined,
    StatusChangeRequested,
)
from schemas.money import Money
from schemas.refs import home, home_of

Changer = Annotated[Principal, Depends(Allowed(Permission.CHANGE_STATUS))]
Reader = Annotated[Principal, Depends(Allowed(Permission.READ_PROPOSAL))]
Decider = Annotated[Principal, Depends(Allowed(Permission.DECIDE_PROPOSAL))]
Overrider = Annotated[Principal, Depends(Allowed(Permission.USE_OVERRIDE))]
Proposal = Annotated[str, Path(pattern="^prp_[a-z2-7]{16}_[0-9]{1,9}$")]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    paths: tuple[tuple[str, Any, str, str, Any], ...] = (
        (
            "/v1/warranties/{warranty}/status",
            change_status,
            "End or reinstate a warranty, or propose it",
            "changeStatus",
            StatusChange,
        ),
        (
            "/v1/warranties/{warranty}/override",
            override_rule,
            "Extend or reinstate a warranty against the rule",
            "overrideRule",
            Override,
        ),
        (
            "/v1/proposals/{proposal}/approve",
            approve,
            "Approve a proposal",
            "approveProposal",
            Settlement,
        ),
        (
            "/v1/proposals/{proposal}/decline",
            decline,
            "Decline a proposal",
            "declineProposal",
            Settlement,
        ),
    )
    for path, route, summary, name, body in paths:
        app.post(
            path,
            tags=["decisions by hand"],
            summary=summary,
            operation_id=name,
            status_code=201,
            response_class=Response,
            responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
            openapi_extra=json_body(body, KEY),
        )(route)
    app.get(
        "/v1/proposals",
        tags=["decisions by hand"],
        summary="List proposals",
        operation_id="listProposals",
        response_class=Response,
        responses=answers({200: answered(ProposalPage, "A page, by id.")}, problems.INVALID),
    )(list_proposals)
    app.get(
        "/v1/proposals/{proposal}",
        tags=["decisions by hand"],
        summary="Read a proposal",
        operation_id="readProposal",
        response_class=Response,
        responses=answers(
            {200: answered(ProposalDocument, "As it stands.")},
            problems.NOT_FOUND,
            problems.INVALID,
        ),
    )(read_proposal)


async def change_status(request: Request, warranty: Warranty, caller: Changer) -> Response:
    """End or reinstate it where the map of setting up names your role, else propose it to whom it names."""
    await check_warranty(request, caller, warranty)

    async def read_act() -> Act:
        body = await read(request, StatusChange)
        fact = StatusChangeRequested(
            warranty=warranty, change=body.change, why=body.why, by=actor(caller)
        )
        return Act(fact, home_of(warranty), warranty)

    return await acted(request, caller, parts_of(request).asker, read_act)


async def override_rule(request: Request, warranty: Warranty, caller: Overrider) -> Response:
    """Extend or reinstate it for goodwill: within your allowance, with a reason, flagged for ever.

    What is granted has its effect a moment later; the warranty's history shows it, and an override
    that could have none counts against nobody.
    """
    await check_warranty(request, caller, warranty)

    async def read_act() -> Act:
        body = await read(request, Override)
        fact = OverrideRequested(
            warranty=warranty,
            change=body.change,
            until=body.until,
            amount=Money(amount=body.amount.amount, currency=body.amount.currency),
            why=body.why,
            by=actor(caller),
        )
        # Where the month is another by the time the event is made, the hub sends it on.
        place = home(caller.tenant, "allowance", fact.by.id, f"{datetime.now(UTC):%Y-%m}")
        return Act(fact, place, warranty)

    return await acted(request, caller, parts_of(request).asker, read_act)


async def approve(request: Request, proposal: Proposal, caller: Decider) -> Response:
    """Have it done, under your name. Nobody decides what he proposed himself."""
    return await _settle(request, proposal, caller, ProposalApproved)


async def decline(request: Request, proposal: Proposal, caller: Decider) -> Response:
    """Leave it as it is, and say why."""
    return await _settle(request, proposal, caller, ProposalDeclined)


async def _settle(
    request: Request,
    proposal: str,
    caller: Principal,
    model: type[ProposalApproved] | type[ProposalDeclined],
) -> Response:
    await _find(request, caller, proposal)

    async def read_act() -> Act:
        body = await read(request, Settlement)
        fact = model(proposal=proposal, why=body.why, by=actor(caller))
        return Act(fact, home_of(proposal), proposal)

    return await acted(request, caller, parts_of(request).asker, read_act)


async def list_proposals(
    request: Request, caller: Reader, filters: Annotated[ProposalFilters, Query()]
) -> Response:
    """List what waits for whoever may decide it, and what was settled."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found, cursor = await proposals.page(queries, filters.state, filters.cursor, filters.limit)
    body = ProposalPage(proposals=found, cursor=cursor).model_dump_json()
    return Response(body, media_type="application/json")


async def read_proposal(request: Request, proposal: Proposal, caller: Reader) -> Response:
    """Read who wants what changed and why, and how it was settled."""
    found = await _find(request, caller, proposal)
    return Response(found.model_dump_json(), media_type="application/json")


async def _find(request: Request, caller: Principal, proposal: str) -> ProposalDocument:
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await proposals.one(queries, proposal)
    if found is None:
        raise NOT_FOUND.error(f"you have no proposal {proposal}; look for it in /v1/proposals")
    return found
