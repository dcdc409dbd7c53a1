"""A session speaks for a tenant while its block runs, however that ends, and for nobody afterwards."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hub.adapters.postgres import TenantDatabase, connect_for_tenants
from hub.sdk.failures import DataRefusedError

pytestmark = pytest.mark.servers

WHOSE = "select coalesce(current_setting('hub.tenant', true), '') as tenant"
STEPS = 60
"""More turns of the loop than a block takes that asks nothing."""


@pytest.fixture
async def one(dsn: str) -> AsyncIterator[TenantDatabase]:
    """A pool of one session, which everybody gets after the other."""
    pool = await connect_for_tenants(dsn, size=1)
    yield pool
    await pool.close()


async def _speak(pool: TenantDatabase) -> None:
    async with pool.speaking_for("acme"):
        await asyncio.sleep(0)


async def test_whoever_is_broken_off_at_whatever_moment_leaves_no_tenant_behind(
    one: TenantDatabase,
) -> None:
    found = set()
    for steps in range(STEPS):
        task = asyncio.create_task(_speak(one))
        for _ in range(steps):
            await asyncio.sleep(0.0001)
        task.cancel()
        await asyncio.wait([task])
        (row,) = await one.fetch(WHOSE)
        found.add(row["tenant"])

    assert found == {""}


async def test_a_transaction_that_failed_says_why_and_leaves_no_tenant_behind(
    one: TenantDatabase,
) -> None:
    async def fail() -> None:
        async with one.speaking_for("acme") as queries:
            await queries.execute("begin")
            await queries.fetch("select 1 / 0")

    with pytest.raises(DataRefusedError, match="division"):
        await fail()

    (row,) = await one.fetch(WHOSE)
    assert row["tenant"] == ""
