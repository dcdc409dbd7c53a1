"""Reading what comes from now on, outside any group."""

from typing import Self, cast

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.adapters.kafka.errors import translated
from hub.adapters.kafka.record import Record
from hub.adapters.kafka.settings import KafkaSettings


class Tail:
    """Reads a topic from its end on, every partition, outside any group."""

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        """Prepare the reader."""
        self._topic = topic
        self._consumer = AIOKafkaConsumer(
            **settings.client(),
            group_id=None,
            enable_auto_commit=False,
            # What was said before somebody listened is of no use to this reader.
            auto_offset_reset="latest",
            isolation_level="read_committed",
            fetch_max_wait_ms=500,
            metadata_max_age_ms=30_000,
        )

    async def __aenter__(self) -> Self:
        """Connect, and stand at the end of every partition."""
        with translated():
            try:
                await self._consumer.start()
                await self._assign()
            except BaseException:
                await self._consumer.stop()
                raise
        return self

    async def _assign(self) -> None:
        partitions = await self._consumer._client._wait_on_metadata(self._topic)  # noqa: SLF001 - `subscribe` would need a group
        tps = [TopicPartition(self._topic, partition) for partition in partitions]
        self._consumer.assign(tps)
        await self._consumer.seek_to_end(*tps)

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        with translated():
            await self._consumer.stop()

    async def read(self) -> list[Record]:
        """What came since the last call, waiting for at most half a second."""
        with translated():
            found = await self._consumer.getmany(timeout_ms=500)
        return [cast("Record", record) for records in found.values() for record in records]
