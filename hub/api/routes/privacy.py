"""People: have somebody forgotten, and be given what is kept of them."""

from typing import Annotated

from fastapi import Depends, FastAPI, Path
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.auth import Allowed
from hub.api.describing import answered, answers, json_body
from hub.api.encoding import document
from hub.api.parts import parts_of
from hub.api.privacy_bodies import TakenIn, Whom
from hub.api.reading import MAY_READ, read
from hub.privacy.exporting import Export, export
from hub.privacy.people import Known, NobodyError, known
from hub.privacy.requests import NoRequestError, ask_erasure, note_export
from hub.privacy.requests import Request as Wish
from hub.privacy.requests import read as read_wish

Eraser = Annotated[Principal, Depends(Allowed(Permission.ERASE_PERSON))]
Exporter = Annotated[Principal, Depends(Allowed(Permission.EXPORT_PERSON))]
Id = Annotated[str, Path(pattern="^per_[0-9a-f]{32}$")]
ERASURES = "/v1/privacy/erasures"


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.post(
        ERASURES,
        tags=["privacy"],
        summary="Have somebody forgotten",
        operation_id="erasePerson",
        status_code=202,
        response_class=Response,
        responses=answers(
            {202: answered(TakenIn, "It is taken in, and carried out within a minute.")},
            problems.INVALID,
            *MAY_READ,
        ),
        openapi_extra=json_body(Whom),
    )(erase_person)
    app.get(
        f"{ERASURES}/{{request_id}}",
        tags=["privacy"],
        summary="Read what became of a wish to be forgotten",
        operation_id="readErasure",
        response_class=Response,
        responses=answers(
            {200: answered(Wish, "`done_at` is null until it is carried out.")},
            problems.NOT_FOUND,
            problems.INVALID,
        ),
    )(read_erasure)
    app.post(
        "/v1/privacy/exports",
        tags=["privacy"],
        summary="Be given everything that is kept of somebody",
        operation_id="exportPerson",
        response_class=Response,
        responses=answers(
            {200: answered(Export, "Everything; with empty lists where nothing is kept.")},
            problems.INVALID,
            problems.NOT_POSSIBLE,
            *MAY_READ,
        ),
        openapi_extra=json_body(Whom),
    )(export_person)


async def erase_person(request: Request, caller: Eraser) -> Response:
    """Delete a contact, its hashes and every sealed body that holds it; what was decided stays."""
    whom = await read(request, Whom)
    parts = parts_of(request)
    async with parts.database.speaking_for(caller.tenant) as queries:
        keys = parts.today.keyring
        who = _known(whom)
        asked = await ask_erasure(queries, keys, caller.tenant, who, caller.by, why=whom.reason)
    return document(TakenIn(id=asked), 202, Location=f"{ERASURES}/{asked}")


async def read_erasure(request: Request, caller: Eraser, request_id: Id) -> Response:
    """Read how far it is, and what stays where and until when."""
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        try:
            return document(await read_wish(queries, caller.tenant, request_id))
        except NoRequestError as error:
            raise problems.NOT_FOUND.error(str(error)) from error


async def export_person(request: Request, caller: Exporter) -> Response:
    """Gather contact, warranties, what was reported and decided, notes and audit lines of one person."""
    whom = await read(request, Whom)
    parts = parts_of(request)
    async with parts.database.speaking_for(caller.tenant) as queries:
        found = await export(queries, parts.today, caller.tenant, _known(whom))
        await note_export(queries, caller.tenant, caller.by, found.figures, why=whom.reason)
    return document(found, 200, **{"Cache-Control": "no-store"})


def _known(whom: Whom) -> Known:
    try:
        return known(whom.by, whom.value)
    except NobodyError as error:
        errors = [{"pointer": "#/value", "message": str(error)}]
        raise problems.INVALID.error(str(error), errors=errors) from error
