"""Connections to shops: guarded, some for each shop, and hung up when its address changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from hub.adapters.answers import bound
from hub.delivery.egress import Egress

REQUEST_SECONDS = 3.0


@dataclass(slots=True)
class _Lines:
    """Those to one shop, the one used last on top."""

    url: str
    turn: asyncio.Semaphore
    free: list[httpx.AsyncClient] = field(default_factory=list)


@dataclass(slots=True)
class ShopLines:
    """Every line of a process, by what it leads to."""

    egress: Egress
    _lines: dict[object, _Lines] = field(default_factory=dict)

    @asynccontextmanager
    async def taken(self, shop: object, url: str, most: int) -> AsyncIterator[httpx.AsyncClient]:
        """A line of one's own, as soon as one of the `most` is free; one that failed is thrown away.

        Raises:
            ForbiddenError: the URL is not one to be used.

        """
        lines = self._lines.get(shop)
        if lines is None or lines.url != url:
            before, lines = lines, _Lines(url, asyncio.Semaphore(most))
            self._lines[shop] = lines
            await _hang_up(before)
        async with lines.turn:
            client = lines.free.pop() if lines.free else self._open(url)
            try:
                yield client
            except BaseException:
                await client.aclose()
                raise
            if lines is self._lines.get(shop):
                lines.free.append(client)
            else:
                await client.aclose()

    def _open(self, url: str) -> httpx.AsyncClient:
        client = self.egress.client(url, REQUEST_SECONDS)
        client.event_hooks = {"response": [bound]}
        return client

    async def aclose(self) -> None:
        """Hang up."""
        lines, self._lines = list(self._lines.values()), {}
        for one in lines:
            await _hang_up(one)


async def _hang_up(lines: _Lines | None) -> None:
    # Taken out first: whoever still waits for its turn opens a line of its own.
    while lines is not None and lines.free:
        await lines.free.pop().aclose()
