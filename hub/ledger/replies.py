"""Wake-ups between the worker that decided and the door where somebody waits.

They carry a request's id and nothing else: the answer stands in the request's row, which whoever
waits reads again from time to time. So a wake-up may be lost, late or doubled and only costs time.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

import structlog

from hub.adapters.kafka import KafkaSettings, Message, Outlet, Tail
from hub.sdk.failures import BrokerUnavailableError
from schemas.topics import REPLIES, Topic

log = structlog.get_logger()

MOST_UNSENT = 10_000
PAUSE = 1.0


class Waker:
    """The worker's side: says which requests were decided, without ever keeping a batch waiting."""

    def __init__(self, kafka: KafkaSettings, topic: Topic = REPLIES) -> None:
        """Prepare; it connects at the first word."""
        self._kafka = kafka
        self._topic = topic
        self._unsent: deque[str] = deque(maxlen=MOST_UNSENT)
        self._some = asyncio.Event()

    def wake(self, requests: Iterable[str]) -> None:
        """Send soon, in the background."""
        self._unsent.extend(requests)
        if self._unsent:
            self._some.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send while the block runs."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        outlet = Outlet(self._kafka)
        try:
            while True:
                await self._some.wait()
                self._some.clear()
                words = [self._unsent.popleft() for _ in range(len(self._unsent))]
                messages = [Message(word.encode(), None, []) for word in words]
                try:
                    await outlet.send(self._topic.name, 0, messages)
                except BrokerUnavailableError as error:
                    log.debug("replies.lost", count=len(words), reason=str(error))
                    await asyncio.sleep(PAUSE)
        finally:
            await outlet.stop()


class Replies:
    """The door's side: whoever waits for a request is woken when its word comes."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._waiting: dict[str, set[asyncio.Event]] = {}

    @asynccontextmanager
    async def awaiting(self, request: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever this request's word comes."""
        event = asyncio.Event()
        self._waiting.setdefault(request, set()).add(event)
        try:
            yield event
        finally:
            others = self._waiting[request]
            others.discard(event)
            if not others:
                del self._waiting[request]

    def came(self, request: str) -> None:
        """Wake whoever waits for it."""
        for event in self._waiting.get(request, ()):
            event.set()

    async def follow(self, kafka: KafkaSettings, topic: Topic = REPLIES) -> None:
        """Listen until cancelled; while Kafka is away nobody is woken, and everybody still looks."""
        while True:
            with suppress(BrokerUnavailableError):
                async with Tail(kafka, topic.name) as tail:
                    while True:
                        for record in await tail.read():
                            self.came((record.key or b"").decode(errors="replace"))
            await asyncio.sleep(PAUSE)
