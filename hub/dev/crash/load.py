"""Sends stories at a steady rate: some copies twice, some to the wrong partition."""

import asyncio
import heapq
import random
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from hub.dev.crash.diary import Diary
from hub.dev.crash.installation import INTAKE
from hub.dev.crash.stories import Event, Teller

TWICE = 0.05
ASTRAY = 0.03
_TICK_SECONDS = 0.01
_PATIENCE_MS = 120_000


@dataclass(slots=True)
class Load:
    """The shops' side. Follow-ups wait in a heap until they are due."""

    bootstrap: str
    teller: Teller
    diary: Diary
    rate: int
    chance: random.Random
    started: float = 0
    seconds: float = 0
    sent: int = 0
    _due: list[tuple[float, int, Event]] = field(default_factory=list)
    _number: int = 0
    _flying: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop, then wait for every answer."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, acks="all", enable_idempotence=True, linger_ms=5,
            request_timeout_ms=_PATIENCE_MS,
        )  # fmt: skip
        await producer.start()
        self.started = time.monotonic()
        try:
            while not stop.is_set():
                target = int((time.monotonic() - self.started) * self.rate)
                while self.sent < target and not stop.is_set():
                    await self._send(producer, self._next())
                await asyncio.sleep(_TICK_SECONDS)
            self.seconds = time.monotonic() - self.started
            await asyncio.gather(*self._flying)
            await self._close_partitions(producer)
        finally:
            await producer.stop()

    def follow(self, event: Event, seconds: float) -> None:
        """Send an event later."""
        self._number += 1
        heapq.heappush(self._due, (time.monotonic() + seconds, self._number, event))

    def _next(self) -> Event:
        if self._due and self._due[0][0] <= time.monotonic():
            return heapq.heappop(self._due)[2]
        (_, first), *rest = self.teller.story()
        seconds = 0.0
        for pause, event in rest:
            seconds += pause
            self.follow(event, seconds)
        return first

    async def _send(self, producer: Any, event: Event) -> None:
        partition = event.partition(self.diary.partitions)
        if self.chance.random() < ASTRAY:
            partition = self.chance.randrange(self.diary.partitions)
        self.sent += 1
        answer = await producer.send(
            INTAKE, event.body, event.home.encode(), partition, headers=event.headers()
        )
        task = asyncio.ensure_future(self._note(event, answer))
        self._flying.add(task)
        task.add_done_callback(partial(self._flying.discard))

    async def _note(self, event: Event, answer: Any) -> None:
        known = event.id in self.diary.pages
        try:
            self.diary.landed(event, await answer)
        except KafkaError:
            self.diary.failed(event)
            return
        if known:
            self.diary.duplicates += 1
        elif self.chance.random() < TWICE:
            self.follow(event, self.chance.uniform(0, 10))

    async def _close_partitions(self, producer: Any) -> None:
        # A marker at the very end of a partition cannot be told from an open transaction.
        open_ones = set(range(self.diary.partitions))
        while open_ones:
            sale = self.teller.sale()
            partition = sale.partition(self.diary.partitions)
            if partition in open_ones:
                open_ones.discard(partition)
                answer = await producer.send(
                    INTAKE, sale.body, sale.home.encode(), partition, headers=sale.headers()
                )
                await self._note(sale, answer)
