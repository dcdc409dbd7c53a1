"""Whether something is covered on a day, by its serial."""

from typing import Annotated

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import coverage_shelf, problems
from hub.api.auth import Allowed
from hub.api.coverage_bodies import Asked, CoverageOnDay
from hub.api.describing import answered, answers
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND

MAY = Allowed(Permission.READ_COVERAGE)
NOBODYS = "you have no unit with that serial; copy it from its label, letter by letter"
"""The same for a serial that is another merchant's as for one that is nobody's."""


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/coverage",
        tags=["warranties"],
        summary="Ask whether a serial is covered on a day",
        operation_id="readCoverage",
        response_class=Response,
        responses=answers(
            {200: answered(CoverageOnDay, "How it stands on that day.")},
            problems.NOT_FOUND,
            problems.INVALID,
        ),
    )(read_coverage)


async def read_coverage(
    request: Request, caller: Annotated[Principal, Depends(MAY)], asked: Annotated[Asked, Query()]
) -> Response:
    """Hear by which warranty it is covered, whose it is then, by which policy, and a sentence of it."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        found = await coverage_shelf.coverage(queries, caller, asked)
    if found is None:
        raise NOT_FOUND.error(NOBODYS)
    return Response(found.model_dump_json(), media_type="application/json")
