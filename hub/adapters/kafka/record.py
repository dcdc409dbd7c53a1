"""Records as they are read, those that the client cannot read included."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from aiokafka import AIOKafkaConsumer, TopicPartition


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


async def fetched(
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
