"""Connections to shops: guarded, some for each shop, and hung up when its address changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx

from hub.adapters.answers import bound
from hub.delivery.egress import Egress
from hub.delivery.lines import Lines

REQUEST_SECONDS = 3.0


@dataclass(slots=True)
class _Known:
    """A shop under the address that its lines lead to."""

    url: str
    turn: asyncio.Semaphore
    lines: Lines = field(default_factory=Lines)


@dataclass(slots=True)
class ShopLines:
    """Every line of a process, by what it leads to."""

    egress: Egress
    _known: dict[object, _Known] = field(default_factory=dict)

    @asynccontextmanager
    async def taken(self, shop: object, url: str, most: int) -> AsyncIterator[httpx.AsyncClient]:
        """A line of one's own, as soon as one of the `most` is free; one that failed is thrown away.

        Raises:
            ForbiddenError: the URL is not one to be used.

        """
        known = self._known.get(shop)
        if known is None or known.url != url:
            before, known = known, _Known(url, asyncio.Semaphore(most))
            self._known[shop] = known
            if before is not None:
                await before.lines.hang_up()
        async with known.turn, known.lines.lent(partial(self._open, url)) as client:
            yield client

    def _open(self, url: str) -> httpx.AsyncClient:
        client = self.egress.client(url, REQUEST_SECONDS)
        client.event_hooks = {"response": [bound]}
        return client

    async def aclose(self) -> None:
        """Hang up."""
        known, self._known = list(self._known.values()), {}
        for one in known:
            await one.lines.hang_up()
