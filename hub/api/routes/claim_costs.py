"""What a claim costs and brings back: posted, verified, never edited."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Path
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import claim_telling, problems
from hub.api.acting import Act, acted, actor
from hub.api.asking import asked
from hub.api.at_claim import ClaimPath, the_claim
from hub.api.auth import Allowed
from hub.api.claim_documents import Costs
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.effect_bodies import PostedCost
from hub.api.hand_bodies import Settlement
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND
from hub.api.reading import read
from hub.api.submission import Report, reported, traceparent_of
from hub.ledger.submit import Submission
from hub.telemetry.logging import presentable
from schemas.events.claim import CostPosted, CostVerified
from schemas.money import Money
from schemas.refs import home_of

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_CLAIM))]
Poster = Annotated[Principal, Depends(Allowed(Permission.POST_COST))]
Verifier = Annotated[Principal, Depends(Allowed(Permission.VERIFY_COST))]
Posting = Annotated[str, Path(pattern="^[1-9][0-9]{0,5}$")]
OF_ONE = "/v1/claims/{claim}/costs"


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        OF_ONE,
        tags=["claims"],
        summary="Read what a claim costs",
        operation_id="listCosts",
        response_class=Response,
        responses=answers(
            {200: answered(Costs, "Every posting, in order.")}, problems.NOT_FOUND, problems.INVALID
        ),
    )(list_costs)
    for path, route, summary, name, body in (
        (OF_ONE, post_cost, "Post what a claim costs", "postCost", PostedCost),
        (
            f"{OF_ONE}/{{posting}}/verify",
            verify,
            "Say that a posting is right",
            "verifyCost",
            Settlement,
        ),
    ):
        app.post(
            path,
            tags=["claims"],
            summary=summary,
            operation_id=name,
            status_code=201,
            response_class=Response,
            responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
            openapi_extra=json_body(body, KEY),
        )(route)


async def list_costs(request: Request, claim: ClaimPath, caller: Reader) -> Response:
    """Read each posting with its source, who posted it, who verified it, and what corrects it."""
    known, _ = await the_claim(request, caller, claim)
    found = claim_telling.costs(known)
    return Response(found.model_dump_json(), media_type="application/json")


async def post_cost(request: Request, claim: ClaimPath, caller: Poster) -> Response:
    """Post an amount under your own reference, where it counts once. What was wrong is corrected by another one."""
    await the_claim(request, caller, claim)

    async def make(key: str) -> Submission:
        body = await read(request, PostedCost)
        fact = CostPosted(
            claim=claim,
            reference=body.reference,
            kind=body.kind,
            amount=Money(**body.amount.model_dump()),
            corrects=body.corrects,
            why=presentable(body.why),
        )
        report = Report("costs", fact, datetime.now(UTC), home_of(claim))
        return reported(report, caller, f"{claim}/{key}", traceparent_of(request))

    return await asked(request, parts_of(request).asker, make)


async def verify(
    request: Request, claim: ClaimPath, posting: Posting, caller: Verifier
) -> Response:
    """Say that you have checked it. Nobody verifies what he posted himself."""
    known, _ = await the_claim(request, caller, claim)
    if posting not in {one.id for one in known.costs}:
        detail = f"claim {claim} has no posting {posting}; /v1/claims/{claim}/costs lists those there are"
        raise NOT_FOUND.error(detail)

    async def read_act() -> Act:
        body = await read(request, Settlement)
        fact = CostVerified(claim=claim, posting=posting, why=body.why, by=actor(caller))
        return Act(fact, home_of(claim), f"{claim}/{posting}")

    return await acted(request, caller, parts_of(request).asker, read_act)
