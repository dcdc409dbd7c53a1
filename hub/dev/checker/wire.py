"""What stands on the topics: the status stream as a careful reader takes it, and log ends."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

_POLL_MS = 500
_IDLE_POLLS = 20


class Told(NamedTuple):
    """One status event, counted once."""

    partition: int
    seq: int
    id: str
    type: str
    cause: str
    fact: dict[str, Any]
    subject: str = ""


@dataclass(slots=True)
class Wire:
    """What a reader that applies only `last + 1` a partition has taken, and what it met."""

    told: list[Told] = field(default_factory=list)
    last: dict[int, int] = field(default_factory=dict)
    highest: dict[int, int] = field(default_factory=dict)
    repeats: int = 0
    diverged: list[str] = field(default_factory=list)
    """A number that came again with another event."""
    unreadable: list[str] = field(default_factory=list)
    _ids: dict[tuple[int, int], str] = field(default_factory=dict)

    def take(self, partition: int, record: Any) -> None:
        """Count a record, or drop it as a repeat or as ahead of a gap."""
        headers = {name: value.decode() for name, value in record.headers}
        if not headers.get("hub-seq", "").isdecimal() or "ce_id" not in headers:
            self.unreadable.append(f"status[{partition}]@{record.offset} has no hub-seq or ce_id")
            return
        seq, event = int(headers["hub-seq"]), headers["ce_id"]
        last = self.last.get(partition, 0)
        self.highest[partition] = max(seq, self.highest.get(partition, 0))
        if seq <= last:
            self.repeats += 1
            if self._ids[partition, seq] != event:
                first = self._ids[partition, seq]
                self.diverged.append(f"status[{partition}] seq {seq} is {first} and {event}")
        elif seq == last + 1:
            self.last[partition] = seq
            self._ids[partition, seq] = event
            cause = headers.get("ce_causationid", "")
            fact = json.loads(record.value)
            kind, subject = headers["ce_type"], headers.get("ce_subject", "")
            self.told.append(Told(partition, seq, event, kind, cause, fact, subject))


async def read_status(bootstrap: str, topic: str) -> Wire:
    """Read the whole status topic.

    Raises:
        TimeoutError: the broker stops giving records before the end.

    """
    wire, idle = Wire(), 0
    async with _reader(bootstrap, topic) as consumer:
        places = _places(consumer, topic)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=5000)
            idle = 0 if found else idle + 1
            if idle > _IDLE_POLLS:
                raise TimeoutError(f"{topic} gives no more records before its end: is Kafka well?")
            for place, records in found.items():
                for record in records:
                    wire.take(place.partition, record)
    return wire


async def log_ends(bootstrap: str, topic: str) -> dict[int, int]:
    """The offset after the last record of each partition."""
    async with _reader(bootstrap, topic) as consumer:
        ends = await consumer.end_offsets(_places(consumer, topic))
    return {place.partition: end for place, end in ends.items()}


@asynccontextmanager
async def _reader(bootstrap: str, topic: str) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def _places(consumer: Any, topic: str) -> Sequence[TopicPartition]:
    # Without a group, a consumer is assigned every partition of its topic.
    places: set[TopicPartition] = consumer.assignment()
    if not places:
        raise ValueError(f"there is no topic {topic}: run `hub topics apply` first")
    return sorted(places)
