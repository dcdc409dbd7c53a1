"""The application: routes, and one place where every failure becomes a problem."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from hub.access.keyring import SealError
from hub.access.keys import KeyNotPossibleError
from hub.access.people import NobodyError, PersonNotPossibleError
from hub.api.answers import LATER
from hub.api.counting import Counted, note
from hub.api.describing import describe
from hub.api.numbered import know_numbers
from hub.api.parts import Parts
from hub.api.problems import (
    CHANGED,
    INTERNAL,
    KEY_REUSED,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    NOT_POSSIBLE,
    STORE_AWAY,
    Kind,
    ProblemError,
)
from hub.api.reading import invalid
from hub.api.routes import (
    activations,
    audit,
    audit_checks,
    auth,
    by_hand,
    categories,
    claim_acts,
    claim_costs,
    claims,
    coverage,
    customers,
    deliveries,
    effects,
    endpoints,
    invoices,
    items,
    keys,
    media,
    notes,
    payloads,
    people,
    policies,
    privacy,
    products,
    proofs,
    redrives,
    replays,
    requests,
    samples,
    setup,
    steering,
    trace,
    units,
    warranties,
)
from hub.audit.samples.drawing import SampleError
from hub.audit.samples.reviews import NoSampleError
from hub.delivery.endpoints import EndpointChangedError, EndpointGoneError, KeyReusedError
from hub.delivery.reading import DeliveryGoneError
from hub.delivery.replay import ReplayGoneError
from hub.domain.errors import HubError
from hub.recovery.editing import NotValidError
from hub.recovery.spot import ChangedError, GoneError, NotPossibleError
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
    know_numbers()
    for room in (
        *(activations, requests, warranties, units, coverage, trace, audit, audit_checks, samples),
        *(items, payloads, steering, notes, redrives, replays),
        *(auth, people, keys, privacy),
        *(policies, setup, by_hand, customers),
        *(products, categories),
        *(media, proofs),
        *(claims, claim_acts, claim_costs, effects),
        invoices,
        *(endpoints, deliveries),
    ):
        room.add_to(app)
    app.router.routes.extend(pages)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _handlers() -> dict[int | type[Exception], Handler]:
    return {
        ProblemError: _problem,
        RequestValidationError: _not_valid,
        HTTPException: _of_the_framework,
        GoneError: _gone,
        EndpointGoneError: _gone,
        DeliveryGoneError: _gone,
        ReplayGoneError: _gone,
        EndpointChangedError: _changed,
        KeyReusedError: _key_reused,
        ChangedError: _changed,
        NotValidError: _body_not_valid,
        NotPossibleError: _not_possible,
        KeyNotPossibleError: _not_possible,
        NobodyError: _gone,
        PersonNotPossibleError: _not_possible,
        NoSampleError: _gone,
        SampleError: _not_possible,
        SealError: _not_possible,
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
        allowed = ", ".join(_methods(request))
        return METHOD_NOT_ALLOWED.error(f"this path takes {allowed}", {"Allow": allowed}).response()
    kind = Kind(error.status_code, "not-possible", "Not possible", "")
    return await _problem(request, kind.error(str(error.detail), headers))


def _methods(request: Request) -> list[str]:
    """What a path takes, over all routes of it."""
    routes = (one for one in request.app.routes if one.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for one in routes for method in getattr(one, "methods", None) or ()})


async def _gone(request: Request, error: HubError) -> Response:
    return await _problem(request, NOT_FOUND.error(str(error)))


async def _changed(request: Request, error: HubError) -> Response:
    return await _problem(request, CHANGED.error(str(error)))


async def _key_reused(request: Request, error: KeyReusedError) -> Response:
    return await _problem(request, KEY_REUSED.error(str(error)))


async def _body_not_valid(request: Request, error: NotValidError) -> Response:
    places = [{"pointer": one.place, "message": one.message} for one in error.breaches]
    return await _problem(request, NOT_POSSIBLE.error(str(error), errors=places))


async def _not_possible(request: Request, error: HubError) -> Response:
    return await _problem(request, NOT_POSSIBLE.error(str(error)))


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
