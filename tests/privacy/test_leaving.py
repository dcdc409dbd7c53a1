"""A merchant left: nobody can read what was sealed for it, whatever still comes is refused, nobody else notices."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.access.keyring import Keyring, KeysGoneError, SealError, StoredKey
from hub.access.keys import KeyNotPossibleError, issue
from hub.access.people import Invitation, invite
from hub.access.permissions import Role
from hub.access.post import Wording
from hub.access.sources import SourceStore
from hub.access.tenant_keys import followed, new_version, versions_of
from hub.access.tenants import ErasedTenantError, check, listed, put
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.audit.entries import By
from hub.dev.prove.canaries import places
from hub.dev.prove.canaries.people import ALL, EMAILS, contact, whole
from hub.dev.prove.canaries.places import leaks
from hub.domain.shop_orders import ShopAnswer
from hub.ledger.claim import Claim, Claimer
from hub.ledger.shop_answers import keep_answer
from hub.ledger.standing import Standing
from hub.ledger.wire import pack
from hub.privacy.columns import SEALED
from hub.privacy.erasing import Eraser
from hub.privacy.leaving import Leaver, LeavingError, leaver
from hub.privacy.people import known
from hub.privacy.requests import ask_erasure
from hub.registry import connectors
from hub.sdk.events import AskShop
from schemas.topics import dead_letters
from tests.privacy.conftest import KEY
from tests.privacy.test_canaries import WRITTEN, reports
from tests.privacy.test_erasing import ADA, decided
from tests.trail.conftest import OTHER, PARTITIONS, TENANT, Hub, eventually, registration, sale

servers = pytest.mark.servers
BY = By(kind="operator", id="ops")
WHY = "the contract ended on 30 November"
NAMES_LEFT = (
    "select count(*)::int from name where tenant = $1 and kind in ('email', 'phone', 'customer')"
)
MARKED = "update tenant set erased_at = clock_timestamp() where id = $1"
COUNTED = """
select next_offset - first_offset = applied + deduplicated + rejected + retrying + held + dead_lettered + given_up
         + forwarded + early + stepped_over as holds from partition_owner
"""

ENDPOINT = """
insert into endpoint (id, tenant, address) select 'ep_1', $1, encode($2, 'hex');
insert into endpoint_secret (endpoint, n, tenant, shared, private, public) values ('ep_1', 1, $1, $2, $2, '')
"""

LETTER = """
insert into letter (topic, part, n, target_topic, target_part, tenant, sealed) values ($1, 0, $2, $3, 0, $4, $5)
"""


@pytest.fixture
def leaving(eraser: Eraser, tmp_path: Path) -> Leaver:
    return leaver(eraser, tmp_path / "drop")


async def outcome(hub: Hub, event: str) -> list[tuple[str, str]]:
    sql = "select status, reason from trail where event_id = $1 and log = 'ledger' order by n, line"
    return [tuple(row) for row in await hub.database.fetch(sql, event)]


async def readable(hub: Hub) -> list[str]:
    """Who can be read in a table, with the keys at hand, or on a topic of ours."""
    keyring = Keyring(KEY)
    await followed(keyring, hub.database)
    found = leaks([one async for one in places.tables(hub.database)])
    found += leaks([one async for one in places.opened(hub.database, keyring)])
    intake = hub.processor.reads
    topics = {hub.processor.writes.name: PARTITIONS, dead_letters(intake).name: PARTITIONS}
    async with Peek(hub.settings) as peek:
        found += leaks([one async for one in places.topics(peek, topics)])
    return found


async def entries(hub: Hub) -> list[tuple[str, str, str]]:
    sql = "select action, by_id, why from audit_entry where action like 'tenant:eras%' order by n"
    return [tuple(row) for row in await hub.database.fetch(sql)]


@servers
async def test_nobody_can_be_read_any_more_and_another_merchant_is_untouched(
    hub: Hub, eraser: Eraser, leaving: Leaver, tmp_path: Path
) -> None:
    told = [*reports(), sale("O-1", tenant=OTHER, customer=ADA, serial="SN-O-1")]
    await hub.say(*told)
    await decided(hub, *told)
    key = await issue(hub.database, TENANT, "shop")
    dropped = tmp_path / "drop" / TENANT / "till" / "done"
    dropped.mkdir(parents=True)
    for name in ("export.csv", "export.csv.result.csv"):
        (dropped / name).write_text(EMAILS[0])
    (dropped.parent / "waits.csv").write_text(EMAILS[1])
    keyring = eraser.today.keyring
    async with hub.database.transaction() as moment:
        asked = Invitation(TENANT, EMAILS[2], Role.OWNER)
        person = await invite(moment, keyring, asked, BY, Wording(""))
    theirs_too = await issue(hub.database, OTHER, "shop")
    for sql in ENDPOINT.split(";"):
        await hub.database.execute(sql, TENANT, keyring.seal(TENANT, EMAILS[3].encode()))
    wish = known("email", EMAILS[0])
    await ask_erasure(hub.database, keyring, TENANT, wish, BY)
    before = await readable(hub)
    figures = await leaving.figures(TENANT)

    await leaving.ask(TENANT, BY, WHY)
    assert await leaving.work(TENANT) == 1
    assert await leaving.work(TENANT) == 0
    await leaving.ask(TENANT, BY, WHY)

    assert len(before) > 10
    assert figures.goes["contacts"] == 5 + WRITTEN
    assert figures.goes["customer names"] > 4
    assert figures.stays["warranties"] > 4
    assert await readable(hub) == []
    assert await hub.database.fetchval(NAMES_LEFT, TENANT) == 0
    assert await entries(hub) == [
        ("tenant:erasure_asked", "ops", WHY),
        ("tenant:erased", "hub", ""),
    ]
    assert {one.has_key for one in await versions_of(hub.database, TENANT)} == {False}
    report = json.loads(await leaving.report(TENANT) or "")
    assert report["gone"]["files"] == 3
    assert list(dropped.parent.rglob("*.csv")) == []
    # Nothing had a key of its own: the master key opens copies until Kafka has forgotten them.
    kept_until = [one["topic"] for one in report["still_on_topics"]]
    assert kept_until == ["warranty.intake.v1", dead_letters(hub.processor.reads).name]
    revoked = "select revoked_at is not null as is_over from api_key where tenant = $1"
    assert key
    assert await hub.database.fetchval(revoked, TENANT)
    stands = await hub.database.fetchrow("select state, email from person where id = $1", person)
    assert tuple(stands) == ("inactive", b"")
    assert await hub.database.fetchval("select state from endpoint") == "deleted"
    await eventually(lambda: _is_ended(hub))
    assert all(row["holds"] for row in await hub.database.fetch(COUNTED))

    assert theirs_too
    assert not await hub.database.fetchval(revoked, OTHER)
    theirs = await hub.database.fetchrow("select * from contact where tenant = $1", OTHER)
    assert b"ada@example.org" in eraser.today.keyring.open(OTHER, theirs["sealed"])
    assert await hub.database.fetchval("select count(*)::int from contact") == 1
    assert await hub.database.fetchval(NAMES_LEFT, OTHER) > 0


@servers
async def test_what_comes_later_is_refused_with_the_reason_and_stalls_nobody(
    hub: Hub, leaving: Leaver
) -> None:
    early = registration("SN-9", customer=contact(0))
    await hub.say(early)
    await decided(hub, early)
    await leaving.ask(TENANT, BY, WHY)
    await leaving.work(TENANT)
    # Whoever decides remembers merchants for a second.
    await eventually(lambda: _is_refused(hub), 10)

    late = [
        sale("L-1", customer=contact(1), serial="SN-L-1"),
        sale("L-2", customer=contact(2), zone=7, **whole()),
    ]
    theirs = sale("O-2", tenant=OTHER, customer=ADA, serial="SN-O-2")
    await hub.say(*late, theirs)
    await decided(hub, *late, theirs)

    for one in late:
        ((status, reason),) = await outcome(hub, one.id)
        assert status == "rejected"
        assert "was erased" in reason
    assert [status for status, _ in await outcome(hub, theirs.id)] == ["applied"]
    kept = "select count(*)::int from item where tenant = $1 and state <> 'given_up'"
    assert await hub.database.fetchval(kept, TENANT) == 0
    assert await readable(hub) == []
    assert all(row["holds"] for row in await hub.database.fetch(COUNTED))


async def _is_ended(hub: Hub) -> bool:
    """The owners of partitions have ended what waited."""
    sql = "select count(*)::int from item where tenant = $1"
    return bool(await hub.database.fetchval(sql, TENANT) == 0)


async def _is_refused(hub: Hub) -> bool:
    one = sale(f"W-{await hub.database.fetchval('select clock_timestamp()::text')}")
    await hub.say(one)
    await decided(hub, one)
    return [status for status, _ in await outcome(hub, one.id)] == ["rejected"]


@servers
async def test_nothing_is_set_up_again_in_its_name(hub: Hub, leaving: Leaver) -> None:
    await leaving.ask(TENANT, BY, WHY)
    await leaving.work()

    with pytest.raises(ErasedTenantError, match="was erased"):
        await put(hub.database, TENANT, 12, 14)
    with pytest.raises(ErasedTenantError):
        await check(hub.database, TENANT)
    await check(hub.database, TENANT, even_erased=True)
    store = SourceStore(connectors(), Keyring(KEY))
    with pytest.raises(ErasedTenantError):
        await store.put(hub.database, TENANT, "till", "pos", {"zone": "UTC"})
    with pytest.raises(KeyNotPossibleError):
        await issue(hub.database, TENANT, "shop")
    months = {one.name: one.coverage_months for one in await listed(hub.database)}
    assert months[TENANT] == 24


@servers
async def test_what_somebody_was_writing_meanwhile_is_swept_up(
    hub: Hub, eraser: Eraser, leaving: Leaver
) -> None:
    await leaving.ask(TENANT, BY, WHY)
    await leaving.work()
    # As a process leaves it that was frozen before it heard of anything.
    sealed = Keyring(KEY).seal(TENANT, EMAILS[0].encode())
    insert = "insert into mail (tenant, purpose, sealed) values ($1, 'invite', $2)"
    await hub.database.execute(insert, TENANT, sealed)

    assert await leaving.late() == 1
    assert await leaving.late() == 0

    for one in SEALED:
        sql = f"select count(*)::int from {one.table} where tenant = $1 and exists (select 1 from unnest({one.values}) s where length(s) > 0)"  # noqa: S608, E501 - our own names
        assert await hub.database.fetchval(sql, TENANT) == 0, one


@servers
async def test_the_token_of_a_shop_and_what_the_shop_answered_go_too(
    database: Database, leaving: Leaver
) -> None:
    store = SourceStore(connectors(), Keyring(KEY))
    await store.put(database, TENANT, "webshop", "shopify", {"shop": "acme.myshopify.com"})
    await store.keep_token(database, TENANT, "webshop", "shpat_of_nobody")
    answer = ShopAnswer("webshop", datetime(2026, 1, 31, tzinfo=UTC), is_known=False)
    await keep_answer(database, AskShop(TENANT, "portal", "r1", "#1", "TV", "e"), answer)

    await leaving.ask(TENANT, BY, WHY)
    await leaving.work()

    assert await database.fetchval("select count(*) from source where token is not null") == 0
    assert await database.fetchval("select count(*) from shop_answer") == 0


@servers
async def test_a_key_of_its_own_opens_nothing_once_it_is_gone(
    database: Database, leaving: Leaver
) -> None:
    keyring = Keyring(KEY)
    await followed(keyring, database)
    await new_version(database, keyring, TENANT, settle=0)
    await database.execute("update tenant_key set created_at = now() - interval '40 days'")
    assert keyring.refresh is not None
    await keyring.refresh()
    sealed = keyring.seal(TENANT, ALL[0].encode())
    assert await keyring.opened(TENANT, sealed) == ALL[0].encode()

    await leaving.ask(TENANT, BY, WHY)
    await leaving.work()
    await keyring.refresh()

    with pytest.raises(KeysGoneError):
        await keyring.opened(TENANT, sealed)
    with pytest.raises(ErasedTenantError):
        await new_version(database, keyring, TENANT, settle=0)
    report: dict[str, Any] = json.loads(await leaving.report(TENANT) or "")
    assert [one["topic"] for one in report["still_on_topics"]] == ["warranty.intake.v1"]


@servers
async def test_a_letter_that_nobody_can_open_any_more_keeps_no_other_waiting(idle: Hub) -> None:
    keyring = Keyring(KEY)
    sealed = [keyring.seal(one, pack((b"", b"told", []))) for one in (TENANT, OTHER)]
    keyring.learn([StoredKey(TENANT, version, None, seals=True) for version in (0, 1)])
    reads, target = idle.processor.reads.name, dead_letters(idle.processor.reads).name
    for n, tenant in enumerate((TENANT, OTHER)):
        await idle.database.execute(LETTER, reads, n + 1, target, tenant, sealed[n])
    async with Peek(idle.settings) as peek:
        claimer = Claimer(idle.database, peek, idle.processor, keyring, "w")
        claim = Claim(1, Standing(0, PARTITIONS, 0, 0, letter=0), 0, went_back=False)
        last = await claimer.catch_up(claim, idle.outlet)
        first, end = await peek.bounds(target, 0)

    assert (last, end - first) == (2, 1)


@servers
async def test_a_short_reason_changes_nothing(database: Database, leaving: Leaver) -> None:
    with pytest.raises(LeavingError, match="10 characters"):
        await leaving.ask(TENANT, BY, "they left ")

    await check(database, TENANT)


def test_whoever_still_seals_for_it_seals_for_nobody() -> None:
    keyring = Keyring(KEY)
    before = keyring.seal("acme", b"Ada")
    keyring.learn([StoredKey("acme", version, None, seals=True) for version in (0, 1)])

    sealed = keyring.seal("acme", b"Ada")

    for one in (sealed, before):
        with pytest.raises(KeysGoneError, match="thrown away"):
            keyring.open("acme", one)
    with pytest.raises(SealError):
        Keyring(KEY).open("acme", sealed)
    assert keyring.open("globex", keyring.seal("globex", b"Bob")) == b"Bob"


def test_one_key_that_is_left_still_opens() -> None:
    keyring = Keyring(KEY)
    wrapped = {version: keyring.new_key("acme", version) for version in (0, 2)}
    keyring.learn(
        [StoredKey("acme", version, wrapped.get(version), seals=True) for version in (0, 1, 2)]
    )

    assert keyring.open("acme", keyring.seal("acme", b"Ada")) == b"Ada"
