"""A merchant's own systems that hear of what is decided: good ones, bad ones, and one that means harm."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hub.dev.attending import Post, attend
from hub.dev.simulator.behaviour import (
    NEVER,
    Behaviour,
    Dead,
    Fast,
    Flaky,
    Limited,
    Malicious,
    Reply,
    Slow,
    Window,
    answer,
)
from hub.dev.simulator.taken import MESSAGE

FAST, SLOW, FLAKY, LIMITED = "fast", "slow", "flaky", "limited"
DEAD, MALICIOUS = "dead", "malicious"
NAMES = (FAST, SLOW, FLAKY, LIMITED, DEAD, MALICIOUS)
LIMIT = 0.6
"""So many the limited one takes a second, for each thing that is said a second."""
LEAST_LIMIT = 5.0
NOT_FOUND = Reply("not_found", answer(404))
NO_MESSAGE = Reply("no_message", answer(400))


def behaviours(chance: random.Random, rate: float, scale: float) -> dict[str, Behaviour]:
    """Each under its name; `rate` is of what is said, `scale` of the hub's pauses."""
    return {
        FAST: Fast(),
        SLOW: Slow(chance),
        FLAKY: Flaky(chance),
        LIMITED: Limited(Window(max(LEAST_LIMIT, LIMIT * rate)), scale),
        DEAD: Dead(),
        MALICIOUS: Malicious(),
    }


@dataclass(slots=True)
class Receivers:
    """What they did, by name, each below its own path."""

    behaviours: Mapping[str, Behaviour]
    took: Callable[[str, str], None] = lambda _name, _message: None
    """Is told the receiver and id of each message that is taken, before it is answered."""
    done: dict[str, Counter[str]] = field(default_factory=lambda: {n: Counter() for n in NAMES})
    """How often each gave which reply."""
    _attending: set["asyncio.Task[None]"] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the other side hangs up, or we do."""
        task = asyncio.current_task()
        if task is not None:
            self._attending.add(task)
            task.add_done_callback(self._attending.discard)
        await attend(reader, writer, self._attended)

    async def leave(self) -> None:
        """Hang up, whatever is on its way."""
        for task in self._attending:
            task.cancel()
        await asyncio.gather(*self._attending, return_exceptions=True)

    async def _attended(
        self, post: Post, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        name, message = (one.decode("ascii", "replace") for one in (post.path, post.message))
        name = name.strip("/")
        reply = self._reply(name, message)
        if reply.after == NEVER:
            self.done[name][reply.name] += 1
            await reader.read()
            return False
        await asyncio.sleep(reply.after)
        if reply.takes:
            self.took(name, message)
        if name in self.done:
            self.done[name][reply.name] += 1
        await _play(reply, writer)
        return not reply.is_last

    def _reply(self, name: str, message: str) -> Reply:
        behaviour = self.behaviours.get(name)
        if behaviour is None:
            return NOT_FOUND
        if not MESSAGE.fullmatch(message):
            return NO_MESSAGE
        return behaviour.reply(message, time.time())


async def _play(reply: Reply, writer: asyncio.StreamWriter) -> None:
    writer.write(reply.sends)
    await writer.drain()
    while reply.endless:
        writer.write(reply.endless)
        await writer.drain()
        await asyncio.sleep(reply.every)


@asynccontextmanager
async def receiving(receivers: Receivers, port: int) -> AsyncIterator[str]:
    """All of them, while the block runs; gives where they are. A port of 0 is any."""
    server = await asyncio.start_server(receivers.serve, "127.0.0.1", port, backlog=512)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await receivers.leave()
