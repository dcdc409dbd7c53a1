"""The platform's back office, which publishes on the intake topics itself."""

import asyncio
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import structlog

from hub.adapters.kafka import Message, Outlet
from hub.dev.simulator.said import Telling
from hub.sdk.failures import BrokerUnavailableError

KEPT = 2_000
_AGAIN_SECONDS = 1.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class BackOffice:
    outlet: Outlet
    partitions: int
    chance: random.Random
    heard: Counter[str]
    _events: "asyncio.Queue[Telling]" = field(default_factory=lambda: asyncio.Queue(KEPT))

    async def tell(self, telling: Telling) -> None:
        await self._events.put(telling)

    async def settle(self) -> None:
        await self._events.join()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            found = [await self._events.get()]
            while not self._events.empty():
                found.append(self._events.get_nowait())
            by_place: dict[tuple[str, int], list[Message]] = defaultdict(list)
            for telling in found:
                partition = telling.partition(self.partitions, self.chance)
                by_place[telling.topic, partition].append(telling.message())
            for (topic, partition), messages in by_place.items():
                await self._until_they_land(topic, partition, messages)
            for _ in found:
                self._events.task_done()

    async def _until_they_land(self, topic: str, partition: int, messages: list[Message]) -> None:
        """Some may have landed before Kafka went away: the hub knows a repeat by its id."""
        while True:
            try:
                await self.outlet.send(topic, partition, messages)
            except BrokerUnavailableError as error:
                log.warning("back_office.waited", reason=str(error), seconds=_AGAIN_SECONDS)
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                self.heard["events_published"] += len(messages)
                return
