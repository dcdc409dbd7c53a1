"""What is covered: lists, and one warranty with its history."""

from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems, shelf
from hub.api.auth import Allowed
from hub.api.describing import answered, answers
from hub.api.documents import WarrantyPage, WarrantyWithHistory
from hub.api.filters import Filters
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND

MAY = Allowed(Permission.READ_WARRANTY)
Id = Annotated[str, Path(pattern="^wty_[a-z2-7]{16}_[0-9]{1,9}$")]
Caller = Annotated[Principal, Depends(MAY)]
ETAG = {"ETag": {"description": "Give it back as If-None-Match.", "schema": {"type": "string"}}}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "An ETag of this warranty, or several.",
    "schema": {"type": "string"},
}


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/warranties",
        tags=["warranties"],
        summary="List warranties",
        operation_id="listWarranties",
        response_class=Response,
        responses=answers({200: answered(WarrantyPage, "A page, by id.")}, problems.INVALID),
    )(list_warranties)
    app.get(
        "/v1/warranties/{warranty}",
        tags=["warranties"],
        summary="Read a warranty and its history",
        operation_id="readWarranty",
        response_class=Response,
        responses=answers(
            {
                200: answered(WarrantyWithHistory, "The warranty as it stands.", ETAG),
                304: {"description": "It is as If-None-Match knows it.", "headers": ETAG},
            },
            problems.NOT_FOUND,
            problems.INVALID,
        ),
        openapi_extra={"parameters": [IF_NONE_MATCH]},
    )(read_warranty)


async def list_warranties(
    request: Request, caller: Caller, filters: Annotated[Filters, Query()]
) -> Response:
    """List what fits all filters. What was decided is here at once."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found, cursor = await shelf.page(queries, filters)
    page = WarrantyPage(warranties=found, cursor=cursor)
    return Response(page.model_dump_json(), media_type="application/json")


async def read_warranty(request: Request, warranty: Id, caller: Caller) -> Response:
    """Read a warranty with everything that was reported of it. What was decided is here at once."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await shelf.one(queries, warranty)
    if found is None:
        raise NOT_FOUND.error(f"you have no warranty {warranty}; look for it in /v1/warranties")
    tag = f'"{found.version}"'
    if _knows(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers={"ETag": tag})
    body = found.model_dump_json()
    return Response(body, media_type="application/json", headers={"ETag": tag})


def _knows(given: str, tag: str) -> bool:
    tags = [one.strip().removeprefix("W/") for one in given.split(",")]
    return "*" in tags or tag in tags
