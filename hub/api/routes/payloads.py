"""What an item holds: opened for a reason, mended for a reason, and put back as it came."""

from typing import Annotated

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.auth import Allowed
from hub.api.describing import ITEM_TAG, answered, answers, json_body
from hub.api.desk import There, Whose, speaking
from hub.api.encoding import document
from hub.api.item_bodies import Mended, Wish
from hub.api.parts import parts_of
from hub.api.reading import MAY_ACT, read
from hub.api.routes.items import ONE
from hub.api.versions import IF_MATCH, seen_version
from hub.recovery.editing import Edited, edit, undo
from hub.recovery.opening import Opened, look

Opener = Annotated[Principal, Depends(Allowed(Permission.OPEN_ITEM))]
Editor = Annotated[Principal, Depends(Allowed(Permission.EDIT_ITEM))]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    # Not a GET: the reason would stand in every log of addresses, and it writes who looked.
    app.post(
        f"{ONE}/payload",
        tags=["payloads"],
        summary="Open a payload",
        operation_id="openPayload",
        response_class=Response,
        responses=answers(
            {200: answered(Opened, "The payload beside its schema, and where it breaks it.")},
            *MAY_ACT,
        ),
        openapi_extra=json_body(Wish),
    )(open_payload)
    edits = (
        (app.put, "payload", "Mend a payload", "editPayload", Mended, edit_payload),
        (app.post, "payload/original", "Undo an edit", "undoEdit", Wish, undo_edit),
    )
    for method, path, summary, name, model, route in edits:
        method(
            f"{ONE}/{path}",
            tags=["payloads"],
            summary=summary,
            operation_id=name,
            response_class=Response,
            responses=answers(
                {200: answered(Edited, "What has changed, without values.", ITEM_TAG)},
                problems.CHANGED,
                problems.VERSION_NEEDED,
                *MAY_ACT,
            ),
            openapi_extra=json_body(model, IF_MATCH),
        )(route)


async def open_payload(
    request: Request, caller: Opener, spot: There, whose: Annotated[Whose, Query()]
) -> Response:
    """Open what is sealed. That you did, and why, is written down in the same statement."""
    wish, today = await read(request, Wish), parts_of(request).today
    async with speaking(request, caller, whose) as queries:
        return document(await look(queries, today, spot, wish.reason, by=caller.signature))


async def edit_payload(
    request: Request, caller: Editor, spot: There, whose: Annotated[Whose, Query()]
) -> Response:
    """Put another body in its place: valid as its schema asks, the original kept. A redrive then tries it."""
    version, mended = seen_version(request), await read(request, Mended)
    today, by = parts_of(request).today, caller.signature
    async with speaking(request, caller, whose) as queries:
        body = mended.text.encode()
        edited = await edit(queries, today, spot, body, mended.reason, by=by, version=version)
    return document(edited, ETag=f'"{edited.version}"')


async def undo_edit(
    request: Request, caller: Editor, spot: There, whose: Annotated[Whose, Query()]
) -> Response:
    """Put the body as it came back in its place."""
    version, wish = seen_version(request), await read(request, Wish)
    today, by = parts_of(request).today, caller.signature
    async with speaking(request, caller, whose) as queries:
        edited = await undo(queries, today, spot, wish.reason, by=by, version=version)
    return document(edited, ETag=f'"{edited.version}"')
