"""Reading as a member of a group, whose callbacks only count."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from hub.adapters.kafka.errors import translated
from hub.adapters.kafka.record import Record, fetched
from hub.adapters.kafka.settings import KafkaSettings
from hub.sdk.failures import BrokerUnavailableError


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
            return await fetched(self._consumer, tp, timeout_ms=timeout_ms, limit=limit)

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
