"""A deep check replays the status topic and compares it with the unit rows."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from hub.adapters.kafka import KafkaSettings, Outlet, Peek, apply_topics
from hub.adapters.postgres import Database
from hub.recovery.deep import Replay
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
