"""The application: routes, and one place where every failure becomes a problem."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hub.api.answers import LATER
from hub.api.counting import Counted, note
from hub.api.describing import describe
from hub.api.parts import Parts
from hub.api.problems import (
    INTERNAL,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    STORE_AWAY,
    Kind,
    ProblemError,
)
from hub.api.reading import invalid
from hub.api.routes import activations, audit, requests, trace, warranties
from hub.domain.errors import HubError
from hub.sdk.failures import DataRefusedError, DecideAgainError, StoreUnavailableError

log = structlog.get_logger()

VERSION = "1.0.0"
"""Of the API, not of the hub."""
Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


def build(parts: Parts, pages: tuple[BaseRoute, ...] = ()) -> FastAPI:
    """The API on these parts; `pages` are further routes of the same process."""
    app = FastAPI(
        title="Warranty Hub",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=_handlers(),
        separate_input_output_schemas=False,
    )
    app.state.parts = parts
    app.add_middleware(Counted, parts=parts)
    for room in (activations, requests, warranties, trace, audit):
        room.add_to(app)
    app.router.routes.extend(pages)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _handlers() -> dict[int | type[Exception], Handler]:
    return {
        ProblemError: _problem,
        RequestValidationError: _not_valid,
        HTTPException: _of_the_framework,
        StoreUnavailableError: _store_away,
        DecideAgainError: _store_away,
        DataRefusedError: _not_storable,
        Exception: _fault,
    }


async def _problem(request: Request, error: ProblemError) -> Response:
    if error.kind.audited:
        note(request, error)
    return error.response()


async def _not_valid(request: Request, error: RequestValidationError) -> Response:
    return await _problem(request, invalid(error.errors()))


async def _of_the_framework(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == NOT_FOUND.status:
        detail = "there is no such path; /openapi.json lists those there are"
        return NOT_FOUND.error(detail, headers).response()
    if error.status_code == METHOD_NOT_ALLOWED.status:
        detail = f"this path takes {headers.get('Allow', headers.get('allow', 'other methods'))}"
        return METHOD_NOT_ALLOWED.error(detail, headers).response()
    kind = Kind(error.status_code, "not-possible", "Not possible", "")
    return await _problem(request, kind.error(str(error.detail), headers))


async def _store_away(request: Request, error: HubError) -> Response:
    log.warning("api.store_away", reason=str(error))
    detail = "our store does not answer; nothing was changed: repeat it in a few seconds"
    return await _problem(request, STORE_AWAY.error(detail, LATER))


async def _not_storable(request: Request, error: DataRefusedError) -> Response:
    """A value that no row can hold is in none of ours."""
    log.info("api.value_refused", reason=str(error))
    return await _problem(
        request, NOT_FOUND.error("nothing is known by that; check what you ask for")
    )


async def _fault(_request: Request, _error: Exception) -> Response:
    # Starlette raises it again once this is answered, so the server writes its traceback.
    detail = "this is a fault of ours and was noted; repeat it, and tell whoever runs the hub"
    return INTERNAL.error(detail).response()
