"""Reading what is posted: bounded in size, in time, and in bytes of all callers together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from hub.intake import answers

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MAX_BODY = 2 * 1024 * 1024
MAX_HELD = 128 * 1024 * 1024
"""Bytes of bodies in memory."""
LINGER_BYTES, LINGER_SECONDS = 2 * MAX_BODY, 2.0
"""How much of a body that is too large is read and dropped, so that its sender hears the answer."""
BODY_SECONDS = 30.0


class LeftError(Exception):
    """The caller hung up before its delivery was whole; nothing was done."""


@dataclass(slots=True)
class Body:
    """As much as was read; `size` may be more, where more was announced."""

    bytes: bytes = b""
    size: int = 0


@dataclass(slots=True)
class Bodies:
    """Reads a door's bodies and knows how much they hold."""

    seconds: float = BODY_SECONDS
    held: int = 0

    async def read(self, body: Body, headers: Mapping[str, str], receive: Receive) -> None:
        """Fill in what is posted; to be given back whatever happens.

        Raises:
            Turned: it is too large, too slow or too much.
            LeftError: the caller is gone.

        """
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > MAX_BODY:
            body.size = int(announced)
            if "expect" not in headers:
                await _linger(receive)
            raise answers.too_large(MAX_BODY)
        try:
            async with asyncio.timeout(self.seconds):
                await self._read(body, receive)
        except TimeoutError as error:
            raise answers.too_slow(self.seconds) from error
        if body.size > MAX_BODY:
            await _linger(receive)
            raise answers.too_large(MAX_BODY)

    async def _read(self, body: Body, receive: Receive) -> None:
        chunks: list[bytes] = []
        try:
            while body.size <= MAX_BODY:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise LeftError
                chunk = message.get("body", b"")
                chunks.append(chunk)
                body.size += len(chunk)
                self.held += len(chunk)
                if self.held > MAX_HELD:
                    raise answers.busy()
                if not message.get("more_body"):
                    break
        finally:
            body.bytes = chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def give_back(self, body: Body) -> None:
        """Its bytes are held no longer."""
        self.held -= len(body.bytes)


async def _linger(receive: Receive) -> None:
    left = LINGER_BYTES
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return
