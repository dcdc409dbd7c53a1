"""Keys of the API: shown once, known again, ended for good."""

import re
from collections.abc import AsyncIterator

import pytest

from hub.access.keys import KeyNotPossibleError, Keys, Principal, issue, issued, revoke
from hub.access.permissions import Permission, may
from hub.access.tenants import put
from hub.adapters.postgres import Database, TenantDatabase, connect_for_tenants
from hub.sdk.failures import StoreUnavailableError

servers = pytest.mark.servers


@pytest.fixture
async def api(database: Database, dsn: str) -> AsyncIterator[TenantDatabase]:
    await put(database, "acme", 24, 14)
    pool = await connect_for_tenants(dsn, size=2)
    yield pool
    await pool.close()


@servers
async def test_a_key_tells_who_holds_it(database: Database, api: TenantDatabase) -> None:
    token = await issue(database, "acme", "shop")

    found = await Keys(api).principal(token)

    assert found == Principal("acme", "shop", token.split("_")[1], operator=False)


@servers
async def test_only_a_hash_of_the_secret_is_kept(database: Database, api: TenantDatabase) -> None:
    token = await issue(database, "acme", "shop")

    kept = await database.fetchrow("select * from api_key")

    assert re.fullmatch(r"whk_[0-9a-f]{12}_[0-9a-f]{64}", token)
    assert token.split("_")[2] not in str(dict(kept))
    assert len(kept["hash"]) == 32


@servers
async def test_takes_no_key_with_another_secret_shape_or_id(
    database: Database, api: TenantDatabase
) -> None:
    token = await issue(database, "acme", "shop")
    other = await issue(database, "acme", "crm")
    keys = Keys(api)
    mixed = "_".join([*token.split("_")[:2], other.split("_")[2]])

    wrong = [
        mixed,
        token[:-1],
        token + "0",
        token.upper(),
        "",
        "whk__",
        f"whk_{'0' * 12}_{'0' * 64}",
    ]

    assert [await keys.principal(one) for one in wrong] == [None] * len(wrong)
    assert await keys.principal(token) is not None


@servers
async def test_a_revoked_key_is_forgotten_once_its_short_memory_ends(
    database: Database, api: TenantDatabase
) -> None:
    token = await issue(database, "acme", "shop")
    forgetful, remembering = Keys(api, seconds=0), Keys(api)
    assert await remembering.principal(token) is not None

    await revoke(database, token.split("_")[1])

    assert await forgetful.principal(token) is None
    assert await remembering.principal(token) is not None
    assert [one.revoked_at is None for one in await issued(database, "acme")] == [False]


@servers
async def test_a_key_known_a_moment_ago_is_taken_without_asking(
    database: Database, api: TenantDatabase
) -> None:
    token = await issue(database, "acme", "shop")
    keys = Keys(api)
    await keys.principal(token)
    await api.close()

    assert await keys.principal(token) is not None
    with pytest.raises(StoreUnavailableError):
        await keys.principal(f"whk_{'0' * 12}_{'0' * 64}")


@servers
async def test_gives_out_no_key_for_a_stranger_or_a_name_that_no_source_may_have(
    database: Database, api: TenantDatabase
) -> None:
    with pytest.raises(KeyNotPossibleError, match="hub tenant set nobody"):
        await issue(database, "nobody", "shop")
    for name in ("hub", "Shop", "a b", "", "-x", "x" * 64):
        with pytest.raises(KeyNotPossibleError, match="cannot name a caller"):
            await issue(database, "acme", name)
    with pytest.raises(KeyNotPossibleError, match="hub key list"):
        await revoke(database, "000000000000")


@servers
async def test_an_operators_key_needs_no_tenant(database: Database, api: TenantDatabase) -> None:
    token = await issue(database, "hub", "ops")

    found = await Keys(api).principal(token)

    assert found is not None
    assert found.operator


def test_an_operator_looks_and_reports_nothing() -> None:
    operator = Principal("hub", "ops", "k", operator=True)
    merchant = Principal("acme", "shop", "k", operator=False)

    assert {one for one in Permission if may(operator, one)} == {"trace:read", "audit:read"}
    assert {one for one in Permission if may(merchant, one)} == set(Permission)
