"""Writing: whole batches to a named partition, one in flight, stopping at the first error."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from hub.adapters.kafka.errors import nothing_sent, translated
from hub.adapters.kafka.settings import KafkaSettings

MAX_REQUEST = 16 * 1024 * 1024
BATCH_BYTES = 256 * 1024
CLOSE_SECONDS = 2.0
"""For what is in flight when a producer is thrown away; a broker that froze would take 15."""


class Message(NamedTuple):
    """What goes into one record."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Outlet:
    """An idempotent producer that is thrown away at the first error.

    One that has failed can land a later batch without the earlier one.
    """

    def __init__(self, settings: KafkaSettings, *, linger_ms: int = 0) -> None:
        """Prepare; the producer is made at the first use."""
        self._settings = settings
        self._linger_ms = linger_ms
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def _ready(self) -> AIOKafkaProducer:
        async with self._starting:
            return self._producer or await self._begin()

    async def _begin(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._settings.client(),
            enable_idempotence=True,
            acks="all",
            linger_ms=self._linger_ms,
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_REQUEST,
            request_timeout_ms=15_000,
        )
        try:
            await producer.start()
        except BaseException:
            await self._throw_away(producer)
            raise
        self._producer = producer
        return producer

    async def send(self, topic: str, partition: int, messages: Iterable[Message]) -> None:
        """Send in order and wait for each acknowledgement.

        Raises:
            BrokerAwayError: nothing was sent.
            BrokerUnavailableError: some of the messages may have landed, and none out of order.

        """
        await self.send_all({(topic, partition): messages})

    async def send_all(self, lanes: Mapping[tuple[str, int], Iterable[Message]]) -> None:
        """Send to several partitions at once, to each in order; raises as `send` does."""
        with nothing_sent(), translated():
            producer = await self._ready()
        with translated():
            try:
                await self._race(producer, lanes)
            except BaseException:
                await self._throw_away(producer)
                raise

    async def _race(
        self, producer: AIOKafkaProducer, lanes: Mapping[tuple[str, int], Iterable[Message]]
    ) -> None:
        if len(lanes) == 1:
            ((topic, partition), messages) = next(iter(lanes.items()))
            await self._send(producer, topic, partition, messages)
            return
        sending = [
            asyncio.ensure_future(self._send(producer, *lane, messages))
            for lane, messages in lanes.items()
        ]
        try:
            await asyncio.gather(*sending)
        finally:
            for one in sending:
                one.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def _send(
        self, producer: AIOKafkaProducer, topic: str, partition: int, messages: Iterable[Message]
    ) -> None:
        batch = producer.create_batch()
        for key, value, headers in messages:
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                await (await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(timestamp=None, key=key, value=value, headers=headers)
        if batch.record_count():
            await (await producer.send_batch(batch, topic, partition=partition))

    async def _throw_away(self, producer: AIOKafkaProducer) -> None:
        self._producer = None
        # Not `producer.stop()`: that waits for what is still buffered, which is what must not land.
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await producer._sender.close()  # noqa: SLF001 - see above
        finally:
            await producer.client.close()
            producer._closed = True  # noqa: SLF001 - else its finalizer warns that it was left open

    async def stop(self) -> None:
        """Close the connection; nothing is buffered between two calls of `send`."""
        if self._producer is not None:
            await self._throw_away(self._producer)
