"""Sources: secrets sealed and shown once, settings checked, and never another tenant's row."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.sdk.webhooks import new_secret
from hub.access.keyring import Keyring
from hub.access.source_troubles import troubled_sources
from hub.access.sources import (
    SourceError,
    Sources,
    SourceStore,
    as_engine,
    as_tenant,
    list_sources,
    sources_of,
)
from hub.access.tenants import UnknownTenantError, put
from hub.adapters.postgres import Database, connect_for_tenants
from hub.registry import connectors

pytestmark = pytest.mark.servers

KEYRING = Keyring(b"k" * 32)
ZONE = {"zone": "Europe/Istanbul"}


@pytest.fixture
async def store(database: Database) -> SourceStore:
    for tenant in ("acme", "globex"):
        await put(database, tenant, 24, 14)
    return SourceStore(connectors(), KEYRING)


async def test_a_secret_is_shown_once_and_kept_sealed(
    store: SourceStore, database: Database
) -> None:
    secret = await store.put(database, "acme", "pos", "pos", ZONE)
    again = await store.put(database, "acme", "pos", "pos", ZONE)

    assert secret is not None
    assert again is None
    (sealed,) = await database.fetchval("select secrets from source")
    assert secret.encode() not in sealed
    source = await Sources(store, as_engine(database)).get("acme", "pos")
    assert source is not None
    assert source.secrets == (secret,)


async def test_a_change_of_settings_is_a_new_revision_and_a_new_secret_is_none(
    store: SourceStore, database: Database
) -> None:
    sources = Sources(store, as_engine(database), max_age=0)
    revisions = []
    for document in (ZONE, ZONE, {**ZONE, "namespace": "shop"}):
        await store.put(database, "acme", "pos", "pos", document)
        await store.rotate(database, "acme", "pos")
        source = await sources.get("acme", "pos")
        assert source is not None
        revisions.append(source.revision)

    assert revisions == [1, 1, 2]


async def test_the_two_newest_secrets_are_valid(store: SourceStore, database: Database) -> None:
    first = await store.put(database, "acme", "pos", "pos", ZONE)
    second = await store.rotate(database, "acme", "pos")
    third = await store.rotate(database, "acme", "pos")
    source = await Sources(store, as_engine(database)).get("acme", "pos")

    assert source is not None
    assert source.secrets == (third, second)
    assert first not in source.secrets


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("acme", "pos", "nothing", ZONE),
            "no connector 'nothing' is installed; there are catalogue, pos",
        ),
        (("acme", "Pos 1", "pos", ZONE), "use lower case letters"),
        (("hub", "pos", "pos", ZONE), "use lower case letters"),
        (("nobody", "pos", "pos", ZONE), "there is no tenant 'nobody'"),
        (("acme", "pos", "pos", {}), "zone is missing"),
        (("acme", "pos", "pos", {"zone": "Nowhere/Land"}), "zone"),
    ],
)
async def test_says_what_to_change(
    store: SourceStore, database: Database, words: tuple[Any, ...], said: str
) -> None:
    with pytest.raises((SourceError, UnknownTenantError), match=said):
        await store.put(database, *words)

    assert await list_sources(database) == []


async def test_a_source_that_is_not_there_cannot_be_rotated(
    store: SourceStore, database: Database
) -> None:
    with pytest.raises(SourceError, match="hub source list"):
        await store.rotate(database, "acme", "pos")


@pytest.mark.parametrize("many", [1, 50])
async def test_never_gives_a_tenant_what_is_anothers(
    store: SourceStore, database: Database, dsn: str, many: int
) -> None:
    secrets = {
        tenant: await store.put(database, tenant, "pos", "pos", {**ZONE, "namespace": tenant})
        for tenant in ("acme", "globex")
    }
    pool = await connect_for_tenants(dsn)
    sources = Sources(store, as_tenant(pool), max_age=0.01)

    async def ask(tenant: str) -> None:
        for _ in range(5):
            found = await sources.get(tenant, "pos")
            assert found is not None
            assert (found.tenant, found.secrets) == (tenant, (secrets[tenant],))
            assert found.settings.namespace == tenant
            await asyncio.sleep(0.005)

    await asyncio.gather(*(ask(tenant) for tenant in secrets for _ in range(many)))
    assert await sources.get("nobody", "pos") is None
    await pool.close()


async def test_a_change_reaches_everybody_once_it_is_old_enough(
    store: SourceStore, database: Database
) -> None:
    sources = Sources(store, as_engine(database), max_age=0.3)
    assert await sources.get("acme", "pos") is None
    await store.put(database, "acme", "pos", "pos", ZONE)

    assert await sources.get("acme", "pos") is None
    assert await sources.get("acme", "pos", fresh=True) is not None
    await database.execute("delete from source")
    await asyncio.sleep(0.35)
    assert await sources.get("acme", "pos") is None


async def test_asks_once_for_many_who_ask_at_the_same_time(
    store: SourceStore, database: Database
) -> None:
    await store.put(database, "acme", "pos", "pos", ZONE)
    asked = 0

    def counted(load: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
        async def inside(tenant: str, name: str) -> Any:
            nonlocal asked
            asked += 1
            return await load(tenant, name)

        return inside

    sources = Sources(store, counted(as_engine(database)))
    found = await asyncio.gather(*(sources.get("acme", "pos") for _ in range(100)))

    assert asked == 1
    assert all(one is not None for one in found)


async def test_a_source_whose_connector_is_gone_or_discontent_is_none(
    store: SourceStore, database: Database
) -> None:
    await store.put(database, "acme", "pos", "pos", ZONE)
    await store.put(database, "acme", "old", "pos", ZONE)
    await database.execute("update source set connector = 'gone' where name = 'old'")
    await database.execute("update source set settings = '{}' where name = 'pos'")
    sources = Sources(store, as_engine(database))

    assert await sources.get("acme", "pos") is None
    assert await sources.get("acme", "old") is None
    assert await sources_of(database, store, "pos") == []
    assert [one.name for one in await list_sources(database, "acme")] == ["old", "pos"]


async def test_a_source_that_cannot_be_used_leaves_the_others_alone(
    store: SourceStore, database: Database
) -> None:
    def configure(document: Any) -> Any:
        return document["zone"].upper()

    fragile = replace(connectors()["pos"], configure=configure)
    careless = SourceStore({"pos": fragile}, KEYRING)
    for name in ("good", "bad", "sealed"):
        await store.put(database, "acme", name, "pos", ZONE)
    await database.execute("update source set settings = '[]' where name = 'bad'")
    await database.execute("update source set secrets = array['x'::bytea] where name = 'sealed'")

    usable = await sources_of(database, careless, "pos")
    troubled = await troubled_sources(database, careless)

    assert [one.name for one in usable] == ["good", "sealed"]
    assert [(one.name, one.next.split()[0]) for one in troubled] == [
        ("bad", "install"),
        ("sealed", "set"),
    ]
    assert "TypeError" in troubled[0].reason


async def test_a_token_is_sealed_replaced_and_given_only_to_who_asks(
    database: Database, store: SourceStore
) -> None:
    shop = {"shop": "acme.myshopify.com"}
    await store.put(database, "acme", "webshop", "shopify", shop)
    (before,) = await troubled_sources(database, store)
    await store.keep_token(database, "acme", "webshop", "shpat_first")
    await store.keep_token(database, "acme", "webshop", "shpat_second")
    kept = await database.fetchval("select token from source where name = 'webshop'")
    await store.put(database, "acme", "webshop", "shopify", shop)
    source = await Sources(store, as_engine(database)).get("acme", "webshop")

    assert before.reason == "it has no token"
    assert before.next == "give it with `hub source token acme webshop`"
    assert b"shpat" not in kept
    assert source is not None
    assert source.token == "shpat_second"  # noqa: S105 - of nobody's
    assert "shpat" not in repr(source)
    assert await troubled_sources(database, store) == []


@pytest.mark.parametrize("token", ["", "two\nlines", "ş", "x" * 5_000])
async def test_what_is_no_token_is_not_kept(
    database: Database, store: SourceStore, token: str
) -> None:
    await store.put(database, "acme", "webshop", "shopify", {"shop": "acme.myshopify.com"})

    with pytest.raises(SourceError, match="printable ASCII"):
        await store.keep_token(database, "acme", "webshop", token)


async def test_who_is_never_asked_needs_no_token(database: Database, store: SourceStore) -> None:
    await store.put(database, "acme", "till", "pos", ZONE)

    with pytest.raises(SourceError, match="needs no token"):
        await store.keep_token(database, "acme", "till", "shpat_1")
    with pytest.raises(SourceError, match="hub source list"):
        await store.keep_token(database, "acme", "nowhere", "shpat_1")


def test_secrets_are_long_and_all_different() -> None:
    found = {new_secret() for _ in range(100)}

    assert len(found) == 100
    assert min(map(len, found)) > 40


async def test_a_token_is_not_told_to_another_address(
    database: Database, store: SourceStore
) -> None:
    await store.put(database, "acme", "webshop", "shopify", {"shop": "acme.myshopify.com"})
    await store.keep_token(database, "acme", "webshop", "shpat_first")
    await store.put(database, "acme", "webshop", "shopify", {"shop": "globex.myshopify.com"})

    assert await database.fetchval("select token from source where name = 'webshop'") is None
