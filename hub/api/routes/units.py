"""What becomes known of a unit once its cover has begun: its serial, and a new owner."""

from collections.abc import Callable, Coroutine
from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api import problems
from hub.api.asking import asked
from hub.api.at_warranty import Warranty, check_warranty
from hub.api.auth import Allowed
from hub.api.describing import ACTED, KEY, MAY_ACT, answers, json_body
from hub.api.parts import parts_of
from hub.api.reading import read
from hub.api.submission import Report, reported, traceparent_of
from hub.api.unit_bodies import NewOwner, NewSerial
from hub.ledger.submit import Submission
from schemas.events.parts import Contact
from schemas.events.unit import OwnershipTransferred, SerialAttached
from schemas.refs import home_of

Attacher = Annotated[Principal, Depends(Allowed(Permission.ATTACH_SERIAL))]
Transferrer = Annotated[Principal, Depends(Allowed(Permission.TRANSFER_OWNERSHIP))]


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    app.post(
        "/v1/warranties/{warranty}/serial",
        tags=["warranties"],
        summary="Tell the serial of a unit that was sold without one",
        operation_id="attachSerial",
        status_code=201,
        response_class=Response,
        responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
        openapi_extra=json_body(NewSerial, KEY),
    )(attach_serial)
    app.post(
        "/v1/warranties/{warranty}/transfers",
        tags=["warranties"],
        summary="Transfer a unit to a new owner",
        operation_id="transferOwnership",
        status_code=201,
        response_class=Response,
        responses=answers(ACTED, *MAY_ACT, problems.NOT_FOUND),
        openapi_extra=json_body(NewOwner, KEY),
    )(transfer_ownership)


async def attach_serial(request: Request, warranty: Warranty, caller: Attacher) -> Response:
    """Name a unit by its serial. Where its owner registered that before, the two become one.

    Then `attached.status` is `pending`, and `attached.warranty` is the one that goes on.
    """

    async def make() -> Report:
        body = await read(request, NewSerial)
        fact = SerialAttached(warranty=warranty, serial=body.serial, attached_at=body.attached_at)
        return Report("serials", fact, body.attached_at, home_of(warranty))

    return await _told(request, caller, warranty, make)


async def transfer_ownership(request: Request, warranty: Warranty, caller: Transferrer) -> Response:
    """End one ownership and begin the next, where the policy of its sale lets cover go on.

    The unit is covered until the day it would have been covered until anyway.
    """

    async def make() -> Report:
        body = await read(request, NewOwner)
        fact = OwnershipTransferred(
            warranty=warranty,
            reference=body.reference,
            transferred_at=body.transferred_at,
            zone=body.zone,
            customer=Contact(**body.customer.model_dump()),
            given_by=body.given_by,
        )
        return Report("transfers", fact, body.transferred_at, home_of(warranty))

    return await _told(request, caller, warranty, make)


async def _told(
    request: Request,
    caller: Principal,
    warranty: str,
    read_report: Callable[[], Coroutine[None, None, Report]],
) -> Response:
    await check_warranty(request, caller, warranty)

    async def make(key: str) -> Submission:
        return reported(await read_report(), caller, key, traceparent_of(request))

    return await asked(request, parts_of(request).asker, make)
