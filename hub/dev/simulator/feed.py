"""Publishes stories at a steady rate, some events twice, and ends what it has begun."""

import asyncio
import heapq
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field

import structlog

from hub.adapters.kafka import Outlet
from hub.dev.simulator.stories import Teller
from hub.dev.simulator.telling import Telling
from hub.sdk.failures import BrokerUnavailableError
from schemas.topics import WARRANTY_INTAKE

REPEATED = 0.05
_TICK_SECONDS = 0.05
_AGAIN_SECONDS = 1.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Feed:
    """Follow-ups wait in a heap until they are due."""

    outlet: Outlet
    teller: Teller
    partitions: int
    rate: float
    chance: random.Random
    sent: int = 0
    _due: list[tuple[float, int, Telling]] = field(default_factory=list)
    _number: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until asked to stop, then the rest of every story that has begun."""
        began, told = time.monotonic(), 0
        while not stop.is_set():
            owed = int((time.monotonic() - began) * self.rate) + 1 - told
            # What an outage kept back is not made up for all at once.
            await self._send([self._next() for _ in range(min(owed, int(self.rate) + 1))])
            told += owed
            await asyncio.sleep(_TICK_SECONDS)
        self._due.sort()
        await self._send([telling for _, _, telling in self._due])
        self._due.clear()

    def _next(self) -> Telling:
        now = time.monotonic()
        if self._due and self._due[0][0] <= now:
            return heapq.heappop(self._due)[2]
        story = self.teller.story()
        repeats = [
            (seconds + self.chance.uniform(0, 5), telling)
            for seconds, telling in story
            if self.chance.random() < REPEATED
        ]
        for seconds, telling in [*story[1:], *repeats]:
            self._number += 1
            heapq.heappush(self._due, (now + seconds, self._number, telling))
        return story[0][1]

    async def _send(self, tellings: list[Telling]) -> None:
        by_partition: dict[int, list[Telling]] = defaultdict(list)
        for telling in tellings:
            by_partition[telling.partition(self.partitions, self.chance)].append(telling)
        for partition, group in by_partition.items():
            await self._until_it_lands(partition, group)
            self.sent += len(group)

    async def _until_it_lands(self, partition: int, group: list[Telling]) -> None:
        """Some may have landed before Kafka went away: the hub knows a repeat by its id."""
        messages = [telling.message() for telling in group]
        while True:
            try:
                return await self.outlet.send(WARRANTY_INTAKE.name, partition, messages)
            except BrokerUnavailableError as error:
                log.warning("simulator.waited", reason=str(error), seconds=_AGAIN_SECONDS)
                await asyncio.sleep(_AGAIN_SECONDS)
