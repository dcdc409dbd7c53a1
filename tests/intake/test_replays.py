"""Replays that are asked for as a tenant, and carried out by whoever translates: tried, done once, stopped."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from hub.access.sources import SourceStore
from hub.access.tenants import put
from hub.adapters.kafka import Peek
from hub.adapters.postgres import (
    ENGINE,
    Database,
    TenantDatabase,
    connect,
    connect_for_tenants,
)
from hub.recovery.replay_asking import (
    MOST_OPEN,
    Replay,
    Wanted,
    ask,
    find,
    list_replays,
    stop,
)
from hub.recovery.replayer import Replayer
from hub.recovery.replays import Span, replay
from hub.recovery.spot import GoneError, NotPossibleError
from hub.sdk.failures import StoreUnavailableError
from schemas.topics import Topic
from tests.intake.corner import (
    KEYRING,
    TENANT,
    Shop,
    a_translator,
    accounted,
    at_work,
    events,
    land,
    today,
)
from tests.intake.test_record_rehearsal import by_either_name, decided
from tests.intake.test_translate_crash import a_process

pytestmark = pytest.mark.servers
ME, WHY, OTHER = "acme/shop", "the mapping was wrong", "globex"
HOUR = timedelta(hours=1)


@pytest.fixture
async def tenants(shop: Shop) -> AsyncIterator[TenantDatabase]:
    """Sessions in the role of the API."""
    pool = await connect_for_tenants(shop.dsn, size=8)
    yield pool
    await pool.close()


@pytest.fixture
async def engine(shop: Shop) -> AsyncIterator[Database]:
    """Sessions in the role of the engine, as a translator has them."""
    pool = await connect(shop.dsn, size=4, settings={"role": ENGINE})
    yield pool
    await pool.close()


def wanted(shop: Shop, *, dry_run: bool = False, tenant: str = TENANT, **changes: Any) -> Wanted:
    since = datetime.now(UTC) - HOUR
    given = {"connector": shop.connector.name, "since": since, **changes}
    return Wanted(tenant=tenant, dry_run=dry_run, **given)


async def asked(
    shop: Shop, tenants: TenantDatabase, intake: Topic, what: Wanted, why: str = WHY
) -> int:
    async with tenants.speaking_for(what.tenant) as queries:
        return await ask(queries, today(shop, intake), what, why, by=ME)


async def found(tenants: TenantDatabase, number: int, tenant: str = TENANT) -> Replay:
    async with tenants.speaking_for(tenant) as queries:
        return await find(queries, number)


async def over(tenants: TenantDatabase, number: int, tenant: str = TENANT) -> Replay:
    """The replay, once nobody works on it any more."""
    for _ in range(400):
        one = await found(tenants, number, tenant)
        if not one.is_open:
            return one
        await asyncio.sleep(0.05)
    raise AssertionError(one)


async def until(shop: Shop, sql: str, number: int) -> None:
    """Wait until it holds of a replay."""
    for _ in range(400):
        if await shop.database.fetchval(sql, number):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(sql)


def a_replayer(shop: Shop, engine: Database, intake: Topic, **options: Any) -> Replayer:
    given = {"every": 0.1, **options}
    return Replayer(shop.topic.name, engine, shop.kafka, today(shop, intake), **given)


@asynccontextmanager
async def replaying(replayer: Replayer) -> AsyncIterator[None]:
    task = asyncio.create_task(replayer.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_tenant_asks_what_a_replay_would_say_and_then_for_the_replay(
    shop: Shop, intake: Topic, tenants: TenantDatabase, engine: Database
) -> None:
    await decided(shop, intake, {"order": "A-1"}, {"number": "A-2"}, parked=1)
    mended = replace(shop.connector, revision=2, translate=by_either_name)
    shop.store = SourceStore({mended.name: mended}, KEYRING)
    async with replaying(a_replayer(shop, engine, intake)):
        tried = await over(tenants, await asked(shop, tenants, intake, wanted(shop, dry_run=True)))
        before = await shop.database.fetchval("select count(*) from raw_replay")
        number = await asked(shop, tenants, intake, wanted(shop, source="corner"))
        async with at_work(a_translator(shop, shop.database, intake)):
            done = await over(tenants, number)
            await accounted(shop, 2, parked=0)

    assert (tried.state, tried.progress, before) == ("done", 1.0, 0)
    assert tried.result is not None
    assert tried.result.records == 2
    assert {(one.was, one.would_be): one.items for one in tried.result.events} == {
        ("correction", "applied"): 1,
        ("new", "applied"): 1,
    }
    assert {one.reason for one in tried.result.details} == {""}
    assert (done.state, done.progress, done.result) == ("done", 1.0, None)
    told = Counter(one.order for one in await events(shop, intake))
    assert told == {"A-1": 2, "A-2": 1}
    (said,) = await shop.database.fetch("select tenant, by, text, doc from staff_action")
    assert (said["tenant"], said["by"], said["text"]) == (TENANT, ME, WHY)
    assert json.loads(said["doc"])["replay"] == number


async def test_another_tenant_neither_sees_it_nor_stops_it_nor_is_in_it(
    shop: Shop, intake: Topic, tenants: TenantDatabase, engine: Database
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"order": "A-1"})
        await accounted(shop, 1)
    await put(shop.database, OTHER, 24, 14)
    await shop.store.put(shop.database, OTHER, "corner", shop.connector.name, {})
    number = await asked(shop, tenants, intake, wanted(shop))
    theirs = await asked(shop, tenants, intake, wanted(shop, tenant=OTHER, dry_run=True))
    async with tenants.speaking_for(OTHER) as queries:
        assert [one.n for one in await list_replays(queries)] == [theirs]
        with pytest.raises(GoneError):
            await find(queries, number)
        with pytest.raises(GoneError):
            await stop(queries, number, "mine", by="globex/shop")
    with pytest.raises(StoreUnavailableError, match="row-level security"):
        async with tenants.speaking_for(OTHER) as queries:
            await ask(queries, today(shop, intake), wanted(shop), WHY, by="globex/shop")
    for sql in ("select ranges from replay", "update replay set state = 'done'"):
        with pytest.raises(StoreUnavailableError, match="permission denied"):
            async with tenants.speaking_for(TENANT) as queries:
                await queries.execute(sql)
    async with replaying(a_replayer(shop, engine, intake)):
        tried = await over(tenants, theirs, OTHER)

    assert tried.result is not None
    assert (tried.state, tried.result.records) == ("done", 0)


async def test_an_operator_asks_for_everybodys_records(
    shop: Shop, intake: Topic, tenants: TenantDatabase, engine: Database
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"order": "A-1"}, {"order": "A-2"})
        await accounted(shop, 2)
        everybodys = wanted(shop, tenant="hub", source="corner")
        number = await asked(shop, tenants, intake, everybodys)
        strange = await asked(shop, tenants, intake, wanted(shop, tenant="hub", source="nobody"))
        async with replaying(a_replayer(shop, engine, intake)):
            done = await over(tenants, number, "hub")
            refused = await over(tenants, strange, "hub")
        figures = await accounted(shop, 2)

    assert (done.state, figures["events"]) == ("done", 4)
    assert refused.state == "refused"
    assert "no source 'nobody'" in refused.reason


async def test_what_cannot_be_replayed_is_said_at_once(
    shop: Shop, intake: Topic, tenants: TenantDatabase
) -> None:
    now = datetime.now(UTC)
    for changes, why, said in (
        ({"since": now, "until": now - HOUR}, WHY, "`since` is not before `until`"),
        ({"since": now + HOUR}, WHY, "`since` has not come yet"),
        ({"until": now + HOUR}, WHY, "`until` has not come yet"),
        ({"connector": "tills"}, WHY, f"those that do: {shop.connector.name}"),
        ({"source": "nobody"}, WHY, "no source 'nobody'"),
        ({}, " ", "needs a reason"),
    ):
        with pytest.raises(NotPossibleError) as caught:
            await asked(shop, tenants, intake, wanted(shop, **changes), why)
        assert said in str(caught.value)
    assert await shop.database.fetchval("select count(*) from replay") == 0


async def test_a_time_in_which_nothing_landed_is_refused_by_who_looks(
    shop: Shop, intake: Topic, tenants: TenantDatabase, engine: Database
) -> None:
    numbers = [
        await asked(shop, tenants, intake, wanted(shop, dry_run=dry)) for dry in (True, False)
    ]
    async with replaying(a_replayer(shop, engine, intake)):
        for number in numbers:
            one = await over(tenants, number)
            assert one.state == "refused"
            assert "widen the range" in one.reason


async def test_thousands_asked_at_once_leave_a_few_open_and_tell_the_others(
    shop: Shop, intake: Topic, tenants: TenantDatabase
) -> None:
    since, now = datetime.now(UTC) - HOUR, today(shop, intake)

    async def one(number: int) -> int | str:
        what = wanted(shop, since=since - number * timedelta(seconds=1), dry_run=True)
        try:
            async with tenants.speaking_for(TENANT) as queries:
                return await ask(queries, now, what, WHY, by=ME)
        except NotPossibleError as error:
            return str(error)

    told = await asyncio.gather(*(one(number) for number in range(10_000)))

    numbers = [each for each in told if isinstance(each, int)]
    assert len(numbers) == len(set(numbers)) == MOST_OPEN
    assert {each for each in told if isinstance(each, str)} == {
        f"{MOST_OPEN} replays are open already; wait until one is over, or stop one"
    }
    assert await shop.database.fetchval("select count(*) from replay") == MOST_OPEN


async def test_the_same_said_by_many_at_once_is_one_replay(
    shop: Shop, intake: Topic, tenants: TenantDatabase
) -> None:
    what = wanted(shop)
    told = await asyncio.gather(*(asked(shop, tenants, intake, what) for _ in range(20)))

    assert len(set(told)) == 1
    assert await shop.database.fetchval("select count(*) from staff_action") == 1


async def test_a_replay_is_done_once_though_its_translator_is_killed_in_the_middle(
    shop: Shop, intake: Topic, tenants: TenantDatabase
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *({"order": f"A-{n}"} for n in range(400)))
        await accounted(shop, 400)
    number = await asked(shop, tenants, intake, wanted(shop))
    for rounds in (1, 3):
        # It dies after it has published a piece and before that counts.
        async with a_process(shop, intake, rounds) as process:
            assert await process.wait() == -signal.SIGKILL
    middle = await found(tenants, number)
    async with a_process(shop, intake):
        done = await over(tenants, number)
        figures = await accounted(shop, 400)

    assert (middle.state, done.state) == ("working", "done")
    assert figures["events"] == 800, "counted once by whoever translated it again"
    assert len({one.id for one in await events(shop, intake)}) == 400
    ranges = "select count(*), count(distinct part) from raw_replay"
    assert len(set(await shop.database.fetchrow(ranges))) == 1


async def test_what_a_killed_process_had_taken_is_begun_by_another_and_never_by_both(
    shop: Shop, intake: Topic, tenants: TenantDatabase, engine: Database
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *({"order": f"A-{n}"} for n in range(50)))
        await accounted(shop, 50)
        numbers = [
            await asked(shop, tenants, intake, wanted(shop, dry_run=dry)) for dry in (True, False)
        ]
        # As somebody left them who was killed as soon as they were taken.
        await shop.database.execute(
            "update replay set state = 'working', epoch = 1, begun = 1, held_until = clock_timestamp()"
        )
        many = [a_replayer(shop, engine, intake, name=f"p{n}") for n in range(4)]
        tasks = [asyncio.create_task(one.run()) for one in many]
        states = [(await over(tenants, number)).state for number in numbers]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        figures = await accounted(shop, 50)

    assert states == ["done", "done"]
    assert figures["events"] == 100
    assert await shop.database.fetchval("select max(epoch) from replay") == 2


async def test_what_ends_every_process_that_begins_it_is_refused_at_last(
    shop: Shop, intake: Topic, tenants: TenantDatabase, engine: Database
) -> None:
    number = await asked(shop, tenants, intake, wanted(shop, dry_run=True))
    await shop.database.execute("update replay set begun = 5")
    async with replaying(a_replayer(shop, engine, intake)):
        one = await over(tenants, number)

    assert (one.state, one.reason) == (
        "refused",
        "it was begun 5 times and never ended; ask for less of it at once",
    )


async def test_a_dry_run_is_stopped_in_the_middle_and_before_it_began(
    shop: Shop, intake: Topic, tenants: TenantDatabase, engine: Database
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *({"order": f"A-{n}"} for n in range(900)))
        await accounted(shop, 900)
    number = await asked(shop, tenants, intake, wanted(shop, dry_run=True))
    waits = await asked(shop, tenants, intake, wanted(shop, dry_run=True), "another reason")
    async with tenants.speaking_for(TENANT) as queries:
        with pytest.raises(NotPossibleError, match="needs a reason"):
            await stop(queries, waits, "", by=ME)
        await stop(queries, waits, "not needed", by=ME)
        await stop(queries, waits, "not needed", by=ME)
    async with replaying(a_replayer(shop, engine, intake, rest=100.0)):
        await until(shop, "select progress > 0 from replay where n = $1", number)
        async with tenants.speaking_for(TENANT) as queries:
            await stop(queries, number, "too slow", by=ME)
        stopped, never = await over(tenants, number), await over(tenants, waits)

    assert (stopped.state, never.state) == ("stopped", "stopped")
    assert (stopped.result, never.begun_at) == (None, None)
    assert 0 < stopped.progress < 1
    said = "select array_agg(text order by n) from staff_action where verb = 'stop'"
    assert await shop.database.fetchval(said) == ["not needed", "too slow"]


async def test_a_replay_is_stopped_for_good_though_a_lane_was_at_it(
    shop: Shop, intake: Topic, tenants: TenantDatabase, engine: Database
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, *({"order": f"A-{n}"} for n in range(900)))
        await accounted(shop, 900)
        before = len(await events(shop, intake))
    number = await asked(shop, tenants, intake, wanted(shop))
    async with replaying(a_replayer(shop, engine, intake)):
        await until(shop, "select exists (select 1 from raw_replay where replay = $1)", number)
        async with tenants.speaking_for(TENANT) as queries:
            await stop(queries, number, "the wrong hour", by=ME)
        stopped = await over(tenants, number)
    async with at_work(a_translator(shop, shop.database, intake)):
        await asyncio.sleep(1.5)
    # A lane that had looked before commits its piece afterwards.
    late = "update raw_replay set done_at = coalesce(done_at, case when false then now() end)"
    await shop.database.execute(late)

    assert stopped.state == "stopped"
    assert len(await events(shop, intake)) == before
    assert not await shop.database.fetchval("select count(*) from raw_replay where done_at is null")


async def test_what_an_operator_begins_by_command_stands_in_the_same_list(
    shop: Shop, intake: Topic, tenants: TenantDatabase, engine: Database
) -> None:
    async with at_work(a_translator(shop, shop.database, intake)):
        await land(shop, {"order": "A-1"})
        await accounted(shop, 1)
        span = Span(topic=shop.topic.name, since=datetime.now(UTC) - HOUR, until=datetime.now(UTC))
        async with Peek(shop.kafka) as peek:
            whole = await replay(shop.database, peek, span, WHY, by="ada")
            one = msgspec.structs.replace(span, tenant=TENANT)
            await replay(shop.database, peek, one, WHY, by="ada")
        async with replaying(a_replayer(shop, engine, intake)):
            async with tenants.speaking_for(TENANT) as queries:
                (mine,) = await list_replays(queries)
            async with tenants.speaking_for("hub") as queries:
                (everybodys,) = await list_replays(queries)
            states = [(await over(tenants, mine.n)).state]
            states += [(await over(tenants, everybodys.n, "hub")).state]

    assert len(whole) == 1
    assert (mine.by, mine.connector, mine.why) == ("ada", shop.connector.name, WHY)
    assert states == ["done", "done"]
