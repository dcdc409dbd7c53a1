"""Landing: what a source says goes to its raw topic as it came, before anything is made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from prometheus_client import Counter

from connectors.sdk import RawRecord
from hub.access.sources import Source
from hub.adapters.kafka import KafkaSettings, Message, SharedOutlet, partition_counts
from hub.sdk.failures import BrokerUnavailableError
from hub.telemetry.metrics import Metrics
from schemas.envelope import MAX_ID, SPEC_VERSION, TRACEPARENT, source_of
from schemas.refs import derived_id, home, place
from schemas.topics import raw

REF = "hub-ref"
HEADER = "hub-header-"
"""What stands before the name of a header that came with the delivery."""

MAX_RECORD = raw("any").max_message_bytes - 64 * 1024
"""Bytes of a record that Kafka takes, leaving room for its envelope."""


class UnnamedError(ValueError):
    """A record whose reference cannot be kept."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a delivery says of all its records."""

    received_at: datetime
    content_type: bytes = b"application/json"
    traceparent: bytes | None = None


def raw_id(source: Source, ref: str) -> str:
    """The id of a raw record: the same whenever its source sends it again."""
    return derived_id("raw", source.tenant, source.name, ref)


def check_ref(ref: str) -> None:
    """A reference that may stand in headers and columns.

    Raises:
        UnnamedError: it may not.

    """
    if not ref or len(ref) > MAX_ID or not ref.isprintable():
        message = f"its reference has {len(ref)} characters; 1 to {MAX_ID}, all of them printable"
        raise UnnamedError(message)


def size_of(record: RawRecord) -> int:
    """Bytes of its payload and of the headers that go with it."""
    headers = sum(len(name) + len(value.encode()) for name, value in record.headers.items())
    return len(record.payload) + headers


def message(source: Source, record: RawRecord, id_: str, arrival: Arrival, home_: str) -> Message:
    """A raw record as it stands on its topic."""
    headers = [
        *_always(source.tenant, source.name, source.connector.name),
        ("ce_id", id_.encode()),
        ("ce_time", arrival.received_at.isoformat().encode()),
        ("ce_correlationid", id_.encode()),
        ("content-type", arrival.content_type[:MAX_ID]),
        (REF, record.ref.encode()),
    ]
    if arrival.traceparent is not None and TRACEPARENT.match(arrival.traceparent):
        headers.append(("traceparent", arrival.traceparent))
    for name, value in record.headers.items():
        headers.append((HEADER + name, value.encode()))
    return Message(home_.encode(), record.payload, headers)


@lru_cache(maxsize=4096)
def _always(tenant: str, name: str, connector: str) -> tuple[tuple[str, bytes], ...]:
    return (
        SPEC_VERSION,
        ("ce_source", source_of(tenant, name).encode()),
        ("ce_type", f"{connector}.landed.v1".encode()),
        ("ce_tenant", tenant.encode()),
    )


@lru_cache(maxsize=256)
def topic_of(connector: str) -> str:
    """The topic that a connector's payloads land on."""
    return raw(connector).name


@dataclass(slots=True)
class Lander:
    """Lands records of every connector; callers at the same moment share their produce requests."""

    outlet: SharedOutlet
    partitions: Mapping[str, int]
    """Of each raw topic."""
    metrics: Metrics
    _landed: dict[str, Counter] = field(default_factory=dict)

    async def land(
        self, source: Source, records: Sequence[RawRecord], arrival: Arrival
    ) -> list[str]:
        """The ids of the records, once all of them are on Kafka with every in-sync copy.

        Raises:
            BrokerAwayError: nothing was sent.
            BrokerUnavailableError: some may have landed; send the same again.

        """
        topic = topic_of(source.connector.name)
        ids: list[str] = []
        lanes: dict[tuple[str, int], list[Message]] = {}
        for record in records:
            id_ = raw_id(source, record.ref)
            where = home(source.tenant, source.name, record.key)
            lane = lanes.setdefault((topic, place(where, self.partitions[topic])), [])
            lane.append(message(source, record, id_, arrival, where))
            ids.append(id_)
        await self.outlet.send_all(lanes)
        self._counter(source.connector.name).inc(len(ids))
        return ids

    def _counter(self, connector: str) -> Counter:
        counter = self._landed.get(connector)
        if counter is None:
            counter = self._landed[connector] = self.metrics.landed.labels(connector)
        return counter


async def raw_partitions(kafka: KafkaSettings, names: Sequence[str]) -> dict[str, int]:
    """How many partitions each raw topic has.

    Raises:
        BrokerUnavailableError: Kafka does not answer, or a topic is missing.

    """
    counts = await partition_counts(kafka, names)
    missing = sorted(set(names) - set(counts))
    if missing:
        raise BrokerUnavailableError(f"no topic {', '.join(missing)}; run: hub topics apply")
    return counts
