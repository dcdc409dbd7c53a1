"""Lines to one address: each lent to one at a time, the one used last first."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx


@dataclass(slots=True)
class Lines:
    """Those that nobody uses, until they are hung up; whoever still has one then closes it himself."""

    _free: list[httpx.AsyncClient] = field(default_factory=list)
    _is_over: bool = False

    @asynccontextmanager
    async def lent(self, new: Callable[[], httpx.AsyncClient]) -> AsyncIterator[httpx.AsyncClient]:
        """A line nobody else uses meanwhile, a new one where none is free; one that failed is thrown away."""
        client = self._free.pop() if self._free else new()
        try:
            yield client
        except BaseException:
            await client.aclose()
            raise
        if self._is_over:
            await client.aclose()
        else:
            self._free.append(client)

    async def hang_up(self) -> None:
        """Close those that are free. They are taken out first, so that nobody is lent a closed one."""
        self._is_over = True
        while self._free:
            await self._free.pop().aclose()
