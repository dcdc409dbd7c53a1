"""What decisions asked of others: read, and told how far it is."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import claim_shelf, problems
from hub.api.asking import asked
from hub.api.at_claim import EffectPath, the_effect
from hub.api.auth import Allowed
from hub.api.claim_documents import EffectDocument, EffectPage
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.effect_bodies import EffectFilters, EffectOutcome
from hub.api.parts import parts_of
from hub.api.reading import read
from hub.api.submission import Report, reported, traceparent_of
from hub.ledger.submit import Submission
from hub.telemetry.logging import presentable
from schemas.events.claim import EffectReported
from schemas.money import Money
from schemas.refs import home_of

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_CLAIM))]
Reporter = Annotated[Principal, Depends(Allowed(Permission.REPORT_EFFECT))]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/effects",
        tags=["claims"],
        summary="List what claims have led to",
        operation_id="listEffects",
        response_class=Response,
        responses=answers({200: answered(EffectPage, "A page, by id.")}, problems.INVALID),
    )(list_effects)
    app.get(
        "/v1/effects/{effect}",
        tags=["claims"],
        summary="Read what a claim has led to",
        operation_id="readEffect",
        response_class=Response,
        responses=answers(
            {200: answered(EffectDocument, "As it stands.")}, problems.NOT_FOUND, problems.INVALID
        ),
    )(read_effect)
    app.post(
        "/v1/effects/{effect}/outcome",
        tags=["claims"],
        summary="Tell how far it is",
        operation_id="reportEffect",
        status_code=201,
        response_class=Response,
        responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
        openapi_extra=json_body(EffectOutcome, KEY),
    )(report_effect)


async def list_effects(
    request: Request, caller: Reader, filters: Annotated[EffectFilters, Query()]
) -> Response:
    """List what fits all filters. What was decided is here at once."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found, cursor = await claim_shelf.effects(queries, filters)
    page = EffectPage(effects=found, cursor=cursor)
    return Response(page.model_dump_json(), media_type="application/json")


async def read_effect(request: Request, effect: EffectPath, caller: Reader) -> Response:
    """Read what was asked for, how far it is, and everything that was told of it."""
    found = await the_effect(request, caller, effect)
    return Response(found.model_dump_json(), media_type="application/json")


async def report_effect(request: Request, effect: EffectPath, caller: Reporter) -> Response:
    """Acknowledge it, tell its stages, and that it is done or cannot be. What it cost is posted to the claim."""
    await the_effect(request, caller, effect)

    async def make(key: str) -> Submission:
        body = await read(request, EffectOutcome)
        fact = EffectReported(
            effect=effect,
            state=body.state,
            reference=body.reference,
            serial=body.serial,
            cost=Money(**body.cost.model_dump()) if body.cost else None,
            why=presentable(body.why),
        )
        report = Report("effects", fact, datetime.now(UTC), home_of(effect))
        return reported(report, caller, f"{effect}/{key}", traceparent_of(request))

    return await asked(request, parts_of(request).asker, make)
