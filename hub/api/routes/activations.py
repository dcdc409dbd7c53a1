"""Sales and registrations: posted, decided, answered."""

from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from hub.access.keys import Principal
from hub.access.permissions import Permission
from hub.api import problems
from hub.api.answers import LATER, path_of, reply
from hub.api.auth import Allowed
from hub.api.bodies import Activation
from hub.api.describing import SUBMITTED, answers, request_body
from hub.api.idempotency import HEADER, REPLAYED, key_of
from hub.api.parts import parts_of
from hub.api.problems import BROKER_AWAY, OUTCOME_UNKNOWN, STORE_AWAY, ProblemError
from hub.api.reading import read
from hub.api.submission import submission, traceparent_of
from hub.ledger.ask import Asker, Told
from hub.ledger.submit import Submission
from hub.sdk.failures import BrokerAwayError, BrokerUnavailableError, StoreUnavailableError

MAY = Allowed(Permission.SUBMIT_ACTIVATION)
MAY_ANSWER = (
    problems.NOT_JSON,
    problems.BAD_KEY,
    problems.TOO_SLOW,
    problems.CONFLICT,
    problems.IN_PROGRESS,
    problems.TOO_LARGE,
    problems.UNSUPPORTED,
    problems.INVALID,
    problems.REJECTED,
    problems.GIVEN_UP,
    problems.KEY_REUSED,
    problems.BROKER_AWAY,
    problems.OUTCOME_UNKNOWN,
)


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.post(
        "/v1/activations",
        tags=["activations"],
        summary="Report a sale or a registration",
        operation_id="activate",
        status_code=201,
        response_class=Response,
        responses=answers(SUBMITTED, *MAY_ANSWER),
        openapi_extra=request_body(Activation),
    )(activate)


async def activate(request: Request, caller: Annotated[Principal, Depends(MAY)]) -> Response:
    """Report what starts cover, and hear what was decided.

    Repeat it under the same `Idempotency-Key` as often as needed: it counts once, and every repeat
    hears the first answer again. A report without a key is given one, told in the answer; posted
    again without it, the same content is recognised by its order or registration instead.
    """
    headers = {HEADER: key_of(request.headers.getlist(HEADER))}
    try:
        activation = await read(request, Activation)
        one = submission(activation, caller, headers[HEADER], traceparent_of(request))
        told = await _ask(parts_of(request).asker, one)
        if told.replayed:
            headers[REPLAYED] = "true"
        response = reply(told).response()
    except ProblemError as error:
        error.headers |= headers
        raise
    response.headers.update(headers)
    return response


async def _ask(asker: Asker, one: Submission) -> Told:
    here = {"Location": path_of(one.request)}
    try:
        return await asker.ask(one)
    except StoreUnavailableError as error:
        detail = "nothing was sent, as our store does not answer; repeat it in a few seconds"
        raise STORE_AWAY.error(detail, LATER) from error
    except BrokerAwayError as error:
        detail = "nothing was sent, as our event log does not answer; repeat it in a few seconds"
        raise BROKER_AWAY.error(detail, LATER) from error
    except BrokerUnavailableError as error:
        detail = (
            "it was sent and nobody confirmed it; repeat it with the same Idempotency-Key, "
            f"which counts once, or ask at {here['Location']}"
        )
        raise OUTCOME_UNKNOWN.error(detail, here | LATER, request=one.request) from error
