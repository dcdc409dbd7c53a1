"""A projection can be made again from the ledger at any moment, under live writes and kills."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from hub.adapters.postgres import Database
from hub.ledger.rebuild import NewerProjectionError, Rebuild
from tests.projector.conftest import Until, Working, follows
from tests.projector.desk import HEARD, PARTITIONS, Desk

pytestmark = pytest.mark.servers


class KilledError(Exception):
    """The process ends here, whatever it was about to do."""


class Watch:
    """Hears how far a rebuild is, and can end it there."""

    def __init__(self, *, kill: bool = False) -> None:
        self.seen: list[tuple[int, int]] = []
        self.kill = kill

    def __call__(self, done: int, total: int) -> None:
        self.seen.append((done, total))
        if self.kill:
            raise KilledError


def rebuild(desk: Desk, watch: Watch | None = None) -> Rebuild:
    return Rebuild(desk.database, HEARD, desk.ledger, PARTITIONS, watch or Watch())


async def test_makes_the_table_from_the_ledger_alone(desk: Desk, until: Until) -> None:
    await desk.decide("a", "b")
    await desk.decide("c", part=1)
    await desk.database.execute("insert into heard values ('wrong', 7)")
    watch = Watch()

    assert await rebuild(desk, watch).run(anew=True) == 3

    await until({"a": 1, "b": 1, "c": 1})
    assert watch.seen[-1] == (3, 3)


async def test_neither_loses_nor_doubles_while_events_are_projected(
    desk: Desk, working: Working, until: Until
) -> None:
    names = [f"w{n:04}" for n in range(400)]
    async with working() as projector:
        await desk.say(names[0])
        await follows(projector, seq=1)

        async def decide() -> None:
            for n, name in enumerate(names[1:]):
                await desk.say(name, part=n % 2)

        deciding = asyncio.create_task(decide())
        rebuilds = 0
        while not deciding.done():
            await rebuild(desk).run(anew=True)
            rebuilds += 1
        await deciding

        assert rebuilds > 2
        await until(dict.fromkeys(names, 1))


async def test_what_the_new_table_already_has_is_not_projected_again(
    desk: Desk, working: Working, until: Until
) -> None:
    async with working() as projector:
        await desk.say("a")
        await follows(projector, seq=1)
        unpublished = await desk.decide("b", "c")

        await rebuild(desk).run(anew=True)
        await until({"a": 1, "b": 1, "c": 1})
        await desk.publish(unpublished)
        await desk.say("d")

        await until({"a": 1, "b": 1, "c": 1, "d": 1})


async def test_goes_on_where_a_killed_run_stopped(desk: Desk, until: Until) -> None:
    for n in range(60):
        await desk.decide(f"w{n:03}")
    with pytest.raises(KilledError):
        await rebuild(desk, Watch(kill=True)).run(anew=True)
    watch = Watch()

    await rebuild(desk, watch).run(anew=False)

    assert watch.seen[0] == (40, 60)
    await until({f"w{n:03}": 1 for n in range(60)})


async def test_begins_anew_over_what_a_killed_run_left(desk: Desk, until: Until) -> None:
    await desk.decide("a")
    with pytest.raises(KilledError):
        await rebuild(desk, Watch(kill=True)).run(anew=True)
    await desk.database.execute("insert into heard__shadow values ('half', 1)")

    await rebuild(desk).run(anew=True)

    await until({"a": 1})


async def test_two_at_once_share_the_work(desk: Desk, until: Until) -> None:
    for n in range(100):
        await desk.decide(f"w{n:03}", part=n % 2)

    await asyncio.gather(*(rebuild(desk).run(anew=False) for _ in range(3)))

    await until({f"w{n:03}": 1 for n in range(100)})
    assert await desk.database.fetchval("select to_regclass('heard__shadow') is null")
    assert await desk.database.fetchval("select count(*) from projection_progress") == 2


async def test_two_that_begin_anew_at_once_end_with_one_right_table(
    desk: Desk, until: Until
) -> None:
    for n in range(100):
        await desk.decide(f"w{n:03}", part=n % 2)

    await asyncio.gather(*(rebuild(desk).run(anew=True) for _ in range(3)))

    await until({f"w{n:03}": 1 for n in range(100)})


async def test_a_raised_version_rebuilds_and_old_code_lets_go(
    desk: Desk, working: Working, until: Until
) -> None:
    newer = replace(HEARD, version=2, rows=lambda told: [(told.envelope.subject, 2)])
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(working())
        await desk.say("a")
        await follows(old, seq=1)
        await desk.database.execute("insert into heard values ('wrong', 1)")
        async with working(newer):
            await until({"a": 2})
            await stack.aclose()
            await desk.say("b")
            await desk.say("c", part=1)
            await until({"a": 2, "b": 2, "c": 2})
    with pytest.raises(NewerProjectionError, match="run the newer code"):
        await rebuild(desk).run(anew=True)


async def test_whoever_may_read_the_table_still_may(desk: Desk, database: Database) -> None:
    await database.execute(
        "do $$ begin create role reader; exception when duplicate_object then end $$"
    )
    await database.execute("grant select on heard to reader")

    await rebuild(desk).run(anew=True)

    assert await database.fetchval("select has_table_privilege('reader', 'heard', 'select')")
    await database.execute("drop owned by reader")


async def test_an_older_ledger_epoch_is_stepped_over(desk: Desk, until: Until) -> None:
    await desk.decide("a")
    await desk.jump(to=5)
    await desk.decide("b")

    assert await rebuild(desk).run(anew=True) == 6
    await until({"a": 1, "b": 1})
