"""Sales and registrations: posted, decided, answered."""

from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api.asking import asked
from hub.api.auth import Allowed
from hub.api.bodies import Activation
from hub.api.describing import MAY_ACT, SUBMITTED, answers, request_body
from hub.api.parts import parts_of
from hub.api.reading import read
from hub.api.submission import submission, traceparent_of
from hub.ledger.submit import Submission

MAY = Allowed(Permission.SUBMIT_ACTIVATION)


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.post(
        "/v1/activations",
        tags=["activations"],
        summary="Report a sale or a registration",
        operation_id="activate",
        status_code=201,
        response_class=Response,
        responses=answers(SUBMITTED, *MAY_ACT),
        openapi_extra=request_body(Activation),
    )(activate)


async def activate(request: Request, caller: Annotated[Principal, Depends(MAY)]) -> Response:
    """Report what starts cover, and hear what was decided.

    Repeat it under the same `Idempotency-Key` as often as needed: it counts once, and every repeat
    hears the first answer again. A report without a key is given one, told in the answer; posted
    again without it, the same content is recognised by its order or registration instead.
    """

    async def make(key: str) -> Submission:
        activation = await read(request, Activation)
        return submission(activation, caller, key, traceparent_of(request))

    return await asked(request, parts_of(request).asker, make)
