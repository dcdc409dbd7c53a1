"""What doors refuse: written to Kafka but for a flood, counted always, and shown in the trail."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from hub.adapters.kafka import KafkaSettings, Message, Outlet, Peek
from hub.audit import refusals
from hub.audit.heads import Head, Signer
from hub.audit.heads import encode as encode_head
from hub.audit.refusals import Refusal, Refusals, decode, refused
from hub.telemetry.metrics import Metrics
from schemas.topics import AUDIT
from tests.trail.conftest import TENANT, Hub, eventually, only, stop

pytestmark = pytest.mark.servers


@asynccontextmanager
async def writing(hub: Hub, metrics: Metrics | None = None) -> AsyncIterator[Refusals]:
    noted = Refusals(hub.outlet, hub.audit.name, metrics or Metrics())
    task = asyncio.create_task(noted.run())
    await asyncio.sleep(0)
    try:
        yield noted
    finally:
        await stop(task)


def no_key(path: str = "/v1/activations", **more: str) -> Refusal:
    return refused("api", path, 401, "no such key", b'{"secret":1}', **more)  # type: ignore[arg-type]


async def written(hub: Hub) -> list[Refusal]:
    async with Peek(hub.settings) as peek:
        first, end = await peek.bounds(hub.audit.name, 0)
        records = peek.records(hub.audit.name, 0, first, end)
        return [decode(record.value or b"") async for record in records]


async def test_a_refusal_is_shown_to_whoever_it_concerns(hub: Hub) -> None:
    async with writing(hub) as noted:
        noted.note(no_key("/v1/warranties?customer=ann@example.com"), "10.0.0.1")
        noted.note(refused("push", "/sources/pos/acme", 422, "no ticket", b"[]", tenant=TENANT))
        await eventually(lambda: _shown(hub, 2))

    async with hub.api.speaking_for(TENANT) as queries:
        ours = only(await queries.fetch("select * from trail"))
    trace = await hub.trace(ours["correlation"])
    assert trace is not None
    one = only(trace.refused)
    assert (one.door, one.path, one.status, one.reason) == (
        "push",
        "/sources/pos/acme",
        422,
        "no ticket",
    )
    assert (one.size, trace.stages[0].kind) == (2, "refused")
    everything = str(await hub.database.fetch("select trail::text from trail"))
    assert "ann@example.com" not in everything
    assert "secret" not in everything


async def _shown(hub: Hub, count: int) -> bool:
    sql = "select count(*) from trail where log = 'door'"
    return bool(await hub.database.fetchval(sql) == count)


async def test_a_flood_is_sampled_and_counted(idle: Hub) -> None:
    metrics = Metrics()
    async with writing(idle, metrics) as noted:
        for _ in range(1_000):
            noted.note(no_key(), "10.0.0.1")
        for n in range(50):
            noted.note(no_key(), f"10.0.1.{n}")
        await asyncio.sleep(0.3)
        noted.note(no_key(), "10.0.0.1")
    found = await written(idle)

    assert 60 <= len(found) <= 75
    assert len(found) + sum(one.suppressed for one in found) == 1_051
    counted = metrics.registry.get_sample_value
    assert counted("hub_door_requests_total", {"door": "api", "status": "401"}) == 1_051
    assert (counted("hub_refusals_suppressed_total", {"door": "api"}) or 0) > 900
    assert len({one.id for one in found}) == len(found)


async def test_who_falls_silent_after_a_flood_is_told_of_to_the_last(
    idle: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(refusals, "SWEEP_SECONDS", 0.1)

    async def told() -> bool:
        found = await written(idle)
        return len(found) + sum(one.suppressed for one in found) == 100

    async with writing(idle) as noted:
        for _ in range(100):
            noted.note(no_key(principal="shop", tenant=TENANT))
        await eventually(told)
        assert await told()


async def test_callers_are_not_remembered_without_end(
    idle: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "MAX_CALLERS", 5)
    async with writing(idle) as noted:
        for n in range(20):
            for _ in range(15):
                noted.note(no_key(), f"10.0.0.{n}")
            assert len(noted._callers) <= 5  # noqa: SLF001 - what the test is about
    found = await written(idle)

    assert len(found) + sum(one.suppressed for one in found) == 300


async def test_no_answer_waits_for_a_broker_that_is_away(
    idle: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "MAX_WAITING", 30)
    metrics, nowhere = Metrics(), Outlet(KafkaSettings("127.0.0.1:1"))
    noted = Refusals(nowhere, AUDIT.name, metrics)
    task = asyncio.create_task(noted.run())
    began = time.perf_counter()
    for n in range(100):
        noted.note(no_key(f"/{n}"), f"10.0.0.{n}")
    assert time.perf_counter() - began < 0.5
    await asyncio.sleep(1)
    # The broker is back: what is left is the newest.
    noted.outlet = idle.outlet
    noted.topic = idle.audit.name

    async def told() -> bool:
        return len(await written(idle)) == 30

    await eventually(told)
    await stop(task)
    await nowhere.stop()

    assert [one.path for one in await written(idle)] == [f"/{n}" for n in range(70, 100)]
    dropped = metrics.registry.get_sample_value("hub_refusals_dropped_total", {"door": "api"})
    assert dropped == 70


async def test_what_a_door_wrote_twice_is_shown_once(hub: Hub) -> None:
    one = no_key()
    message = Message(b"hub", refusals.encode(one), [])
    await hub.outlet.send(hub.audit.name, 0, [message, message])
    await hub.outlet.send(hub.audit.name, 0, [message, Message(b"x", b"not json", [])])
    await eventually(lambda: _shown(hub, 2))

    rows = await hub.database.fetch("select * from trail order by n")
    assert [row["correlation"] for row in rows] == [one.id, "0/3"]
    assert "is no refusal" in rows[1]["reason"]
    assert json.loads(rows[1]["doc"])["size"] == 8


async def test_followers_side_by_side_show_each_refusal_once(idle: Hub) -> None:
    async with idle.followed(), idle.followed(), writing(idle) as noted:
        for n in range(300):
            noted.note(no_key(f"/{n}"), f"10.0.{n % 100}.{n}")
            await asyncio.sleep(0.005)
        await eventually(lambda: _shown(idle, 300))

    paths = await idle.database.fetch("select doc ->> 'path' as path from trail")
    assert sorted(row["path"] for row in paths) == sorted(f"/{n}" for n in range(300))


async def test_heads_of_the_audits_chains_are_no_refusals(hub: Hub) -> None:
    """They come by the same topic."""
    head = Signer(b"k" * 32).sign(
        Head(tenant=TENANT, seq=7, hash="aa", at=datetime.now(UTC), previous="", key="")
    )
    await hub.outlet.send(hub.audit.name, 0, [Message(None, encode_head(head), [])])
    async with writing(hub) as noted:
        noted.note(no_key(), "10.0.0.1")
        await eventually(lambda: _shown(hub, 1))
    await asyncio.sleep(0.3)

    assert await _shown(hub, 1)
