"""Somebody who takes every message, for as long as it runs.

By its path it is asked to misbehave: `/hole` never answers, `/flaky` fails one time in five.
"""

import asyncio
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.dev.attending import Post, attend

TAKEN = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
AWAY = b"HTTP/1.1 503 Away\r\ncontent-length: 0\r\n\r\n"
FAILS = 0.2


@dataclass(slots=True)
class Elders:
    """Whether each event comes after those of its subject that were told before it."""

    subjects: int
    inversions: int = 0
    _last: dict[int, int] = field(default_factory=dict)

    def took(self, _path: bytes, event: bytes) -> None:
        """Look at the next message; what is sent again under its id is no inversion."""
        number = int(event[4:])
        before = self._last.get(number % self.subjects, -1)
        self.inversions += number < before
        self._last[number % self.subjects] = max(number, before)


@dataclass(slots=True)
class Receiver:
    """What it answers, and what it took where."""

    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - repeatable
    took: Callable[[bytes, bytes], None] = lambda _path, _id: None
    """Is told the path and id of each message that was taken."""
    is_away: bool = False
    takes_seconds: float = 0.0
    """Between taking a message and saying so."""
    failures: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the other side hangs up."""
        await attend(reader, writer, self._attended)

    async def _attended(
        self, post: Post, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        writer.write(await self._answer(post.path, post.message))
        await writer.drain()
        return True

    async def _answer(self, path: bytes, event: bytes) -> bytes:
        if path.startswith(b"/hole"):
            await asyncio.sleep(3_600)
        if self.is_away or (path.startswith(b"/flaky") and self.chance.random() < FAILS):
            self.failures += 1
            return AWAY
        self.took(path, event)
        if self.takes_seconds:
            await asyncio.sleep(self.takes_seconds)
        return TAKEN


async def _main(port: int) -> None:
    server = await asyncio.start_server(Receiver().serve, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
