"""Connections to what is asked over HTTP: one client for each request that may be on its way at once.

A client of many connections looks at all of them for every request, which costs more than the request.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from hub.adapters.answers import bound

ONE = httpx.Limits(max_connections=1)
PLAIN = {"Accept-Encoding": "identity"}


@dataclass(slots=True)
class Lines:
    """The lines of a process, by what they lead to; opened when they are needed first."""

    timeout: float
    """Seconds for each step of a request."""
    _trust: ssl.SSLContext | None = None
    _clients: list[httpx.AsyncClient] = field(default_factory=list)
    _free: dict[object, "asyncio.LifoQueue[httpx.AsyncClient | None]"] = field(default_factory=dict)

    @asynccontextmanager
    async def taken(self, whereto: object, most: int) -> AsyncIterator[httpx.AsyncClient]:
        """A line of one's own, as soon as one of the `most` is free; the one used last comes first."""
        free = self._free.get(whereto)
        if free is None:
            free = self._free[whereto] = asyncio.LifoQueue()
            for _ in range(most):
                free.put_nowait(None)
        client = await free.get()
        try:
            # Those that were never needed lie below those that were.
            client = client or self._open()
            yield client
        finally:
            free.put_nowait(client)

    def _open(self) -> httpx.AsyncClient:
        if self._trust is None:
            self._trust = ssl.create_default_context()
        client = httpx.AsyncClient(
            timeout=self.timeout,
            verify=self._trust,
            limits=ONE,
            headers=PLAIN,
            event_hooks={"response": [bound]},
        )
        self._clients.append(client)
        return client

    async def aclose(self) -> None:
        """Hang up."""
        clients, self._clients = self._clients, []
        self._free.clear()
        await asyncio.gather(*(client.aclose() for client in clients))
