"""What a caller does here: decided as an event that names him."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from hub.access.principals import Principal
from hub.api.asking import asked
from hub.api.parts import parts_of
from hub.api.problems import TOO_LARGE
from hub.api.submission import traceparent_of
from hub.ledger import acts
from hub.ledger.ask import Asker
from hub.ledger.submit import Submission
from schemas.base import Fact
from schemas.events.parts import Actor


@dataclass(frozen=True, slots=True)
class Act:
    """A fact that names its actor, the home that decides it, and the id of what it is done to."""

    fact: Fact
    home: str
    subject: str


def actor(caller: Principal) -> Actor:
    """The caller as a fact names him."""
    by = caller.by
    kind = "key" if by.kind == "source" else by.kind
    return Actor(kind=kind, id=by.id, role=caller.role)


async def acted(
    request: Request,
    caller: Principal,
    asker: Asker,
    read_act: Callable[[], Coroutine[None, None, Act]],
) -> Response:
    """Have it decided under the caller's key; the log says who did it and why, and the audit reads it there."""

    async def make(key: str) -> Submission:
        return _submission(request, caller, await read_act(), key)

    return await asked(request, asker, make)


def _submission(request: Request, caller: Principal, act: Act, key: str) -> Submission:
    keyring, trace = parts_of(request).today.keyring, traceparent_of(request)
    name = f"{act.subject}/{key}"
    try:
        return acts.act(
            keyring, caller.tenant, caller.name, caller.id, act.fact, name, act.home, trace
        )
    except acts.ActTooLargeError as error:
        raise TOO_LARGE.error(str(error)) from error
