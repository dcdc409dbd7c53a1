"""What landed in a time, translated once more: tried first, asked for, watched, stopped."""

from operator import attrgetter
from typing import Annotated

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.auth import Allowed
from hub.api.describing import answered, answers, json_body
from hub.api.desk import Whose, speaking, tenant_of
from hub.api.encoding import document
from hub.api.item_bodies import AskedReplay, ListedReplays, Wish
from hub.api.item_documents import ReplayPage
from hub.api.numbered import BY_NUMBER, HERE, REFUSED, Number, cut
from hub.api.parts import parts_of
from hub.api.reading import MAY_ACT, MAY_READ, read
from hub.recovery import replay_asking
from hub.recovery.replay_asking import Replay, Wanted

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_ITEM))]
Steerer = Annotated[Principal, Depends(Allowed(Permission.STEER_ITEM))]
Asked = Annotated[Whose, Query()]
ALL, ONE = "/v1/replays", f"/v1/replays/{BY_NUMBER}"


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        ALL,
        tags=["replays"],
        summary="List the replays that were asked for",
        operation_id="listReplays",
        response_class=Response,
        responses=answers({200: answered(ReplayPage, "Newest first.")}, problems.INVALID),
    )(list_replays)
    app.post(
        ALL,
        tags=["replays"],
        summary="Have what landed in a time translated once more, or tried",
        operation_id="askReplay",
        status_code=202,
        response_class=Response,
        responses=answers(
            {202: answered(Replay, "A translator of the connector takes it up.", HERE)},
            problems.NOT_POSSIBLE,
            *MAY_READ,
        ),
        openapi_extra=json_body(AskedReplay),
    )(ask_replay)
    app.get(
        ONE,
        tags=["replays"],
        summary="See how far a replay is, or what a dry run found",
        operation_id="readReplay",
        response_class=Response,
        responses=answers({200: answered(Replay, "As far as it is.")}, *REFUSED),
    )(read_replay)
    app.post(
        f"{ONE}/stop",
        tags=["replays"],
        summary="Stop a replay",
        operation_id="stopReplay",
        response_class=Response,
        responses=answers({200: answered(Replay, "As far as it is.")}, *MAY_ACT),
        openapi_extra=json_body(Wish),
    )(stop_replay)


async def list_replays(
    request: Request, caller: Reader, wanted: Annotated[ListedReplays, Query()]
) -> Response:
    """List replays with how far each is."""
    async with speaking(request, caller, wanted) as queries:
        found = await replay_asking.list_replays(queries, wanted.limit + 1, wanted.cursor)
    shown, cursor = cut(found, wanted.limit, attrgetter("n"))
    return document(ReplayPage(replays=shown, cursor=cursor))


async def ask_replay(request: Request, caller: Steerer, whose: Asked) -> Response:
    """Have it translated with the mapping as it is now; what was said already is corrected or counts once.

    An operator who speaks for `hub` asks for everybody's records. The same said again while it is open is
    the same replay.
    """
    asked = await read(request, AskedReplay)
    tenant, today = tenant_of(caller, whose), parts_of(request).today
    wanted = Wanted(tenant=tenant, **asked.model_dump(exclude={"reason"}))
    async with speaking(request, caller, whose) as queries:
        number = await replay_asking.ask(queries, today, wanted, asked.reason, by=caller.signature)
        found = await replay_asking.find(queries, number)
    return document(found, 202, Location=f"{ALL}/{number}")


async def read_replay(request: Request, caller: Reader, number: Number, whose: Asked) -> Response:
    """See how far it is, and what a dry run found."""
    async with speaking(request, caller, whose) as queries:
        return document(await replay_asking.find(queries, number))


async def stop_replay(request: Request, caller: Steerer, number: Number, whose: Asked) -> Response:
    """Have no more of it translated. What was translated stays said."""
    wish = await read(request, Wish)
    async with speaking(request, caller, whose) as queries:
        await replay_asking.stop(queries, number, wish.reason, by=caller.signature)
        return document(await replay_asking.find(queries, number))
