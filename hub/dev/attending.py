"""Whoever is posted to over HTTP, down at the bytes: for receivers that misbehave as well as answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

GONE = (
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    ConnectionError,
    asyncio.CancelledError,
)
"""Whoever sent has left or speaks no HTTP, or the scene is over."""


@dataclass(frozen=True, slots=True)
class Post:
    """What one attempt asks."""

    path: bytes
    message: bytes
    """Its `webhook-id`; empty where it has none."""


Answering = Callable[[Post, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]
"""Answers a post; gives whether the connection may go on."""


async def attend(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answering: Answering
) -> None:
    """Answer one post after the other, until the other side hangs up or an answer ends it."""
    try:
        while await answering(await _post(reader), reader, writer):
            pass
    except GONE:
        pass
    finally:
        writer.close()


async def _post(reader: asyncio.StreamReader) -> Post:
    head = await reader.readuntil(b"\r\n\r\n")
    names = head.lower()
    length = _header(head, names, b"content-length")
    if length.isdigit():
        await reader.readexactly(int(length))
    _, path, *_ = [*head.split(b" ", 2), b""]
    return Post(path, _header(head, names, b"webhook-id"))


def _header(head: bytes, names: bytes, name: bytes) -> bytes:
    """The value of a header, as it stands in the head; empty where there is none."""
    at = names.find(b"\r\n" + name + b":")
    return b"" if at < 0 else head[at + len(name) + 3 :].split(b"\r\n", 1)[0].strip()
