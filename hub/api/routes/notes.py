"""What staff write about items, and what they wrote."""

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
from hub.api.desk import There, Whose, speaking
from hub.api.encoding import document
from hub.api.item_bodies import ListedNotes, WrittenNote
from hub.api.item_documents import Noted, NotePage
from hub.api.numbered import cut
from hub.api.reading import MAY_ACT, read
from hub.api.routes.items import ONE
from hub.recovery.notes import note, search_notes

Reader = Annotated[Principal, Depends(Allowed(Permission.READ_ITEM))]
Writer = Annotated[Principal, Depends(Allowed(Permission.STEER_ITEM))]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/notes",
        tags=["notes"],
        summary="Search what staff noted",
        operation_id="listNotes",
        response_class=Response,
        responses=answers({200: answered(NotePage, "Newest first.")}, problems.INVALID),
    )(list_notes)
    app.post(
        f"{ONE}/notes",
        tags=["notes"],
        summary="Write a note about an item",
        operation_id="writeNote",
        status_code=201,
        response_class=Response,
        responses=answers(
            {201: answered(Noted, "It is kept.")},
            *MAY_ACT,
        ),
        openapi_extra=json_body(WrittenNote),
    )(write_note)


async def list_notes(
    request: Request, caller: Reader, wanted: Annotated[ListedNotes, Query()]
) -> Response:
    """Search the notes about items, open and settled ones."""
    async with speaking(request, caller, wanted) as queries:
        found = await search_notes(
            queries,
            code=wanted.code,
            text=wanted.text,
            since=wanted.since,
            before=wanted.cursor,
            limit=wanted.limit + 1,
        )
    notes, cursor = cut(found, wanted.limit, attrgetter("n"))
    return document(NotePage(notes=notes, cursor=cursor))


async def write_note(
    request: Request, caller: Writer, spot: There, whose: Annotated[Whose, Query()]
) -> Response:
    """Write a note that outlives the item and stands in its trace. Said twice at once, it is one note."""
    written = await read(request, WrittenNote)
    async with speaking(request, caller, whose) as queries:
        number = await note(queries, spot, written.code, written.text, by=caller.signature)
    return document(Noted(n=number), 201)
