"""One payload's whole way."""

from typing import Annotated

import msgspec
from fastapi import Depends, FastAPI, Path
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.auth import Allowed
from hub.api.describing import answered, answers
from hub.api.filters import Word
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND
from hub.trail import trace
from hub.trail.way import Trace

MAY = Allowed(Permission.READ_TRACE)
Text = Annotated[
    Word,
    Path(
        description="A correlation, raw, event, request or warranty id, "
        "an order reference, or a serial."
    ),
]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/trace/{text:path}",
        tags=["trace"],
        summary="Follow one payload's whole way",
        operation_id="trace",
        response_class=Response,
        responses=answers(
            {
                200: answered(
                    Trace, "The newest way known under that name; `others` lists the older ones."
                )
            },
            problems.NOT_FOUND,
            problems.INVALID,
        ),
    )(read_trace)


async def read_trace(
    request: Request, text: Text, caller: Annotated[Principal, Depends(MAY)]
) -> Response:
    """Follow a payload: landed, translated, placed, decided, published, projected."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await trace.find(queries, caller.tenant, text)
    if found is None:
        raise NOT_FOUND.error(
            "nothing is known by that name; what came a moment ago may be shown in a few seconds"
        )
    return Response(msgspec.json.encode(found), media_type="application/json")
