"""Callers share rounds; a broker that takes everything and acknowledges nothing holds none of them."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.adapters.kafka import KafkaSettings, Message, Peek, SharedOutlet, apply_topics
from hub.dev.embedded import KafkaServer
from hub.sdk.failures import BrokerAwayError, BrokerUnavailableError
from schemas.topics import Topic

pytestmark = [pytest.mark.servers, pytest.mark.timeout(60)]

KIB = b"x" * 1024


@dataclass(slots=True)
class Frozen:
    """A broker that took the first record, and froze."""

    server: KafkaServer
    topic: Topic

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(self.server.bootstrap)

    async def outlet(self, **options: Any) -> SharedOutlet:
        """One that is connected."""
        outlet = SharedOutlet(self.kafka, **options)
        await self.send(outlet, b"warm")
        self.server.send_signal(signal.SIGSTOP)
        return outlet

    def send(self, outlet: SharedOutlet, value: bytes) -> "asyncio.Task[None]":
        return asyncio.create_task(outlet.send(self.topic.name, 0, [Message(None, value, [])]))

    def thaw(self) -> None:
        self.server.send_signal(signal.SIGCONT)

    async def values(self) -> list[bytes | None]:
        """What stands on the topic behind the first record."""
        async with Peek(self.kafka) as peek:
            _, end = await peek.bounds(self.topic.name, 0)
            return [one.value async for one in peek.records(self.topic.name, 0, 1, end)]


@pytest.fixture(scope="module")
def server(server_root: Path) -> Iterator[KafkaServer]:
    """A broker of these tests' own, to stop the clock of."""
    with KafkaServer(server_root / "outlet-kafka") as server:
        yield server


@pytest.fixture
async def frozen(server: KafkaServer, topic_prefix: str) -> AsyncIterator[Frozen]:
    topic = Topic(f"{topic_prefix}raw", "", "", "", retention_ms=60_000, max_message_bytes=9_999)
    await apply_topics(KafkaSettings(server.bootstrap), [topic], partitions=1, replication=1)
    yield Frozen(server, topic)
    server.send_signal(signal.SIGCONT)


async def test_gives_a_round_up_that_is_never_acknowledged_and_goes_on(frozen: Frozen) -> None:
    outlet = await frozen.outlet(round_seconds=1)

    with pytest.raises(BrokerUnavailableError, match="within 1 s"):
        async with asyncio.timeout(10):
            await frozen.send(outlet, b"first")
    frozen.thaw()
    async with asyncio.timeout(20):
        while b"second" not in await frozen.values():
            with suppress(BrokerUnavailableError):
                await frozen.send(outlet, b"second")
    await outlet.stop()


async def test_what_its_caller_no_longer_waits_for_is_not_sent_afterwards(frozen: Frozen) -> None:
    outlet = await frozen.outlet()
    under_way = frozen.send(outlet, b"under way")
    await asyncio.sleep(0.5)
    left = [frozen.send(outlet, b"left") for _ in range(100)]
    stays = frozen.send(outlet, b"stays")
    await asyncio.sleep(0.1)

    for one in left:
        one.cancel()
    frozen.thaw()
    await asyncio.gather(under_way, stays)
    await outlet.stop()

    assert await frozen.values() == [b"under way", b"stays"]


async def test_refuses_what_it_cannot_hold_until_callers_leave(frozen: Frozen) -> None:
    outlet = await frozen.outlet(max_waiting=8 * 1024)
    under_way = frozen.send(outlet, b"under way")
    await asyncio.sleep(0.1)
    sent = [frozen.send(outlet, KIB) for _ in range(20)]
    await asyncio.sleep(0.1)

    refused = [one.exception() for one in sent if one.done()]
    assert len(refused) > 10
    assert {type(error) for error in refused} == {BrokerAwayError}
    assert "no more may wait" in str(refused[0])

    for one in sent:
        one.cancel()
    await asyncio.wait(sent)
    again = frozen.send(outlet, b"again")
    frozen.thaw()
    await asyncio.gather(under_way, again)
    await outlet.stop()

    assert await frozen.values() == [b"under way", b"again"]


async def test_stops_in_time_though_nothing_is_acknowledged(frozen: Frozen) -> None:
    outlet = await frozen.outlet()
    sent = [frozen.send(outlet, b"first")]
    await asyncio.sleep(0.5)
    sent.append(frozen.send(outlet, b"behind it"))
    await asyncio.sleep(0.1)
    began = time.monotonic()

    await outlet.stop()
    first, behind = await asyncio.gather(*sent, return_exceptions=True)

    assert time.monotonic() - began < 10
    assert type(first) is BrokerUnavailableError
    assert isinstance(behind, BrokerUnavailableError)
