"""The map of setting up: who answers for what; and going live once everything is settled."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import policy_shelf
from hub.api.acting import Act, acted, actor
from hub.api.auth import Allowed
from hub.api.describing import ACTED, KEY, MAY_ACT, answered, answers, json_body
from hub.api.parts import parts_of
from hub.api.policy_bodies import GoLive, MapPublication
from hub.api.policy_documents import Setup
from hub.api.reading import read
from hub.api.routes.policies import publication
from schemas.events.policy import GoLiveRequested
from schemas.policies import SETUP_MAP
from schemas.refs import home

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_SETUP))]
Changer = Annotated[Principal, Depends(Allowed(Permission.CHANGE_SETUP))]
Beginner = Annotated[Principal, Depends(Allowed(Permission.GO_LIVE))]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/setup",
        tags=["setup"],
        summary="Read the map of setting up, and what is missing",
        operation_id="readSetup",
        response_class=Response,
        responses=answers({200: answered(Setup, "The map in force, else the defaults.")}),
    )(read_setup)
    app.post(
        "/v1/setup",
        tags=["setup"],
        summary="Publish a new version of the map",
        operation_id="changeSetup",
        status_code=201,
        response_class=Response,
        responses=answers(ACTED, *MAY_ACT),
        openapi_extra=json_body(MapPublication, KEY),
    )(change_setup)
    app.post(
        "/v1/setup/go-live",
        tags=["setup"],
        summary="Go live",
        operation_id="goLive",
        status_code=201,
        response_class=Response,
        responses=answers(ACTED, *MAY_ACT),
        openapi_extra=json_body(GoLive, KEY),
    )(go_live)


async def read_setup(request: Request, caller: Reader) -> Response:
    """Read who answers for each area, and what has still to be settled before going live."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await policy_shelf.setup(queries, datetime.now(UTC))
    return Response(found.model_dump_json(), media_type="application/json")


async def change_setup(request: Request, caller: Changer) -> Response:
    """Publish the whole map anew. An area that differs has to be yours: its owner's or backup's."""

    async def read_act() -> Act:
        return publication(caller, SETUP_MAP, await read(request, MapPublication))

    return await acted(request, caller, parts_of(request).catalog, read_act)


async def go_live(request: Request, caller: Beginner) -> Response:
    """Begin. While something is missing it is refused, and `reasons` say exactly what."""

    async def read_act() -> Act:
        body = await read(request, GoLive)
        fact = GoLiveRequested(why=body.why, by=actor(caller))
        return Act(fact, home(caller.tenant, "tenant"), caller.tenant)

    return await acted(request, caller, parts_of(request).catalog, read_act)
