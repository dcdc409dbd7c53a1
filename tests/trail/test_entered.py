"""Whatever stands in the logs becomes an entry of the audit, once, however often the trail is made again."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from hub.adapters.kafka import Message
from hub.adapters.postgres import ENGINE, connect
from hub.audit.refusals import Refusals, refused
from hub.audit.samples.kinds import BY_NAME
from hub.ledger.entries import NO_BODY, Entry, SaidEntry
from hub.telemetry.metrics import Metrics
from hub.trail import rebuild
from hub.trail.audit import page
from tests.trail.conftest import NOON, TENANT, Hub, eventually, stop
from tests.trail.logs import Scribe, entry, expected, landing, said

pytestmark = pytest.mark.servers


@pytest.fixture
def scribe(idle: Hub) -> Scribe:
    return Scribe(idle.database)


async def entries(hub: Hub) -> "list[Any]":
    return await hub.database.fetch("select * from audit_entry order by n")


async def counted(hub: Hub) -> Counter[tuple[str, str, str]]:
    sql = "select tenant, action, coalesce(doc ->> 'event', subject) as what from audit_entry"
    return Counter((r["tenant"], r["action"], r["what"]) for r in await hub.database.fetch(sql))


async def test_a_payload_and_its_decision_are_entries_that_say_who_and_what(
    idle: Hub, scribe: Scribe
) -> None:
    await scribe.land([landing("raw_1"), landing("raw_2", outcome="parked", reason="no code")])
    await scribe.decide([entry("e-1", said=(said(1, "e-1"),)), entry("e-2", "rejected")])
    async with idle.followed():
        await idle.shown()

    found = {row["doc"] and (row["action"], row["subject"]): row for row in await entries(idle)}

    landed = found["payload:landed", "raw_1"]
    assert (landed["by_kind"], landed["by_id"], landed["origin"]) == ("source", "pos", "raw.pos.v1")
    assert (landed["at"], landed["correlation"]) == (NOON, "raw_1")
    assert landed["added_at"] > NOON + timedelta(days=1)
    assert found["item:set_aside", "raw_2"]["why"] == "no code"
    decided = found["event:decided", "h" * 16]
    assert '"said":[{"type":"warranty.activated.v1","subject":"wty_x_1"}]' in decided["doc"]
    assert ("event:rejected", "h" * 16) in found


ANN = b'"by":{"kind":"person","id":"usr_ann","role":"sales_staff"}'
UNIT = "wty_q5xi4o4sijxnpjh7_1"


def asked(event: str, outcome: str = "applied", **more: Any) -> Entry:
    """Ann wants a warranty ended."""
    body = b'{"warranty":"%s","change":"end","why":"the customer called",%s}' % (UNIT.encode(), ANN)
    given: dict[str, Any] = {"home": "q5xi4o4sijxnpjh7", "body": msgspec.Raw(body), **more}
    return entry(event, outcome, "status_change.requested.v1", **given)


async def test_what_somebody_did_is_one_entry_by_him_with_its_decision(
    idle: Hub, scribe: Scribe
) -> None:
    made = SaidEntry(1, "said", "proposal.made.v1", UNIT, msgspec.Raw(b"{}"))
    granted = b'{"warranty":"%s","change":"extend","why":"kept waiting",%s}' % (UNIT.encode(), ANN)
    override = entry("e-5", type_="override.requested.v1", body=msgspec.Raw(granted))
    live = entry(
        "e-6", type_="tenant.go_live_requested.v1", body=msgspec.Raw(b'{"why":"x",%s}' % ANN)
    )
    await scribe.decide(
        [
            asked("e-1"),
            asked("e-2", said=(made,)),
            asked("e-3", "rejected", reason="it has ended"),
            asked("e-4", "deduplicated"),
            override,
            live,
            asked("forged", "dead_lettered", body=NO_BODY),
        ]
    )
    async with idle.followed():
        await idle.shown()
    found = await entries(idle)

    assert [(r["action"], r["by_id"], r["by_role"], r["subject"], r["why"]) for r in found] == [
        ("status:changed", "usr_ann", "sales_staff", UNIT, "the customer called"),
        ("status:proposed", "usr_ann", "sales_staff", UNIT, "the customer called"),
        ("event:rejected", "usr_ann", "sales_staff", UNIT, "it has ended"),
        ("event:repeated", "usr_ann", "sales_staff", UNIT, "the customer called"),
        ("override:used", "usr_ann", "sales_staff", UNIT, "kept waiting"),
        ("tenant:went_live", "usr_ann", "sales_staff", TENANT, "x"),
        ("item:set_aside", "till", "", "q5xi4o4sijxnpjh7", ""),
    ]
    assert [row["by_kind"] for row in found] == ["person"] * 6 + ["source"]


async def test_a_nul_in_what_somebody_said_spoils_no_search_and_no_sample(
    idle: Hub, scribe: Scribe
) -> None:
    """JSON may hold one and Postgres takes it, but then it reads no other field of that document."""
    body = (
        rb'{"document":{"text":"a\u0000b","\u0000":"\\u0000"},"name":"wording","why":"x",%s}' % ANN
    )
    ended = SaidEntry(1, "said", "warranty.ended.v1", UNIT, msgspec.Raw(rb'{"why":"\u0000"}'))
    await scribe.decide(
        [
            entry("e-1", "rejected", "policy.published.v1", body=msgspec.Raw(body)),
            entry("e-2", said=(ended,)),
        ]
    )
    async with idle.followed():
        await idle.shown()
    async with idle.api.speaking_for(TENANT) as queries:
        found = await page(queries, TENANT, status="rejected", source="till")

    assert [one.event_id for one in found.entries] == ["e-1"]
    async with idle.api.transaction_for(TENANT) as queries:
        now, hour = datetime.now(UTC), timedelta(hours=1)
        drawn = await queries.fetch(
            BY_NAME["warranty_ended"].population, TENANT, now - hour, now + hour
        )
    assert [row["record"] for row in drawn] == [UNIT]


async def test_each_line_is_entered_once_by_two_followers_and_after_a_rebuild(
    idle: Hub, scribe: Scribe
) -> None:
    pool = await connect(idle.dsn, size=2, settings={"role": ENGINE})
    async with idle.followed(), idle.followed():
        for _ in range(4):
            await scribe.anything(15)
            await rebuild.rebuild(pool, lambda _topic, _lines: None)
            await asyncio.sleep(0.05)
        await idle.shown()
    await rebuild.rebuild(pool, lambda _topic, _lines: None)
    await pool.close()

    lines = await expected(idle.database)
    assert sum((await counted(idle)).values()) == len(lines)
    wanted = Counter(line[6] or line[4] for line in lines.values())
    assert Counter(what for _, _, what in (await counted(idle)).elements()) == wanted


async def test_what_older_code_showed_alone_is_entered_by_newer_code(
    idle: Hub, scribe: Scribe
) -> None:
    await scribe.anything(10)
    async with idle.followed():
        await idle.shown()
    async with idle.database.transaction() as tx:
        # As an installation stands whose trail was made before there was an audit beside it.
        await tx.execute("update trail_progress set audited = 0")
        await tx.execute("set local session_replication_role = replica")
        await tx.execute("delete from audit_entry")
    await scribe.anything(5)
    async with idle.followed():
        await eventually(lambda: _all_entered(idle))

    assert len(await entries(idle)) == len(await expected(idle.database))


async def _all_entered(hub: Hub) -> bool:
    return len(await entries(hub)) >= len(await expected(hub.database))


async def test_a_refusal_is_entered_once_though_a_door_wrote_it_twice(idle: Hub) -> None:
    noted = Refusals(idle.outlet, idle.audit.name, Metrics())
    task = asyncio.create_task(noted.run())
    one = refused("api", "/v1/x", 403, "not for this key", b"", tenant=TENANT, principal="shop")
    async with idle.followed():
        noted.note(one)
        await asyncio.sleep(0.3)
        noted.note(one)
        noted.note(refused("api", "/v1/y", 401, "no key", b""))
        await eventually(lambda: _has(idle, 2))
        await asyncio.sleep(0.3)
    await stop(task)

    found = await entries(idle)
    assert [(r["tenant"], r["action"], r["by_kind"], r["by_id"]) for r in found] == [
        (TENANT, "door:refused", "key", "shop"),
        ("hub", "door:refused", "system", "nobody"),
    ]
    assert [row["origin"] for row in found] == ["api /v1/x", "api /v1/y"]


async def _has(hub: Hub, count: int) -> bool:
    return len(await entries(hub)) >= count


@pytest.mark.parametrize(
    "at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2999-01-01T00:00:00Z"]
)
async def test_no_record_claims_a_moment_that_is_still_to_come_or_never_was(
    idle: Hub, at: str
) -> None:
    """Postgres keeps years that Python does not know, and the chain would stand before such a row for ever."""
    one = refused("api", "/v1/x", 403, "not for this key", b"", tenant=TENANT, principal="shop")
    told = msgspec.to_builtins(one) | {"at": at}
    await idle.outlet.send(idle.audit.name, 0, [Message(None, msgspec.json.encode(told), [])])
    async with idle.followed():
        await eventually(lambda: _has(idle, 1))

    async with idle.api.speaking_for(TENANT) as queries:
        found = await page(queries, TENANT)
    assert len(found.entries) == 1
    assert found.entries[0].at <= datetime.now(UTC)
    assert await idle.database.fetch("select at from trail")


async def test_everything_of_a_purchase_is_found_by_any_id_of_it(idle: Hub, scribe: Scribe) -> None:
    home = "q5xi4o4sijxnpjh7"
    await scribe.decide([entry("e-1", home=home), entry("e-2", home="a" * 16)])
    async with idle.followed():
        await idle.shown()
    async with idle.api.speaking_for(TENANT) as queries:
        by_id = await page(queries, TENANT, subject=f"wty_{home}_3")
        by_action = await page(queries, TENANT, action="event:decided", actor="till")
        rare = await page(queries, TENANT, action="item:set_aside")

    assert [one.event_id for one in by_id.entries] == ["e-1"]
    assert {one.event_id for one in by_action.entries} == {"e-1", "e-2"}
    assert rare.entries == ()


SEARCHES: list[dict[str, Any]] = [
    {},
    {"subject": "s-77"},
    {"actor": "who-5"},
    {"action": "key:issued"},
    {"action": "event:decided"},
    {"since": NOON, "until": NOON + timedelta(days=1)},
    {"text": "timed out"},
]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: "+".join(search) or "all")
async def test_a_search_reads_an_index_and_no_whole_table(
    idle: Hub, search: dict[str, Any]
) -> None:
    await idle.database.execute(
        """
        insert into audit_entry (tenant, at, action, subject, by_kind, by_id, why)
        select case n % 3 when 0 then 'globex' else 'acme' end, $1::timestamptz + n * interval '1 minute',
               case n % 500 when 0 then 'key:issued' else 'event:decided' end, 's-' || n, 'source', 'who-' || n % 50,
               case n % 40 when 0 then 'the link timed out' else '' end
          from generate_series(1, 20000) n""",
        NOON,
    )
    await idle.database.execute("analyze audit_entry")
    plans: list[str] = []

    class Explaining:
        async def fetch(self, sql: str, *values: object) -> list[Any]:
            found = await queries.fetch(f"explain {sql}", *values)
            plans.extend(row[0] for row in found)
            return []

    async with idle.api.speaking_for(TENANT) as queries:
        await page(Explaining(), TENANT, **search)  # type: ignore[arg-type]

    assert plans
    assert not [line for line in plans if "Seq Scan" in line]
