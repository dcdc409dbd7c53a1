"""What a person wants of one item: another try, a hold, its release, the end."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.api.auth import Allowed
from hub.api.describing import answered, answers, json_body
from hub.api.desk import There, Whose, speaking
from hub.api.encoding import document
from hub.api.item_bodies import Wish
from hub.api.item_documents import Wished
from hub.api.reading import MAY_ACT, read
from hub.api.routes.items import ONE
from hub.recovery import wishes
from hub.recovery.items import find
from hub.recovery.spot import GoneError

Caller = Annotated[Principal, Depends(Allowed(Permission.STEER_ITEM))]
Asked = Annotated[Whose, Query()]
ACTS = {
    "redrive": "Have an item tried again at once",
    "hold": "Keep an item from being tried",
    "release": "Let an item that is on hold go on when it is due",
    "give-up": "End an item undecided",
}


def add_to(app: FastAPI) -> None:
    """Add the routes of this file."""
    routes = {"redrive": redrive, "hold": hold, "release": release, "give-up": give_up}
    for name, summary in ACTS.items():
        app.post(
            f"{ONE}/{name}",
            tags=["items"],
            summary=summary,
            operation_id=f"{name.replace('give-up', 'giveUp')}Item",
            status_code=202,
            response_class=Response,
            responses=answers(
                {202: answered(Wished, "It stands in the item; its owner acts on it.")},
                *MAY_ACT,
            ),
            openapi_extra=json_body(Wish),
        )(routes[name])


async def redrive(request: Request, caller: Caller, spot: There, whose: Asked) -> Response:
    """Have it tried at once. Said twice in the same words, it is one wish."""
    return await _wished(request, caller, spot, whose, wishes.redrive)


async def hold(request: Request, caller: Caller, spot: There, whose: Asked) -> Response:
    """Keep it, and what waits behind it, until somebody releases or redrives it."""
    return await _wished(request, caller, spot, whose, wishes.hold)


async def release(request: Request, caller: Caller, spot: There, whose: Asked) -> Response:
    """Let it be tried again when it is due; a redrive tries it at once."""
    return await _wished(request, caller, spot, whose, wishes.release)


async def give_up(request: Request, caller: Caller, spot: There, whose: Asked) -> Response:
    """End it undecided, with a reason that is kept for ever; what waits behind it goes on."""
    return await _wished(request, caller, spot, whose, wishes.give_up)


async def _wished(
    request: Request,
    caller: Principal,
    spot: There,
    whose: Whose,
    act: Callable[..., Awaitable[None]],
) -> Response:
    wish = await read(request, Wish)
    async with speaking(request, caller, whose) as queries:
        await act(queries, spot, wish.reason, by=caller.signature)
        try:
            item = await find(queries, spot)
        except GoneError:
            item = None
    return document(Wished(item=item), 202)
