"""Connections to what is asked over HTTP: one client for each request that may be on its way at once.

A client of many connections looks at all of them for every request, which costs more than the request.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from connectors.sdk import untranslatable

ONE = httpx.Limits(max_connections=1)
PLAIN = {"Accept-Encoding": "identity"}
MAX_BYTES = 2 * 1024 * 1024
"""Of an answer."""


class _Bounded(httpx.AsyncByteStream):
    """The body of an answer, until it is too much."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MAX_BYTES:
                message = f"an answer has more than {MAX_BYTES} bytes; ask for less"
                raise untranslatable("answer_too_large", message)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx.Response) -> None:
    """Never unpack or read more than there is memory for: an answer of kilobytes may unpack to gigabytes."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        message = f"an answer is packed ({encoding[:40]}) though it was asked for as it is"
        raise untranslatable("answer_packed", message)
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - of an async client
    response.stream = _Bounded(response.stream)


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
            event_hooks={"response": [_bound]},
        )
        self._clients.append(client)
        return client

    async def aclose(self) -> None:
        """Hang up."""
        clients, self._clients = self._clients, []
        self._free.clear()
        await asyncio.gather(*(client.aclose() for client in clients))
