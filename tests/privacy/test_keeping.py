"""What is too old goes by itself, tenant by tenant; what is not, stays."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.access.tenant_keys import followed, new_version, versions_of
from hub.access.tenants import put
from hub.adapters.postgres import ENGINE, Database, connect
from hub.audit.entries import By
from hub.bootstrap.retain import as_received
from hub.privacy.erasing import Eraser
from hub.privacy.keeper import Keeper
from hub.privacy.people import Known
from hub.privacy.requests import ask_erasure, read
from hub.privacy.retention import RetentionError, told
from hub.privacy.shelves import clear
from hub.recovery.today import Today
from hub.telemetry.metrics import Metrics
from schemas.policies.retention import Kind, RetentionPolicy

servers = pytest.mark.servers
DAY = 86_400
OLD = """
insert into contact (tenant, ref, digest, sealed, seen_at)
values ($1, $2, '', $3, now() - make_interval(days => $4))
"""
AGED = """
insert into request (id, tenant, scope, body_hash, event_id, outcome, decided_at)
select n, 'acme', '', '', n, 'applied', now() - make_interval(days => n::int) from unnest('{1,91}'::text[]) n;
insert into request (id, tenant, scope, body_hash, event_id, outcome, decided_at)
values ('early', 'acme', '', '', 'e', 'early', now() - interval '900 days');
insert into trail (log, n, line, tenant, at, stage, status, correlation, source, doc)
select 'ledger', n, 0, 'acme', now() - make_interval(days => n), '', '', '', '', '{}' from unnest('{1,1200}'::int[]) n;
insert into trail_name (tenant, value, log, n, line)
values ('acme', 'SN', 'ledger', 1, 0), ('acme', 'SN', 'ledger', 1200, 0);
insert into staff_action (tenant, at, by, verb, text)
values ('acme', now() - interval '1200 days', '', 'note', 'old');
insert into ledger (topic, part, kind, epoch, from_offset, to_offset, from_seq, to_seq, at, body)
values ('t', 0, 'batch', 1, 0, 1, 1, 1, now() - interval '5000 days', '');
insert into audit_entry (tenant, at, action, subject, by_kind, by_id)
values ('acme', now() - interval '5000 days', 'key:issued', 'k', 'system', 'hub')
"""


@pytest.fixture
async def keeper(database: Database, dsn: str, tmp_path: Path) -> AsyncIterator[Keeper]:
    for tenant in ("acme", "globex"):
        await put(database, tenant, 24, 14)
    pool = await connect(dsn, size=3, settings={"role": ENGINE})
    keyring = Keyring(b"k" * 32)
    await followed(keyring, pool)
    eraser = Eraser(pool, Today(keyring, {}, SourceStore({}, keyring)), as_received())
    yield Keeper(pool, eraser, RetentionPolicy(), Metrics(), tmp_path, pause=0.05)
    await pool.close()


async def contact(keeper: Keeper, ref: str, days: int, tenant: str = "acme") -> None:
    sealed = keeper.eraser.today.keyring.seal(tenant, b'{"name": "Ada"}')
    await keeper.database.execute(OLD, tenant, ref, sealed, days)


async def unit(database: Database, customer: str, ends: int | None, status: str) -> None:
    await database.execute(
        "insert into unit (id, home, tenant, version, status, product, customer, ends_on, doc)"
        " values ('wty_' || $1, '', 'acme', 1, $3, 'TV', $1, current_date + $2::int, '{}')",
        customer,
        ends,
        status,
    )


async def refs(database: Database) -> list[str]:
    return [row["ref"] for row in await database.fetch("select ref from contact order by ref")]


@servers
async def test_a_contact_goes_long_after_its_last_coverage(
    keeper: Keeper, database: Database
) -> None:
    for ref in ("cus_covered", "cus_ended", "cus_lately", "cus_none", "cus_staged"):
        await contact(keeper, ref, 1_200)
    await contact(keeper, "cus_new", 10)
    for ref, ends, status in (
        ("cus_covered", 30, "covered"),
        ("cus_ended", -1_200, "covered"),
        ("cus_lately", -100, "covered"),
        ("cus_staged", None, "staged"),
    ):
        await unit(database, ref, ends, status)

    await keeper.round()

    assert await refs(database) == ["cus_covered", "cus_lately", "cus_new", "cus_staged"]


async def publish(database: Database, tenant: str, document: str, days_ago: int = 1) -> None:
    """A version as the catalog writes it."""
    await database.execute(
        """insert into policy (id, home, tenant, version, name, number, effective_from, doc)
           select 'pol_' || $1 || n, 'h', $1, n, 'retention', n, at,
                  json_build_object('name', 'retention', 'number', n, 'effective_from', at, 'document', $2::text)
             from (select count(*)::int + 1 as n, now() - make_interval(days => $3) as at
                     from policy where tenant = $1) v""",
        tenant,
        document,
        days_ago,
    )


async def entries(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """What the audit has of runs."""
    sql = "select tenant, doc from audit_entry where action = 'retention:applied' order by n"
    return [(row["tenant"], json.loads(row["doc"])) for row in await database.fetch(sql)]


NAMED = """
insert into name (kind, tenant, value, home, id) select kind, 'acme', value, 'h', 'cus_h'
  from unnest($1::text[], $2::text[]) as n(kind, value)
"""
KNOWN_BY = "update contact set email_hash = $2, phone_hash = $3, customer = 'cus_h' where ref = $1"


async def values(database: Database) -> list[str]:
    return [row["value"] for row in await database.fetch("select value from name order by value")]


@servers
async def test_names_go_with_the_last_contact_they_were_taken_from(
    keeper: Keeper, database: Database
) -> None:
    await contact(keeper, "con_old", 1_200)
    await contact(keeper, "con_new", 10)
    await database.execute(KNOWN_BY, "con_old", "e-old", "p-both")
    await database.execute(KNOWN_BY, "con_new", "e-new", "p-both")
    kinds, hashes = ["email", "email", "phone"], ["e-old", "e-new", "p-both"]
    await database.execute(NAMED, kinds, hashes)

    await keeper.round()

    assert await values(database) == ["e-new", "p-both"]


@servers
async def test_names_of_somebody_erased_that_a_batch_wrote_meanwhile_go(
    keeper: Keeper, database: Database
) -> None:
    await contact(keeper, "con_new", 10)
    await database.execute(KNOWN_BY, "con_new", "e-again", None)
    names = ["e-again", "e-gone", "cus_gone\x1fname", "e-other"]
    await database.execute(NAMED, ["email", "email", "customer", "email"], names)
    sql = "insert into erased (tenant, hash, at, request) values ('acme', $1, now(), 'r')"
    for one in ("e-again", "e-gone", "cus_gone"):
        await database.execute(sql, one)

    await keeper.wishes()

    assert await values(database) == ["e-again", "e-other"]


@servers
async def test_each_tenant_has_the_days_of_its_policy_in_force(
    keeper: Keeper, database: Database
) -> None:
    for tenant in ("acme", "globex"):
        await contact(keeper, f"cus_{tenant}", 400, tenant)
    await publish(database, "globex", '{"contacts": 365}')
    await publish(database, "acme", '{"contacts": 365}', days_ago=-1)

    await keeper.round()
    await keeper.round()

    assert await refs(database) == ["cus_acme"]
    ((tenant, said),) = await entries(database)
    assert (tenant, said["policy"], said["version"]) == ("globex", "retention", 1)
    assert said["removed"] == {"contact": 1}
    assert (said["days"]["contacts"], said["days"]["trail"]) == (365, 1_095)


@servers
async def test_what_is_held_stays_until_its_day_and_the_rest_goes(
    keeper: Keeper, database: Database
) -> None:
    await contact(keeper, "cus_1", 1_200)
    await database.execute(AGED.split(";", maxsplit=1)[0])
    hold = '{"holds": [{"kind": "contacts", "why": "a lawsuit"%s}]}'
    await publish(database, "acme", hold % "")

    await keeper.round()
    kept = await refs(database)
    await publish(database, "acme", hold % ', "until": "2020-01-31"')
    await keeper.round()

    assert kept == ["cus_1"]
    assert await refs(database) == []
    told_so = [(said["version"], said["days"]["contacts"]) for _, said in await entries(database)]
    assert told_so == [(1, None), (2, 1_095)]


@servers
async def test_of_whom_nobody_can_read_the_policy_nothing_goes(
    keeper: Keeper, database: Database
) -> None:
    for tenant in ("acme", "globex"):
        await contact(keeper, f"cus_{tenant}", 1_200, tenant)
    await publish(database, "acme", '{"of_tomorrow": 1}')

    await keeper.round()

    assert await refs(database) == ["cus_acme"]
    sample: Any = keeper.metrics.registry.get_sample_value
    assert sample("hub_retention_failures_total", {"what": "policy"}) == 1


@servers
async def test_a_run_that_another_version_follows_is_told_of_by_its_own(
    keeper: Keeper, database: Database
) -> None:
    left = "insert into retention_run (tenant, version, days, removed) values ($1, $2, '{}', '{\"contact\": 500}')"
    await database.execute(left, "acme", 7)
    await contact(keeper, "cus_1", 1_200)

    await keeper.round()

    removed = [(said["version"], said["removed"]) for _, said in await entries(database)]
    assert removed == [(7, {"contact": 500}), (None, {"contact": 1})]


@servers
async def test_requests_notes_and_the_trail_go_and_the_ledger_stays(
    keeper: Keeper, database: Database
) -> None:
    for sql in AGED.split(";"):
        await database.execute(sql)

    await keeper.round()

    counted = {
        table: await database.fetchval(f"select count(*)::int from {table}")  # noqa: S608 - our own tables
        for table in ("request", "trail_name", "staff_action", "ledger", "audit_entry")
    }
    assert counted == {
        "request": 2,
        "trail_name": 1,
        "staff_action": 0,
        "ledger": 1,
        # What staff did is an entry, too, and what this run removed.
        "audit_entry": 3,
    }
    assert await database.fetchval("select n from trail where log = 'ledger'") == 1


TOLD = """
insert into endpoint (id, tenant, address) values ('ep_1', 'acme', 'https://shop.example/');
insert into status_event (tenant, id, type, subject, branch, at, seq, body)
select 'acme', n, '', '', '', now() - interval '200 days', 1, '{}'
  from unnest('{long_ago,lately,waiting,unwanted}'::text[]) n;
insert into delivery (tenant, endpoint, event, subject, state, ended_at) values
  ('acme', 'ep_1', 'long_ago', '', 'delivered', now() - interval '91 days'),
  ('acme', 'ep_1', 'lately', '', 'dead', now() - interval '10 days'),
  ('acme', 'ep_1', 'waiting', '', 'waiting', null);
insert into delivery_attempt (delivery, n, tenant, began_at)
select d.seq, n, 'acme', now() - make_interval(days => case n when 1 then 95 else 11 end)
  from delivery d, generate_series(1, 2) n
"""
LEFT = """
select (select array_agg(event order by event) from delivery) as deliveries,
       (select array_agg(id order by id) from status_event) as events,
       (select array_agg(d.event || ' ' || a.n order by d.event, a.n)
          from delivery_attempt a join delivery d on d.seq = a.delivery) as attempts
"""


@servers
async def test_what_endpoints_were_told_goes_and_what_waits_for_them_stays(
    keeper: Keeper, database: Database
) -> None:
    for sql in TOLD.split(";"):
        await database.execute(sql)

    await keeper.round()

    left = await database.fetchrow(LEFT)
    assert dict(left) == {
        "deliveries": ["lately", "waiting"],
        "events": ["lately", "waiting"],
        "attempts": ["lately 2", "waiting 1", "waiting 2"],
    }


@servers
async def test_a_dead_letter_nobody_looks_after_is_ended_by_its_owner(
    keeper: Keeper, database: Database
) -> None:
    insert = """insert into item (topic, part, "offset", state, tenant, event_id, type, attempt, reason, sealed,
                  received_at, kept_at, error)
                values ('t', 0, $1, $2, 'acme', '', '', 1, '', 'x', now(),
                        now() - make_interval(days => $3), 'trace')"""
    for offset, state, days in ((1, "dead_lettered", 181), (2, "retrying", 400), (3, "parked", 20)):
        await database.execute(insert, offset, state, days)

    await keeper.round()
    await keeper.round()

    rows = await database.fetch(
        'select "offset", wanted, sealed, error, version from item order by 1'
    )
    assert [(row["wanted"], row["sealed"], row["error"], row["version"]) for row in rows] == [
        ("give_up", b"", None, 2),
        (None, b"x", "trace", 1),
        (None, b"x", "trace", 1),
    ]


@servers
async def test_a_wish_is_carried_out_and_a_new_key_finished_without_anybody(
    keeper: Keeper, database: Database
) -> None:
    keyring = keeper.eraser.today.keyring
    await contact(keeper, "cus_q5xi4o4sijxnpjh7", 1)
    await contact(keeper, "cus_q5xi4o4sijxnpjh6", 1)
    who = Known("customer", "cus_q5xi4o4sijxnpjh7")
    request = await ask_erasure(database, keyring, "acme", who, By(kind="key", id="k"))
    await new_version(database, keyring, "acme", settle=0)

    running = [asyncio.create_task(keeper.run()) for _ in range(2)]
    async with asyncio.timeout(20):
        while not await _is_all_done(database, request):  # noqa: ASYNC110 - a table tells nobody
            await asyncio.sleep(0.05)
    for task in running:
        task.cancel()
    await asyncio.wait(running)

    assert await refs(database) == ["cus_q5xi4o4sijxnpjh6"]
    assert await database.fetchval("select substring(sealed from 1 for 1) from contact") == b"\x02"
    assert await database.fetchval("select count(*)::int from lease where door = 'retain'") == 1


async def _is_all_done(database: Database, request: str) -> bool:
    (newest,) = await versions_of(database, "acme")
    wish = await read(database, "acme", request)
    return wish.done_at is not None and newest.resealed_at is not None


@servers
async def test_says_for_how_long_something_is_overdue(keeper: Keeper, database: Database) -> None:
    await contact(keeper, "cus_1", 1_096)
    await database.execute(
        "create function no() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;"
        "create trigger no before delete on contact execute function no()"
    )

    await keeper.round()

    sample: Any = keeper.metrics.registry.get_sample_value
    late = sample("hub_retention_overdue_seconds", {"table": "contact"})
    assert DAY - 60 < late < DAY + 3_700
    assert sample("hub_retention_failures_total", {"what": "contact"}) == 1
    assert sample("hub_retention_failures_total", {"what": "trail"}) is None


def test_old_files_go_and_no_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    done = tmp_path / "drop" / "acme" / "till" / "done"
    for folder in (outside, done, tmp_path / "drop" / "acme" / "till" / ".working"):
        folder.mkdir(parents=True)
    (tmp_path / "drop" / "acme" / "linked").symlink_to(outside)
    names = ("old.csv", "old.csv.result.csv", "new.csv")
    for path in (*(done / name for name in names), outside / "done", done.parent / "waiting.csv"):
        path.write_text("x")
    (done / "link.csv").symlink_to(outside / "done")
    past = time.time() - 100 * DAY
    for path in (done / "old.csv", done / "old.csv.result.csv", done.parent / "waiting.csv"):
        os.utime(path, (past, past))

    days: dict[Kind, int | None] = {"files": 90, "results": 1_095}
    assert clear(tmp_path / "drop", "acme", days, 10) == 1
    assert clear(tmp_path / "drop", "nobody", days, 10) == 0

    assert sorted(path.name for path in done.iterdir()) == [
        "link.csv",
        "new.csv",
        "old.csv.result.csv",
    ]
    assert (outside / "done").exists()
    assert (done.parent / "waiting.csv").exists()
    assert clear(tmp_path / "drop", "acme", days | {"results": None}, 10) == 0
    assert clear(tmp_path / "drop", "acme", days | {"results": 31}, 10) == 1


@pytest.mark.parametrize(
    "text",
    ["contacts=30", "contacts", "people=90", "files=40000", "files=-1", "audit=400", "holds=1"],
)
def test_refuses_days_that_are_none(text: str) -> None:
    with pytest.raises(RetentionError):
        told(text)


def test_topics_forget_payloads_within_a_month() -> None:
    month = 30 * DAY * 1000

    assert {topic.name for topic in as_received()} >= {"warranty.intake.v1", "raw.pos.v1"}
    assert [topic.name for topic in as_received() if topic.retention_ms > month] == []
