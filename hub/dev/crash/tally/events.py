"""The events of a tally as a publisher sends them, and what was acknowledged of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from hub.dev.crash.tally.processor import INTAKE, Added, home_of
from schemas.envelope import Envelope, source_of, to_headers
from schemas.refs import place

_TICK_SECONDS = 0.01
_PATIENCE_MS = 120_000
"""A broker may be away for a while."""
Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Counted:
    """One record, and what it is about: the `n`th event of `key`."""

    key: str
    n: int
    value: bytes
    headers: Headers
    poison: str = ""
    """Why it can never be decided, where that is so."""


def counted(key: str, n: int, *, needs: str = "", note: str = "") -> Counted:
    """An event of a key; its id says which."""
    fact = Added.model_validate({"key": key, "n": n, "needs": needs, "note": note})
    value = fact.model_dump_json(exclude_defaults=True).encode()
    return Counted(key, n, value, headers(f"{key}/{n}"))


def headers(event: str, *, tenant: str = "acme", kind: str = Added.TYPE) -> Headers:
    """The envelope of an event, as a publisher writes it."""
    now = datetime.now(UTC)
    return to_headers(Envelope(event, source_of(tenant, "run"), kind, now, tenant))


Landed = dict[tuple[int, int], tuple[Counted, int]]
"""By partition and offset: the event, and Kafka's stamp in milliseconds."""


@dataclass(slots=True)
class Publisher:
    """Sends at a pace, each event to its home's partition, and keeps where it landed."""

    producer: Any
    partitions: int
    landed: Landed = field(default_factory=dict)

    async def send(self, events: Iterable[Counted], rate: float) -> None:
        """So many a second; returns when all are acknowledged."""
        began, waits = time.monotonic(), []
        for sent, event in enumerate(events):
            ahead = sent / rate - (time.monotonic() - began)
            if ahead > 0:
                await asyncio.sleep(max(ahead, _TICK_SECONDS))
            where = place(home_of(event.key), self.partitions)
            answer = await self.producer.send(
                INTAKE.name, event.value, partition=where, headers=event.headers
            )
            waits.append((event, answer))
        for event, answer in waits:
            told = await answer
            self.landed[told.partition, told.offset] = (event, told.timestamp)


@asynccontextmanager
async def publisher(bootstrap: str, partitions: int) -> AsyncIterator[Publisher]:
    """A publisher that loses nothing."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5,
        request_timeout_ms=_PATIENCE_MS,
    )  # fmt: skip
    await producer.start()
    try:
        yield Publisher(producer, partitions)
    finally:
        await producer.stop()
