"""Translators: every landed record becomes events, nothing with a reason, or is kept; none is lost or doubled."""

import asyncio
import json
from typing import Any

import pytest

from hub.adapters.kafka import Message, Outlet
from hub.adapters.postgres import connect
from hub.audit.landings import Landing, decode
from hub.trail.rows import Blob, landing_rows, read_landed
from schemas.envelope import from_headers
from schemas.refs import derived_id, order_home, place
from schemas.topics import Topic
from tests.intake.corner import (
    NOON,
    PARTITIONS,
    TENANT,
    Shop,
    a_translator,
    accounted,
    at_work,
    events,
    land,
)

pytestmark = pytest.mark.servers


async def landings(shop: Shop) -> list[Landing]:
    rows = await shop.database.fetch("select body from landing order by n")
    return [line for row in rows for line in decode(row["body"])]


async def both_claimed(shop: Shop) -> None:
    """Wait until every partition has gone from one claim to the next."""
    for _ in range(200):
        epochs = "select min(epoch) from landing_owner where topic = $1"
        if (await shop.database.fetchval(epochs, shop.topic.name)) > 1:
            return
        await asyncio.sleep(0.1)


async def test_makes_an_event_of_a_record_and_logs_what_it_became(
    shop: Shop, intake: Topic
) -> None:
    customer = {"email": "ada@example.org"}
    async with at_work(a_translator(shop, shop.database, intake)):
        (raw,) = await land(shop, {"order": "A-1", "serials": ["001"], "customer": customer})
        figures = await accounted(shop, 1)

    assert (figures["translated"], figures["events"]) == (1, 1)
    (told,) = await events(shop, intake)
    envelope = from_headers(told.headers)
    home = order_home(TENANT, "corner", "A-1")
    assert envelope.id == derived_id("evt", raw, "1", "0")
    assert (envelope.correlationid, envelope.causationid, envelope.time) == (raw, raw, NOON)
    assert (envelope.partitionkey, told.part) == (home, place(home, PARTITIONS))
    assert (told.headers["hub-raw"], told.headers["hub-revision"]) == (raw.encode(), b"1")
    assert told.body["customer"]["email"] == "ada@example.org"
    (line,) = await landings(shop)
    assert (line.raw, line.correlation, line.outcome, line.revision) == (raw, raw, "translated", 1)
    assert [event.id for event in line.events] == [envelope.id]
    assert json.loads(bytes(line.payload)) == {
        "order": "A-1",
        "serials": ["001"],
        "customer": "…",
    }


async def test_a_record_is_translated_before_its_event_is_published(
    shop: Shop, intake: Topic
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"order": "A-1"})
        await accounted(shop, 1)

    (told,) = await events(shop, intake)
    blob = Blob(
        *await shop.database.fetchrow("select n, topic, part, epoch, at, body from landing")
    )
    (shown,) = landing_rows(blob)
    translated_at = read_landed(shown.doc).translated_at
    assert int(translated_at.timestamp() * 1000) <= told.published_ms < blob.at.timestamp() * 1000


async def test_accounts_for_every_record_whatever_it_means(shop: Shop, intake: Topic) -> None:
    said: list[dict[str, Any]] = [
        {"order": "A-1"},
        {"ping": 1, "order": "A-1"},
        {"serials": ["x"]},
        {"bug": 1},
    ]
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *said)
        figures = await accounted(shop, 4)

    assert figures == {
        "translated": 1,
        "meaningless": 1,
        "parked": 2,
        "retrying": 0,
        "held": 0,
        "stepped_over": 0,
        "events": 1,
    }
    reasons = {line.outcome: line.reason for line in await landings(shop)}
    assert reasons["meaningless"] == "a ping"
    rows = await shop.database.fetch("select code, reason, sealed from item order by code")
    assert [row["code"] for row in rows] == ["order_missing", "translator_failed"]
    assert rows[1]["reason"].startswith("ZeroDivisionError in translate, line ")
    assert not any(b"serials" in row["sealed"] for row in rows)


async def test_parks_what_nobody_could_have_landed(shop: Shop, intake: Topic) -> None:
    outlet = Outlet(shop.kafka)
    await outlet.send(shop.topic.name, 0, [Message(b"k", b"{}", [("ce_id", b"x")])])
    await outlet.send(shop.topic.name, 0, [Message(None, None, [])])
    await outlet.stop()
    async with at_work(a_translator(shop, shop.database, intake)):
        await accounted(shop, 2, parked=2)

    rows = await shop.database.fetch("select tenant, code from item")
    assert [tuple(row) for row in rows] == [("hub", "unreadable")] * 2


async def test_parks_the_records_of_a_source_that_is_gone(shop: Shop, intake: Topic) -> None:
    await land(shop, {"order": "A-1"})
    await shop.database.execute("delete from source")
    async with at_work(a_translator(shop, shop.database, intake)):
        await accounted(shop, 1, parked=1)
        (row,) = await shop.database.fetch("select code, reason from item")
        assert row["code"] == "source_missing"

        await shop.store.put(shop.database, TENANT, "corner", shop.connector.name, {})
        await shop.database.execute("update item set wanted = 'redrive'")
        figures = await accounted(shop, 1, parked=0)

    assert figures["translated"] == 1


async def test_keeps_the_deliveries_of_one_order_in_order_whatever_the_number_of_workers(
    shop: Shop, intake: Topic
) -> None:
    pools = [await connect(shop.dsn) for _ in range(2)]
    async with at_work(*(a_translator(shop, pool, intake) for pool in pools)):
        for number in range(30):
            said = [{"order": f"A-{n % 7}", "serials": [f"{number}-{n}"]} for n in range(21)]
            await land(shop, *said, delivery=f"msg_{number}")
        await accounted(shop, 630)

    found = await events(shop, intake)
    for order in {one.order for one in found}:
        of_order = [one for one in found if one.order == order]
        assert len({one.part for one in of_order}) == 1
        serials = [one.body["lines"][0]["serials"][0] for one in of_order]
        first = dict.fromkeys(tuple(int(n) for n in one.split("-")) for one in serials)
        assert list(first) == sorted(first)
    for pool in pools:
        await pool.close()


async def test_hands_partitions_over_without_losing_or_doubling_a_record(
    shop: Shop, intake: Topic
) -> None:
    pools = [await connect(shop.dsn) for _ in range(2)]
    first, second = (a_translator(shop, pool, intake) for pool in pools)
    async with at_work(first):
        for number in range(10):
            await land(shop, *({"order": f"A-{n}"} for n in range(200)), delivery=f"a{number}")
        async with at_work(second):
            for number in range(10):
                await land(shop, *({"order": f"B-{n}"} for n in range(200)), delivery=f"b{number}")
            await both_claimed(shop)
            await land(shop, *({"order": f"C-{n}"} for n in range(200)), delivery="c")
        figures = await accounted(shop, 4_200)

    assert (figures["translated"], figures["events"]) == (4_200, 4_200)
    assert len({one.id for one in await events(shop, intake)}) == 4_200
    lines = [(line.raw, line.outcome) for line in await landings(shop)]
    assert len(lines) == len(set(lines)) == 4_200
    for pool in pools:
        await pool.close()


async def test_a_translator_that_lost_its_partition_can_write_nothing(
    shop: Shop, intake: Topic
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"order": "A-1"})
        await accounted(shop, 1)
        await shop.database.execute("update landing_owner set epoch = epoch + 5")
        await land(shop, *({"order": f"B-{n}"} for n in range(50)), delivery="b")
        figures = await accounted(shop, 51)

    assert figures["translated"] == 51
    assert len({one.id for one in await events(shop, intake)}) == 51
    fenced = [one for metric in shop.metrics.fenced.collect() for one in metric.samples]
    assert sum(one.value for one in fenced if one.name.endswith("_total")) > 0


async def test_does_not_touch_a_topic_that_was_made_again(shop: Shop, intake: Topic) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *({"order": f"A-{n}"} for n in range(30)))
        await accounted(shop, 30)
    await shop.database.execute("update landing_owner set last_record = '0:00000000'")
    translator = a_translator(shop, shop.database, intake)
    async with at_work(translator):
        for _ in range(100):
            if any("another Kafka" in reason for reason in translator.member.ready()[1]):
                break
            await asyncio.sleep(0.1)
        await land(shop, {"order": "B-1"}, delivery="b")
        await asyncio.sleep(0.5)

    assert any("another Kafka" in reason for reason in translator.member.ready()[1])
    assert (await accounted(shop, 30))["translated"] == 30
