"""What an owner does to an endpoint: tests it, pauses and resumes it, gives it a new secret."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from hub.access.keyring import Keyring
from hub.access.permissions import Permission
from hub.delivery.endpoints import Desk, EndpointChangedError, find
from hub.delivery.reading import send_test
from hub.recovery.spot import NotPossibleError
from hub.web.frame import Seat, form
from hub.web.telling.endpoints import GRACES, Endpoints
from hub.web.waiting.asked import number
from hub.web.waiting.bulks import to

STATES = ("active", "paused")


@dataclass(frozen=True, slots=True)
class EndpointActs:
    """What may be sent about an endpoint."""

    pages: Endpoints
    keyring: Keyring

    async def tested(self, request: Request, seat: Seat) -> Response:
        """Send it an event of no meaning, on the way that everything takes."""
        async with self._desk(seat) as desk:
            named = request.path_params["endpoint"]
            delivery = await send_test(desk.queries, seat.tenant, named, datetime.now(UTC))
        if not seat.viewer.may(Permission.READ_DELIVERY):
            return to(f"/endpoints/{named}", seat, "tested")
        return to(f"/deliveries/{delivery}", seat, "test")

    async def changed(self, request: Request, seat: Seat) -> Response:
        """Pause it, or begin with it anew. What it is already it may be told again."""
        named, sent = request.path_params["endpoint"], await form(request)
        state, seen = sent.get("state", ""), number(sent.get("version", ""))
        if state not in STATES or seen is None:
            raise NotPossibleError("choose what to do by one of the buttons of its page")
        try:
            async with self._desk(seat) as desk:
                if (await find(desk.queries, seat.tenant, named)).state != state:
                    await desk.change(named, seen, {"state": state})
        except EndpointChangedError:
            wrong = "somebody changed it meanwhile: look at how it stands now, then decide again"
            return await self.pages.show(request, seat, 409, wrong={"state": wrong})
        return to(f"/endpoints/{named}", seat, state)

    async def rotated(self, request: Request, seat: Seat) -> Response:
        """Give it a new secret, which this answer shows and none after it."""
        named, sent = request.path_params["endpoint"], await form(request)
        grace, seen = number(sent.get("grace", "")), number(sent.get("version", ""))
        if grace not in dict(GRACES) or seen is None:
            raise NotPossibleError("choose how long the secret before may sign, on its page")
        try:
            async with self._desk(seat) as desk:
                secret = await desk.rotate(named, float(grace or 0), seen)
        except EndpointChangedError:
            wrong = (
                "it was changed since this page was drawn, perhaps by this very form. Nothing was done now: "
                "see below which secrets sign, and when each was made"
            )
            return await self.pages.show(request, seat, 409, wrong={"secret": wrong})
        return await self.pages.show(request, seat, secret=secret)

    @asynccontextmanager
    async def _desk(self, seat: Seat) -> AsyncIterator[Desk]:
        """One transaction of the tenant whose endpoint it is."""
        async with self.pages.frame.database.transaction_for(seat.tenant) as queries:
            yield Desk(queries, self.keyring, seat.tenant, seat.viewer.by)
