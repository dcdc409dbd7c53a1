"""Payloads that landed: what they were, what they meant, and where they wait."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from hub.audit.landings import Became
from hub.trail.figures import behind
from tests.trail.conftest import OTHER, Hub, only, outcomes, sale
from tests.trail.logs import NOON, RAW, Scribe, landing

pytestmark = pytest.mark.servers


@pytest.fixture
def scribe(hub: Hub) -> Scribe:
    return Scribe(hub.database)


async def test_shows_a_payload_from_its_door_to_its_decision(hub: Hub, scribe: Scribe) -> None:
    told = replace(sale(), headers=((b"hub-raw".decode(), b"raw_1"),), correlation="raw_1")
    became = (Became(told.id, told.type, told.home),)
    await scribe.land([landing("raw_1", events=became, offset=17, revision=3)], part=2)
    await hub.say(told)
    await hub.taken(1)
    trace = await hub.settled("raw_1")

    landed = only(trace.landed)
    assert (landed.topic, landed.part, landed.offset) == (RAW, 2, 17)
    assert (landed.source, landed.outcome, landed.revision) == ("pos", "translated", 3)
    assert msgspec.json.decode(landed.payload) == {"till": "4"}
    assert landed.translated_at - landed.received_at > timedelta(days=200)
    assert outcomes(trace, told.id) == ["applied"]
    event = only(trace.events)
    assert (event.raw, bytes(event.body)) == ("raw_1", b"null")
    assert [stage.kind for stage in trace.stages][:3] == ["landed", "translated", "decided"]
    assert (trace.began_at, trace.stages[0].after) == (NOON, 0)
    assert [found.correlation for found in [await hub.settled(told.id)]] == ["raw_1"]


async def test_says_that_an_event_is_translated_and_not_decided(hub: Hub, scribe: Scribe) -> None:
    await scribe.land([landing("raw_1")])
    await hub.shown()
    trace = await hub.trace("raw_1")

    assert trace is not None
    assert not trace.complete
    assert only(trace.open) == "sale.recorded.v1 evt-raw_1 is translated and not decided yet"


async def test_shows_a_parked_payload_until_a_better_translation_takes_it(
    hub: Hub, scribe: Scribe
) -> None:
    parked = landing("raw_1", outcome="parked", events=(), reason="no product column")
    await scribe.land([parked])
    await hub.shown()
    first = await hub.trace("raw_1")
    await scribe.land([landing("raw_1", revision=2, outcome="meaningless", events=())])
    trace = await hub.settled("raw_1")

    assert first is not None
    assert "is parked" in only(first.open)
    assert "no product column" in first.stages[1].what
    assert [one.outcome for one in trace.landed] == ["parked", "meaningless"]
    assert [stage.kind for stage in trace.stages] == ["landed", "landed", "parked", "meaningless"]


async def test_shows_the_row_of_a_file(hub: Hub, scribe: Scribe) -> None:
    await scribe.land([landing("row_1", offset=41)], "file:acme/pos/0123456789ab")
    await hub.shown()
    trace = await hub.trace("row_1")

    assert trace is not None
    assert "record 41 of acme/pos/0123456789ab" in trace.stages[0].what


async def test_is_not_complete_without_the_payload_of_its_event(hub: Hub, scribe: Scribe) -> None:
    """The ledger may be shown before the landing log."""
    told = replace(sale(), headers=(("hub-raw", b"raw_1"),), correlation="raw_1")
    await hub.say(told)
    await hub.taken(1)
    await hub.shown()
    before = await hub.trace("raw_1")
    await scribe.land([landing("raw_1", events=(Became(told.id, told.type, told.home),))])
    await hub.settled("raw_1")

    assert before is not None
    assert (before.complete, before.behind) == (False, ())


async def test_says_how_far_it_is_behind_a_file(idle: Hub) -> None:
    scribe = Scribe(idle.database)
    await scribe.land([landing("row_1")], "file:acme/pos/0123456789ab")
    async with idle.followed():
        await idle.shown()
    await scribe.land([landing("row_1")], "file:acme/pos/0123456789ab")
    await idle.database.execute("update landing set at = now() - interval '1 minute'")
    trace = await idle.trace("row_1")

    assert trace is not None
    assert not trace.complete
    assert only(trace.behind).topic == "file:acme/pos/0123456789ab"


async def test_tells_nobody_of_the_files_of_another_tenant(idle: Hub) -> None:
    scribe = Scribe(idle.database)
    await scribe.land([landing("row_1")], "file:acme/pos/0123456789ab")
    await scribe.land([landing("row_2", tenant=OTHER)], f"file:{OTHER}/pos/ba9876543210")
    async with idle.followed():
        await idle.shown()
    await scribe.land([landing("row_1")], "file:acme/pos/0123456789ab")

    async def files(tenant: str) -> list[str]:
        async with idle.api.speaking_for(tenant) as queries:
            return [one.topic for one in await behind(queries)]

    assert await files("acme") == ["file:acme/pos/0123456789ab"]
    assert await files(OTHER) == []
    assert await files("ac") == []
    (nameless,) = await idle.api.fetch("select * from hub_trail_behind()")
    assert (nameless["topic"], nameless["part"], nameless["batches"]) == ("file:", 0, 1)
    trace = await idle.trace("row_2", OTHER)
    assert trace is not None
    assert trace.behind == ()


async def test_says_that_there_is_more_than_it_shows(hub: Hub, scribe: Scribe) -> None:
    await scribe.land([landing(f"raw_{n}", correlation="many") for n in range(501)])
    await hub.shown()
    trace = await hub.trace("many")

    assert trace is not None
    assert (len(trace.landed), trace.truncated, trace.complete) == (500, True, False)
