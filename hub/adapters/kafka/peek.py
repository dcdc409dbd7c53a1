"""Reading single records by their offset, outside any group."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Self, cast

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.adapters.kafka.errors import translated
from hub.adapters.kafka.record import Record, Unreadable, fetched
from hub.adapters.kafka.settings import KafkaSettings
from hub.sdk.failures import BrokerUnavailableError

EPOCH = datetime.fromtimestamp(0, UTC)
MILLISECOND = timedelta(milliseconds=1)


def stamp_of(moment: datetime) -> int:
    """The first stamp of Kafka that is not before a moment: whole milliseconds, without a float's rounding."""
    return -((EPOCH - moment) // MILLISECOND)


class Peek:
    """Reads single records by offset, outside any group."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Prepare the reader."""
        self._lock = asyncio.Lock()
        self._consumer = AIOKafkaConsumer(
            **settings.client(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=64 * 1024,
            fetch_max_wait_ms=50,
            # Whoever looks at Kafka now and then should soon see that it is away.
            request_timeout_ms=15_000,
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        with translated():
            try:
                await self._consumer.start()
            except BaseException:
                await self._consumer.stop()
                raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect; what went wrong before goes on, whatever the client says while it stops."""
        with translated():
            try:
                await self._consumer.stop()
            except asyncio.CancelledError:
                # The client's own tasks, cancelled before they began, may say so where it waits for them.
                if (task := asyncio.current_task()) is None or task.cancelling():
                    raise

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset still kept and the one after the last."""
        tp = TopicPartition(topic, partition)
        with translated():
            first = await self._consumer.beginning_offsets([tp])
            last = await self._consumer.end_offsets([tp])
        return first[tp], last[tp]

    async def ends(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The offset after the last record of many partitions, in one request a broker."""
        tps = [TopicPartition(topic, partition) for topic, partition in places]
        with translated():
            ends = await self._consumer.end_offsets(tps)
        return {(tp.topic, tp.partition): end for tp, end in ends.items()}

    async def stamped(self, topic: str, partition: int, moment: datetime) -> int:
        """The first offset of what was stamped at a moment or later; the end where nothing was.

        The broker looks for the first of all, whatever order the stamps are in.
        """
        tp = TopicPartition(topic, partition)
        with translated():
            found = (await self._consumer.offsets_for_times({tp: max(0, stamp_of(moment))}))[tp]
            if found is None:
                return int((await self._consumer.end_offsets([tp]))[tp])
        return int(found.offset)

    async def record(self, topic: str, partition: int, offset: int) -> Record | None:
        """The record at `offset`, else the next one after it, else None where nothing follows."""
        tp = TopicPartition(topic, partition)
        async with self._lock:
            with translated():
                self._consumer.assign([tp])
                self._consumer.seek(tp, offset)
                for _ in range(40):
                    try:
                        found = await self._consumer.getmany(tp, timeout_ms=250, max_records=1)
                    except UnicodeDecodeError:
                        return Unreadable(offset)
                    if found.get(tp):
                        return cast("Record", found[tp][0])
                    if (
                        await self._consumer.position(tp)
                        >= (await self._consumer.end_offsets([tp]))[tp]
                    ):
                        return None
        message = f"{topic}[{partition}] has records after {offset} but gives none within 10 s"
        raise BrokerUnavailableError(message)

    async def records(
        self, topic: str, partition: int, first: int, end: int
    ) -> AsyncIterator[Record]:
        """Every record from `first` on that stands before `end`."""
        if first >= end:
            # The client may hang when it is stopped just after it was assigned something.
            return
        tp = TopicPartition(topic, partition)
        async with self._lock:
            with translated():
                self._consumer.assign([tp])
                self._consumer.seek(tp, first)
            while first < end:
                with translated():
                    found = await fetched(self._consumer, tp, timeout_ms=1_000)
                    first = await self._consumer.position(tp)
                for record in found:
                    if record.offset < end:
                        yield record

    async def last_record(self, topic: str, partition: int) -> Record | None:
        """The newest record of a partition, or None where it holds none."""
        first, end = await self.bounds(topic, partition)
        return None if end <= first else await self.record(topic, partition, end - 1)
