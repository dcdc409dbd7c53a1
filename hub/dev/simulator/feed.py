"""Says what happens at a steady rate, each thing at its door, and ends what it has begun."""

import asyncio
import heapq
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.dev.simulator.doors import Doors
from hub.dev.simulator.said import Said, Telling
from hub.dev.simulator.stories import Teller

REPEATED = 0.05
"""So many events of the back office come twice."""
_TICK_SECONDS = 0.05


@dataclass(slots=True)
class Feed:
    """Follow-ups wait in a heap until they are due."""

    doors: Doors
    teller: Teller
    rate: float
    chance: random.Random
    said: int = 0
    _due: list[tuple[float, int, Said]] = field(default_factory=list)
    _number: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until asked to stop, then the rest of every story that has begun."""
        began, told = time.monotonic(), 0
        while not stop.is_set():
            owed = int((time.monotonic() - began) * self.rate) + 1 - told
            # What an outage kept back is not made up for all at once.
            await self._say([self._next() for _ in range(min(owed, int(self.rate) + 1))])
            told += owed
            await asyncio.sleep(_TICK_SECONDS)
        self._due.sort()
        await self._say([said for _, _, said in self._due])
        self._due.clear()
        await self.doors.settle()

    def _next(self) -> Said:
        now = time.monotonic()
        if self._due and self._due[0][0] <= now:
            return heapq.heappop(self._due)[2]
        story = self.teller.story()
        repeats = [
            (seconds + self.chance.uniform(0, 5), said)
            for seconds, said in story
            if isinstance(said, Telling) and self.chance.random() < REPEATED
        ]
        for seconds, said in [*story[1:], *repeats]:
            self._number += 1
            heapq.heappush(self._due, (now + seconds, self._number, said))
        return story[0][1]

    async def _say(self, things: Sequence[Said]) -> None:
        for said in things:
            await self.doors.tell(said)
        self.said += len(things)
