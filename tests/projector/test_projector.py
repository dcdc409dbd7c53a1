"""Every status event reaches a projection once and in order, whatever the wire does."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from hub.adapters.postgres import Database
from hub.sdk.projection import Told
from tests.projector.conftest import Heard, Until, Working, follows, rebuilt
from tests.projector.desk import HEARD, Desk, eventually

pytestmark = pytest.mark.servers


async def test_applies_what_is_published(desk: Desk, working: Working, until: Until) -> None:
    async with working():
        await desk.say("a", "b")
        await desk.say("c", part=1)

        await until({"a": 1, "b": 1, "c": 1})


async def test_drops_what_the_wire_repeats(desk: Desk, working: Working, until: Until) -> None:
    async with working() as projector:
        await desk.say("a")
        await follows(projector, seq=1)
        entries = await desk.decide("b", "c", "d")
        for _ in range(3):
            await desk.publish(entries)
        await desk.publish(entries[1:])
        await desk.say("e")

        await until({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1})


async def test_waits_for_a_gap_to_be_repeated(
    desk: Desk, working: Working, until: Until, heard: Heard
) -> None:
    async with working() as projector:
        await desk.say("a")
        await follows(projector, seq=1)
        b, c, d = await desk.decide("b", "c", "d")
        await desk.publish([c, d])
        await asyncio.sleep(0.5)
        assert await heard() == {"a": 1}
        assert any(view.gap_since for view in projector.views[0])

        await desk.publish([b, c, d])
        await asyncio.sleep(0.5)

        assert await heard() == {"a": 1, "b": 1, "c": 1, "d": 1}


async def test_reads_the_ledger_when_a_gap_lasts(
    desk: Desk, working: Working, until: Until
) -> None:
    async with working() as projector:
        await desk.say("a")
        await follows(projector, seq=1)
        _, c = await desk.decide("b", "c")
        await desk.publish([c])

        await until({"a": 1, "b": 1, "c": 1})


async def test_begins_with_the_ledger_because_kafka_forgets(
    desk: Desk, working: Working, until: Until
) -> None:
    await desk.decide("a", "b")
    async with working():
        await until({"a": 1, "b": 1})
    await desk.decide("c")

    async with working():
        await until({"a": 1, "b": 1, "c": 1})
        await desk.say("d")
        await until({"a": 1, "b": 1, "c": 1, "d": 1})


async def test_reloads_where_another_projector_is_ahead(
    desk: Desk, working: Working, until: Until, database: Database
) -> None:
    async with working() as projector:
        await desk.say("a")
        await follows(projector, seq=1)
        b = await desk.decide("b")
        # What a second member does that got the partition while this one was frozen.
        await database.execute("insert into heard values ('b', 1)")
        await database.execute("update projection_progress set seq = 2 where part = 0")
        await desk.publish(b)
        await desk.say("c")

        await until({"a": 1, "b": 1, "c": 1})


async def test_two_members_share_the_partitions_and_double_nothing(
    desk: Desk, working: Working, until: Until
) -> None:
    wanted = {}
    async with working():
        for n in range(20):
            await desk.say(f"a{n:03}", part=n % 2)
            wanted[f"a{n:03}"] = 1
        async with working():
            for n in range(20, 120):
                await desk.say(f"a{n:03}", part=n % 2)
                wanted[f"a{n:03}"] = 1
            await until(wanted)


async def test_goes_on_by_itself_after_postgres_dropped_every_session(
    desk: Desk, working: Working, until: Until, dsn: str
) -> None:
    async with working():
        await desk.say("a")
        await until({"a": 1})
        admin = await asyncpg.connect(dsn)
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await admin.close()
        await asyncio.sleep(0.5)
        await desk.say("b")

        await until({"a": 1, "b": 1})


async def test_rebuilds_after_postgres_went_back(
    desk: Desk, working: Working, until: Until, database: Database
) -> None:
    async with working() as projector:
        await desk.say("a", "b")
        await follows(projector, seq=2)
        await desk.say("lost")
        await follows(projector, seq=3)
        await until({"a": 1, "b": 1, "lost": 1})
        # The ledger is restored to before "lost", which Kafka still remembers as seq 3.
        await database.execute("delete from ledger where to_seq = 3")
        desk.seq[0] = 2
        await desk.jump(to=3)
        await desk.say("c")

        await until({"a": 1, "b": 1, "c": 1})
        await rebuilt(projector, times=2)


async def test_a_new_owner_without_a_jump_rebuilds_nothing(
    desk: Desk, working: Working, until: Until
) -> None:
    async with working() as projector:
        await desk.say("a")
        await follows(projector, seq=1)
        desk.epoch += 1
        await desk.say("b")

        await until({"a": 1, "b": 1})
        await rebuilt(projector, times=1)


async def test_a_projection_that_fails_stops_alone_and_skips_nothing(
    desk: Desk, working: Working, until: Until, database: Database
) -> None:
    broken: set[str] = set()

    def rows(told: Told) -> list[tuple[object, ...]]:
        if told.envelope.subject in broken:
            message = "cannot take b"
            raise ValueError(message)
        return [(told.envelope.subject, 1)]

    await database.execute("create table fragile (like heard including all)")
    fragile = replace(HEARD, name="fragile", table="fragile", rows=rows)
    async with working(fragile, HEARD) as projector:
        await desk.say("a")
        await follows(projector, seq=1)
        broken.add("b")
        await desk.say("b")
        await desk.say("c")
        await until({"a": 1, "b": 1, "c": 1})
        assert await database.fetchval("select array_agg(w) from fragile") == ["a"]
        assert projector.ready() == (False, ["fragile fails on 0"])

        broken.clear()

        async def all_there() -> bool:
            return bool(await database.fetchval("select sum(n) from fragile") == 3)

        await eventually(all_there)
        assert projector.ready() == (True, [])
