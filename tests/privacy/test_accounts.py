"""Whoever has an account and wants to be forgotten: customers go, staff are told of."""

from typing import Any

import pytest

from hub.access.keyring import Keyring
from hub.access.people import Invitation, email_hash, invite
from hub.access.permissions import Role
from hub.access.post import Wording
from hub.access.sessions import begin
from hub.access.single_use import RESET, offer
from hub.audit.entries import By
from hub.privacy.erasing import Eraser
from hub.privacy.exporting import export
from hub.privacy.keeper import Keeper
from hub.privacy.people import known
from hub.privacy.requests import ask_erasure
from hub.recovery.today import Today
from hub.telemetry.metrics import Metrics
from schemas.policies.retention import RetentionPolicy
from tests.privacy.test_erasing import ADA, BOB, decided, forget
from tests.trail.conftest import TENANT, Hub, sale

servers = pytest.mark.servers
ANN = By(kind="person", id="usr_ann", role="owner")
LEFT = """
select (select count(*) from person)::int as people, (select count(*) from person_session)::int as sessions,
       (select count(*) from single_use)::int as tokens, (select count(*) from mail)::int as mails
"""
REPLAY = """
insert into replay (tenant, connector, topic, since, dry_run, why, by, state, asked_at, ended_at)
select 'acme', 'pos', 'raw.pos.v1', now(), false, 'why', 'ann', $1, at, at
  from (select now() - make_interval(days => $2) as at) long_ago
returning n
"""
BEGUN = """
insert into raw_replay (topic, part, from_offset, next_offset, to_offset, why, replay)
values ('raw.pos.v1', 0, 0, 0, 1, 'why', $1)
"""


async def account(hub: Hub, keys: Keyring, email: str, role: str) -> str:
    """Invited, signed in, and just about to choose another password."""
    wording = Wording("http://127.0.0.1")
    person = await invite(hub.database, keys, Invitation(TENANT, email, role), ANN, wording)
    await begin(hub.database, TENANT, person, Role(role))
    await offer(hub.database, TENANT, person, RESET)
    return person


async def left(hub: Hub) -> dict[str, Any]:
    return dict((await hub.database.fetch(LEFT))[0])


@servers
async def test_a_customer_s_account_goes_with_sessions_and_mails(
    hub: Hub, today: Today, eraser: Eraser
) -> None:
    ada = await account(hub, today.keyring, ADA["email"].upper(), "customer")
    await account(hub, today.keyring, BOB["email"], "customer")
    kept = await export(hub.database, today, TENANT, known("email", ADA["email"]))

    report = await forget(hub, eraser, "email", ADA["email"])

    assert [one.id for one in kept.accounts] == [ada]
    assert (report["accounts"], report["mails"], report["staff_accounts"]) == (1, 1, [])
    assert await left(hub) == {"people": 1, "sessions": 1, "tokens": 2, "mails": 1}
    (row,) = await hub.database.fetch("select email_hash from person")
    assert row["email_hash"] == email_hash(today.keyring, TENANT, BOB["email"])


@servers
async def test_an_account_goes_for_whoever_is_known_by_a_phone_only(
    hub: Hub, today: Today, eraser: Eraser
) -> None:
    told = sale("R-1", customer=ADA)
    await hub.say(told)
    await decided(hub, told)
    await account(hub, today.keyring, ADA["email"], "customer")

    report = await forget(hub, eraser, "phone", ADA["phone"])

    assert report["accounts"] == 1
    assert (await left(hub))["people"] == 0


@servers
async def test_an_address_that_others_have_too_takes_nobody_s_account(
    hub: Hub, today: Today, eraser: Eraser
) -> None:
    told = (sale("R-1", customer=ADA), sale("R-2", customer=BOB | {"email": ADA["email"]}))
    await hub.say(*told)
    await decided(hub, *told)
    await account(hub, today.keyring, ADA["email"], "customer")

    assert (await forget(hub, eraser, "phone", ADA["phone"]))["accounts"] == 0
    assert (await forget(hub, eraser, "email", ADA["email"]))["accounts"] == 1


@servers
async def test_an_account_of_staff_stays_and_is_told_of(
    hub: Hub, today: Today, eraser: Eraser
) -> None:
    ada = await account(hub, today.keyring, ADA["email"], "sales_staff")

    report = await forget(hub, eraser, "email", ADA["email"])

    assert (report["accounts"], report["staff_accounts"]) == (0, [ada])
    assert (await left(hub))["people"] == 1


@servers
async def test_reasons_of_replays_lose_the_person_as_notes_do(
    hub: Hub, today: Today, eraser: Eraser
) -> None:
    told = sale("R-1", customer=ADA)
    await hub.say(told)
    await decided(hub, told)
    number = await hub.database.fetchval(REPLAY, "done", 1)
    await hub.database.execute("update replay set why = 'Ada  Lovelace asked us'")
    await hub.database.execute(BEGUN, number)
    await hub.database.execute("update raw_replay set tenant = 'acme', why = 'for ada lovelace'")

    await forget(hub, eraser, "email", ADA["email"])

    told_why = await hub.database.fetch(
        "select why from replay union all select why from raw_replay"
    )
    assert [row["why"] for row in told_why] == ["(erased) asked us", "for (erased)"]


DELIVERIES = """
insert into delivery_replay (tenant, chosen, why, by, upto) values ('acme', '{}', $1, 'ann', 0)
"""
HELD = """
insert into item (topic, part, "offset", state, tenant, event_id, type, attempt, reason, sealed, received_at,
                  on_hold, wanted_why)
values ('t', 0, $1, 'dead_lettered', $2, 'e', '', 1, '', '', now(), $3, $3)
"""


@servers
async def test_reasons_of_deliveries_and_of_items_on_hold_lose_the_person_too(
    hub: Hub, eraser: Eraser
) -> None:
    told = sale("R-1", customer=ADA)
    await hub.say(told)
    await decided(hub, told)
    await hub.database.execute(DELIVERIES, "Ada Lovelace heard nothing")
    await hub.database.execute(HELD, 1, TENANT, "ADA LOVELACE rang")
    await hub.database.execute(HELD, 2, "globex", "Ada Lovelace rang")

    report = await forget(hub, eraser, "email", ADA["email"])

    why = await hub.database.fetchval("select why from delivery_replay")
    items = await hub.database.fetch('select on_hold, wanted_why from item order by "offset"')
    assert why == "(erased) heard nothing"
    assert [tuple(row) for row in items] == [
        ("(erased) rang", "(erased) rang"),
        ("Ada Lovelace rang", "Ada Lovelace rang"),
    ]
    assert report["notes"] == 3


@servers
async def test_mails_that_nobody_sent_and_replays_that_are_over_go_in_time(
    hub: Hub, today: Today, eraser: Eraser, tmp_path: Any
) -> None:
    for email, days in ((ADA["email"], 40), (BOB["email"], 20)):
        await account(hub, today.keyring, email, "customer")
        await hub.database.execute(
            "update mail set queued_at = now() - make_interval(days => $1) where queued_at > now() - interval '1 day'",
            days,
        )
    old = await hub.database.fetchval(REPLAY, "done", 1_200)
    await hub.database.execute(BEGUN, old)
    for state, age in (("asked", 1_200), ("stopped", 10)):
        await hub.database.fetchval(REPLAY, state, age)

    await Keeper(hub.database, eraser, RetentionPolicy(), Metrics(), tmp_path).round()

    assert (await left(hub))["mails"] == 1
    rows = await hub.database.fetch("select state from replay order by n")
    assert [row["state"] for row in rows] == ["asked", "stopped"]
    assert await hub.database.fetchval("select replay from raw_replay") is None


@servers
async def test_an_erasure_that_was_asked_twice_finds_less(
    hub: Hub, today: Today, eraser: Eraser
) -> None:
    await account(hub, today.keyring, ADA["email"], "customer")
    whom = known("email", ADA["email"])
    await ask_erasure(hub.database, today.keyring, TENANT, whom, ANN)
    await ask_erasure(hub.database, today.keyring, TENANT, whom, ANN)

    assert await eraser.work() == 2
    assert (await left(hub))["people"] == 0
