"""Requests a minute: counted once for all processes, used at once or evenly, and given back with time."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from hub.access.limits import DEFAULTS, SYSTEM, Limit, LimitError, Limits, limits_of, set_limits
from hub.access.tenants import put
from hub.adapters.postgres import Database, TenantDatabase, connect_for_tenants

pytestmark = pytest.mark.servers
BACK = "update limit_rate set full_at = full_at - make_interval(secs => $1)"


@pytest.fixture
async def api(database: Database, dsn: str) -> AsyncIterator[TenantDatabase]:
    await put(database, "acme", 24, 14)
    pool = await connect_for_tenants(dsn, size=4)
    yield pool
    await pool.close()


async def taken(limits: Limits, times: int, kind: Limit = Limit.WRITE, caller: str = "shop") -> int:
    return sum([(await limits.take("acme", caller, kind)).is_taken for _ in range(times)])


@pytest.mark.parametrize("kind", list(Limit))
async def test_a_minutes_worth_is_taken_and_no_more(api: TenantDatabase, kind: Limit) -> None:
    limits, most = Limits(api), DEFAULTS[kind]
    began, took = time.monotonic(), 0

    while (standing := await limits.take("acme", "shop", kind)).is_taken:
        took += 1

    # What came back meanwhile on a slow machine is taken too.
    assert most <= took <= most + (time.monotonic() - began) * most / 60 + 1
    assert 0 < standing.wait <= 60 / most


async def test_it_comes_back_evenly(api: TenantDatabase, database: Database) -> None:
    limits = Limits(api)
    await taken(limits, 30)

    await database.execute(BACK, 6.0)

    assert await taken(limits, 10) == 3


@pytest.mark.parametrize("seconds", [90.0, 3_600.0])
async def test_a_clock_that_was_set_back_makes_nobody_wait_longer_than_a_step(
    api: TenantDatabase, database: Database, seconds: float
) -> None:
    limits = Limits(api)
    await taken(limits, 30)

    # As if the server's clock had been so far ahead.
    await database.execute(BACK, -seconds)
    standing = await limits.take("acme", "shop", Limit.WRITE)
    await database.execute(BACK, 6.0)

    assert not standing.is_taken
    assert standing.wait <= 60 / DEFAULTS[Limit.WRITE] + 0.1
    assert await taken(limits, 10) == 3


async def test_all_processes_count_together(api: TenantDatabase) -> None:
    processes = [Limits(api) for _ in range(4)]

    took = await asyncio.gather(*(taken(one, 20) for one in processes))

    assert sum(took) == 30


async def test_each_caller_kind_and_tenant_has_its_own(
    api: TenantDatabase, database: Database
) -> None:
    limits = Limits(api)
    await taken(limits, 30)

    assert await taken(limits, 1) == 0
    assert await taken(limits, 1, caller="crm") == 1
    assert await taken(limits, 1, Limit.READ) == 1
    assert (await limits.take("globex", "shop", Limit.WRITE)).is_taken


async def test_a_tenants_own_limit_holds_at_once(api: TenantDatabase, database: Database) -> None:
    limits = Limits(api)
    await set_limits(database, "acme", {Limit.WRITE: 3}, SYSTEM)
    assert await taken(limits, 5) == 3

    await set_limits(database, "acme", {Limit.WRITE: 6_000}, SYSTEM)

    assert await taken(limits, 5, caller="crm") == 5
    assert (await limits_of(database, "acme"))[Limit.WRITE] == 6_000
    assert [row[0] for row in await database.fetch("select action from audit_entry")] == [
        "limits:changed"
    ] * 2
    with pytest.raises(LimitError, match="hub tenant set nobody"):
        await set_limits(database, "nobody", {Limit.READ: 1}, SYSTEM)


async def test_a_busy_caller_costs_no_round_trip_each_time(
    api: TenantDatabase, database: Database
) -> None:
    await set_limits(database, "acme", {Limit.READ: 60_000}, SYSTEM)
    limits = Limits(api)
    await taken(limits, 2, Limit.READ)
    await api.close()

    # A block of 600 was taken with the second request.
    assert await taken(limits, 599, Limit.READ) == 599


async def test_blocks_of_many_processes_are_never_more_than_the_minute(
    api: TenantDatabase, database: Database
) -> None:
    await set_limits(database, "acme", {Limit.READ: 1_000}, SYSTEM)
    processes = [Limits(api) for _ in range(4)]

    took = await asyncio.gather(*(taken(one, 400, Limit.READ) for one in processes))
    seconds = await database.fetchval(
        "select 60 - extract(epoch from max(full_at) - clock_timestamp())::float8 from limit_rate"
    )

    # What came back while it ran, and what stands in blocks that were not used up.
    assert 1_000 - 4 * 10 <= sum(took) <= 1_000 + 30 * 1_000 / 60
    assert seconds < 60


async def test_an_answer_says_how_its_caller_stands(api: TenantDatabase) -> None:
    standing = await Limits(api).take("acme", "shop", Limit.WRITE)

    assert standing.headers == {
        "RateLimit-Policy": '"write";q=30;w=60',
        "RateLimit": '"write";r=29;t=2',
    }
