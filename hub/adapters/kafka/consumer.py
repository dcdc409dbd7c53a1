"""Reading: a group member whose callbacks only count, and a reader that peeks at single records."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, cast

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from hub.adapters.kafka.errors import translated
from hub.adapters.kafka.settings import KafkaSettings
from hub.sdk.failures import BrokerUnavailableError


class Record(Protocol):
    """A record as Kafka gave it. `timestamp` is milliseconds since the epoch."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


UNREADABLE = "hub-unreadable"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a record that the client cannot read, so that it can be set aside.

    A header's name is not UTF-8, in it or before it in its batch.
    """

    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ((UNREADABLE, b"a header name is not UTF-8"),)


async def _fetched(
    consumer: AIOKafkaConsumer, tp: TopicPartition, *, timeout_ms: int, limit: int | None = None
) -> Sequence[Record]:
    """What was fetched; where one of it cannot be read, the next record alone."""
    try:
        found = await consumer.getmany(tp, timeout_ms=timeout_ms, max_records=limit)
    except UnicodeDecodeError:
        here = cast("int", await consumer.position(tp))
        # Without the seek the client would take what it was about to give for given.
        consumer.seek(tp, here)
        try:
            found = await consumer.getmany(tp, timeout_ms=1000, max_records=1)
        except UnicodeDecodeError:
            consumer.seek(tp, here + 1)
            return [Unreadable(here)]
    return cast("Sequence[Record]", found.get(tp, ()))


class _Count(ConsumerRebalanceListener):  # type: ignore[misc] # untyped base
    """Callbacks run while batches are in flight, so they do no IO and touch no state."""

    def __init__(self) -> None:
        self.generation = 0
        self.settled = False

    def on_partitions_revoked(self, _revoked: object) -> None:
        self.generation += 1
        self.settled = False

    def on_partitions_assigned(self, _assigned: object) -> None:
        self.generation += 1
        self.settled = True


class Feed:
    """One member of a consumer group on one topic."""

    def __init__(
        self, settings: KafkaSettings, topic: str, group: str, *, fetch_bytes: int = 512 * 1024
    ) -> None:
        """Prepare the member; `start` joins the group."""
        self.topic = topic
        self._listener = _Count()
        self._consumer = AIOKafkaConsumer(
            **settings.client(),
            group_id=group,
            enable_auto_commit=False,
            # Never decides anything: every claim seeks, and the guard refuses a hole that
            # retention made. `none` would raise before the first claim could seek.
            auto_offset_reset="earliest",
            # What a stranger's aborted transaction left behind was never accepted.
            isolation_level="read_committed",
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            max_partition_fetch_bytes=fetch_bytes,
            max_poll_records=100_000,
            # The client leaves a partition out of its next fetch while records of it are unread, and
            # asks one thing at a time: what comes to that partition meanwhile waits for so long.
            fetch_max_wait_ms=20,
            metadata_max_age_ms=30_000,
        )

    async def start(self) -> None:
        """Join the group."""
        with translated():
            self._consumer.subscribe([self.topic], listener=self._listener)
            await self._consumer.start()

    async def stop(self) -> None:
        """Leave the group."""
        with translated():
            await self._consumer.stop()

    @property
    def generation(self) -> int:
        """Grows with every rebalance; what was read under another generation must not be used."""
        return self._listener.generation

    @property
    def settled(self) -> bool:
        """Whether the group has told this member what is its own, and is not telling it anew."""
        return self._listener.settled

    def assignment(self) -> set[int]:
        """The partitions Kafka assigns to this member now."""
        return {tp.partition for tp in self._consumer.assignment()}

    def partition_count(self) -> int:
        """How many partitions the topic has.

        Raises:
            BrokerUnavailableError: the cluster's metadata lacks the topic, if only for a moment.

        """
        partitions = self._consumer.partitions_for_topic(self.topic)
        if not partitions:
            raise BrokerUnavailableError(f"Kafka does not tell of topic {self.topic} just now")
        return len(partitions)

    async def read(self, partition: int, *, timeout_ms: int, limit: int) -> Sequence[Record]:
        """What has been fetched of a partition, waiting at most `timeout_ms` for the first."""
        tp = TopicPartition(self.topic, partition)
        with translated():
            return await _fetched(self._consumer, tp, timeout_ms=timeout_ms, limit=limit)

    def seek(self, partition: int, offset: int) -> bool:
        """Read on from `offset`; False where the partition is no longer ours."""
        tp = TopicPartition(self.topic, partition)
        if tp not in self._consumer.assignment():
            return False
        self._consumer.seek(tp, offset)
        return True

    async def position(self, partition: int) -> int:
        """The offset to be read next. It passes what holds no event without giving anything."""
        with translated():
            return cast("int", await self._consumer.position(TopicPartition(self.topic, partition)))

    async def bounds(self, partition: int) -> tuple[int, int]:
        """The first offset still kept and the one after the last."""
        tp = TopicPartition(self.topic, partition)
        with translated():
            first = await self._consumer.beginning_offsets([tp])
            last = await self._consumer.end_offsets([tp])
        return first[tp], last[tp]

    async def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """The offset after the last record of each partition."""
        tps = [TopicPartition(self.topic, partition) for partition in partitions]
        with translated():
            return {
                tp.partition: end for tp, end in (await self._consumer.end_offsets(tps)).items()
            }

    async def note_progress(self, offsets: Mapping[int, int]) -> None:
        """Tell Kafka how far we are. Advisory: lag tools read it, we never do.

        Not to be called while the group is not `settled`: Kafka would refuse it, and aiokafka
        would then make the whole group join once more.
        """
        with translated():
            await self._consumer.commit(
                {
                    TopicPartition(self.topic, partition): offset
                    for partition, offset in offsets.items()
                }
            )


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
        """Disconnect."""
        with translated():
            await self._consumer.stop()

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
                    found = await _fetched(self._consumer, tp, timeout_ms=1_000)
                    first = await self._consumer.position(tp)
                for record in found:
                    if record.offset < end:
                        yield record

    async def last_record(self, topic: str, partition: int) -> Record | None:
        """The newest record of a partition, or None where it holds none."""
        first, end = await self.bounds(topic, partition)
        return None if end <= first else await self.record(topic, partition, end - 1)


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
