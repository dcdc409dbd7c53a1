"""Where a time begins and ends on a topic whose stamps may step back, as a broker's clock may."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.adapters.kafka import KafkaSettings, Peek, apply_topics
from hub.recovery.replays import SKEW, end_at, offset_at
from schemas.topics import Topic

pytestmark = pytest.mark.servers
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


async def stamped(kafka: str, name: str, publisher: Any, stamps: list[datetime]) -> str:
    """A topic of one partition whose records bear these stamps."""
    topic = Topic(name, "", "", "", retention_ms=-1, max_message_bytes=9_999)
    await apply_topics(KafkaSettings(kafka), [topic], partitions=1, replication=1)
    for stamp in stamps:
        at = round(stamp.timestamp() * 1000)
        await publisher.send_and_wait(name, b"x", partition=0, timestamp_ms=at)
    return name


async def test_a_clock_that_stepped_back_hides_nothing_that_landed_since(
    kafka: str, topic_prefix: str, publisher: Any, peek: Peek
) -> None:
    minutes = [0, 10, 6, 7, 8, 9, 10, 11, 12]
    stamps = [NOON + timedelta(minutes=minute) for minute in minutes]
    topic = await stamped(kafka, f"{topic_prefix}back", publisher, stamps)

    at_ten = NOON + timedelta(minutes=10)

    assert await offset_at(peek, topic, 0, at_ten) == 1
    assert await end_at(peek, topic, 0, at_ten) == 6


async def test_whatever_the_stamps_within_the_bound_all_of_a_time_is_found(
    kafka: str, topic_prefix: str, publisher: Any, peek: Peek
) -> None:
    chance = random.Random(7)  # noqa: S311 - a test
    stamps, latest = [], NOON
    for _ in range(120):
        latest += timedelta(seconds=chance.choice((0, 1, 20, 90)))
        stamps.append(latest - chance.random() * chance.choice((0, 0.5, 1)) * SKEW)
    exact = [stamp.replace(microsecond=stamp.microsecond // 1000 * 1000) for stamp in stamps]
    topic = await stamped(kafka, f"{topic_prefix}random", publisher, exact)

    for _ in range(60):
        moment = chance.choice(exact) + timedelta(milliseconds=chance.choice((-1, 0, 1)))
        since = [n for n, stamp in enumerate(exact) if stamp >= moment]
        before = [n for n, stamp in enumerate(exact) if stamp < moment]
        assert await offset_at(peek, topic, 0, moment) == (since[0] if since else len(exact))
        assert await end_at(peek, topic, 0, moment) == (before[-1] + 1 if before else 0)
