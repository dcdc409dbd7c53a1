"""The audit: who, what, when and why, page by page."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hub.ledger.entries import Entry
from hub.trail.audit import MAX_LIMIT, AuditEntry, BadCursorError, Page, page
from tests.trail.conftest import OTHER, TENANT, Hub, only, sale
from tests.trail.logs import NOON, Scribe, entry, landing

pytestmark = pytest.mark.servers


async def asked(hub: Hub, tenant: str = TENANT, **filters: object) -> Page:
    async with hub.api.speaking_for(tenant) as queries:
        return await page(queries, tenant, **filters)  # type: ignore[arg-type]


@pytest.fixture
async def told(idle: Hub) -> Hub:
    """A hub of which this much is known: two payloads, three decisions, two refusals."""
    scribe = Scribe(idle.database)
    await scribe.land([landing("raw_1"), landing("raw_2", received_at=NOON + timedelta(hours=1))])
    await scribe.decide(
        [
            entry("e-1", hash="h1", body=msgspec.Raw(b'{"lines":[]}')),
            entry("e-2", "dead_lettered", reason="SystemLinkError: Link to ERP timed out"),
            entry("e-3", connector="shop", correlationid="req_1"),
        ]
    )
    await idle.database.execute(
        "insert into request (id, tenant, scope, body_hash, event_id, correlation)"
        " values ('req_1', 'acme', 'api/shop/activations', 'h', 'e-3', 'req_1')"
    )
    await idle.database.execute(
        """
        insert into audit_entry (tenant, at, action, subject, by_kind, by_id, why, origin, correlation, doc)
        select tenant, $1::timestamptz + n * interval '1 day', 'door:refused', 'ref_' || n, 'system', 'nobody',
               'bad signature', 'push /sources', 'ref_' || n,
               '{"stage":"refused","status":"401","source":"push","hash":"aa","size":2}'
          from (values (1, 'acme'), (2, 'globex'), (3, 'acme')) v(n, tenant)""",
        NOON,
    )
    async with idle.followed():
        await idle.shown()
    return idle


def named(found: Page) -> list[str]:
    return [one.event_id or one.correlation for one in found.entries]


async def test_lists_everything_newest_first(told: Hub) -> None:
    found = await asked(told)

    assert named(found) == ["e-3", "e-2", "e-1", "ref_3", "ref_1", "raw_2", "raw_1"]
    assert found.cursor is None


async def test_gives_page_after_page_without_loss_or_repeat(told: Hub) -> None:
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        found = await asked(told, limit=2, cursor=cursor)
        seen += named(found)
        cursor = found.cursor
        if cursor is None:
            break

    assert seen == named(await asked(told))


async def test_finds_by_the_text_of_a_reason(told: Hub) -> None:
    assert named(await asked(told, text="link to erp")) == ["e-2"]
    assert named(await asked(told, text="100%_")) == []
    assert named(await asked(told, text="SIGNATURE")) == ["ref_3", "ref_1"]


async def test_filters_by_time_status_and_source(told: Hub) -> None:
    until = NOON + timedelta(days=1)

    assert named(await asked(told, until=until)) == ["raw_2", "raw_1"]
    assert named(await asked(told, since=until, until=until + timedelta(days=3))) == [
        "ref_3",
        "ref_1",
    ]
    assert named(await asked(told, status="dead_lettered")) == ["e-2"]
    assert named(await asked(told, status="401", source="push")) == ["ref_3", "ref_1"]
    assert named(await asked(told, source="shop")) == ["e-3"]
    assert named(await asked(told, since=datetime.now(UTC) + timedelta(days=1))) == []


async def test_says_who_it_was_and_what_came(told: Hub) -> None:
    def one(name: str) -> AuditEntry:
        return found[name]

    entries = (await asked(told)).entries
    found = {entry.event_id or entry.correlation: entry for entry in entries}

    assert (one("e-1").actor.kind, one("e-1").actor.name) == ("system", "till")
    assert (one("e-3").actor.kind, one("e-3").actor.name) == ("user", "shop")
    assert (one("e-1").hash, msgspec.json.decode(one("e-1").payload)) == ("h1", {"lines": []})
    assert (one("raw_1").stage, one("raw_1").status) == ("landed", "translated")
    assert msgspec.json.decode(one("raw_1").payload) == {"till": "4"}
    assert (one("ref_1").actor.kind, one("ref_1").hash) == ("system", "aa")
    assert bytes(one("ref_1").payload) == b"null"


@pytest.mark.parametrize(
    "forged",
    [
        entry("x-1", connector="shop", correlationid="req_2"),
        entry("x-1", connector="shop", correlationid="req_1"),
        entry("e-3", connector="till", correlationid="req_1"),
        entry("e-3", connector="sho", correlationid="req_1"),
        entry("e-3", connector="shop", correlationid="req_1", tenant=OTHER),
    ],
)
async def test_takes_nobody_for_a_user_whose_request_is_not_known(told: Hub, forged: Entry) -> None:
    """Whoever may publish on the topic says what correlation he likes."""
    await Scribe(told.database).decide([forged])
    async with told.followed():
        await told.shown()

    newest = (await asked(told, forged.tenant)).entries[0]
    assert (newest.actor.kind, newest.actor.name) == ("system", forged.connector)


async def test_a_tenant_reads_its_own_alone(told: Hub) -> None:
    assert named(await asked(told, OTHER)) == ["ref_2"]
    async with told.api.speaking_for(OTHER) as queries:
        assert (await page(queries, TENANT)).entries == ()


async def test_refuses_a_cursor_of_somebody_else(told: Hub) -> None:
    good = (await asked(told, limit=1)).cursor
    assert good
    for bad in ("", "x", "é", good[:-3], "e30", "bnVsbA", good + "AAAA"):
        with pytest.raises(BadCursorError, match="begin without one"):
            await asked(told, cursor=bad)


async def test_never_gives_more_than_it_may(told: Hub) -> None:
    scribe = Scribe(told.database)
    await scribe.decide([entry(f"x-{n}") for n in range(MAX_LIMIT + 10)])
    async with told.followed():
        await told.shown()

    assert len((await asked(told, limit=100_000)).entries) == MAX_LIMIT
    assert len((await asked(told, limit=-1)).entries) == 1


async def test_what_a_worker_refused_is_found_by_its_reason(hub: Hub) -> None:
    bad = sale()
    bad.body["lines"][0]["quantity"] = 1001
    await hub.say(bad)
    await hub.settled(bad.id)

    found = only((await asked(hub, text="1001 UNITS")).entries)
    assert (found.status, found.event_id) == ("rejected", bad.id)
