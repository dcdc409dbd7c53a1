"""What a record would mean today, one that waits or a whole time that landed, without saying it."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk import Canonical, Origin, RawRecord
from hub.access.sources import SourceStore
from hub.adapters.kafka import Peek, apply_topics
from hub.adapters.postgres import Database, connect
from hub.ledger.worker import Worker
from hub.recovery.choosing import Filter
from hub.recovery.editing import edit
from hub.recovery.items import list_items
from hub.recovery.rehearsal import rehearse, rehearse_many
from hub.recovery.replay_rehearsal import ReplayRehearsed, rehearse_replay
from hub.recovery.replays import Span
from hub.recovery.spot import NotPossibleError
from hub.recovery.wishes import hold, redrive
from hub.registry import processor
from hub.sdk.processor import Processor
from schemas.topics import WARRANTY_STATUS, Topic, dead_letters
from tests.intake.corner import (
    KEYRING,
    TENANT,
    Settings,
    Shop,
    a_shop,
    a_translator,
    accounted,
    at_work,
    intake_of,
    land,
    settled,
    today,
    translate,
)
from tests.intake.vendor import a_shy_corner, a_vendor

pytestmark = pytest.mark.servers
ME = "ada"


async def test_a_parked_record_tells_what_the_mended_mapping_would_say_and_decide(
    shop: Shop, intake: Topic
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"number": "A-1", "serials": ["S-1"]})
        await accounted(shop, 1, parked=1)
    (item,) = await list_items(shop.database)
    still = await rehearse(shop.database, today(shop, intake), item.spot)
    await shop.store.put(shop.database, TENANT, "corner", shop.connector.name, {"order": "number"})

    told = await rehearse(shop.database, today(shop, intake), item.spot)

    assert (still.item.outcome, still.item.code) == ("parked", "order_missing")
    assert (told.item.was.code, told.item.outcome) == ("order_missing", "translated")
    (event,) = told.item.events
    assert (event.type, event.outcome) == ("sale.recorded.v1", "applied")
    assert [said.type for said in event.said] == ["warranty.activated.v1"]
    assert {change.table for change in event.changes} == {"purchase", "unit"}
    assert "serial" in {name.kind for name in event.names}
    many = await rehearse_many(shop.database, today(shop, intake), Filter(state="parked"))
    assert [(one.was, one.would_be) for one in many.counts] == [
        ("parked order_missing", "translated")
    ]
    assert await shop.database.fetchval("select count(*) from purchase") == 0


async def test_a_record_that_waits_for_its_vendor_is_not_asked_for(
    kafka: str, dsn: str, database: Database
) -> None:
    async with (
        a_vendor() as vendor,
        a_shop(kafka, dsn, database, a_shy_corner(vendor)) as shop,
    ):
        intake = await intake_of(shop)
        vendor.status = 503
        async with at_work(a_translator(shop, database, intake)):
            await land(shop, {"order": "A-1"})
            await settled(shop, retrying=1)
        asked = sum(vendor.asked.values())
        (item,) = await list_items(database)

        told = await rehearse(database, today(shop, intake), item.spot)

        assert (told.item.outcome, told.item.code) == ("retrying", "not_fetched")
        assert sum(vendor.asked.values()) == asked


async def test_an_edited_record_is_translated_from_what_the_person_wrote(
    shop: Shop, intake: Topic
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"number": "A-1"})
        await accounted(shop, 1, parked=1)
        (item,) = await list_items(shop.database)
        with pytest.raises(NotPossibleError, match="no JSON"):
            await edit(shop.database, today(shop, intake), item.spot, b"{", "mend", by=ME)
        body = b'{"order": "A-1"}'
        edited = await edit(shop.database, today(shop, intake), item.spot, body, "mend", by=ME)
        told = await rehearse(shop.database, today(shop, intake), item.spot)
        await redrive(shop.database, item.spot, "mended", by=ME)
        await settled(shop, translated=1, parked=0)

    assert set(edited.changed) == {"number", "order"}
    assert told.item.outcome == "translated"
    logged = "select convert_from(body, 'utf8') from landing order by n desc limit 1"
    assert item.hash in await shop.database.fetchval(logged), "the log tells what had landed"


async def test_a_record_that_may_be_translated_at_any_moment_is_held_before_it_is_edited(
    shop: Shop, intake: Topic
) -> None:
    """What it means is told before its item is settled; it must not change in between."""
    body, now = b'{"order": "A-1"}', today(shop, intake)
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"number": "A-1"})
        await accounted(shop, 1, parked=1)
    (item,) = await list_items(shop.database)
    await redrive(shop.database, item.spot, "somebody else was faster", by=ME)
    with pytest.raises(NotPossibleError, match="hold it first"):
        await edit(shop.database, now, item.spot, body, "mend", by=ME)
    await hold(shop.database, item.spot, "to mend it", by=ME)
    await edit(shop.database, now, item.spot, body, "mend", by=ME)
    await redrive(shop.database, item.spot, "mended", by=ME)
    async with at_work(a_translator(shop, shop.database, intake)):
        await settled(shop, translated=1, parked=0)


# A whole time


def warranty(shop: Shop, intake: Topic) -> Processor[Any]:
    writes = replace(WARRANTY_STATUS, name=f"status.{shop.connector.name}")
    name = f"warranty-{shop.connector.name}"
    return replace(processor("warranty"), name=name, reads=intake, writes=writes)


async def decided(shop: Shop, intake: Topic, *said: dict[str, Any], parked: int = 0) -> None:
    """These landed, were translated and decided."""
    ours = warranty(shop, intake)
    topics = [ours.writes, dead_letters(intake)]
    await apply_topics(shop.kafka, topics, partitions=3, replication=1)
    pool = await connect(shop.dsn, size=6)
    worker = Worker(ours, shop.kafka, pool, KEYRING, shop.metrics, 500)
    async with at_work(a_translator(shop, shop.database, intake), worker):
        await land(shop, *said)
        await accounted(shop, len(said), parked=parked)
        deadline = time.monotonic() + 60
        purchases = "select count(*) from purchase"
        while await shop.database.fetchval(purchases) < len(said) - parked:
            assert time.monotonic() < deadline, "not decided within 60 s"
            await asyncio.sleep(0.05)
    await pool.close()


async def rehearsed(shop: Shop, intake: Topic) -> ReplayRehearsed:
    now = datetime.now(UTC)
    span = Span(
        topic=shop.topic.name,
        since=now - timedelta(hours=1),
        until=now + timedelta(minutes=1),
        tenant=TENANT,
    )
    async with Peek(shop.kafka) as peek:
        return await rehearse_replay(shop.database, peek, today(shop, intake), span, details=10)


def figures(told: ReplayRehearsed) -> dict[tuple[str, str], int]:
    return {(one.was, one.would_be): one.items for one in (*told.outcomes, *told.events)}


async def test_a_replay_that_would_change_nothing_says_so(shop: Shop, intake: Topic) -> None:
    await decided(shop, intake, {"order": "A-1"}, {"order": "A-2"}, {"number": "A-3"}, parked=1)

    told = await rehearsed(shop, intake)

    assert told.records == 3
    assert figures(told) == {
        ("translated", "translated"): 2,
        ("parked", "parked order_missing"): 1,
        ("the same again", "deduplicated"): 2,
    }
    assert told.warnings == ()
    assert len(told.details) == 3


async def test_a_replay_leaves_what_is_on_hold_to_a_person(shop: Shop, intake: Topic) -> None:
    await decided(shop, intake, {"order": "A-1"}, {"number": "A-2"}, parked=1)
    (item,) = await list_items(shop.database)
    await hold(shop.database, item.spot, "its shop sends another one", by=ME)

    told = await rehearsed(shop, intake)

    assert figures(told) == {
        ("translated", "translated"): 1,
        ("parked", "left to a person"): 1,
        ("the same again", "deduplicated"): 1,
    }


async def test_a_mended_mapping_tells_corrections_and_what_would_be_new(
    shop: Shop, intake: Topic
) -> None:
    await decided(shop, intake, {"order": "A-1"}, {"number": "A-2"}, parked=1)
    mended = replace(shop.connector, revision=2, translate=by_either_name)
    shop.store = SourceStore({mended.name: mended}, KEYRING)

    told = await rehearsed(shop, intake)

    assert figures(told) == {
        ("translated", "translated"): 1,
        ("parked", "translated"): 1,
        ("correction", "applied"): 1,
        ("new", "applied"): 1,
    }
    assert told.warnings == ()


async def test_warns_where_a_meaning_changed_and_the_revision_did_not(
    shop: Shop, intake: Topic
) -> None:
    await decided(shop, intake, {"order": "A-1", "serials": ["S-1"]})
    changed = replace(shop.connector, translate=without_serials)
    shop.store = SourceStore({changed.name: changed}, KEYRING)

    told = await rehearsed(shop, intake)

    assert figures(told)["the same again", "rejected"] == 1
    (warning,) = told.warnings
    assert "raise the connector's `revision` first" in warning


def by_either_name(record: RawRecord, settings: Settings, origin: Origin) -> Iterable[Canonical]:
    named = replace(record, payload=record.payload.replace(b'"number"', b'"order"'))
    more = replace(named, payload=named.payload.replace(b"}", b', "serials": ["S-9"]}', 1))
    return translate(more if b"A-1" in named.payload else named, settings, origin)


def without_serials(record: RawRecord, settings: Settings, origin: Origin) -> Iterable[Canonical]:
    bare = replace(record, payload=record.payload.replace(b"S-1", b"S-2"))
    return translate(bare, settings, origin)
