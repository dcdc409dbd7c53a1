"""Records that say less than they mean: fetched once, retried while the vendor is away, in order."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import httpx
import pytest

from connectors.sdk import RawRecord, SourceUnavailableError
from hub.adapters.postgres import Database
from hub.intake.fetched import forget, keep, stored
from hub.intake.meaning import Landed
from hub.ledger.wire import Payload
from schemas.topics import Topic
from tests.intake.corner import (
    KEYRING,
    NOON,
    Shop,
    a_shop,
    a_translator,
    accounted,
    at_work,
    events,
    intake_of,
    land,
    settled,
)
from tests.intake.vendor import Vendor, a_shy_corner, a_vendor

pytestmark = pytest.mark.servers

QUICK = (0.2, 0.2, 0.2, 0.2)


@asynccontextmanager
async def shy_shop(
    kafka: str, dsn: str, database: Database
) -> AsyncIterator[tuple[Shop, Vendor, Topic]]:
    async with (
        a_vendor() as vendor,
        a_shop(kafka, dsn, database, a_shy_corner(vendor)) as shop,
    ):
        yield shop, vendor, await intake_of(shop)


async def test_a_record_is_completed_by_what_its_vendor_says(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        async with at_work(a_translator(shop, database, intake)):
            await land(shop, {"order": "A-1"}, {"order": "A-2"})
            await accounted(shop, 2)
        told = await events(shop, intake)

    assert sorted(one.body["lines"][0]["serials"][0] for one in told) == ["S-A-1", "S-A-2"]
    assert vendor.asked == {"A-1": 1, "A-2": 1}


async def test_what_was_fetched_is_kept_so_that_a_replay_means_the_same(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        async with at_work(a_translator(shop, database, intake)):
            await land(shop, {"order": "A-1"})
            await accounted(shop, 1)
            await database.execute(
                "insert into raw_replay (topic, part, next_offset, to_offset, why)"
                " select topic, part, 0, next_offset, 'a look' from landing_owner"
                " where topic = $1 and next_offset > 0",
                shop.topic.name,
            )
            await settled(shop, events=2)
        first, second = await events(shop, intake)

    assert (first.id, first.body) == (second.id, second.body)
    assert vendor.asked == {"A-1": 1}


async def test_while_the_vendor_is_away_records_wait_and_come_in_order_when_it_is_back(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.status = 503
        async with at_work(a_translator(shop, database, intake, schedule=QUICK)):
            for turn in range(4):
                await land(
                    shop,
                    *({"order": f"A-{n}", "turn": turn} for n in range(20)),
                    delivery=f"{turn}",
                )
            waiting = await settled(shop, translated=0, retrying=20, held=60)
            asked = sum(vendor.asked.values())
            await asyncio.sleep(1.0)
            pestered = sum(vendor.asked.values()) - asked
            vendor.status = 200
            done = await settled(shop, translated=80)
        told = await events(shop, intake)

    assert waiting["parked"] == done["parked"] == 0
    assert pestered <= 4, "an open breaker lets nobody ask but a probe now and then"
    assert len({one.id for one in told}) == 80
    for order in {one.order for one in told}:
        raws = [one.headers["hub-raw"] for one in told if one.order == order]
        assert len(raws) == 4
        offsets = [await offset_of(shop, raw.decode()) for raw in raws]
        assert all(early < late for early, late in pairwise(offsets)), offsets


async def offset_of(shop: Shop, raw: str) -> int:
    for record in await shop.landed():
        if dict(record.headers)["ce_id"] == raw.encode():
            return record.offset
    raise AssertionError(raw)


async def test_an_open_breaker_burns_no_attempt(kafka: str, dsn: str, database: Database) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.status = 503
        async with at_work(a_translator(shop, database, intake, schedule=(0.1,))):
            await land(shop, *({"order": f"A-{n}"} for n in range(30)))
            await settled(shop, retrying=30)
            away = "select count(*) from dependency where open_since is not null"
            assert await database.fetchval(away) == 1
            await asyncio.sleep(1.5)
            vendor.status = 200
            figures = await settled(shop, translated=30)
            assert await database.fetchval(away) == 0

    assert figures["parked"] == 0


async def test_one_order_that_fails_holds_its_own_key_only_and_is_parked_in_the_end(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.broken.add("BAD")
        async with at_work(a_translator(shop, database, intake, schedule=(0.3, 0.3))):
            await land(shop, {"order": "BAD"}, {"order": "GOOD"}, {"order": "BAD", "turn": 2})
            await settled(shop, translated=1, retrying=1, held=1)
            await settled(shop, translated=1, parked=1)
            vendor.broken.clear()
            await settled(shop, translated=2, parked=1, held=0)
        (left,) = await database.fetch(
            "select code, attempt, event_id from item where topic = $1", shop.topic.name
        )

    assert (left["code"], left["attempt"]) == ("source_away", 3)


async def test_one_order_that_stays_ill_does_not_keep_the_others_waiting(
    kafka: str, dsn: str, database: Database
) -> None:
    """Probes take turns: one that fails for a reason of its own is not the only one to ask."""
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.status = 503
        vendor.broken.add("A-0")
        async with at_work(a_translator(shop, database, intake, schedule=QUICK)):
            await land(shop, *({"order": f"A-{n}"} for n in range(8)))
            await settled(shop, retrying=8)
            vendor.status = 200
            await settled(shop, translated=7, retrying=1)


async def test_a_source_that_wants_to_be_left_alone_is_left_alone(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.status, vendor.retry_after = 429, "120"
        async with at_work(a_translator(shop, database, intake, schedule=QUICK)):
            await land(shop, {"order": "A-1"})
            await settled(shop, retrying=1)
            await asyncio.sleep(1.0)
        pause = await database.fetchval(
            "select extract(epoch from due_at - tried_at)::float8 from item where topic = $1",
            shop.topic.name,
        )

    assert vendor.asked == {"A-1": 1}
    assert pause > 100


async def test_a_connector_that_only_raises_for_a_status_is_understood(
    kafka: str, dsn: str, database: Database
) -> None:
    """What may pass is asked again, and parks nothing; what never will is parked at once, and says so."""
    async with a_vendor() as vendor:
        connector = a_shy_corner(vendor)
        assert connector.enrich is not None

        async def fetch(client: httpx.AsyncClient, record: RawRecord, _settings: Any) -> bytes:
            number = json.loads(record.payload)["order"]
            answer = await client.get(f"{vendor.url}/orders/{number}")
            return answer.raise_for_status().content

        plain = replace(connector, enrich=replace(connector.enrich, fetch=fetch))
        async with (
            a_shop(kafka, dsn, database, plain) as shop,
            at_work(a_translator(shop, database, await intake_of(shop), schedule=QUICK)),
        ):
            vendor.status = 404
            await land(shop, {"order": "GONE"})
            await settled(shop, parked=1)
            vendor.status = 503
            await land(shop, {"order": "A-1"}, delivery="b")
            await settled(shop, parked=1, retrying=1)
            vendor.status = 200
            await settled(shop, parked=1, translated=1)
        code = await database.fetchval("select code from item where state = 'parked'")

    assert code == "answered_404"


async def test_while_a_vendor_hangs_others_in_its_partition_go_on(
    kafka: str, dsn: str, database: Database
) -> None:
    """One that asks on is heard at its next turn; nobody waits for it longer than about a second."""
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.hanging.add("HANGS")
        async with at_work(a_translator(shop, database, intake)):
            for turn in range(4):
                said: list[dict[str, Any]] = [
                    {"order": "HANGS", "turn": turn},
                    {"order": f"WELL-{turn}"},
                ]
                await land(shop, *said, delivery=f"d{turn}")
                begun = time.monotonic()
                await settled(shop, translated=turn + 1)
                assert time.monotonic() - begun < 4, "others waited for whoever hangs"
            vendor.hanging.clear()
            await settled(shop, translated=8)


async def test_an_answer_that_unpacks_to_more_than_there_is_memory_for_is_not_unpacked(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.packed = True
        async with at_work(a_translator(shop, database, intake)):
            await land(shop, {"order": "A-1"})
            await settled(shop, parked=1)
        reason = await database.fetchval("select code from item where topic = $1", shop.topic.name)

    assert reason == "answer_packed"


async def test_a_record_whose_need_cannot_be_told_is_parked_and_stops_nobody(
    kafka: str, dsn: str, database: Database
) -> None:
    def tell(record: RawRecord) -> bool:
        return bool(json.loads(record.payload)["complete"])

    async with a_vendor() as vendor:
        connector = a_shy_corner(vendor)
        assert connector.enrich is not None
        odd = replace(connector, enrich=replace(connector.enrich, needed=tell))
        async with (
            a_shop(kafka, dsn, database, odd) as shop,
            at_work(a_translator(shop, database, await intake_of(shop))),
        ):
            await land(shop, {"order": "A-1"}, {"order": "A-2", "complete": "no"})
            await settled(shop, parked=1, translated=1)


async def test_more_than_a_record_may_need_is_parked(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.padding = 3 * 1024 * 1024
        async with at_work(a_translator(shop, database, intake)):
            await land(shop, {"order": "A-1"})
            await settled(shop, parked=1)


async def test_what_was_fetched_goes_with_its_record_and_for_another_payload_it_is_fetched_anew(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, _, intake):
        async with at_work(a_translator(shop, database, intake)):
            await land(shop, *({"order": f"A-{n}"} for n in range(6)))
            await settled(shop, translated=6)
        (row,) = await database.fetch(
            'select part, "offset" from landing_owner join enrichment using (topic, part)'
            " where topic = $1 order by 1, 2 desc limit 1",
            shop.topic.name,
        )
        place = (shop.topic.name, row["part"])
        mended = Landed(row["offset"], Payload([], b"another", NOON), None, {})
        assert await stored(database, KEYRING, *place, [mended]) == {}
        await forget(database, *place, row["offset"] + 1)
        left = "select count(*) from enrichment where topic = $1 and part = $2"
        assert await database.fetchval(left, *place) == 0


async def test_whoever_fetched_first_is_believed(kafka: str, dsn: str, database: Database) -> None:
    one = Landed(7, Payload([], b"said", NOON), None, {})
    first = await keep(database, KEYRING, "raw.x.v1", 0, {7: (one, b"first")})
    second = await keep(database, KEYRING, "raw.x.v1", 0, {7: (one, b"second")})
    assert first == second == {7: b"first"}


async def test_a_redriven_record_overtakes_no_earlier_one_of_its_key(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.broken.add("A-1")
        async with at_work(a_translator(shop, database, intake, schedule=(0.2,))):
            await land(shop, {"order": "A-1", "turn": 1})
            await settled(shop, parked=1)
            await land(shop, {"order": "A-1", "turn": 2}, delivery="b")
            await settled(shop, parked=2)
            vendor.status = 503
            await land(shop, *({"order": f"B-{n}"} for n in range(6)), delivery="c")
            await settled(shop, retrying=6)
            redrive = "update item set wanted = 'redrive' where attempt = 2 and \"offset\" = $1"
            early, late = sorted(
                row["offset"]
                for row in await database.fetch('select "offset" from item where attempt = 2')
            )
            await database.execute(redrive, early)
            await settled(shop, retrying=7, parked=1)
            await database.execute(redrive, late)
            await settled(shop, retrying=7, held=1, parked=0)
            vendor.status = 200
            vendor.broken.clear()
            await settled(shop, translated=8)


async def test_a_parked_record_that_is_redriven_while_the_vendor_is_away_holds_its_key(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.broken.add("A-1")
        async with at_work(a_translator(shop, database, intake, schedule=(0.2,))):
            await land(shop, {"order": "A-1"})
            await settled(shop, parked=1)
            await database.execute("update item set wanted = 'redrive'")
            await settled(shop, parked=1)
            vendor.status = 503
            await land(shop, *({"order": f"B-{n}"} for n in range(6)), delivery="b")
            await settled(shop, retrying=6)
            await database.execute("update item set wanted = 'redrive' where state = 'parked'")
            await settled(shop, retrying=7, parked=0)
            await land(shop, {"order": "A-1", "turn": 2}, delivery="c")
            await settled(shop, retrying=7, held=1)
            vendor.status = 200
            vendor.broken.clear()
            await settled(shop, translated=8)


async def test_a_vendor_that_hangs_delays_its_partition_for_seconds_only(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.slow = 60.0
        async with at_work(a_translator(shop, database, intake, schedule=QUICK)):
            await land(shop, *({"order": f"A-{n}"} for n in range(3)))
            async with asyncio.timeout(25):
                await settled(shop, retrying=3)


async def test_a_translator_that_dies_while_records_wait_leaves_them_to_the_next(
    kafka: str, dsn: str, database: Database
) -> None:
    async with shy_shop(kafka, dsn, database) as (shop, vendor, intake):
        vendor.status = 503
        async with at_work(a_translator(shop, database, intake, schedule=QUICK)):
            await land(shop, *({"order": "A-1", "turn": n} for n in range(5)))
            await settled(shop, retrying=1, held=4)
        vendor.status = 200
        async with at_work(a_translator(shop, database, intake, schedule=QUICK)):
            await settled(shop, translated=5)
        told = await events(shop, intake)

    assert len({one.id for one in told}) == 5


@pytest.mark.parametrize(
    ("said", "ended"),
    [
        (SourceUnavailableError("it says \x00 \ud800"), ("retrying", "UnavailableError")),
        (httpx.ReadError("a\x00b"), ("retrying", "UnavailableError")),
        (asyncio.CancelledError(), ("parked", "translator_failed")),
        ('{"order": "ODD"}', ("parked", "translator_failed")),
        (bytearray(b"{}"), ("parked", "translator_failed")),
    ],
)
async def test_whatever_a_fetch_does_stops_nobody_else(
    kafka: str, dsn: str, database: Database, said: Any, ended: tuple[str, str]
) -> None:
    async with a_vendor() as vendor:
        connector = a_shy_corner(vendor)
        assert connector.enrich is not None
        well = connector.enrich.fetch

        async def fetch(client: httpx.AsyncClient, record: RawRecord, settings: Any) -> Any:
            if b"ODD" not in record.payload:
                return await well(client, record, settings)
            if isinstance(said, BaseException):
                raise said
            return said

        odd = replace(connector, enrich=replace(connector.enrich, fetch=fetch))
        async with (
            a_shop(kafka, dsn, database, odd) as shop,
            at_work(a_translator(shop, database, await intake_of(shop), schedule=(60,))),
        ):
            await land(shop, {"order": "ODD"}, *({"order": f"A-{n}"} for n in range(6)))
            state, code = ended
            await settled(shop, translated=6, **{state: 1})
            assert await database.fetchval("select code from item") == code


async def test_a_dependency_of_any_name_stops_nobody_else(
    kafka: str, dsn: str, database: Database
) -> None:
    async with a_vendor() as vendor:
        vendor.broken.add("ODD")
        connector = a_shy_corner(vendor)
        assert connector.enrich is not None
        name = "\x00\ud800" + "".join(map(str, range(10_000)))
        odd = replace(connector, enrich=replace(connector.enrich, dependency=lambda _: name))
        async with (
            a_shop(kafka, dsn, database, odd) as shop,
            at_work(a_translator(shop, database, await intake_of(shop), schedule=(60,))),
        ):
            await land(shop, {"order": "ODD"}, *({"order": f"A-{n}"} for n in range(6)))
            await settled(shop, translated=6, retrying=1)
