"""The wire may repeat, never skip."""

from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from hub.adapters.kafka import Message, Outlet
from hub.sdk.failures import BrokerUnavailableError
from tests.ledger.driver import Hub, count, eventually

pytestmark = pytest.mark.servers


async def limit(hub: Hub, size: int) -> None:
    """Change how large a record of the status topic may be; a broker hears of it a moment after it is taken."""
    topic, name = hub.processor.writes.name, "max.message.bytes"
    admin = AIOKafkaAdminClient(bootstrap_servers=hub.settings.bootstrap)

    async def in_force() -> bool:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        entries = [entry[:2] for resource in answer.resources for entry in resource[4]]
        return (name, str(size)) in entries

    await admin.start()
    try:
        asked = ConfigResource(ConfigResourceType.TOPIC, topic, configs={name: str(size)})
        await admin.alter_configs([asked])
        await eventually(in_force, f"{name} is {size}")
    finally:
        await admin.close()


async def test_an_event_too_large_to_say_is_a_dead_letter_before_the_commit(hub: Hub) -> None:
    """Hole 7: one fat invoice would block the publisher for ever; its home waits, others flow."""
    await hub.start()
    await hub.told_all(count("e1"), count("fat", words=2_000_000), count("x1", "b"), count("e2"))
    assert await hub.applied() == ["e1"]
    assert await hub.applied("b") == ["x1"]
    (item, held) = await hub.items()
    assert "takes 1048576" in item["reason"]
    assert (item["state"], held["state"]) == ("dead_lettered", "held")


async def test_nothing_is_sent_after_what_failed(hub: Hub) -> None:
    """Hole 7: batch 1 is refused, batch 2 would land: Kafka takes any first number from a new producer."""
    topic = hub.processor.writes.name
    outlet = Outlet(hub.settings)
    fat = Message(b"k", b"f" * 2_000_000, [])
    small = [Message(b"k", b"%d" % n * 100_000, []) for n in range(5)]
    with pytest.raises(BrokerUnavailableError):
        await outlet.send(topic, 0, [fat, *small])
    assert await hub.status() == []
    with pytest.raises(BrokerUnavailableError):
        await outlet.send(topic, 0, [*small[:2], fat, *small[2:]])
    assert [r.value[:1] for r in await hub.status()] == [b"0", b"1"]
    await outlet.send(topic, 0, small)
    await outlet.stop()
    assert [r.value[:1] for r in await hub.status()] == [b"0", b"1", b"0", b"1", b"2", b"3", b"4"]
    hub.balanced = False


async def test_what_could_not_be_published_is_published_in_order_later(hub: Hub) -> None:
    """Hole 7: the topic refuses the first event and would take the second; the wire keeps its order."""
    await limit(hub, 5_000)
    await hub.start()
    await hub.told_all(count("e0"))
    await hub.tell(count("e1", words=20_000), count("e2"), count("e3"))
    refused = "select next_offset = 4 and epoch > 2 from partition_owner where next_offset > 0"
    await hub.until(refused, "claimed again")
    assert len(await hub.status()) == 1
    await limit(hub, 1_000_000)
    await hub.settled()
    records = await hub.status()
    first: dict[int, Any] = {}
    for record in records:
        first.setdefault(int(dict(record.headers)["hub-seq"]), record)
    assert [dict(r.headers)["ce_causationid"] for r in first.values()] == [
        b"e0",
        b"e1",
        b"e2",
        b"e3",
    ]


async def test_what_kafka_acknowledged_is_not_published_again_by_the_next_owner(hub: Hub) -> None:
    """Hole 7: the owner died between Kafka's acknowledgement and the batch that would note it."""
    hub.batch = 1
    await hub.start()
    await hub.told_all(*(count(f"e{n}") for n in range(5)))
    await hub.stop()
    await hub.db.execute("update partition_owner set published_seq = 2 where published_seq > 2")
    await hub.start()
    await hub.told_all(count("e5"))
    seqs = [int(dict(r.headers)["hub-seq"]) for r in await hub.status()]
    assert seqs == [1, 2, 3, 4, 5, 6]
