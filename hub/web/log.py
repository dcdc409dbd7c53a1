"""The ends of topics, from a reader that is opened when first needed and again after a failure."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from hub.adapters.kafka import KafkaSettings, Peek
from hub.sdk.failures import BrokerUnavailableError
from hub.web.figures import Place

PATIENCE_SECONDS = 3.0
PAUSE_SECONDS = 5.0
"""After a failure nobody waits for Kafka for so long."""


@dataclass(slots=True)
class KafkaLog:
    """Asks Kafka, and does not let anybody wait for long where it is away."""

    kafka: KafkaSettings
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _peek: Peek | None = None
    _not_before: float = 0.0

    async def ends(self, places: Sequence[Place]) -> Mapping[Place, int]:
        """The offset after the last record of each.

        Raises:
            BrokerUnavailableError: Kafka does not answer now.

        """
        async with self._asking() as peek:
            return await peek.ends(places) if places else {}

    async def age(self, place: Place, offset: int) -> float:
        """How many seconds ago the record at an offset was written; 0 where there is none.

        Raises:
            BrokerUnavailableError: Kafka does not answer now.

        """
        async with self._asking() as peek:
            record = await peek.record(*place, offset)
        return max(0.0, time.time() - record.timestamp / 1000) if record else 0.0

    async def close(self) -> None:
        """Disconnect."""
        self._peek = None
        # What is gone already need not be left.
        with suppress(BrokerUnavailableError):
            await self._stack.aclose()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[Peek]:
        if time.monotonic() < self._not_before:
            raise BrokerUnavailableError("Kafka did not answer a moment ago")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if self._peek is None:
                    self._peek = await self._stack.enter_async_context(Peek(self.kafka))
                yield self._peek
        except (BrokerUnavailableError, TimeoutError) as error:
            self._not_before = time.monotonic() + PAUSE_SECONDS
            await self.close()
            raise BrokerUnavailableError(f"Kafka does not answer: {error}") from error
