"""What became of a request."""

from typing import Annotated

from fastapi import Depends, FastAPI, Path
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.answers import SOON, WAITING, Reply, representation
from hub.api.auth import Allowed
from hub.api.describing import answered, answers
from hub.api.documents import RequestState
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND

MAY = Allowed(Permission.READ_REQUEST)
Id = Annotated[str, Path(pattern="^req_[0-9a-f]{32}$")]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/requests/{request}",
        tags=["requests"],
        summary="Ask what became of a request",
        operation_id="readRequest",
        response_class=Response,
        responses=answers(
            {200: answered(RequestState, "As far as it is.")}, problems.NOT_FOUND, problems.INVALID
        ),
    )(read_request)


async def read_request(
    connection: Request, request: Id, caller: Annotated[Principal, Depends(MAY)]
) -> Response:
    """Read a request of your own by the id its answer told; `state` says how far it is."""
    told = await parts_of(connection).asker.look(caller.tenant, request)
    if told is None:
        raise NOT_FOUND.error(f"you made no request {request}; check the id, or make it again")
    document = representation(told)
    return Reply(200, document, SOON if document["state"] == WAITING else {}).response()
