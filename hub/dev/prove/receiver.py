"""Somebody who takes every message, for as long as it runs.

By its path it is asked to misbehave: `/hole` never answers, `/flaky` fails one time in five.
"""

import asyncio
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

TAKEN = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
AWAY = b"HTTP/1.1 503 Away\r\ncontent-length: 0\r\n\r\n"
FAILS = 0.2


@dataclass(slots=True)
class Receiver:
    """What it answers, and what it took where."""

    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - repeatable
    took: Callable[[bytes, bytes], None] = lambda _path, _id: None
    """Is told the path and id of each message that was taken."""
    is_away: bool = False
    takes_seconds: float = 0.0
    """Between taking a message and saying so."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the other side hangs up."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lower = head.lower()
                await reader.readexactly(int(_header(lower, b"content-length")))
                path = head.split(b" ", 2)[1]
                writer.write(await self._answer(path, _header(head, b"webhook-id")))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: bytes, event: bytes) -> bytes:
        if path.startswith(b"/hole"):
            await asyncio.sleep(3_600)
        if self.is_away or (path.startswith(b"/flaky") and self.chance.random() < FAILS):
            return AWAY
        self.took(path, event)
        if self.takes_seconds:
            await asyncio.sleep(self.takes_seconds)
        return TAKEN


def _header(head: bytes, name: bytes) -> bytes:
    return head.split(b"\r\n" + name + b": ", 1)[1].split(b"\r\n", 1)[0]


async def _main(port: int) -> None:
    server = await asyncio.start_server(Receiver().serve, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
