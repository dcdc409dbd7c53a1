"""`hub verify` holds on a healthy installation and names each thing that was broken on purpose."""

import json
from dataclasses import replace
from typing import Any

import pytest

from hub import registry
from hub.adapters.kafka import Message, Outlet, Peek
from hub.recovery.claim_promises import GRANTS
from hub.recovery.verify import Report, Verifier
from hub.sdk.processor import Processor
from schemas.refs import place
from tests.ledger.counter import World, home_of
from tests.ledger.driver import PARTITIONS, Hub, count, key_in, told
from tests.recovery.claim_worlds import a_world, kept

pytestmark = pytest.mark.servers


async def verified(hub: Hub, peek: Peek, *, deep: bool = False) -> Report:
    return await Verifier(hub.db, peek, hub.processor, (), patience=1.0).run(deep=deep)


async def mixed(hub: Hub, world: World) -> None:
    """Some of every outcome."""
    world.broken["code"] = ValueError("cannot count this")
    world.away.add("stock")
    await hub.start()
    await hub.told_all(
        count("a1"),
        count("a1"),
        count("a2", by=-1),
        count("a3", at_least=10),
        count("b1", "b", needs="code"),
        count("b2", "b"),
        count("c1", "c", needs="stock"),
        count("d1", "d", nick="dee"),
        told("junk", b"not json"),
    )


async def test_holds_whatever_came_in(hub: Hub, world: World, peek: Peek) -> None:
    await mixed(hub, world)

    report = await verified(hub, peek, deep=True)

    assert report.problems == []
    assert report.as_json() | {"partitions": 2} == {
        "holds": True,
        "topic": hub.processor.reads.name,
        "accepted": 9,
        "applied": 2,
        "deduplicated": 1,
        "rejected": 1,
        "retrying": 1,
        "held": 1,
        "dead_lettered": 2,
        "given_up": 0,
        "forwarded": 0,
        "early": 1,
        "stepped_over": 0,
        "waiting": 0,
        "unaccounted": 0,
        "partitions": 2,
        "replayed": 3,
        "repeated": 0,
        "lost": 0,
        "duplicated": 0,
        "warranties": 0,
        "disagreeing": 0,
        "problems": [],
    }
    assert json.loads(json.dumps(report.as_json()))["accepted"] == 9


async def test_shows_a_person_a_row_a_partition_and_the_sum(
    hub: Hub, world: World, peek: Peek
) -> None:
    await mixed(hub, world)
    report = await verified(hub, peek)

    names, rows = report.rows()

    assert names[:2] == ["partition", "accepted"]
    assert names[-2:] == ["waiting", "unaccounted"]
    assert [row[0] for row in rows] == [*map(str, range(PARTITIONS)), "all"]
    assert rows[-1][1] == str(sum(int(row[1]) for row in rows[:-1]))


async def test_places_homes_by_the_count_the_ledger_was_born_with(hub: Hub, peek: Peek) -> None:
    await hub.start()
    await hub.told_all(count("a1", key_in(1), at_least=10))
    await hub.stop()
    await hub.db.execute("delete from partition_owner where part = 0")

    report = await verified(hub, peek)

    assert report.figures["early"] == 1
    assert report.problems == []


async def test_counts_what_waits_on_kafka(hub: Hub, peek: Peek) -> None:
    await hub.start()
    await hub.told_all(count("a1"))
    await hub.stop()
    await hub.tell(count("a2"), count("a3"))

    report = await verified(hub, peek)

    assert report.holds
    assert (report.figures["accepted"], report.figures["waiting"]) == (3, 2)


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (
            "update partition_owner set applied = applied - 1 where applied > 0",
            "every event passed is in one outcome",
        ),
        ("delete from item where state = 'held'", "held counts the open items"),
        ("delete from item where state = 'retrying'", "retrying counts the open items"),
        ("delete from item where state = 'dead_lettered'", "dead_lettered counts the open items"),
        ("""update counter set inbox = '{"seen":{},"waiting":[]}'""", "early counts the waiting"),
        ("update name set home = 'nowhere'", "every name points to a row of its home"),
        ("update partition_owner set seq = seq + 1", "what was decided is published"),
        ("update partition_owner set published_seq = 0", "what was decided is published"),
        (
            "update partition_owner set next_offset = 99, stepped_over = 99 - next_offset",
            "the log reaches as far as the ledger",
        ),
        ("update partition_owner set stopped_reason = 'x'", "the partition is not stopped"),
        ("delete from partition_owner", "the ledger has begun"),
    ],
)
async def test_names_what_was_damaged(
    hub: Hub, world: World, peek: Peek, damage: str, check: str
) -> None:
    await mixed(hub, world)
    await hub.stop()
    await hub.db.execute(damage)

    report = await verified(hub, peek)

    assert not report.holds
    assert any(problem.check.startswith(check) for problem in report.problems), report.problems


async def test_a_name_points_to_a_row_and_a_row_lives_in_its_home(
    hub: Hub, peek: Peek, processor: Processor[Any]
) -> None:
    home = "a" * 16
    purchase = "insert into purchase (id, tenant, version, inbox) values ($1, 'acme', 1, '{}')"
    unit = """insert into unit (id, home, tenant, version, status, product, doc)
              values ($1, $2, 'acme', 1, 'covered', 'p', '{}')"""
    name = "insert into name values ('serial', 'acme', $1, $2, $3)"
    await hub.db.execute(purchase, home)
    await hub.db.execute(unit, f"wty_{home}_1", home)
    await hub.db.execute(unit, f"wty_{'b' * 16}_1", home)
    await hub.db.execute(unit, f"wty_{'c' * 16}_1", "c" * 16)
    await hub.db.execute(name, "good", home, f"wty_{home}_1")
    await hub.db.execute(name, "waiting", home, home)
    await hub.db.execute(name, "elsewhere", home, f"wty_{'c' * 16}_1")
    await hub.db.execute(name, "nowhere", "d" * 16, f"wty_{home}_1")
    customer = "insert into name values ('email', 'acme', 'hash', $1, $2)"
    await hub.db.execute(customer, "e" * 16, f"cus_{'e' * 16}")
    warranty = registry.processor("warranty")
    purchases = replace(processor, head=warranty.head, parts=warranty.parts, ahead=warranty.ahead)

    report = await Verifier(hub.db, peek, purchases, (), patience=0.2).run()

    rows = [one.where for one in report.problems if one.check.startswith("every row")]
    names = [one for one in report.problems if one.check.startswith("every name")]
    assert sorted(rows) == [f"wty_{'b' * 16}_1", f"wty_{'c' * 16}_1"]
    assert len(names) == 2


async def test_claims_are_a_part_of_it_where_there_are_any(
    hub: Hub, peek: Peek, processor: Processor[Any]
) -> None:
    await kept(hub.db, a_world())
    warranty = registry.processor("warranty")
    purchases = replace(processor, head=warranty.head, parts=warranty.parts, names=warranty.names)
    verifier = Verifier(hub.db, peek, purchases, (), patience=0.2)
    report = await verifier.run()
    await hub.db.execute("delete from claim_effect where kind = 'repair'")

    spoiled = await verifier.run()

    assert [one.check for one in report.problems] == ["the ledger has begun"]
    assert report.as_json()["claims"] == 7
    assert [one.check for one in spoiled.problems][1:] == [GRANTS]


async def test_a_deep_check_sees_what_the_wire_lost_and_said_twice(
    hub: Hub, peek: Peek, world: World
) -> None:
    await mixed(hub, world)
    await hub.stop()
    status = hub.processor.writes.name
    part = place(home_of("a"), PARTITIONS)
    last = await peek.last_record(status, part)
    assert last is not None
    seq = int(dict(last.headers)["hub-seq"])
    headers = [h for h in last.headers if h[0] != "hub-seq"]
    outlet = Outlet(hub.settings)
    again = Message(last.key, last.value, [*headers, ("hub-seq", b"%d" % (seq + 3))])
    await outlet.send(status, part, [again])
    await outlet.stop()

    report = await verified(hub, peek, deep=True)

    assert (report.figures["lost"], report.figures["duplicated"]) == (2, 1)
    assert not report.holds
