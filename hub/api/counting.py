"""Counts what the door answers, and tells whoever audits what it turned away."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.access.limits import Standing
from hub.api.auth import peer_of
from hub.api.parts import Parts, parts_of
from hub.api.problems import ProblemError
from hub.audit.refusals import refused

DOOR = "api"
NOTED = "hub.noted"


class Counted:
    """Counts each answer once; those that are told to the audit are counted there."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        """Wrap an application."""
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look at the status."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                if not scope.get(NOTED):
                    status = str(message["status"])
                    self._parts.metrics.door_requests.labels(DOOR, status).inc()
                message = _with_standing(scope, message)
            await send(message)

        await self._app(scope, receive, counted)


def _with_standing(scope: Scope, message: Message) -> Message:
    """The answer, which also says how many more its caller may ask for."""
    standing = scope.get("state", {}).get("standing")
    if not isinstance(standing, Standing):
        return message
    said = [(name.lower().encode(), value.encode()) for name, value in standing.headers.items()]
    return {**message, "headers": [*message.get("headers", ()), *said]}


def note(request: Request, error: ProblemError) -> None:
    """Have a request that was turned away written down: who, where, why; never its body."""
    caller = getattr(request.state, "principal", None)
    body = bytes(getattr(request.state, "body", b""))
    refusal = refused(
        DOOR,
        request.url.path,
        error.kind.status,
        f"{error.kind.code}: {error.detail}",
        body,
        size=getattr(request.state, "size", None),
        tenant=caller.tenant if caller else None,
        principal=caller.name if caller else None,
    )
    parts_of(request).refusals.note(refusal, peer_of(request))
    request.scope[NOTED] = True
