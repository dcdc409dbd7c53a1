"""What waits for another try, for others or for a person: lists, groups, one item, and a dry run."""

from typing import Annotated

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.auth import Allowed
from hub.api.describing import ITEM_TAG, answered, answers
from hub.api.desk import There, Whose, speaking, tenant_of
from hub.api.encoding import document
from hub.api.item_bodies import Chosen, ListedGroups, ListedItems
from hub.api.item_documents import Dependencies, Groups
from hub.api.parts import parts_of
from hub.api.reading import invalid
from hub.recovery.away import away
from hub.recovery.counting import Counts, count
from hub.recovery.groups import groups
from hub.recovery.items import ItemPage, page
from hub.recovery.rehearsal import rehearse
from hub.recovery.rehearsed import Rehearsal
from hub.recovery.showing import Shown, show
from hub.recovery.spot import NotPossibleError

Caller = Annotated[Principal, Depends(Allowed(Permission.READ_ITEM))]
ONE = "/v1/items/{topic}/{partition}/{offset}"


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    invalid_only = problems.INVALID
    lists = (
        ("", "List what waits", "listItems", ItemPage, list_items),
        ("/groups", "Count what failed alike", "groupItems", Groups, list_groups),
        ("/counts", "Count what waits by its state", "countItems", Counts, count_items),
        ("/dependencies", "See what is away", "listDependencies", Dependencies, list_away),
    )
    for path, summary, name, model, route in lists:
        app.get(
            f"/v1/items{path}",
            tags=["items"],
            summary=summary,
            operation_id=name,
            response_class=Response,
            responses=answers({200: answered(model, "As it is now.")}, invalid_only),
        )(route)
    app.get(
        ONE,
        tags=["items"],
        summary="Read everything of an item but its payload",
        operation_id="readItem",
        response_class=Response,
        responses=answers(
            {200: answered(Shown, "Why it waits, and for what.", ITEM_TAG)},
            problems.NOT_FOUND,
            problems.INVALID,
        ),
    )(read_item)
    app.post(
        f"{ONE}/rehearsal",
        tags=["items"],
        summary="Try an item without deciding it",
        operation_id="rehearseItem",
        response_class=Response,
        responses=answers(
            {200: answered(Rehearsal, "What would become of it, and of those behind it.")},
            problems.NOT_FOUND,
            problems.NOT_POSSIBLE,
            problems.INVALID,
        ),
    )(rehearse_item)


async def list_items(
    request: Request, caller: Caller, wanted: Annotated[ListedItems, Query()]
) -> Response:
    """List events that could not be decided and records that could not be translated."""
    where = wanted.filter(tenant_of(caller, wanted))
    async with speaking(request, caller, wanted) as queries:
        try:
            found = await page(queries, where, limit=wanted.limit, cursor=wanted.cursor)
        except NotPossibleError as error:
            raise invalid([{"type": "", "loc": ("query", "cursor"), "msg": str(error)}]) from error
    return document(found)


async def list_groups(
    request: Request, caller: Caller, wanted: Annotated[ListedGroups, Query()]
) -> Response:
    """Count items by what they have in common: reason, type, source, release."""
    where = wanted.filter(tenant_of(caller, wanted))
    async with speaking(request, caller, wanted) as queries:
        return document(Groups(groups=await groups(queries, where, wanted.limit)))


async def count_items(
    request: Request, caller: Caller, wanted: Annotated[Chosen, Query()]
) -> Response:
    """Count items by their state."""
    async with speaking(request, caller, wanted) as queries:
        return document(await count(queries, wanted.filter(tenant_of(caller, wanted))))


async def list_away(request: Request, caller: Caller, whose: Annotated[Whose, Query()]) -> Response:
    """See what outside is not asked just now, since when, and how many items wait for it."""
    async with speaking(request, caller, whose) as queries:
        return document(Dependencies(dependencies=await away(queries)))


async def read_item(
    request: Request, caller: Caller, spot: There, whose: Annotated[Whose, Query()]
) -> Response:
    """Read why an item waits, for what, whom it holds back, and what people did about it."""
    async with speaking(request, caller, whose) as queries:
        shown = await show(queries, spot)
    return document(shown, ETag=f'"{shown.item.version}"')


async def rehearse_item(
    request: Request, caller: Caller, spot: There, whose: Annotated[Whose, Query()]
) -> Response:
    """Try an item with today's code, settings and rows, and say what would change; nothing is written."""
    async with speaking(request, caller, whose) as queries:
        return document(await rehearse(queries, parts_of(request).today, spot))
