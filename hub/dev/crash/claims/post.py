"""Sends what systems tell: some of it twice, some of it to a partition that is not its home's."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from hub.dev.crash.diary import Diary
from hub.dev.crash.installation import INTAKE
from hub.dev.crash.stories import Event

CATALOG = "catalog.intake.v1"
TWICE, ASTRAY = 0.2, 0.1
_PATIENCE_MS = 120_000
_LATER_SECONDS = 4.0


@dataclass(slots=True)
class Post:
    """A producer that loses nothing, and repeats itself."""

    producer: Any
    diary: Diary
    chance: random.Random
    _again: set[asyncio.Task[bool]] = field(default_factory=set)

    async def tell(self, event: Event) -> bool:
        """Whether it stands in the intake topic of warranties."""
        if not await self._send(event):
            return False
        if self.chance.random() < TWICE:
            task = asyncio.create_task(self._later(event))
            self._again.add(task)
            task.add_done_callback(partial(self._again.discard))
        return True

    async def _later(self, event: Event) -> bool:
        await asyncio.sleep(self.chance.uniform(0, _LATER_SECONDS))
        self.diary.duplicates += 1
        return await self._send(event)

    async def _send(self, event: Event) -> bool:
        partition = event.partition(self.diary.partitions)
        if self.chance.random() < ASTRAY:
            partition = self.chance.randrange(self.diary.partitions)
        try:
            told = await self.producer.send_and_wait(
                INTAKE, event.body, event.home.encode(), partition, headers=event.headers()
            )
        except KafkaError:
            self.diary.failed(event)
            return False
        self.diary.landed(event, told)
        return True

    async def tell_catalog(self, event: Event) -> bool:
        """Whether it stands in the intake topic of the catalogue."""
        where = event.partition(self.diary.partitions)
        copies = 2 if self.chance.random() < TWICE else 1
        try:
            for _ in range(copies):
                await self.producer.send_and_wait(
                    CATALOG, event.body, event.home.encode(), where, headers=event.headers()
                )
        except KafkaError:
            return False
        return True

    async def all_sent(self) -> None:
        """Until every repeat is sent."""
        await asyncio.gather(*self._again)


@asynccontextmanager
async def posting(bootstrap: str, diary: Diary, chance: random.Random) -> AsyncIterator[Post]:
    """A post that is emptied at the end."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True,
        request_timeout_ms=_PATIENCE_MS,
    )  # fmt: skip
    await producer.start()
    try:
        post = Post(producer, diary, chance)
        yield post
        await post.all_sent()
    finally:
        await producer.stop()
