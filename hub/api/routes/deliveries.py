"""What was sent where, every attempt at it, and having it sent again."""

from enum import Enum
from operator import attrgetter
from typing import Annotated

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.auth import Allowed
from hub.api.delivery_bodies import (
    AskedDeliveryReplay,
    ListedDeliveries,
    ListedDeliveryReplays,
    TriedDeliveryReplay,
)
from hub.api.delivery_documents import DeliveryPage, DeliveryReplayCount, DeliveryReplayPage
from hub.api.describing import KEY, answered, answers, json_body
from hub.api.desk import Whose, speaking, tenant_of
from hub.api.encoding import document
from hub.api.idempotency import HEADER, key_of
from hub.api.item_bodies import Wish
from hub.api.numbered import BY_NUMBER, Number, cut
from hub.api.parts import parts_of
from hub.api.reading import MAY_READ, read
from hub.delivery import replay
from hub.delivery.reading import DeliveryWithAttempts, deliveries
from hub.delivery.reading import read as read_delivery
from hub.delivery.replay import DeliveryReplay

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_DELIVERY))]
Replayer = Annotated[Principal, Depends(Allowed(Permission.REPLAY_DELIVERY))]
Asked = Annotated[Whose, Query()]
TAGS: list[str | Enum] = ["deliveries"]
ALL, REPLAYS = "/v1/deliveries", "/v1/deliveries/replays"
WISH = KEY | {"description": "Names this wish, so that repeating it begins one replay."}


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    lists = (
        (ALL, "List deliveries", "listDeliveries", DeliveryPage, list_deliveries),
        (REPLAYS, "List replays", "listDeliveryReplays", DeliveryReplayPage, list_replays),
    )
    for path, summary, name, model, route in lists:
        app.get(
            path,
            tags=TAGS,
            summary=summary,
            operation_id=name,
            response_class=Response,
            responses=answers({200: answered(model, "Newest first.")}, problems.INVALID),
        )(route)
    ones = (
        (ALL, "Read a delivery and its attempts", "readDelivery", DeliveryWithAttempts, read_one),
        (REPLAYS, "See how far a replay is", "readDeliveryReplay", DeliveryReplay, read_replay),
    )
    for where, about, operation, shown, reading in ones:
        app.get(
            f"{where}/{BY_NUMBER}",
            tags=TAGS,
            summary=about,
            operation_id=operation,
            response_class=Response,
            responses=answers(
                {200: answered(shown, "As it is now.")}, problems.NOT_FOUND, problems.INVALID
            ),
        )(reading)
    _add_replaying(app)


def _add_replaying(app: FastAPI) -> None:
    app.post(
        f"{REPLAYS}/rehearsal",
        tags=TAGS,
        summary="Count what a replay would send again",
        operation_id="rehearseDeliveryReplay",
        response_class=Response,
        responses=answers({200: answered(DeliveryReplayCount, "Nothing has changed.")}, *MAY_READ),
        openapi_extra=json_body(TriedDeliveryReplay),
    )(rehearse_replay)
    app.post(
        REPLAYS,
        tags=TAGS,
        summary="Have deliveries made again",
        operation_id="beginDeliveryReplay",
        status_code=201,
        response_class=Response,
        responses=answers(
            {201: answered(DeliveryReplay, "It is under way.")},
            problems.BAD_KEY,
            problems.KEY_REUSED,
            *MAY_READ,
        ),
        openapi_extra=json_body(AskedDeliveryReplay, WISH),
    )(begin_replay)
    app.post(
        f"{REPLAYS}/{BY_NUMBER}/stop",
        tags=TAGS,
        summary="Stop a replay",
        operation_id="stopDeliveryReplay",
        response_class=Response,
        responses=answers(
            {200: answered(DeliveryReplay, "No more is marked.")}, problems.NOT_FOUND, *MAY_READ
        ),
        openapi_extra=json_body(Wish),
    )(stop_replay)


async def list_deliveries(
    request: Request, caller: Reader, wanted: Annotated[ListedDeliveries, Query()]
) -> Response:
    """List what was to be told to endpoints, and what became of it."""
    tenant = tenant_of(caller, wanted)
    async with speaking(request, caller, wanted) as queries:
        found = await deliveries(queries, tenant, wanted.wanted(), wanted.limit + 1)
    shown, cursor = cut(found, wanted.limit, attrgetter("id"))
    return document(DeliveryPage(deliveries=shown, cursor=cursor))


async def read_one(request: Request, caller: Reader, number: Number, whose: Asked) -> Response:
    """Read what is sent, and each attempt with the beginning of its answer."""
    async with speaking(request, caller, whose) as queries:
        return document(await read_delivery(queries, tenant_of(caller, whose), number))


async def rehearse_replay(request: Request, caller: Reader, whose: Asked) -> Response:
    """Count what fits, endpoint by endpoint. What is still on its way never does."""
    wanted, tenant = await read(request, TriedDeliveryReplay), tenant_of(caller, whose)
    async with speaking(request, caller, whose) as queries:
        found = await replay.count(queries, tenant, wanted.where.chosen())
    return document(DeliveryReplayCount(count=sum(one.count for one in found), endpoints=found))


async def begin_replay(request: Request, caller: Replayer, whose: Asked) -> Response:
    """Have everything that fits sent again, under the same ids, as fast as each endpoint may be asked.

    However much it is, what is decided meanwhile does not wait behind it. Under the same `Idempotency-Key` the same
    wish is one replay, however often it is sent.
    """
    key = key_of(request.headers.getlist(HEADER))
    wanted, tenant = await read(request, AskedDeliveryReplay), tenant_of(caller, whose)
    async with parts_of(request).database.transaction_for(tenant) as queries:
        begun = await replay.begin(queries, caller, tenant, wanted.asked(), key)
    return document(begun, 201, Location=f"{REPLAYS}/{begun.id}")


async def list_replays(
    request: Request, caller: Reader, wanted: Annotated[ListedDeliveryReplays, Query()]
) -> Response:
    """List replays with how far each is."""
    tenant = tenant_of(caller, wanted)
    async with speaking(request, caller, wanted) as queries:
        found = await replay.listed(queries, tenant, wanted.cursor, wanted.limit + 1)
    shown, cursor = cut(found, wanted.limit, attrgetter("id"))
    return document(DeliveryReplayPage(replays=shown, cursor=cursor))


async def read_replay(request: Request, caller: Reader, number: Number, whose: Asked) -> Response:
    """See how many are due again, or were since."""
    async with speaking(request, caller, whose) as queries:
        return document(await replay.find(queries, tenant_of(caller, whose), number))


async def stop_replay(request: Request, caller: Replayer, number: Number, whose: Asked) -> Response:
    """Mark no more. What is due again already is still sent."""
    wish, tenant = await read(request, Wish), tenant_of(caller, whose)
    async with parts_of(request).database.transaction_for(tenant) as queries:
        return document(await replay.stop(queries, caller, tenant, number, wish.reason))
