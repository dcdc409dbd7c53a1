"""Parked and replayed records: after a mend they become events, in order, counted where they belong."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk import Canonical, Origin, RawRecord
from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.adapters.kafka import Message, Outlet, Peek
from hub.audit.landings import decode
from hub.intake.gate import Gate
from hub.recovery.bulk import begin
from hub.recovery.choosing import Filter
from hub.recovery.items import list_items
from hub.recovery.opening import look
from hub.recovery.replays import Span, offset_at, replay
from hub.recovery.spot import NotPossibleError
from hub.recovery.today import Today
from hub.recovery.wishes import give_up, hold, redrive
from schemas.refs import derived_id
from schemas.topics import Topic
from tests.intake.corner import (
    KEYRING,
    PARTITIONS,
    TENANT,
    Settings,
    Shop,
    a_translator,
    accounted,
    at_work,
    events,
    land,
    translate,
)

pytestmark = pytest.mark.servers
ME = "ada"


async def mend(shop: Shop, **settings: str) -> None:
    """Tell the source what it should have been told at first."""
    await shop.store.put(shop.database, TENANT, "corner", shop.connector.name, settings)


async def retry_all(shop: Shop, why: str) -> None:
    """Have whatever is parked translated again at once."""
    await begin(shop.database, Filter(state="parked"), why, by=ME, rate=10_000)


async def replay_all(shop: Shop) -> None:
    now = datetime.now(UTC)
    begun, end = now - timedelta(hours=1), now + timedelta(minutes=1)
    span = Span(topic=shop.topic.name, since=begun, until=end)
    async with Peek(shop.kafka) as peek:
        await replay(shop.database, peek, span, "the mapping was wrong", by=ME)


async def replayed(shop: Shop) -> None:
    """Wait until no replay is open."""
    for _ in range(200):
        if not await shop.database.fetchval(
            "select count(*) from raw_replay where done_at is null"
        ):
            return
        await asyncio.sleep(0.05)
    pytest.fail("the replay does not end")


async def test_a_record_parked_by_a_wrong_mapping_is_translated_after_the_mend(
    shop: Shop, intake: Topic
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        (raw,) = await land(shop, {"number": "A-1"})
        await accounted(shop, 1, parked=1)
        (one,) = await list_items(shop.database)
        assert (one.code, one.reason) == (
            "order_missing",
            "order is missing; name it in `order`",
        )

        await mend(shop, order="number")
        await redrive(shop.database, one.spot, "the column is called number", by=ME)
        figures = await accounted(shop, 1, parked=0)

    assert (figures["translated"], figures["events"]) == (1, 1)
    assert await list_items(shop.database) == []
    (told,) = await events(shop, intake)
    assert told.headers["hub-raw"] == raw.encode()
    assert told.headers["hub-revision"] == b"2"
    assert told.id == derived_id("evt", raw, "2", "0")


async def test_a_retry_that_fails_again_says_so_and_stays_parked(shop: Shop, intake: Topic) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"serials": []}, {"bug": 1})
        await accounted(shop, 2, parked=2)
        await retry_all(shop, "perhaps")
        for _ in range(100):
            if not any(one.wanted for one in await list_items(shop.database)):
                break
            await asyncio.sleep(0.05)
        await accounted(shop, 2, parked=2)

    found = await list_items(shop.database)
    assert [one.wanted for one in found] == [None, None]
    (fault,) = [one for one in found if one.code == "translator_failed"]
    today = Today(KEYRING, {}, shop.store)
    opened = await look(shop.database, today, fault.spot, "to see why", by=ME)
    assert 'ZeroDivisionError("canary")' in opened.error
    assert "canary" not in fault.reason


async def test_giving_up_takes_a_reason_and_ends_a_record(shop: Shop, intake: Topic) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"serials": []})
        await accounted(shop, 1, parked=1)
        (one,) = await list_items(shop.database)
        with pytest.raises(NotPossibleError, match="needs a reason"):
            await give_up(shop.database, one.spot, " ", by=ME)
        await give_up(shop.database, one.spot, "a test of the till", by=ME)
        figures = await accounted(shop, 1, parked=0)

    assert figures["meaningless"] == 1
    bodies = await shop.database.fetch("select body from landing order by n")
    *_, last = [line for row in bodies for line in decode(row["body"])]
    assert last.reason == "given up: a test of the till"
    with pytest.raises(NotPossibleError, match="no open item"):
        await redrive(shop.database, one.spot, "no, it counts", by=ME)


async def test_a_record_sealed_with_another_key_stays_and_holds_nobody_up(
    shop: Shop, intake: Topic
) -> None:
    strange = Keyring(b"x" * 32)
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"serials": []})
        await accounted(shop, 1, parked=1)
        await shop.database.execute("update item set sealed = $1", strange.seal(TENANT, b"x"))
        await retry_all(shop, "try")
        await land(shop, {"order": "A-1"}, delivery="b")
        await accounted(shop, 2, parked=1)
        await asyncio.sleep(1)

    (one,) = await list_items(shop.database)
    assert one.wanted == "redrive"
    assert "HUB_MASTER_KEY" in (one.on_hold or "")
    assert "HUB_MASTER_KEY" not in one.reason


async def test_hole_18_a_fixed_mapping_replayed_with_a_higher_revision_has_an_effect(
    shop: Shop, intake: Topic
) -> None:
    said: list[dict[str, Any]] = [
        {"order": "A-1"},
        {"ping": 1, "order": "A-2"},
        {"number": "A-3"},
    ]
    async with at_work(a_translator(shop, shop.database, intake)):
        raws = await land(shop, *said)
        before = await accounted(shop, 3, parked=1)
    mended = replace(shop.connector, revision=2, translate=translate_pings_too)
    shop.store = SourceStore({mended.name: mended}, KEYRING)
    async with at_work(a_translator(shop, shop.database, intake)):
        await replay_all(shop)
        await replayed(shop)
        after = await accounted(shop, 3, parked=1)

    assert (before["translated"], before["meaningless"]) == (1, 1)
    assert (after["translated"], after["meaningless"], after["events"]) == (2, 0, 3)
    told = {(one.order, one.headers["hub-revision"]): one for one in await events(shop, intake)}
    assert told.keys() == {("A-1", b"1"), ("A-1", b"2"), ("A-2", b"2")}
    assert told["A-1", b"1"].headers["hub-raw"] == told["A-1", b"2"].headers["hub-raw"]
    assert told["A-1", b"2"].id == derived_id("evt", raws[0], "2", "0")


def translate_pings_too(
    record: RawRecord, settings: Settings, origin: Origin
) -> Iterable[Canonical]:
    """What the connector says once somebody has seen that a ping may be a sale."""
    pong = replace(record, payload=record.payload.replace(b"ping", b"pong"))
    return translate(pong, settings, origin)


async def test_a_replay_with_the_same_revision_says_the_same_again(
    shop: Shop, intake: Topic
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *({"order": f"A-{n}"} for n in range(700)))
        await accounted(shop, 700)
        await replay_all(shop)
        await replayed(shop)
        figures = await accounted(shop, 700)

    assert (figures["translated"], figures["events"]) == (700, 1_400)
    assert len({one.id for one in await events(shop, intake)}) == 700


async def test_a_replay_under_a_worse_mapping_parks_what_it_can_no_longer_read(
    shop: Shop, intake: Topic
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"order": "A-1"})
        await accounted(shop, 1)
        await mend(shop, order="nothing")
        await replay_all(shop)
        await replayed(shop)
        worse = await accounted(shop, 1, parked=1)
        await mend(shop, order="order")
        await replay_all(shop)
        await replayed(shop)
        better = await accounted(shop, 1, parked=0)

    assert (worse["translated"], better["translated"]) == (0, 1)
    assert await list_items(shop.database) == []


async def test_a_record_that_is_wanted_and_replayed_is_counted_once(
    shop: Shop, intake: Topic
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *({"number": f"A-{n}"} for n in range(40)))
        await accounted(shop, 40, parked=40)
    await mend(shop, order="number")
    await retry_all(shop, "the column is called number")
    await replay_all(shop)
    async with at_work(a_translator(shop, shop.database, intake)):
        await replayed(shop)
        figures = await accounted(shop, 40, parked=0)

    assert (figures["translated"], figures["events"]) == (40, 80)
    assert len({one.id for one in await events(shop, intake)}) == 40


async def test_a_replay_leaves_out_what_a_person_holds_back_or_ends(
    shop: Shop, intake: Topic
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *({"number": f"A-{n}"} for n in range(3)))
        await accounted(shop, 3, parked=3)
    held, ended, _ = await list_items(shop.database)
    await hold(shop.database, held.spot, "its shop sends another one", by=ME)
    await mend(shop, order="number")
    await replay_all(shop)
    await give_up(shop.database, ended.spot, "a test sale", by=ME)
    # As many at once do, of which most come later.
    later = "update item set wanted_at = now() + interval '3 s' where wanted is not null"
    await shop.database.execute(later)
    async with at_work(a_translator(shop, shop.database, intake)):
        await replayed(shop)
        await accounted(shop, 3, parked=2)
        figures = await accounted(shop, 3, parked=1)

    (left,) = await list_items(shop.database)
    assert (left.spot, left.on_hold) == (held.spot, "its shop sends another one")
    assert (figures["translated"], figures["meaningless"], figures["events"]) == (1, 1, 1)


async def test_hole_25_a_replay_of_thousands_pauses_while_a_person_waits(
    shop: Shop, intake: Topic
) -> None:
    await shop.database.executemany(
        "insert into partition_owner (topic, part, epoch, first_offset, next_offset, seq, "
        "published_seq, partition_count, code_version) values ($1, $2, 1, 0, 0, 0, 0, $3, 1)",
        [(intake.name, part, PARTITIONS) for part in range(PARTITIONS)],
    )
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *({"order": f"A-{n}"} for n in range(3_000)))
        await accounted(shop, 3_000)
        await asyncio.sleep(2.5)  # Nobody decides here, so what was told is late by now.
        await replay_all(shop)
        await asyncio.sleep(1.5)
        open_ranges = await shop.database.fetchval(
            "select count(*) from raw_replay where done_at is null"
        )
        at_rest = await accounted(shop, 3_000)
        await land(shop, {"order": "B-1"}, delivery="person")
        person = await accounted(shop, 3_001)
        await shop.database.execute("update partition_owner set next_offset = 1000000")
        await replayed(shop)
        figures = await accounted(shop, 3_001)

    assert open_ranges == PARTITIONS
    assert at_rest["events"] == 3_000
    assert person["events"] == 3_001
    assert figures["events"] == 6_001


async def test_the_gate_closes_above_two_seconds_and_opens_below_one(
    shop: Shop, intake: Topic
) -> None:
    await shop.database.execute(
        "insert into partition_owner (topic, part, epoch, first_offset, next_offset, seq, "
        "published_seq, partition_count, code_version) values ($1, 0, 1, 0, 0, 0, 0, 1, 1)",
        intake.name,
    )
    outlet = Outlet(shop.kafka)
    async with Peek(shop.kafka) as peek:
        gate = Gate(intake.name, shop.database, peek, shop.metrics, 0.8, 0.4)
        told = [await gate.is_open()]
        await outlet.send(intake.name, 0, [Message(None, b"x", [])])
        await asyncio.sleep(1.2)
        told.append(await gate.is_open())
        await outlet.send(intake.name, 0, [Message(None, b"x", [])])
        await shop.database.execute("update partition_owner set next_offset = 1")
        await asyncio.sleep(0.5)
        told.append(await gate.is_open())
        await shop.database.execute("update partition_owner set next_offset = 2")
        async with asyncio.timeout(5):
            await gate.wait()
        told.append(await gate.is_open())
    await outlet.stop()

    assert told == [True, False, False, True]


async def test_finds_the_first_offset_of_a_moment(shop: Shop, intake: Topic) -> None:
    moments = []
    for number in range(5):
        moments.append(datetime.now(UTC))
        await land(shop, {"order": "A-1"}, delivery=f"m{number}")
        await asyncio.sleep(0.05)
    (part,) = {0, 1, 2} - await empty(shop)
    async with Peek(shop.kafka) as peek:
        found = [await offset_at(peek, shop.topic.name, part, moment) for moment in moments]
        after = await offset_at(peek, shop.topic.name, part, datetime.now(UTC))

    assert found == [0, 1, 2, 3, 4]
    assert after == 5


async def empty(shop: Shop) -> set[int]:
    async with Peek(shop.kafka) as peek:
        bounds = [await peek.bounds(shop.topic.name, part) for part in range(PARTITIONS)]
    return {part for part, (first, end) in enumerate(bounds) if first == end}


async def test_a_replay_takes_a_reason_and_something_to_replay(shop: Shop, intake: Topic) -> None:
    now = datetime.now(UTC)
    span = Span(topic=shop.topic.name, since=now, until=now)
    async with Peek(shop.kafka) as peek:
        with pytest.raises(NotPossibleError, match="needs a reason"):
            await replay(shop.database, peek, span, "", by=ME)
        with pytest.raises(NotPossibleError, match="widen the range"):
            await replay(shop.database, peek, span, "a mend", by=ME)
        turned = Span(topic=span.topic, since=now, until=now - timedelta(hours=1))
        with pytest.raises(NotPossibleError, match="turn them round"):
            await replay(shop.database, peek, turned, "a mend", by=ME)
