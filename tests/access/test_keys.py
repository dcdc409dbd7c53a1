"""Keys of the API: shown once, known again, narrowed, rotated, ended for good."""

import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator

import pytest

from hub.access.callers import Keys
from hub.access.errands import Errands
from hub.access.keys import (
    LIVE,
    TOKEN,
    KeyNotPossibleError,
    checksum,
    issue,
    issued,
    new_token,
    parsed,
    revoke,
    rotate,
)
from hub.access.permissions import Permission, Role
from hub.access.principals import Principal
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


def id_of(token: str) -> str:
    return token.split("_")[2]


def mended(token: str) -> str:
    """With the checksum of what it says now."""
    body = token.rpartition("_")[0]
    return f"{body}_{checksum(body)}"


def test_a_scanner_finds_a_key_by_its_published_shape_alone() -> None:
    _, token = new_token("test")

    assert TOKEN.findall(f"KEY={token}\n")
    assert re.fullmatch(r"whk_(live|test)_[0-9a-f]{12}_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}", token)


def test_a_slip_of_the_hand_is_no_key_and_nobody_has_to_be_asked() -> None:
    _, token = new_token("test")
    other = "B" if token[30] != "B" else "C"

    wrong = [token[:-1], token[:30] + other + token[31:], token.upper(), token + "0", "", "whk_"]

    assert parsed(token)
    assert not any(map(parsed, wrong))


@servers
async def test_a_key_tells_who_holds_it(database: Database, api: TenantDatabase) -> None:
    token = await issue(database, "acme", "shop")

    found = await Keys(api).principal(token)

    assert found == Principal("acme", "shop", id_of(token), Role.INTEGRATION)


@servers
async def test_only_a_hash_is_kept(database: Database, api: TenantDatabase) -> None:
    token = await issue(database, "acme", "shop")

    kept = await database.fetchrow("select * from api_key")

    assert token.split("_")[3] not in str(dict(kept))
    assert len(kept["hash"]) == 32


@servers
async def test_takes_no_key_with_another_secret_kind_or_id(
    database: Database, api: TenantDatabase
) -> None:
    token, other = await issue(database, "acme", "shop"), await issue(database, "acme", "crm")
    parts, others = token.split("_"), other.split("_")
    halves = "_".join([*parts[:3], others[3], parts[4]])
    swapped = "_".join([*parts[:2], others[2], *parts[3:]])
    wrong = [halves, swapped, token.replace("_test_", "_live_"), new_token("test")[1]]
    keys = Keys(api)

    assert await keys.principal(token) is not None
    assert [await keys.principal(mended(one)) for one in wrong] == [None] * len(wrong)
    assert await Keys(api, mode=LIVE).principal(token) is None


@servers
async def test_a_revoked_key_is_forgotten_once_its_short_memory_ends(
    database: Database, api: TenantDatabase
) -> None:
    token = await issue(database, "acme", "shop")
    forgetful, remembering = Keys(api, seconds=0), Keys(api)
    assert await remembering.principal(token) is not None

    await revoke(database, id_of(token))

    assert await forgetful.principal(token) is None
    assert await remembering.principal(token) is not None
    assert [one.revoked_at is None for one in await issued(database, "acme")] == [False]


@servers
async def test_an_expired_key_is_over_even_where_it_is_remembered(
    database: Database, api: TenantDatabase
) -> None:
    token = await issue(database, "acme", "shop", days=1)
    await database.execute("update api_key set expires_at = clock_timestamp() + interval '0.3 s'")
    keys = Keys(api, seconds=60)
    assert await keys.principal(token) is not None

    await asyncio.sleep(0.4)

    assert await keys.principal(token) is None


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
        await keys.principal(new_token("test")[1])


@servers
async def test_a_narrowed_key_may_what_its_scopes_say_and_no_more(
    database: Database, api: TenantDatabase
) -> None:
    token = await issue(database, "acme", "shop", scopes=["warranty:read"])

    found = await Keys(api).principal(token)

    assert found is not None
    assert [one for one in Permission if found.may(one)] == [Permission.READ_WARRANTY]
    with pytest.raises(KeyNotPossibleError, match="integration may not item:edit"):
        await issue(database, "acme", "crm", scopes=["item:edit"])


@servers
async def test_a_holder_changes_over_from_one_key_to_the_next(
    database: Database, api: TenantDatabase
) -> None:
    first = await issue(database, "acme", "shop", role="system_admin", scopes=["item:read"])
    second = await rotate(database, first)
    keys = Keys(api, seconds=0)
    was, then = await keys.principal(first), await keys.principal(second)
    assert was is not None
    assert then is not None
    assert (was.role, was.scopes) == (then.role, then.scopes)

    with pytest.raises(KeyNotPossibleError, match="end the older one first"):
        await rotate(database, second)
    await revoke(database, first)

    assert await keys.principal(first) is None
    assert await keys.principal(second) is not None


@servers
async def test_two_that_give_out_at_once_never_make_three(
    database: Database, api: TenantDatabase
) -> None:
    given = await asyncio.gather(
        *(issue(database, "acme", "shop") for _ in range(6)), return_exceptions=True
    )

    assert sum(isinstance(one, str) for one in given) == 2


@servers
async def test_gives_out_no_key_for_a_stranger_or_a_name_that_no_source_may_have(
    database: Database, api: TenantDatabase
) -> None:
    with pytest.raises(KeyNotPossibleError, match="hub tenant set nobody"):
        await issue(database, "nobody", "shop")
    for name in (
        "hub",
        "Shop",
        "a b",
        "",
        "-x",
        "x" * 64,
        "shop\n",
        "usr-0123456789abcdef01234567",
    ):
        with pytest.raises(KeyNotPossibleError, match="cannot name a caller"):
            await issue(database, "acme", name)
    for role in ("king", "owner", "operator"):
        with pytest.raises(KeyNotPossibleError, match="no key can be"):
            await issue(database, "acme", "shop", role=role)
    with pytest.raises(KeyNotPossibleError, match="hub key list"):
        await revoke(database, "000000000000")


@servers
async def test_that_a_key_is_used_is_seen_a_minute_coarse(
    database: Database, api: TenantDatabase
) -> None:
    token, errands = await issue(database, "acme", "shop"), Errands()
    keys = Keys(api, errands, seconds=0)

    for _ in range(3):
        await keys.principal(token)
    await errands.done()
    (first,) = await issued(database, "acme")
    await Keys(api, errands).principal(token)
    await errands.done()
    (second,) = await issued(database, "acme")

    assert first.used_at is not None
    assert second.used_at == first.used_at


@servers
async def test_the_audit_hears_of_every_key_given_out_ended_and_tried_in_vain(
    database: Database, api: TenantDatabase
) -> None:
    token, errands = await issue(database, "acme", "shop"), Errands()
    await revoke(database, token)
    keys = Keys(api, errands)
    body, other = token.rpartition("_")[0], new_token("test")[1].split("_")[3]
    parts = body.split("_")
    half = "_".join([*parts[:3], other])

    for _ in range(3):
        await keys.principal(token)
        await keys.principal(mended(f"{half}_xxxxxx"))
    await errands.done()

    rows = await database.fetch(
        "select action, why, subject, doc::text as doc from audit_entry order by n"
    )
    assert [(row["action"], row["why"]) for row in rows] == [
        ("key:issued", ""),
        ("key:revoked", ""),
        ("key:refused", "over"),
        ("key:refused", "wrong secret"),
    ]
    assert {row["subject"] for row in rows} == {id_of(token)}
    assert parts[3] not in str([dict(row) for row in rows])


@servers
async def test_an_unknown_id_takes_as_long_as_a_wrong_secret(
    database: Database, api: TenantDatabase
) -> None:
    token = await issue(database, "acme", "shop")
    keys = Keys(api)
    assert await keys.principal(token) is not None
    took: dict[str, list[float]] = {"unknown id": [], "wrong secret": []}

    for _ in range(400):
        stranger = new_token("test")[1].split("_")
        known = token.split("_")
        for kind, parts in (
            ("unknown id", stranger),
            ("wrong secret", [*known[:3], *stranger[3:]]),
        ):
            shown = mended("_".join(parts))
            began = time.perf_counter()
            assert await keys.principal(shown) is None
            took[kind].append(time.perf_counter() - began)

    ratio = statistics.median(took["unknown id"]) / statistics.median(took["wrong secret"])
    assert 0.7 < ratio < 1.4


@servers
async def test_an_operators_key_needs_no_tenant(database: Database, api: TenantDatabase) -> None:
    token = await issue(database, "hub", "ops")

    found = await Keys(api).principal(token)

    assert found is not None
    assert found.operator


def test_an_operator_looks_steers_what_waits_and_reports_nothing() -> None:
    operator = Principal("hub", "ops", "k", Role.OPERATOR)
    merchant = Principal("acme", "shop", "k", Role.INTEGRATION)

    assert {one for one in Permission if operator.may(one)} == {
        *("trace:read", "audit:read", "audit:verify", "audit:sample"),
        *("self:read", "session:end"),
        *("item:read", "item:steer", "item:open", "item:edit"),
        *("endpoint:read", "delivery:read", "delivery:replay"),
    }
    assert {one for one in Permission if merchant.may(one)} == {
        *("activation:submit", "request:read", "warranty:read", "trace:read"),
        *("media:send", "proof:offer", "proof:read"),
        *("coverage:read", "ownership:transfer", "serial:attach"),
        *("product:read", "product:describe"),
        *("policy:read", "setup:read"),
        *("claim:submit", "claim:read", "cost:post", "effect:report"),
        *("self:read", "session:end"),
    }
