"""A deep check replays the status topic and compares it with the unit rows."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from hub.adapters.kafka import KafkaSettings, Outlet, Peek, apply_topics
from hub.adapters.postgres import Database
from hub.recovery.deep import Replay
from hub.recovery.deep_deliveries import CHECK
from hub.sdk.processor import Processor
from schemas.topics import WARRANTY_INTAKE, WARRANTY_STATUS
from tests.projector.desk import Desk

pytestmark = pytest.mark.servers

UNIT = """
insert into unit (id, home, tenant, version, status, product, doc)
values ($1, 'h', 't', 1, $2, 'p', '{}')
"""


@pytest.fixture
async def desk(kafka: str, database: Database, topic_prefix: str) -> AsyncIterator[Desk]:
    status = replace(WARRANTY_STATUS, name=f"{topic_prefix}status")
    await apply_topics(KafkaSettings(kafka), [status], partitions=2, replication=1)
    outlet = Outlet(KafkaSettings(kafka))
    yield Desk(database, outlet, f"{topic_prefix}intake", status)
    await outlet.stop()


@pytest.fixture
def replay(desk: Desk, peek: Peek, processor: Processor[Any]) -> Replay:
    reads = replace(WARRANTY_INTAKE, name=desk.ledger)
    return Replay(desk.database, peek, replace(processor, reads=reads, writes=desk.status), 0.2)


async def test_agrees_where_every_activated_unit_is_covered(desk: Desk, replay: Replay) -> None:
    for name in ("a", "b"):
        await desk.say(name)
        await desk.database.execute(UNIT, name, "covered")

    assert await replay.run(2) == []
    assert (replay.figures["replayed"], replay.figures["warranties"]) == (2, 2)


async def test_names_a_unit_that_differs_and_one_that_is_missing(
    desk: Desk, replay: Replay
) -> None:
    await desk.say("a", "b", "c")
    await desk.database.execute(UNIT, "a", "covered")
    await desk.database.execute(UNIT, "b", "ended")

    assert [where for _, where, _ in await replay.run(2)] == ["b", "c"]


async def test_passes_over_what_a_lost_ledger_had_said(desk: Desk, replay: Replay) -> None:
    await desk.say("a", "lost")
    await desk.database.execute(UNIT, "a", "covered")
    await desk.database.execute("delete from ledger")
    desk.seq[0] = 1
    await desk.jump(to=2)

    assert await replay.run(2) == []


async def test_counts_repeats_as_harmless(desk: Desk, replay: Replay) -> None:
    entries = await desk.decide("a", "b")
    await desk.publish(entries)
    await desk.publish(entries)
    for name in ("a", "b"):
        await desk.database.execute(UNIT, name, "covered")

    assert await replay.run(2) == []
    assert replay.figures["repeated"] == 2


ENDPOINT = """
insert into endpoint (id, tenant, address, types, branches, suppliers, changed_at)
values ($1, $2, 'https://shop.example/hook', $3, $4, $5, clock_timestamp() - make_interval(mins => $6))
"""
EVENT = """
insert into status_event (tenant, id, type, subject, branch, at, seq, body)
values ('t', $1, 'warranty.activated.v1', '', '', now(), 1, '{}')
"""
DELIVERY = "insert into delivery (tenant, endpoint, event, subject) values ('t', $1, $2, '')"


async def an_endpoint(desk: Desk, name: str, **other: Any) -> None:
    """Of five minutes ago, that wants everything."""
    it = {"tenant": "t", "types": [], "branches": [], "suppliers": [], "minutes": 5} | other
    await desk.database.execute(ENDPOINT, name, *it.values())


async def test_names_an_event_that_is_no_delivery_to_whoever_wants_it(
    desk: Desk, replay: Replay
) -> None:
    await an_endpoint(desk, "ep_all")
    await desk.say("a", "b")
    for name in ("a", "b"):
        await desk.database.execute(UNIT, name, "covered")
    await desk.database.execute(EVENT, "evt-a")
    await desk.database.execute(DELIVERY, "ep_all", "evt-a")

    assert await replay.run(2) == [(CHECK, "ep_all", "evt-b is none")]


async def test_asks_no_delivery_of_an_event_that_nobody_wants(desk: Desk, replay: Replay) -> None:
    await an_endpoint(desk, "ep_other", tenant="other")
    await an_endpoint(desk, "ep_ended", types=["warranty.ended.v1"])
    await an_endpoint(desk, "ep_branch", branches=["Berlin"])
    await an_endpoint(desk, "ep_supplier", suppliers=["S-1"])
    # What it wanted a moment ago is not known.
    await an_endpoint(desk, "ep_new", minutes=0)
    await desk.say("a")
    await desk.database.execute(UNIT, "a", "covered")

    assert await replay.run(2) == []
