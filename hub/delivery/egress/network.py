"""Connecting: a name is resolved once, everything it leads to is checked, and that is connected to."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpcore

from hub.delivery.egress.addresses import Address, ForbiddenError, Rules, read_address

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host, as texts."""

MOST_TRIED = 3
"""Of a host's addresses, while one does not answer."""


_threads = ThreadPoolExecutor(64, thread_name_prefix="resolve")
"""Nobody can end a question to a resolver that does not answer, so those that wait must not be all there are."""


async def resolve(host: str, port: int) -> list[str]:
    """Ask the machine's resolver, which also reads `0x7f.1` and its like as the addresses they are."""
    loop = asyncio.get_running_loop()
    asking = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await loop.run_in_executor(_threads, asking)
    except (OSError, UnicodeError) as error:
        raise ForbiddenError("no_address", f"its host cannot be resolved: {error}") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(slots=True)
class Lookups:
    """Asks once for all who want to know of a host at the same moment; what was answered is not remembered."""

    _asking: "dict[tuple[str, int], asyncio.Task[list[str]]]" = field(default_factory=dict)

    async def __call__(self, host: str, port: int) -> list[str]:
        """The addresses of a host; whoever gives up waiting ends the question for nobody else."""
        key = (host, port)
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(resolve(host, port))
            self._asking[key].add_done_callback(partial(self._answered, key))
        return await asyncio.shield(self._asking[key])

    def _answered(self, key: tuple[str, int], task: "asyncio.Task[list[str]]") -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # it may be that nobody waits for it any more


@dataclass(slots=True)
class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Hands out connections to checked addresses alone. TLS still asks for the name."""

    rules: Rules
    resolve: Resolve
    scheme: str = "https"
    _inner: httpcore.AsyncNetworkBackend = field(default_factory=httpcore.AnyIOBackend)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to one of the host's addresses, all of which were checked."""
        async with asyncio.timeout(timeout):
            addresses = await self._checked(host, port)
        last: Exception = httpcore.ConnectError("there is no address to connect to")
        for address in addresses[:MOST_TRIED]:
            try:
                return await self._inner.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Refuse: no receiver is behind a socket of this machine."""
        raise ForbiddenError("not_public", "no receiver is behind a file of this machine")

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore asks."""
        await self._inner.sleep(seconds)

    async def _checked(self, host: str, port: int) -> list[Address]:
        found = [read_address(one) for one in await self.resolve(host, port)]
        self.rules.check(self.scheme, found)
        return found
