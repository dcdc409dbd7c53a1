"""The trail shows each line of the logs once, whoever follows and whatever happens to him."""

import asyncio
import json
from contextlib import AsyncExitStack, suppress

import msgspec
import pytest

from hub.adapters.kafka import KafkaSettings
from hub.adapters.postgres import ENGINE, connect
from hub.telemetry.metrics import Metrics
from hub.trail import follower, rebuild
from hub.trail.follower import TrailFollower
from hub.trail.logs import START, read, walk
from hub.trail.rows import Place
from hub.trail.store import put
from tests.trail.conftest import Hub, eventually, only, sale
from tests.trail.logs import INTAKE, NOON, RAW, Scribe, entry, expected, landing, shown

pytestmark = pytest.mark.servers


@pytest.fixture
def scribe(idle: Hub) -> Scribe:
    return Scribe(idle.database)


async def test_shows_each_line_of_both_logs(idle: Hub, scribe: Scribe) -> None:
    await scribe.anything(60)
    async with idle.followed():
        await scribe.anything(60)
        await idle.shown()

    assert await shown(idle.database) == await expected(idle.database)


async def test_shows_what_a_worker_decides(hub: Hub) -> None:
    await hub.say(*(sale(f"R-{n}") for n in range(20)))
    await hub.taken(20)
    await hub.shown()

    assert await shown(hub.database) == await expected(hub.database)
    assert await hub.database.fetchval("select count(*) from trail") == 20


async def test_followers_side_by_side_that_die_at_any_moment_show_nothing_twice(
    idle: Hub, scribe: Scribe
) -> None:
    async def come_and_go(seed: float) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(seed), idle.followed():
                    await asyncio.sleep(60)

    async with AsyncExitStack() as stack:
        tasks = [asyncio.create_task(come_and_go(0.2 + n / 9)) for n in range(3)]
        for task in tasks:
            stack.callback(task.cancel)
        for _ in range(40):
            await scribe.anything(8)
            await asyncio.sleep(0.05)
        await idle.shown()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert await shown(idle.database) == await expected(idle.database)


async def test_a_batch_that_commits_late_is_shown(idle: Hub, scribe: Scribe) -> None:
    """Its number is lower than what other partitions have long shown."""
    slow = await connect(idle.dsn, size=1)
    async with idle.followed():
        async with slow.transaction() as tx:
            writing = Scribe(tx)  # type: ignore[arg-type]
            await writing.decide([entry("late")], part=0)
            await scribe.decide([entry("quick")], part=1)
            await eventually(lambda: _has(idle, "quick"))
        await idle.shown()
    await slow.close()

    assert await shown(idle.database) == await expected(idle.database)
    assert await _has(idle, "late")


async def _has(hub: Hub, event: str) -> bool:
    sql = "select exists (select 1 from trail where event_id = $1)"
    return bool(await hub.database.fetchval(sql, event))


async def test_what_lies_outside_the_newest_numbers_is_found_from_time_to_time(
    idle: Hub, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "WALK_SECONDS", 1.0)
    slow = await connect(idle.dsn, size=1)
    async with idle.followed():
        async with slow.transaction() as tx:
            await Scribe(tx).land([landing("late")], "file:acme/pos/1")  # type: ignore[arg-type]
            await idle.database.execute(
                "select setval(pg_get_serial_sequence('landing', 'n'), 100000)"
            )
            await scribe.land([landing("quick")])
        await idle.shown()
    await slow.close()

    assert await shown(idle.database) == await expected(idle.database)


FILES = """
with put as (
  insert into landing (topic, part, epoch, from_offset, to_offset, body)
  select 'file:acme/pos/' || n, 0, 1, 0, 0, '' from generate_series(1, 40000) n returning topic, n)
insert into trail_progress (log, topic, part, n, audited) select 'landing', topic, 0, n, n from put
"""


async def test_goes_on_however_many_files_there_were_and_however_little_time_it_has(
    idle: Hub, scribe: Scribe
) -> None:
    """A walk over all of them takes longer than Postgres gives a statement."""
    await scribe.land([landing("lost")], "file:acme/pos/lost")
    await idle.database.execute(FILES)
    pool = await connect(idle.dsn, size=2, settings={"role": ENGINE, "statement_timeout": "250ms"})
    following = TrailFollower(pool, idle.settings, Metrics(), idle.audit.name)
    task = asyncio.create_task(following.run())
    await eventually(idle._is_shown, 60)  # noqa: SLF001 - as `shown`, with more patience
    task.cancel()
    await asyncio.wait([task])
    await pool.close()

    assert await idle.database.fetchval("select count(*) from trail") == 1


async def test_a_walk_goes_page_by_page_over_every_place_with_news(
    idle: Hub, scribe: Scribe
) -> None:
    topics = [f"file:acme/pos/{n:03}" for n in range(10)]
    for topic in topics:
        await scribe.land([landing("x")], topic)
    seen: list[str] = []
    sizes: list[int] = []
    after: tuple[str, int] | None = START
    while after is not None:
        news, after = await walk(idle.database, "landing", after, 4)
        seen += [place.topic for place in news]
        sizes.append(len(news))

    assert sorted(seen) == topics
    assert sizes == [4, 4, 2]


async def test_goes_on_when_postgres_went_back(idle: Hub, scribe: Scribe) -> None:
    """A restored database gives numbers out again that the follower has seen."""
    await scribe.anything(20)
    async with idle.followed():
        await idle.shown()
        for table in ("ledger", "landing", "trail", "trail_progress"):
            keep = f"create table was_{table} as select * from {table}"  # noqa: S608 - a test
            await idle.database.execute(keep)
        await scribe.anything(20)
        await idle.shown()
        async with idle.database.transaction() as tx:
            for table in ("ledger", "landing", "trail", "trail_progress"):
                await tx.execute(f"truncate {table}")
                own = "overriding system value" if table in {"ledger", "landing"} else ""
                back = f"insert into {table} {own} select * from was_{table}"  # noqa: S608 - a test
                await tx.execute(back)
            for table in ("ledger", "landing"):
                sql = "select setval(pg_get_serial_sequence($1, 'n'), (select max(n) from {}))"
                await tx.execute(sql.format(table), table)
        await scribe.anything(20)
        await idle.shown()

    assert await shown(idle.database) == await expected(idle.database)


async def test_a_batch_that_cannot_be_read_stops_its_partition_alone(
    idle: Hub, scribe: Scribe
) -> None:
    metrics = Metrics()
    broken = "insert into ledger (topic, part, kind, epoch, from_offset, to_offset, from_seq, to_seq, body)"
    await scribe.decide([entry("before")], part=0)
    await idle.database.execute(f"{broken} values ('t', 0, 'batch', 1, 0, 0, 0, 0, 'no json')")
    async with idle.followed(metrics) as following:
        await eventually(lambda: _has(idle, "before"))
        await scribe.decide([entry("after")], part=0)
        await eventually(lambda: _has(idle, "after"))
        assert following.ready() == (False, ["the trail fails at ledger t[0]"])
        await idle.database.execute("delete from ledger where topic = 't'")

        async def mended() -> bool:
            return following.ready()[0]

        await eventually(mended)
        assert following.ready() == (True, [])

    name = "hub_trail_failures_total"
    assert (metrics.registry.get_sample_value(name, {"log": "ledger"}) or 0) > 0
    assert await _has(idle, "after")


async def test_text_that_postgres_refuses_is_shown_without_it(idle: Hub, scribe: Scribe) -> None:
    body = msgspec.Raw(b'{"note":"a\\u0000b","list":["\\u0000"]}')
    await scribe.decide([entry("odd", reason="x\x00y", body=body), entry("even")])
    async with idle.followed():
        await idle.shown()

    row = only(await idle.database.fetch("select * from trail where event_id = 'odd'"))
    assert row["reason"] == "x\ufffdy"
    assert json.loads(row["doc"])["body"] == {"note": "a\ufffdb", "list": ["\ufffd"]}
    assert await _has(idle, "even")


async def test_tells_how_far_behind_it_is(idle: Hub, scribe: Scribe) -> None:
    metrics = Metrics()
    await scribe.land([landing("old")])
    await idle.database.execute("update landing set at = now() - interval '1 hour'")
    pool = await connect(idle.dsn, size=1, settings={"role": ENGINE})
    following = TrailFollower(pool, idle.settings, metrics, idle.audit.name)
    await idle.database.execute("alter table trail rename to elsewhere")
    with suppress(Exception):
        await following.turn()
    lag = following.ready()
    await idle.database.execute("alter table elsewhere rename to trail")
    await following.turn()
    await following.turn()
    await pool.close()

    assert any("3600 s behind the landing log" in reason for reason in lag[1])
    assert metrics.registry.get_sample_value("hub_trail_lag_seconds", {"log": "landing"}) == 0
    assert metrics.registry.get_sample_value("hub_trail_rows_total", {"log": "landing"}) == 1


async def test_rebuilding_gives_the_same_rows_and_keeps_what_doors_refused(
    idle: Hub, scribe: Scribe
) -> None:
    await scribe.anything(60)
    await idle.database.execute(
        "insert into trail values ('door', 7, 0, 'hub', $1, 'refused', '401', 'ref_1', 'push', "
        "null, null, 'no key', '{}')",
        NOON,
    )
    pool = await connect(idle.dsn, size=2, settings={"role": ENGINE})
    told: dict[str, int] = {}
    async with idle.followed():
        await idle.shown()
        before = await idle.database.fetch("select * from trail order by log, n, line")
        lines = await rebuild.rebuild(pool, told.__setitem__)
        await idle.shown()
    after = await idle.database.fetch("select * from trail order by log, n, line")
    await pool.close()

    assert len(before) > 60
    assert [tuple(row) for row in after] == [tuple(row) for row in before]
    assert sum(told.values()) == lines


async def test_rebuilding_without_a_follower_fills_it_all(idle: Hub, scribe: Scribe) -> None:
    await scribe.anything(30)
    pool = await connect(idle.dsn, size=2, settings={"role": ENGINE})
    told: dict[str, int] = {}
    lines = await rebuild.rebuild(pool, told.__setitem__)
    again = await rebuild.rebuild(pool, lambda _topic, _lines: None)
    await pool.close()

    assert (f"{RAW}[0]" in told, sum(told.values())) == (True, lines)
    assert await shown(idle.database) == await expected(idle.database)
    assert lines == again == await idle.database.fetchval("select count(*) from trail")


async def test_a_step_that_was_read_before_a_rebuild_is_not_written(
    idle: Hub, scribe: Scribe
) -> None:
    """Else what was emptied would be taken for shown."""
    pool = await connect(idle.dsn, size=2, settings={"role": ENGINE})
    place = Place("ledger", INTAKE, 0)
    await scribe.decide([entry("first")])
    await rebuild.rebuild(pool, lambda _topic, _lines: None)
    await scribe.decide([entry("second")])
    step = await read(pool, place)
    assert step is not None
    await idle.database.execute("update trail_progress set n = 0")
    await idle.database.execute("truncate trail")

    assert not await put(pool, place, step.was, step.to, step.rows, audited=step.audited)
    assert await shown(idle.database) == {}
    await rebuild.rebuild(pool, lambda _topic, _lines: None)
    assert await shown(idle.database) == await expected(idle.database)
    await pool.close()


async def test_shows_the_logs_while_kafka_is_away(idle: Hub, scribe: Scribe) -> None:
    idle.settings = KafkaSettings("127.0.0.1:1")
    async with idle.followed() as following:
        await scribe.anything(10)
        await idle.shown()

        async def says_so() -> bool:
            return "the audit topic cannot be read or stored" in following.ready()[1]

        await eventually(says_so)
        assert await says_so()

    assert await shown(idle.database) == await expected(idle.database)
