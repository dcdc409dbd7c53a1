"""Who sent or decided what, and when."""

from typing import Annotated

import msgspec
from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.auth import Allowed
from hub.api.bodies import At
from hub.api.describing import answered, answers
from hub.api.filters import Word
from hub.api.parts import parts_of
from hub.api.reading import invalid
from hub.trail import audit

MAY = Allowed(Permission.READ_AUDIT)


class Wanted(BaseModel):
    """Which entries; all of it has to fit."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    since: At | None = None
    until: At | None = None
    subject: Word | None = None
    """What it was done to; an id of a warranty finds everything of its purchase."""
    actor: Word | None = None
    """The id of who did it."""
    action: Annotated[str, Field(pattern="^[a-z][a-z_]{0,60}:[a-z][a-z_]{0,60}$")] | None = None
    """As in event:rejected or key:issued."""
    status: Annotated[Word, Field(max_length=40)] | None = None
    """An outcome, or the HTTP status of a refusal."""
    source: Word | None = None
    text: Word | None = None
    """Looked for in reasons, without regard to case."""
    limit: Annotated[int, Field(ge=1, le=audit.MAX_LIMIT)] = 100
    cursor: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """From the page before; the filters stay the same."""


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.get(
        "/v1/audit",
        tags=["audit"],
        summary="Read the audit",
        operation_id="audit",
        response_class=Response,
        responses=answers({200: answered(audit.Page, "Entries, newest first.")}, problems.INVALID),
    )(read_audit)


async def read_audit(
    request: Request,
    caller: Annotated[Principal, Depends(MAY)],
    wanted: Annotated[Wanted, Query()],
) -> Response:
    """Read every payload taken in, every decision and every refusal at a door, newest first."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        try:
            page = await audit.page(queries, caller.tenant, **wanted.model_dump())
        except audit.BadCursorError as error:
            raise invalid([{"type": "", "loc": ("query", "cursor"), "msg": str(error)}]) from error
    return Response(msgspec.json.encode(page), media_type="application/json")
