"""A receiver on loopback that remembers what it got and answers as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(slots=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        """Its body as JSON."""
        found: dict[str, Any] = orjson.loads(self.body)
        return found


Answering = Callable[[Got, int], Awaitable[bytes]]
"""The bytes to answer with; the number counts requests from 1."""


def answer(status: int = 200, body: bytes = b"ok", **headers: str) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def accepting(got: Got, number: int) -> bytes:
    """Take everything."""
    return answer()


@dataclass(slots=True)
class Receiver:
    """What listens, and what it heard."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answering: Answering = accepting
    connections: int = 0
    open: int = 0
    """Connections that nobody has ended."""

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """The ids of what it got, in order."""
        return [one.headers["webhook-id"] for one in self.got]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the other side hangs up."""
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                headers |= {
                    line.split(": ", 1)[0].lower(): line.split(": ", 1)[1]
                    for line in head[1:]
                    if line
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                now = asyncio.get_running_loop().time()
                got = Got(head[0].split(" ")[1], headers, body, now)
                self.got.append(got)
                writer.write(await self.answering(got, len(self.got)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def listening(answering: Answering = accepting) -> AsyncIterator[Receiver]:
    """A receiver for as long as the block."""
    receiver = Receiver(answering=answering)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
