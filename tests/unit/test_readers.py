"""A reader says that Kafka is away whenever it cannot know better."""

from typing import Any

import pytest

from hub.adapters.kafka import Feed, KafkaSettings, Peek, feed, peek
from hub.sdk.failures import BrokerUnavailableError

SETTINGS = KafkaSettings("127.0.0.1:1")


class Silent:
    """A consumer that is told of records and is never given any."""

    def __init__(self, **_settings: object) -> None:
        """Take whatever it is."""

    def partitions_for_topic(self, _topic: str) -> set[int] | None:
        return None

    def assign(self, _tps: object) -> None:
        """Take whatever it is."""

    def seek(self, _tp: object, _offset: int) -> None:
        """Take whatever it is."""

    async def getmany(self, *_tps: object, **_options: object) -> dict[Any, Any]:
        return {}

    async def position(self, _tp: object) -> int:
        return 3

    async def end_offsets(self, tps: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(tps, 4)


@pytest.fixture(autouse=True)
def _silent(monkeypatch: pytest.MonkeyPatch) -> None:
    for reader in (feed, peek):
        monkeypatch.setattr(reader, "AIOKafkaConsumer", Silent)


async def test_a_record_that_never_comes_is_a_broker_that_is_away() -> None:
    with pytest.raises(BrokerUnavailableError, match="gives none"):
        await Peek(SETTINGS).record("intake", 0, 3)


async def test_a_topic_the_metadata_lacks_has_no_count_of_zero() -> None:
    with pytest.raises(BrokerUnavailableError, match="intake"):
        Feed(SETTINGS, "intake", "group").partition_count()
