"""Somebody wants to be forgotten: by then known, on the way, waiting, or yet to come back."""

import asyncio
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.audit.entries import By
from hub.ledger.items import storable
from hub.ledger.wire import Payload, pack, unpack
from hub.media.cleaning import Clean
from hub.media.shelf import Place, keep
from hub.privacy.erasing import Eraser
from hub.privacy.people import Known, Likeness, NobodyError, Person, known
from hub.privacy.requests import ask_erasure, read
from schemas.events.parts import Contact
from tests.trail.conftest import TENANT, Hub, Told, eventually, registration, returned, sale

servers = pytest.mark.servers
ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "+90 532 111 22 33"}
BOB = {"name": "Bob Babbage", "email": "bob@example.org", "phone": "+90 532 444 55 66"}
BY = By(kind="person", id="usr_1", role="owner")


async def forget(hub: Hub, eraser: Eraser, by: Any, value: str) -> dict[str, Any]:
    keys = eraser.today.keyring
    request = await ask_erasure(hub.database, keys, TENANT, known(by, value), BY)
    assert await eraser.work(request) == 1
    report: dict[str, Any] = json.loads(bytes((await read(hub.database, TENANT, request)).report))
    return report


async def contacts(hub: Hub) -> list[str]:
    """Whose they are."""
    rows = await hub.database.fetch("select customer from contact order by customer")
    return [row["customer"] for row in rows]


async def names(hub: Hub) -> set[str]:
    """Who is known by an address, a number or a name."""
    kinds = "kind in ('email', 'phone', 'customer')"
    rows = await hub.database.fetch(f"select home from name where {kinds}")  # noqa: S608 - a text of ours
    return {f"cus_{row['home']}" for row in rows}


async def decided(hub: Hub, *told: Told) -> None:
    async def are() -> bool:
        sql = "select count(distinct event_id)::int from trail where event_id = any($1::text[])"
        return bool(await hub.database.fetchval(sql, [one.id for one in told]) == len(told))

    await eventually(are)
    await hub.shown()


@servers
async def test_pictures_of_a_person_s_receipts_go_and_those_of_others_stay(
    hub: Hub, eraser: Eraser
) -> None:
    told = (sale("R-1", customer=ADA), sale("R-2", customer=BOB))
    await hub.say(*told)
    await decided(hub, *told)
    keys, clean = eraser.today.keyring, Clean("image/jpeg", b"pixels", 1, 1)
    units = await hub.database.fetch("select id from unit")
    async with hub.database.transaction() as queries:
        for unit in units:
            await keep(queries, keys, Place(TENANT, unit["id"], "usr_1"), b"sent", clean)

    report = await forget(hub, eraser, "email", "ada@example.org")

    assert report["media"] == 1
    (left,) = await hub.database.fetch("select warranty from media")
    assert left["warranty"] not in report["warranties"]


@servers
async def test_a_contact_goes_and_what_was_decided_stays(hub: Hub, eraser: Eraser) -> None:
    told = (sale("R-1", customer=ADA), sale("R-2", customer=BOB))
    await hub.say(*told)
    await decided(hub, *told)
    assert len(await contacts(hub)) == 2

    report = await forget(hub, eraser, "email", " Ada@Example.org ")
    again = await forget(hub, eraser, "email", "ada@example.org")

    assert report["contacts"] == 1
    assert len(report["warranties"]) == report["warranties_total"] == 1
    assert report["still_on_topics"][0]["topic"] == "warranty.intake.v1"
    assert again["contacts"] == 0
    assert len(await contacts(hub)) == 1
    assert await contacts(hub) != report["customers"]
    assert await hub.database.fetchval("select count(*)::int from unit") == 2
    assert await names(hub) == {*await contacts(hub)}


@servers
@pytest.mark.parametrize("by", ["email", "phone", "customer"])
async def test_is_found_by_whatever_they_are_known_by(hub: Hub, eraser: Eraser, by: Any) -> None:
    told = sale("R-1", customer=ADA)
    await hub.say(told)
    await decided(hub, told)
    ref = (await contacts(hub))[0]

    value = {"email": ADA["email"], "phone": "00905321112233", "customer": ref}[by]
    report = await forget(hub, eraser, by, value)

    assert report["customers"] == [ref]
    assert await contacts(hub) == []


@servers
async def test_what_was_said_before_is_not_written_again_and_what_comes_after_is(
    idle: Hub, eraser: Eraser
) -> None:
    before = sale("R-1", customer=ADA)
    await idle.say(before)
    await forget(idle, eraser, "phone", ADA["phone"])
    await forget(idle, eraser, "email", ADA["email"])
    await idle.work()
    async with idle.followed():
        await decided(idle, before)
        assert await contacts(idle) == []

        after = sale("R-2", customer=ADA)
        await idle.say(after)
        await decided(idle, after)
        assert len(await contacts(idle)) == 1


@servers
async def test_an_event_that_waits_goes_on_without_the_person(hub: Hub, eraser: Eraser) -> None:
    told = sale("R-1", customer=ADA, unknown={"of": "Ada Lovelace"})
    await hub.say(told)
    await decided(hub, told)
    await _set_aside(hub, eraser, told)

    report = await forget(hub, eraser, "email", ADA["email"])

    assert (report["items_without_contact"], report["items_ended"]) == (1, 0)
    row = await hub.database.fetchrow("select * from item")
    payload = unpack(eraser.today.keyring.open(TENANT, row["sealed"]))
    assert b"Ada" not in (payload.value or b"") + b"".join(v for _, v in payload.headers)
    assert (row["contacts"], row["original"], row["version"]) == ([], None, 2)
    spot = eraser.today.incoming(row["topic"], row["offset"], payload)
    assert spot.arrival is not None
    assert spot.arrival.event.body_hash == row["hash"]


async def _set_aside(hub: Hub, eraser: Eraser, told: Told) -> None:
    """Put an event where events wait, as the engine would, far from its offsets."""
    message = told.message()
    payload = Payload(list(message.headers), message.value, datetime(2026, 1, 1, tzinfo=UTC))
    one = eraser.today.incoming(hub.processor.reads.name, 9_999, payload)
    assert one.contact is not None
    assert one.arrival is not None
    who = one.contact.customer
    await hub.database.execute(
        """insert into item (topic, part, "offset", state, tenant, event_id, type, attempt, reason, sealed,
             original, contacts, received_at, hash)
           values ($1, 0, 9999, 'dead_lettered', $2, $3, $4, 1, '', $5, $5, $6, $7, $8)""",
        hub.processor.reads.name,
        TENANT,
        told.id,
        told.type,
        eraser.today.keyring.seal(TENANT, pack(payload)),
        [h for h in (who.ref, who.email_hash, who.phone_hash) if h],
        payload.received_at,
        storable(one.arrival.event.body_hash),
    )


@servers
async def test_what_is_no_event_is_ended_by_its_owner_and_the_books_stay_right(
    hub: Hub, eraser: Eraser
) -> None:
    told = sale("R-1", customer={"email": ADA["email"]}, zone=7)
    await hub.say(told)
    await decided(hub, told)
    assert await hub.database.fetchval("select count(*)::int from item") == 1

    report = await forget(hub, eraser, "email", ADA["email"])

    async def is_ended() -> bool:
        return not await hub.database.fetchval("select count(*)::int from item")

    await eventually(is_ended)
    assert await is_ended()
    assert report["items_ended"] == 1
    books = """select sum(next_offset - first_offset)::int as came, sum(given_up)::int as given_up,
                      sum(dead_lettered)::int as dead from partition_owner"""
    assert dict(await hub.database.fetchrow(books)) == {"came": 1, "given_up": 1, "dead": 0}


@servers
async def test_goes_on_where_it_was_killed(hub: Hub, eraser: Eraser) -> None:
    told = sale("R-1", customer=ADA)
    await hub.say(told)
    await decided(hub, told)
    await hub.database.execute(
        "insert into staff_action (tenant, by, verb, text) values ($1, 'x', 'note', $2)",
        TENANT,
        "ada lovelace called from 0532-111 22 33, answer ADA@example.org",
    )
    keys = eraser.today.keyring
    request = await ask_erasure(hub.database, keys, TENANT, Known("email", ADA["email"]), BY)
    await eraser._forget(TENANT, request, Known("email", ADA["email"]))  # noqa: SLF001 - killed here

    assert await contacts(hub) == []
    assert await eraser.work() == 1
    assert await eraser.work() == 0
    report = json.loads(bytes((await read(hub.database, TENANT, request)).report))
    assert report["notes"] == 1
    said = "(erased) called from (erased), answer (erased)"
    assert await hub.database.fetchval("select text from staff_action") == said
    assert await hub.database.fetchval("select reason from trail where log = 'staff'") == said
    left = await hub.database.fetchrow("select sealed, done_at from privacy_request")
    assert left["sealed"] is None
    assert left["done_at"] is not None
    mine = "select action, doc from audit_entry where action like 'person:%' order by n"
    actions = await hub.database.fetch(mine)
    assert [row["action"] for row in actions] == ["person:erasure_asked", "person:erased"]
    assert "ada" not in str([dict(row) for row in actions]).lower()


@servers
async def test_waits_for_a_batch_that_is_writing_the_contact(idle: Hub, eraser: Eraser) -> None:
    keys, database = eraser.today.keyring, idle.database
    ada = keys.seal_contact(TENANT, Contact(email=ADA["email"]), "evt-1")
    values = ada.tenant, ada.customer.ref, ada.customer.email_hash, ada.digest, ada.sealed
    async with database.transaction() as batch:
        await batch.execute(
            "insert into contact (tenant, ref, email_hash, digest, sealed, seen_at) values ($1, $2, $3, $4, $5, now())",
            *values,
        )
        forgetting = asyncio.create_task(forget(idle, eraser, "email", ADA["email"]))
        await asyncio.sleep(0.3)
        assert not forgetting.done()
    report = await forgetting

    assert report["contacts"] == 1
    assert await contacts(idle) == []


@servers
@pytest.mark.parametrize("seed", range(3))
async def test_beside_a_worker_nobody_comes_back(hub: Hub, eraser: Eraser, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test
    people = [{"email": f"p{n}@example.org"} for n in range(12)]
    said: list[Told] = []
    for round_ in range(12):
        batch = []
        for n in chance.sample(range(12), 6):
            order = f"R-{round_}-{n}"
            serial = f"SN-{round_}-{n}"
            kind = chance.choice((sale, registration))
            batch.append(
                sale(order, serial=serial, customer=people[n])
                if kind is sale
                else registration(serial, customer=people[n])
            )
        said += batch
        publish = asyncio.create_task(hub.say(*batch, part=chance.choice((None, 0))))
        await asyncio.sleep(chance.random() * 0.02)
        await publish
        # What was published by now was received before; the last rounds leave everybody forgotten.
        await asyncio.sleep(chance.random() * 0.05)
        victims = people if round_ == 11 else chance.sample(people, 2)
        await asyncio.gather(*(forget(hub, eraser, "email", one["email"]) for one in victims))
    await decided(hub, *said)

    assert await contacts(hub) == []


@servers
async def test_a_number_shared_with_others_is_told_and_theirs_stays(
    hub: Hub, eraser: Eraser
) -> None:
    told = (
        sale("R-1", customer=ADA),
        sale("R-2", customer={**BOB, "phone": ADA["phone"]}),
        returned("R-3"),
    )
    await hub.say(*told)
    await decided(hub, *told[:2])

    report = await forget(hub, eraser, "email", ADA["email"])

    assert report["alike"] == await contacts(hub)
    assert len(report["alike"]) == 1


@pytest.mark.parametrize(
    ("by", "value"),
    [
        ("email", "ada"),
        ("email", "@"),
        ("phone", "12"),
        ("customer", "wty_1"),
        ("email", "a@" * 300),
    ],
)
def test_refuses_what_nobody_is_known_by_without_quoting_it(by: Any, value: str) -> None:
    with pytest.raises(NobodyError) as refused:
        known(by, value)
    assert value not in str(refused.value).replace("an address with @", "")


@pytest.mark.parametrize("email", ["İSMAİL@example.org", "Straße@example.org"])
def test_an_address_is_known_in_every_case_that_it_can_be_written_in(email: str) -> None:
    person = Person(contacts=(Contact.model_construct(email=email, name="İsmail Weiß"),))
    forms = {email, email.lower(), email.upper(), email.casefold()}

    assert [person.likeness.is_in(form.encode()) for form in forms] == [True] * len(forms)
    assert {person.likeness.hidden(f"for {form}") for form in forms} == {"for (erased)"}
    assert person.likeness.hidden("İSMAİL WEISS rang") == "(erased) rang"


def test_a_body_speaks_of_somebody_however_it_is_written() -> None:
    ada = Likeness(frozenset({"ada@example.org"}), frozenset({"+905321112233"}), frozenset())
    bodies = (
        b'{"to": "ADA@example.org"}',
        b'{"to": "\\u0061da@example.org"}',
        b'{"tel": "0532 111 22 33"}',
        b'{"tel": "(0532) 111-22-33"}',
        "tel: +90 532 111 22 33".encode("utf-16"),
    )

    assert [ada.is_in(body) for body in bodies] == [True] * 5
    assert not ada.is_in(b'{"tel": "0532 111 22 34", "to": "adah@example.com"}')
    assert not ada.is_in(b"\xff\xfe\x00")
