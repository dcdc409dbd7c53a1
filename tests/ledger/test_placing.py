"""An event is decided at its home, whoever published it and wherever it arrived."""

from dataclasses import replace

import pytest
from confluent_kafka import Producer

from schemas.refs import place
from tests.ledger.counter import Counted, home_of
from tests.ledger.driver import PARTITIONS, Hub, count, key_in, told

pytestmark = pytest.mark.servers


async def test_any_partitioner_may_publish(hub: Hub) -> None:
    """Hole 4: librdkafka hashes keys with CRC32, so most events arrive at another partition."""
    outsider = Producer({"bootstrap.servers": hub.settings.bootstrap})
    records = [count(f"e{n}", f"key{n % 20}") for n in range(60)]
    for record in records:
        outsider.produce(
            hub.processor.reads.name, record.value, key=record.key, headers=[*record.headers]
        )
    outsider.flush(10)
    await hub.start()
    await hub.settled()
    outcomes = await hub.outcomes()
    assert outcomes["applied"] == 60
    assert outcomes["forwarded"] > 10
    for n in range(20):
        assert await hub.applied(f"key{n}") == [f"e{m}" for m in range(n, 60, 20)]
    for record in await hub.status():
        assert record.partition == place(record.key.decode(), PARTITIONS)


async def test_a_forwarded_event_keeps_its_id_so_a_repeat_is_recognised(hub: Hub) -> None:
    """Hole 4: the same event by two ways is one event."""
    await hub.start()
    one = count("e1")
    await hub.told_all(one, replace(one, partition=1 - one.partition), one)
    assert await hub.applied() == ["e1"]
    assert await hub.outcomes() == {"applied": 1, "deduplicated": 2, "forwarded": 1}


async def test_an_event_that_knows_only_a_name_finds_the_home_that_holds_it(hub: Hub) -> None:
    """Hole 2: the name is looked up where the event arrives and leads to the other partition."""
    here, there = key_in(0, "here"), key_in(1, "there")
    await hub.start()
    await hub.told_all(count("e1", there, nick="n1"))
    await hub.told_all(count("e2", here, of="n1"))
    assert await hub.applied(there) == ["e1", "e2"]
    assert await hub.applied(here) == []


async def test_what_is_refused_in_one_home_and_later_taken_in_another_is_told_under_two_ids(
    hub: Hub,
) -> None:
    """Whoever counts an event once by its id would else miss that it was taken after all."""
    here, there, other = key_in(0, "here"), key_in(1, "there"), key_in(1, "other")
    one = count("e1", here, nick="n2", of="n1")
    await hub.start()
    await hub.told_all(count("e0", other, nick="n2"))
    await hub.told_all(one)
    await hub.told_all(count("e2", other, drop="n2"), count("e3", there, nick="n1"))
    await hub.told_all(one)

    told = [dict(record.headers) for record in await hub.status()]
    of_it = [headers for headers in told if headers["ce_causationid"] == b"e1"]
    assert {headers["ce_type"] for headers in of_it} == {b"counter.refused.v1", b"counter.total.v1"}
    assert len({headers["ce_id"] for headers in told}) == len(told)


async def test_an_event_forwarded_too_often_is_a_dead_letter(hub: Hub) -> None:
    """Hole 4: two rules that disagree about a home must not send an event round for ever."""
    await hub.start()
    lost = count("e1")
    lost = replace(lost, partition=1 - lost.partition, headers=[*lost.headers, ("hub-hops", b"3")])
    await hub.told_all(lost)
    (item,) = await hub.items()
    assert "forwarded 3 times" in item["reason"]
    assert item["home"] is None


async def test_a_letter_reaches_another_home_once(hub: Hub) -> None:
    """Hole 16: what one home tells another goes through the intake, with an id of its own."""
    here, there = key_in(0, "here"), key_in(1, "there")
    await hub.start()
    one = count("e1", here, by=4, pass_on=there)
    await hub.told_all(one, one)
    assert await hub.total(there) == 4
    assert len(await hub.applied(there)) == 1


async def test_a_forward_carries_the_first_receipt_along(hub: Hub) -> None:
    """Hole 22: a second receipt would let an event run ahead of its time by being forwarded."""
    key = key_in(0)
    await hub.start()
    far = told(
        "e1", Counted(key=key), partition=1, more=[("hub-received-at", b"2026-01-01T00:00:00Z")]
    )
    await hub.told_all(far)
    assert await hub.applied(key) == []
    assert (await hub.outcomes())["rejected"] == 1
    assert home_of(key)
