"""How the simulated receivers answer: well, slowly, seldom, never, or to do harm. Pure but for chance."""

import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from zlib import crc32

MOST_TROUBLES = 3
"""With one message; then it is taken, or the last ones of a run would come again for minutes."""
TROUBLED = 0.2
"""So often a flaky one answers with a trouble of its own."""
SLOWEST = (0.3, 1.0)
"""Seconds that a slow one takes."""
NEVER = math.inf
WORDS = {200: "OK", 302: "Found", 400: "Bad Request", 404: "Not Found"} | {
    429: "Too Many Requests",
    503: "Service Unavailable",
}
METADATA = "http://169.254.169.254/latest/meta-data/"
"""Where a machine in a cloud tells its secrets to whoever asks from inside."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What becomes of one attempt, and what its sender gets to see."""

    name: str
    """Under which it is counted."""
    sends: bytes
    takes: bool = False
    after: float = 0.0
    """Seconds before anything is sent; `NEVER`: nothing is."""
    endless: bytes = b""
    """What is sent after that, again and again until the other side hangs up."""
    every: float = 0.0
    """Seconds between two pieces of that."""
    is_last: bool = False
    """The connection ends with it."""


class Behaviour(Protocol):
    """One receiver's way to answer."""

    def reply(self, message: str, now: float) -> Reply:
        """What it does about an attempt at this message; `now` is in seconds."""


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An HTTP answer as it should be."""
    told = {**headers, "content-length": str(len(body))}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in told.items()]
    head = "\r\n".join([f"HTTP/1.1 {status} {WORDS[status]}", *lines])
    return head.encode() + b"\r\n\r\n" + body


TAKEN = Reply("taken", answer(200), takes=True)


@dataclass(slots=True)
class Troubles:
    """Keeps count of them, so that each message is taken in the end."""

    most: int = MOST_TROUBLES
    _had: Counter[str] = field(default_factory=Counter)

    def next(self, message: str) -> int | None:
        """The number of the next one, from 0; None where it has had enough, which is then forgotten."""
        number = self._had[message]
        if number >= self.most:
            self.forget(message)
            return None
        self._had[message] += 1
        return number

    def forget(self, message: str) -> None:
        """It is taken."""
        del self._had[message]


@dataclass(slots=True)
class Window:
    """So many a second, by the clock's seconds."""

    most: float
    _second: int = 0
    _count: int = 0

    def has_room(self, now: float) -> bool:
        """Whether one more fits; it is counted then."""
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        return self._count <= self.most


@dataclass(frozen=True, slots=True)
class Fast:
    """Takes everything at once."""

    def reply(self, message: str, now: float) -> Reply:  # noqa: ARG002 - it is all the same to it
        """Take it."""
        return TAKEN


@dataclass(frozen=True, slots=True)
class Slow:
    """Takes everything, after a while."""

    chance: random.Random

    def reply(self, message: str, now: float) -> Reply:  # noqa: ARG002 - it is all the same to it
        """Take it, later."""
        return Reply("taken", TAKEN.sends, takes=True, after=self.chance.uniform(*SLOWEST))


@dataclass(frozen=True, slots=True)
class Flaky:
    """Is often in trouble, and takes what comes again."""

    chance: random.Random
    troubles: Troubles = field(default_factory=Troubles)

    def reply(self, message: str, now: float) -> Reply:  # noqa: ARG002 - it has no sense of time
        """Take it, or not yet."""
        if self.chance.random() < TROUBLED and self.troubles.next(message) is not None:
            return Reply("unavailable", answer(503))
        self.troubles.forget(message)
        return TAKEN


@dataclass(frozen=True, slots=True)
class Limited:
    """Takes so many a second, and says when to come again."""

    window: Window
    scale: float = 1.0
    """Of the hub's pauses: a second of the receiver's is so much longer in what it asks for."""

    def reply(self, message: str, now: float) -> Reply:  # noqa: ARG002 - it counts them all alike
        """Take it where there is room."""
        if self.window.has_room(now):
            return TAKEN
        seconds = math.ceil((1 - now % 1) / self.scale)
        return Reply("too_many", answer(429, retry_after=str(seconds)))


@dataclass(frozen=True, slots=True)
class Dead:
    """Takes the connection, and never says a word."""

    def reply(self, message: str, now: float) -> Reply:  # noqa: ARG002 - it listens to nothing
        """Nothing."""
        return Reply("silent", b"", after=NEVER)


def redirect() -> Reply:
    """Would have the hub ask where only the hub can."""
    return Reply("redirect", answer(302, location=METADATA))


def header_bomb() -> Reply:
    """Headers without end."""
    one = b"x-filler: " + b"a" * 1_000 + b"\r\n"
    return Reply("header_bomb", b"HTTP/1.1 200 OK\r\n", endless=one * 8)


def garbage() -> Reply:
    """No HTTP at all."""
    return Reply("garbage", b"\x00\xff\xfeSSH-2.0-not-http\r\n\x1b[2J\r\n\r\n", is_last=True)


def slow_drip() -> Reply:
    """An answer that begins, and goes on by a byte now and then."""
    return Reply("slow_drip", b"HTTP/1.1 200 OK\r\nx-drip: ", endless=b".", every=0.1)


MISDEEDS: tuple[Callable[[], Reply], ...] = (redirect, header_bomb, garbage, slow_drip)
ENDLESS = Reply("endless_body", b"HTTP/1.1 200 OK\r\n\r\n", takes=True, endless=b"and so on " * 800)
DOUBTFUL = Reply("says_error", answer(200, b'{"error": "it did not work"}'), takes=True)
MISDEEDS_PER_SECOND = 2.0
"""At more of them it would never get to take anything."""


@dataclass(frozen=True, slots=True)
class Malicious:
    """Each attempt meets another misdeed; in the end a message is taken, with a misdeed, too."""

    troubles: Troubles = field(default_factory=Troubles)
    window: Window = field(default_factory=lambda: Window(MISDEEDS_PER_SECOND))

    def reply(self, message: str, now: float) -> Reply:
        """Do harm."""
        first = crc32(message.encode())
        number = self.troubles.next(message) if self.window.has_room(now) else None
        if number is None:
            self.troubles.forget(message)
            return (ENDLESS, DOUBTFUL)[first % 2]
        return MISDEEDS[(first + number) % len(MISDEEDS)]()
