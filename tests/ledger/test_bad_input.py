"""Whatever arrives on the topic is answered with a reason; it stops nothing and holds nothing."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.adapters.scrambled import Scrambled
from tests.ledger.counter import Counted, World, home_of
from tests.ledger.driver import Hub, Told, count, key_in, told

pytestmark = pytest.mark.servers


def with_header(name: str, value: bytes | None) -> Told:
    """A count whose header is replaced, or one more added."""
    good = count("bad")
    kept = [header for header in good.headers if header[0] != name]
    return replace(good, headers=[*kept, (name, value)])  # type: ignore[list-item] # strangers send null


def without_header(name: str) -> Told:
    good = count("bad")
    return replace(good, headers=[header for header in good.headers if header[0] != name])


def structured(body: bytes) -> Told:
    return Told(0, None, body, [("content-type", b"application/cloudevents+json")])


def body(**fields: Any) -> bytes:
    return json.dumps({"key": "a", **fields}).encode()


INVALID: dict[str, tuple[Callable[[], Told], str]] = {
    "not JSON": (lambda: told("bad", b"{nonsense"), "Invalid JSON"),
    "an array": (lambda: told("bad", b"[1]"), "not a valid counter.counted.v1"),
    "wrong type": (lambda: told("bad", body(by="many")), "by: Input should be a valid integer"),
    "missing field": (lambda: told("bad", b"{}"), "key: Field required"),
    "null value": (lambda: told("bad", None), "no value"),
    "empty value": (lambda: told("bad", b""), "Invalid JSON"),
    "undecodable body": (lambda: told("bad", b'{"key":"\xff\xfe"}'), "Invalid JSON"),
    "lone surrogate": (lambda: told("bad", b'{"key":"\\ud800"}'), "Invalid JSON"),
    "deep nesting": (lambda: told("bad", b"[" * 9000), "recursion limit"),
    "10 MB": (lambda: told("bad", body(note="n" * 10_000_000)), "an event may have 1048576"),
    "undecodable header": (lambda: with_header("ce_id", b"\xff\xfe"), "not UTF-8"),
    "no id": (lambda: without_header("ce_id"), "header ce_id is missing"),
    "null id": (lambda: with_header("ce_id", None), "header ce_id is missing"),
    "long id": (lambda: with_header("ce_id", b"x" * 5000), "ce_id has 5000 characters"),
    "NUL in the id": (lambda: with_header("ce_id", b"bad\x00id"), "ce_id"),
    "NUL in the type": (lambda: with_header("ce_type", b"a\x00b"), "ce_type"),
    "long type": (lambda: with_header("ce_type", b"t" * 50_000), "ce_type"),
    "unknown type": (lambda: with_header("ce_type", b"what.ever.v9"), "unknown event type"),
    "no such time": (lambda: with_header("ce_time", b"2026-02-31T10:00:00Z"), "ce_time"),
    "no zone": (lambda: with_header("ce_time", b"2026-02-01T10:00:00"), "no offset"),
    "no tenant": (lambda: without_header("ce_tenant"), "header ce_tenant is missing"),
    "two tenants": (lambda: with_header("ce_tenant", b"bolt"), "another tenant"),
    "foreign source": (lambda: with_header("ce_source", b"urn:x"), "ce_source is"),
    "unknown tenant": (lambda: told("bad", Counted(key="a"), tenant="nobody"), "unknown tenant"),
    "another version": (
        lambda: with_header("ce_specversion", b"0.3"),
        "not 1.0, which is what this hub reads",
    ),
    "header bomb": (lambda: with_header("bomb", b"b" * 5_000_000), "bytes of headers"),
    "long correlation id": (lambda: with_header("ce_correlationid", b"c" * 9000), "correlationid"),
    "undecodable request": (lambda: with_header("hub-request", b"\xff"), "hub-request"),
    "NUL in the request": (lambda: with_header("hub-request", b"a\x00b"), "hub-request"),
    "undecodable receipt": (lambda: with_header("hub-received-at", b"\xff"), "hub-received-at"),
    "no receipt": (lambda: with_header("hub-received-at", None), "hub-received-at"),
    "receipt in the year 1": (
        lambda: with_header("hub-received-at", b"0001-01-01T00:00:00+14:00"),
        "hub-received-at",
    ),
    "endless hops": (lambda: with_header("hub-hops", b"9" * 5000), "hub-hops"),
    "not a structured event": (lambda: structured(b"nonsense"), "not a structured CloudEvent"),
    "structured nesting": (
        lambda: structured(b'{"data":' + b"[" * 5000 + b"]" * 5000 + b"}"),
        "not a structured CloudEvent",
    ),
    "structured number": (lambda: structured(b'{"id":1}'), "not a structured CloudEvent"),
    "structured surrogate": (lambda: structured(b'{"id":"\\ud800"}'), "structured CloudEvent"),
    "structured null": (lambda: structured(b"null"), "not a structured CloudEvent"),
}


async def test_what_is_no_valid_event_becomes_a_dead_letter_and_its_neighbours_are_applied(
    hub: Hub,
) -> None:
    """Every malformed record between two good ones: one dead letter each, nothing held, no stall."""
    await hub.start()
    records: list[Told] = []
    for n, (make, _) in enumerate(INVALID.values()):
        bad = make()
        records += [count(f"before{n}"), replace(bad, partition=count("x").partition)]
    await hub.told_all(*records, count("after"))
    assert len(await hub.applied()) == len(INVALID) + 1
    items = await hub.items()
    said = {name: item["reason"] for name, item in zip(INVALID, items, strict=True)}
    wrong = {name: said[name] for name, (_, reason) in INVALID.items() if reason not in said[name]}
    assert wrong == {}
    assert {(item["state"], item["home"]) for item in items} == {("dead_lettered", None)}
    assert await hub.outcomes() == {"applied": len(INVALID) + 1, "dead_lettered": len(INVALID)}
    letters = [dict(record.headers) for record in await hub.dead_letters()]
    assert [int(letter["hub-original-offset"]) for letter in letters] == [
        i["offset"] for i in items
    ]
    for letter, item in zip(letters, items, strict=True):
        assert letter["hub-original-topic"].decode() == hub.processor.reads.name
        assert int(letter["hub-original-partition"]) == item["part"]
        assert letter["hub-attempts"] == b"1"
        assert letter["hub-reason"].decode()[:50] == item["reason"][:50]
    assert len(hub.running) == 1
    assert not hub.running[0].task.done()
    owner = (await hub.owners())[count("x").partition]
    assert owner["epoch"] <= 3, "no claim was lost over it"


async def test_a_header_name_that_no_client_can_read_becomes_a_dead_letter(hub: Hub) -> None:
    """The client raises before it gives the record, at every read, to every owner and every claim."""
    running = await hub.start()
    await hub.told_all(count("e1"))
    odd = count("odd")
    batch = hub.publisher.create_batch()
    for record, more in ((count("e2"), []), (odd, [("@@@@", b"v")])):
        headers = [*record.headers, *more]
        batch.append(timestamp=None, key=record.key, value=record.value, headers=headers)
    batch._builder = Scrambled(batch._builder, b"@@@@")  # noqa: SLF001 - no client would do this
    sent = await hub.publisher.send_batch(batch, hub.processor.reads.name, partition=odd.partition)
    await sent
    await hub.settled()
    await running.stop()
    hub.running.clear()
    await hub.start()
    await hub.told_all(count("e3"))
    assert await hub.applied() == ["e1", "e2", "e3"]
    (item,) = await hub.items()
    assert "a header name in its batch is not UTF-8" in item["reason"]


async def test_what_is_wrong_in_a_known_tenant_s_event_is_sealed_with_that_tenant_s_key(
    hub: Hub,
) -> None:
    await hub.start()
    await hub.told_all(told("bad", b"{}"), without_header("ce_tenant"))
    assert sorted(item["tenant"] for item in await hub.items()) == ["acme", "hub"]


async def test_a_nul_in_a_home_of_its_own_is_found_at_a_look(hub: Hub, world: World) -> None:
    """Hole 11: a hundred neighbours in the batch are decided once more, and not once for each halving."""
    key = key_in(0, "nul")
    near = [count(f"e{n}", f"k{n}") for n in range(400)]
    near = [one for one in near if one.partition == 0]
    await hub.tell(*near[:50], count("nul", key, note="a\x00b"), *near[50:])
    await hub.start()
    await hub.settled()
    assert await hub.outcomes() == {"applied": len(near), "dead_lettered": 1}
    assert max(Counter(world.tries).values()) <= 3


async def test_data_that_postgres_refuses_becomes_one_dead_letter_and_its_neighbours_are_applied(
    hub: Hub,
) -> None:
    """Hole 11: NUL passes every check of ours; Postgres refuses the batch; halving finds the one."""
    hub.batch = 16
    good = [count(f"e{n}") for n in range(40)]
    nul = count("nul", note="a\x00b")
    await hub.tell(*good[:13], nul, *good[13:])
    await hub.start()
    await hub.settled()
    assert await hub.applied() == [f"e{n}" for n in range(40)]
    (item,) = await hub.items()
    assert (item["event_id"], item["state"], item["attempt"]) == ("nul", "dead_lettered", 1)
    assert "Postgres refuses this data: 22P05" in item["reason"]
    (letter,) = await hub.dead_letters()
    assert b"22P05" in dict(letter.headers)["hub-reason"]


async def test_a_number_too_large_for_its_column_becomes_one_dead_letter(hub: Hub) -> None:
    """Hole 11: the client refuses the value before Postgres sees it, which is no outage either."""
    await hub.start()
    await hub.told_all(count("e1"), count("big", "b", by=2**70), count("e2"))
    assert await hub.applied() == ["e1", "e2"]
    (item,) = await hub.items()
    assert (item["event_id"], item["state"]) == ("big", "dead_lettered")


async def test_a_name_too_long_for_its_index_becomes_one_dead_letter(hub: Hub) -> None:
    """Hole 11: SQLSTATE 54000, a limit of the store that only this one event exceeds."""
    await hub.start()
    huge = "".join(chr(0x4E00 + (n * 7919) % 20000) for n in range(9000))
    await hub.told_all(count("e1"), count("huge", "b", nick=huge), count("e2"))
    assert await hub.applied() == ["e1", "e2"]
    (item,) = await hub.items()
    assert (item["event_id"], item["state"]) == ("huge", "dead_lettered")


async def test_a_nul_in_what_is_looked_up_becomes_one_dead_letter(hub: Hub) -> None:
    """Hole 11: the lookup would be refused before anything is decided, again and again."""
    await hub.start()
    await hub.told_all(count("e1"), count("nul", "b", nick="a\x00b"), count("e2"))
    assert await hub.applied() == ["e1", "e2"]
    (item,) = await hub.items()
    assert (item["event_id"], item["state"]) == ("nul", "dead_lettered")


async def test_a_structured_event_is_decided_like_a_binary_one(hub: Hub) -> None:
    """A publisher may use either mode of the CloudEvents binding."""
    event = {
        "specversion": "1.0",
        "id": "s1",
        "source": "/tenants/acme/sources/till",
        "type": "counter.counted.v1",
        "time": "2026-01-31T10:00:00Z",
        "tenant": "acme",
        "data": {"key": "a", "by": 3},
    }
    await hub.start()
    await hub.told_all(structured(json.dumps(event).encode()))
    assert await hub.total() == 3


async def test_a_null_or_wrong_key_changes_nothing(hub: Hub) -> None:
    """The key is the publisher's business; the home is computed from the event."""
    await hub.start()
    await hub.told_all(
        replace(count("e1"), key=None),
        replace(count("e2"), key=b"\xff\x00"),
        replace(count("e3"), key=b"k" * 100_000),
    )
    assert await hub.applied() == ["e1", "e2", "e3"]


async def test_the_same_id_with_another_body_is_rejected_and_the_same_body_is_answered_again(
    hub: Hub,
) -> None:
    """Hole 23: a careless outsider reuses an id; the second body must not get the first answer."""
    await hub.start()
    first = count("e1", by=2)
    await hub.told_all(first, first, count("e1", by=5), first)
    assert await hub.total() == 2
    assert await hub.outcomes() == {"applied": 1, "deduplicated": 2, "rejected": 1}
    refusals = [r for r in await hub.status() if dict(r.headers)["ce_type"].endswith(b"refused.v1")]
    assert len(refusals) == 1
    assert b"used before with another body" in refusals[0].value


async def test_an_id_counts_per_tenant_and_source(hub: Hub) -> None:
    """Hole 23: two tills and two tenants number their events from 1, in one batch."""
    await hub.tell(
        told("1", Counted(key="a", nick="n1")),
        told("1", Counted(key="a", nick="n2"), connector="shop"),
        told("1", Counted(key="a", nick="n3"), tenant="bolt", partition=count("x").partition),
    )
    await hub.start()
    await hub.settled()
    assert await hub.total() == 2
    assert await hub.total(tenant="bolt") == 1


async def test_one_id_with_two_bodies_that_ask_for_different_names_stops_nothing(hub: Hub) -> None:
    """Hole 23: both stand in one batch, so both must be prepared though they share the id."""
    await hub.tell(count("e1", nick="n1"), count("e1", nick="n2"), count("e2"))
    await hub.start()
    await hub.settled()
    assert await hub.applied() == ["e1", "e2"]
    assert (await hub.outcomes())["rejected"] == 1


async def test_an_event_from_the_year_2099_is_rejected(hub: Hub) -> None:
    """Hole 22: it would win every later comparison of times; 23 hours ahead is only a clock."""
    await hub.start()
    now = datetime.now(UTC)
    await hub.told_all(
        count("far", at=datetime(2099, 1, 1, tzinfo=UTC)),
        count("tomorrow", at=now + timedelta(hours=25)),
        count("soon", at=now + timedelta(hours=23)),
        count("long ago", at=datetime(1970, 1, 1, tzinfo=UTC)),
    )
    assert await hub.applied() == ["soon", "long ago"]
    assert await hub.outcomes() == {"applied": 2, "rejected": 2}


async def test_an_event_of_another_tenant_does_not_reach_into_a_home(hub: Hub) -> None:
    """An id of ours carries its home; whoever learned it must not write there for another merchant."""
    await hub.start()
    await hub.told_all(count("e1"))
    inside = Counted(key="a", lives=home_of("a"))
    await hub.told_all(told("e2", inside, tenant="bolt", partition=count("x").partition))
    assert await hub.applied() == ["e1"]
    (item,) = await hub.items()
    assert "belongs to another tenant" in item["reason"]
    await hub.want("e2", "redrive")
    await hub.until("select attempt = 2 from item", "tried again")
    assert await hub.applied() == ["e1"]
