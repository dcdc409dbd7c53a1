"""A merchant's own systems that hear of what is decided: one takes everything, one is often in trouble."""

import asyncio
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.bootstrap.ingress import serve_on

FAST, FLAKY = "fast", "flaky"
NAMES = (FAST, FLAKY)
TROUBLED = 0.2
"""So often the flaky one answers with a trouble of its own."""
MOST_TROUBLES = 3
"""With one message; then it takes it, or the last ones of a run would come again for minutes."""
TAKEN, TROUBLE = 200, 503


@dataclass(slots=True)
class Receivers:
    """What they got, by name, and what they had no room for."""

    chance: random.Random
    taken: Counter[str] = field(default_factory=Counter)
    troubled: Counter[str] = field(default_factory=Counter)
    _troubles: Counter[str] = field(default_factory=Counter)
    """With each message that the flaky one has still to take."""

    def app(self) -> Starlette:
        """Each below its name."""
        return Starlette(routes=[Route(f"/{name}", self._take, methods=["POST"]) for name in NAMES])

    async def _take(self, request: Request) -> Response:
        await request.body()
        name = request.url.path.strip("/")
        if name == FLAKY and self._is_in_trouble(request.headers.get("webhook-id", "")):
            self.troubled[name] += 1
            return Response(status_code=TROUBLE)
        self.taken[name] += 1
        return Response(status_code=TAKEN)

    def _is_in_trouble(self, message: str) -> bool:
        if self._troubles[message] < MOST_TROUBLES and self.chance.random() < TROUBLED:
            self._troubles[message] += 1
            return True
        del self._troubles[message]
        return False


@asynccontextmanager
async def receiving(port: int, chance: random.Random) -> AsyncIterator[tuple[Receivers, str]]:
    """Both, while the block runs, and where they are; a port of 0 is any."""
    receivers = Receivers(chance)
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    serving = asyncio.create_task(serve_on(receivers.app(), listener))
    try:
        yield receivers, f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        listener.close()
