"""Pictures and papers about a warranty: sent, cleaned, kept sealed, and looked at by staff."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path
from starlette.requests import Request
from starlette.responses import Response

from hub.access.limits import Limit
from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.at_warranty import Warranty, check_warranty
from hub.api.auth import Allowed, AllowedUpload
from hub.api.describing import answered, answers
from hub.api.parts import parts_of
from hub.api.problems import INVALID, NOT_FOUND, NOT_POSSIBLE, TOO_LARGE, UNSUPPORTED
from hub.api.proof_bodies import SentMedia
from hub.api.reading import read_file
from hub.media.cleaning import Clean
from hub.media.content import MAX_BYTES, Kind, NotTakenError
from hub.media.shelf import FullError, Place, keep, opened

Sender = Annotated[Principal, Depends(AllowedUpload(Permission.SEND_MEDIA, Limit.UPLOAD))]
Looker = Annotated[Principal, Depends(Allowed(Permission.READ_MEDIA))]
Media = Annotated[str, Path(pattern="^med_[0-9a-f]{32}$")]
KINDS = tuple(Kind)
BINARY = {"schema": {"type": "string", "format": "binary"}}
WRONG = {"not_taken": UNSUPPORTED, "too_large": TOO_LARGE}
ENDINGS = {Kind.JPEG: "jpg", Kind.PDF: "pdf"}


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    body: dict[str, Any] = {"required": True, "content": dict.fromkeys(KINDS, BINARY)}
    app.post(
        "/v1/warranties/{warranty}/media",
        tags=["proofs"],
        summary="Send a picture or a paper",
        operation_id="sendMedia",
        status_code=201,
        response_class=Response,
        responses=answers(
            {201: answered(SentMedia, "Kept; the same file again is the same id.")},
            problems.TOO_SLOW,
            problems.TOO_LARGE,
            problems.UNSUPPORTED,
            problems.INVALID,
            problems.NOT_FOUND,
            problems.NOT_POSSIBLE,
        ),
        openapi_extra={"requestBody": body},
    )(send)
    app.get(
        "/v1/media/{media}",
        tags=["proofs"],
        summary="Look at what was sent",
        operation_id="readMedia",
        response_class=Response,
        responses=answers(
            {
                200: {
                    "description": "The file as it is kept.",
                    "content": dict.fromkeys((Kind.JPEG, Kind.PDF), BINARY),
                }
            },
            problems.NOT_FOUND,
            problems.NOT_POSSIBLE,
            problems.INVALID,
        ),
    )(look)


async def send(request: Request, warranty: Warranty, caller: Sender) -> Response:
    """Send a photo (JPEG, PNG, WebP) or a PDF of 10 MiB at most; its content says which it is.

    It is drawn or written anew: places, scripts, forms and whatever else was in it do not come along.
    """
    await check_warranty(request, caller, warranty)
    sent, parts = await read_file(request, KINDS, MAX_BYTES), parts_of(request)
    clean = await _cleaned(request, sent)
    place = Place(caller.tenant, warranty, caller.id)
    async with parts.database.speaking_for(caller.tenant) as queries:
        try:
            media = await keep(queries, parts.today.keyring, place, sent, clean)
        except FullError as error:
            raise NOT_POSSIBLE.error(str(error)) from error
    said = SentMedia.model_validate(
        {
            "id": media,
            "warranty": warranty,
            "kind": clean.kind,
            "size": len(clean.body),
            "width": clean.width,
            "height": clean.height,
            "pages": clean.pages,
        }
    )
    headers = {"Location": f"/v1/media/{media}"}
    return Response(said.model_dump_json(), 201, headers, "application/json")


async def _cleaned(request: Request, sent: bytes) -> Clean:
    try:
        return await parts_of(request).cleaner.clean(sent)
    except NotTakenError as error:
        raise WRONG.get(error.code, INVALID).error(str(error)) from error


async def look(request: Request, media: Media, caller: Looker) -> Response:
    """Look at a file. A browser saves it and runs nothing of it."""
    parts = parts_of(request)
    async with parts.database.speaking_for(caller.tenant) as queries:
        kept = await opened(queries, parts.today.keyring, caller.tenant, media)
    if kept is None:
        raise NOT_FOUND.error(
            f"you have no file {media}; its warranty's proofs name those there are"
        )
    headers = {
        "Content-Disposition": f'attachment; filename="{media}.{ENDINGS[Kind(kept.kind)]}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return Response(kept.body, headers=headers, media_type=kept.kind)
