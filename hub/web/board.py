"""What everybody who watches sees: looked up once a second, once for all of them, while anybody does."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import orjson
import structlog

from hub.adapters.postgres import TenantDatabase
from hub.domain.errors import HubError
from hub.sdk.failures import StoreUnavailableError
from hub.web.figures import Platform, PlatformReader
from hub.web.own import Own, OwnReader

EVERY_SECONDS = 1.0
BEAT_SECONDS = 10.0
"""So often a stream without news says that it is there, and every stream asks for its key again."""
LONGEST_SECONDS = 600.0
"""A stream ends then and its page comes back."""
MAX_VIEWERS = 200
MAX_CHANNELS = 64
BEAT = b": still here\n\n"

log = structlog.get_logger(__name__)


class TooManyViewersError(HubError):
    """The board is shared, but each stream costs a connection."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All there is to show to one tenant, as of one moment."""

    at: datetime
    """When the figures were read."""
    platform: Platform | None
    own: Own | None
    away: str = ""
    """What keeps the figures from being newer."""


May = Callable[[], Awaitable[bool]]
"""Whether a viewer may still look."""
Draw = Callable[[Seen], Mapping[str, str]]
"""The parts of the page that change, as HTML by their names."""


@dataclass(slots=True)
class Channel:
    """What one tenant's viewers share: the newest of each part, and since when it is so."""

    reader: OwnReader
    viewers: int = 0
    number: int = 0
    """Of the newest look."""
    seen: Seen | None = None
    looked_at: float = float("-inf")
    parts: dict[str, tuple[int, str]] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _encoded: dict[int, bytes] = field(default_factory=dict)

    def show(self, seen: Seen, parts: Mapping[str, str]) -> None:
        """Put up what is new, and wake whoever watches."""
        self.seen, self.looked_at = seen, time.monotonic()
        self.number += 1
        self._encoded.clear()
        for name, html in parts.items():
            if self.parts.get(name, (0, ""))[1] != html:
                self.parts[name] = self.number, html
        self.wake()

    def wake(self) -> None:
        """Let everybody look who waits now."""
        news, self.news = self.news, asyncio.Event()
        news.set()

    def since(self, number: int) -> bytes:
        """An event with what has changed since a look, written once for all who ask."""
        if number not in self._encoded:
            changed = {name: html for name, (at, html) in self.parts.items() if at > number}
            at = f"{self.seen.at:%H:%M:%S}" if self.seen else ""
            body = orjson.dumps({"at": at, "parts": changed})
            self._encoded[number] = b"data: %b\n\n" % body
        return self._encoded[number]


@dataclass(slots=True)
class Board:
    """Looks while somebody watches, and answers whoever asks once from the same look."""

    database: TenantDatabase
    platform: PlatformReader
    draw: Draw
    every: float = EVERY_SECONDS
    max_viewers: int = MAX_VIEWERS
    longest: float = LONGEST_SECONDS
    looks: int = 0
    """How often anything was looked up."""
    _channels: OrderedDict[str, Channel] = field(default_factory=OrderedDict)
    _figures: tuple[float, Platform] | None = None
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _task: "asyncio.Task[None] | None" = None
    _closed: bool = False

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return sum(channel.viewers for channel in self._channels.values())

    @property
    def is_looking(self) -> bool:
        """Whether the board looks by itself."""
        return self._task is not None and not self._task.done()

    async def look(self, tenant: str) -> Seen:
        """What a tenant's page shows now; a look is good for a second."""
        channel = self._channel(tenant)
        async with self._looking:
            if channel.seen is None or time.monotonic() - channel.looked_at >= self.every:
                await self._look(channel)
        assert channel.seen is not None  # noqa: S101 - every look leaves something
        return channel.seen

    @asynccontextmanager
    async def watching(self, tenant: str, may: May) -> AsyncIterator[AsyncIterator[bytes]]:
        """A stream of changes, first of all that is there, in the form of server-sent events.

        It ends at the beat after its viewer may no longer look.

        Raises:
            TooManyViewersError: as many watch as may.

        """
        if self._closed or self.viewers >= self.max_viewers:
            raise TooManyViewersError("as many people watch as may; try again in a minute")
        channel = self._channel(tenant)
        channel.viewers += 1
        if not self.is_looking:
            self._task = asyncio.create_task(self._look_again_and_again())
        try:
            async with aclosing(self._changes(channel, may)) as changes:
                yield changes
        finally:
            channel.viewers -= 1

    def close(self) -> None:
        """End every stream and take no more: the server wants to stop."""
        self._closed = True
        for channel in self._channels.values():
            channel.wake()

    async def ended(self) -> None:
        """Wait until nothing is looked up any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _changes(self, channel: Channel, may: May) -> AsyncGenerator[bytes]:
        yield b"retry: 2000\n\n"
        number, until = 0, time.monotonic() + self.longest
        beat = time.monotonic() + BEAT_SECONDS
        while not self._closed and time.monotonic() < until:
            if time.monotonic() >= beat:
                if not await may():
                    return
                beat = time.monotonic() + BEAT_SECONDS
            news = channel.news
            if channel.number > number:
                event, number = channel.since(number), channel.number
                yield event
                continue
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    await news.wait()
            except TimeoutError:
                yield BEAT

    def _channel(self, tenant: str) -> Channel:
        channel = self._channels.get(tenant)
        if channel is None:
            channel = self._channels[tenant] = Channel(OwnReader(self.database, tenant))
            idle = [name for name, one in self._channels.items() if not one.viewers]
            for name in idle[: max(0, len(self._channels) - MAX_CHANNELS)]:
                if name != tenant:
                    del self._channels[name]
        self._channels.move_to_end(tenant)
        return channel

    async def _look_again_and_again(self) -> None:
        while not self._closed and self.viewers:
            began = time.monotonic()
            for channel in [one for one in self._channels.values() if one.viewers]:
                async with self._looking:
                    await self._look(channel)
            await asyncio.sleep(max(self.every / 5, self.every - (time.monotonic() - began)))

    async def _look(self, channel: Channel) -> None:
        self.looks += 1
        try:
            seen = Seen(datetime.now(UTC), await self._platform(), await channel.reader.read())
            parts = self.draw(seen)
        except StoreUnavailableError as error:
            log.warning("board.waited", reason=str(error))
            last = channel.seen or Seen(datetime.now(UTC), None, None)
            seen = replace(last, away="Postgres does not answer")
            parts = self.draw(seen)
        except Exception:
            # Figures that stand still without a word would look as if all were well.
            log.exception("board.failed", tenant=channel.reader.tenant)
            away = "This page has a fault, which the log of hub serve tells"
            seen = Seen(datetime.now(UTC), None, None, away)
            parts = self.draw(seen)
        channel.show(seen, parts)

    async def _platform(self) -> Platform:
        """One look at the whole is shared by all tenants' channels of the same second."""
        if self._figures is None or time.monotonic() - self._figures[0] >= self.every * 0.9:
            self._figures = time.monotonic(), await self.platform.read()
        return self._figures[1]
