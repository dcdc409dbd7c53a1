"""What is wanted of many items at once: begun at a rate, watched, stopped, continued; tried before."""

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
from hub.api.describing import answered, answers, json_body
from hub.api.desk import Whose, speaking, tenant_of
from hub.api.encoding import document
from hub.api.item_bodies import AskedBulk, ListedBulks, TriedBulk, Where, Wish
from hub.api.item_documents import BulkPage, Stopped
from hub.api.numbered import BY_NUMBER, HERE, REFUSED, Number, cut
from hub.api.parts import parts_of
from hub.api.reading import MAY_ACT, MAY_READ, read
from hub.recovery import bulk
from hub.recovery.bulk_progress import Bulk, list_bulks, progress
from hub.recovery.choosing import Filter
from hub.recovery.rehearsal import rehearse_many
from hub.recovery.rehearsed import ManyRehearsed
from hub.recovery.spot import NotPossibleError

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_ITEM))]
Steerer = Annotated[Principal, Depends(Allowed(Permission.STEER_ITEM))]
Asked = Annotated[Whose, Query()]
TAGS: list[str | Enum] = ["redrives"]
ALL, ONE = "/v1/redrives", f"/v1/redrives/{BY_NUMBER}"


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        ALL,
        tags=TAGS,
        summary="List what was wanted of many items at once",
        operation_id="listRedrives",
        response_class=Response,
        responses=answers({200: answered(BulkPage, "Newest first.")}, problems.INVALID),
    )(list_redrives)
    app.post(
        ALL,
        tags=TAGS,
        summary="Want something of every item that fits",
        operation_id="beginRedrive",
        status_code=201,
        response_class=Response,
        responses=answers(
            {201: answered(Bulk, "Every item that fits is marked.", HERE)},
            problems.NOT_POSSIBLE,
            *MAY_READ,
        ),
        openapi_extra=json_body(AskedBulk),
    )(begin_redrive)
    app.post(
        f"{ALL}/rehearsal",
        tags=TAGS,
        summary="Try every item that fits without deciding it",
        operation_id="rehearseRedrive",
        response_class=Response,
        responses=answers(
            {200: answered(ManyRehearsed, "Counts: how they ended, how they would end.")},
            problems.NOT_POSSIBLE,
            *MAY_READ,
        ),
        openapi_extra=json_body(TriedBulk),
    )(rehearse_redrive)
    app.get(
        ONE,
        tags=TAGS,
        summary="See how far a bulk is",
        operation_id="readRedrive",
        response_class=Response,
        responses=answers({200: answered(Bulk, "As far as it is.")}, *REFUSED),
    )(read_redrive)
    for name, route, model in (("stop", stop, Stopped), ("continue", go_on, Bulk)):
        app.post(
            f"{ONE}/{name}",
            tags=TAGS,
            summary=f"{name.capitalize()} a bulk",
            operation_id=f"{name}Redrive",
            response_class=Response,
            responses=answers(
                {200: answered(model, "As far as it is.")},
                *MAY_ACT,
            ),
            openapi_extra=json_body(Wish),
        )(route)


async def list_redrives(
    request: Request, caller: Reader, wanted: Annotated[ListedBulks, Query()]
) -> Response:
    """List bulks with how far each is."""
    async with speaking(request, caller, wanted) as queries:
        found = await list_bulks(queries, limit=wanted.limit + 1, before=wanted.cursor)
    shown, cursor = cut(found, wanted.limit, attrgetter("id"))
    return document(BulkPage(redrives=shown, cursor=cursor))


async def begin_redrive(request: Request, caller: Steerer, whose: Asked) -> Response:
    """Have every item that fits tried, or ended, so many a second.

    What waits behind another follows by itself. What is on hold is left alone unless the filter asks
    for it. The same said again while it is under way is the same bulk.
    """
    asked = await read(request, AskedBulk)
    where = _chosen(asked.where, tenant_of(caller, whose))
    async with speaking(request, caller, whose) as queries:
        number = await bulk.begin(
            queries,
            where,
            asked.reason,
            by=caller.signature,
            rate=asked.rate,
            wanted=asked.wanted,
        )
        begun = await progress(queries, number)
    return document(begun, 201, Location=f"{ALL}/{number}")


async def rehearse_redrive(request: Request, caller: Reader, whose: Asked) -> Response:
    """Try what fits with today's code, settings and rows; nothing is written."""
    asked = await read(request, TriedBulk)
    where = _chosen(asked.where, tenant_of(caller, whose))
    today = parts_of(request).today
    async with speaking(request, caller, whose) as queries:
        return document(
            await rehearse_many(queries, today, where, limit=asked.limit, details=asked.details)
        )


async def read_redrive(request: Request, caller: Reader, number: Number, whose: Asked) -> Response:
    """See how many items are settled, open again, and still to come."""
    async with speaking(request, caller, whose) as queries:
        return document(await progress(queries, number))


async def stop(request: Request, caller: Steerer, number: Number, whose: Asked) -> Response:
    """Take back what is still wanted. What was tried stays as it is."""
    wish = await read(request, Wish)
    async with speaking(request, caller, whose) as queries:
        left = await bulk.stop(queries, number, wish.reason, by=caller.signature)
        return document(Stopped(redrive=await progress(queries, number), left=left))


async def go_on(request: Request, caller: Steerer, number: Number, whose: Asked) -> Response:
    """Want the rest again, after a stop or an interruption."""
    wish = await read(request, Wish)
    async with speaking(request, caller, whose) as queries:
        await bulk.go_on(queries, number, wish.reason, by=caller.signature)
        return document(await progress(queries, number))


def _chosen(where: Where, tenant: str) -> Filter:
    if all(one is None for one in where.model_dump().values()):
        message = (
            "name in `where` which items you mean; to mean every item, name each state in turn"
        )
        raise NotPossibleError(message)
    return where.filter(tenant)
