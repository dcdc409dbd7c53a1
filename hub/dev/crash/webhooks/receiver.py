"""The process that receives: it writes down each message before it answers, and is never killed.

`python -m hub.dev.crash.webhooks.receiver PORT FOLDER`, where the folder says who listens.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from hub.dev.checker.webhook_log import HEARD, Heard, write_line

LISTENING = "listening.json"
TAKEN, AWAY, NOBODY = 200, 503, 404
TAKES_SECONDS = 0.1
"""Between writing a message down and saying so: whoever sent it may be killed meanwhile."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One endpoint, as its own system knows it."""

    name: str
    secret: str
    fails: float = 0.0
    """How much of what comes it has no room for, by chance."""


def write_listeners(folder: Path, listeners: Sequence[Listener]) -> None:
    """Say who listens."""
    (folder / LISTENING).write_text(json.dumps([asdict(one) for one in listeners]))


def read_listeners(folder: Path) -> dict[str, Listener]:
    """Who listens, by name."""
    listeners = [Listener(**one) for one in json.loads((folder / LISTENING).read_text())]
    return {one.name: one for one in listeners}


@dataclass(slots=True)
class Receiver:
    """Takes what comes to a listener below its name."""

    listeners: Mapping[str, Listener]
    record: int
    """The file that lines are added to."""
    chance: random.Random = field(default_factory=random.SystemRandom)
    takes_seconds: float = TAKES_SECONDS

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the other side hangs up."""
        try:
            while True:
                asked, headers = _head(await reader.readuntil(b"\r\n\r\n"))
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status = self._take(asked, headers, body)
                if status == TAKEN:
                    await asyncio.sleep(self.takes_seconds)
                writer.write(b"HTTP/1.1 %d Said\r\ncontent-length: 0\r\n\r\n" % status)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _take(self, name: str, headers: Mapping[str, str], body: bytes) -> int:
        listener = self.listeners.get(name)
        if listener is None:
            return NOBODY
        status = AWAY if self.chance.random() < listener.fails else TAKEN
        heard = Heard(
            name,
            headers.get("webhook-id", ""),
            time.time(),
            body.decode(errors="replace"),
            _verifies(listener.secret, headers, body),
            status,
        )
        os.write(self.record, write_line(heard))
        return status


def _head(head: bytes) -> tuple[str, dict[str, str]]:
    """Who is asked, and the headers by their names in small letters."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return first.split(" ")[1].strip("/"), {name.lower(): said.strip() for name, said in pairs}


def _verifies(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers))
    except (WebhookVerificationError, ValueError):
        return False
    return True


def open_record(folder: Path) -> int:
    """The file that a receiver writes; what it holds stays."""
    return os.open(folder / HEARD, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


async def _main(port: int, folder: Path) -> None:
    receiver: Any = Receiver(read_listeners(folder), open_record(folder))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), Path(sys.argv[2])))
