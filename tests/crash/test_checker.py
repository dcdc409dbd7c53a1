"""The checker sees what is planted in topics and tables made by hand, and trusts none of ours."""

import ast
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hub.dev.checker import Installation, Report, check
from hub.dev.checker.findings import WRONG
from hub.dev.checker.sent import Sent, read, write

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "hub/adapters/postgres/migrations/versions/pre_0001_ledger.sql"
ACTIVATED, ENDED = "warranty.activated.v1", "warranty.ended.v1"


@dataclass(slots=True)
class World:
    """A small installation: what was sent, what the status topic says, what the rows say."""

    sent: list[Sent] = field(default_factory=list)
    status: list[tuple[str, str, str]] = field(default_factory=list)
    """Type, order and cause, in order; `hub-seq` counts them."""
    rows: list[tuple[str, str]] = field(default_factory=list)
    """Order and status."""
    intake: int = 0
    next_offset: int = 0
    applied: int = 0
    item: str | None = None
    numbers: list[int] | None = None


def a_clean_world() -> World:
    """Five orders, of which the last two are returned."""
    world = World()
    for n in range(5):
        sell(world, f"order-{n}")
    for n in (3, 4):
        give_back(world, f"order-{n}")
    return world


def sell(world: World, order: str) -> None:
    place = ((0, world.intake),)
    unit = f"serial/P/S-{order}"
    world.sent.append(
        Sent(
            f"sale-{order}",
            "sale",
            order,
            "acknowledged",
            place,
            covers=(unit,),
            tells=((unit, order),),
        )
    )
    world.status.append((ACTIVATED, order, f"sale-{order}"))
    world.rows.append((order, "covered"))
    advance(world)


def give_back(world: World, order: str) -> None:
    place = ((0, world.intake),)
    world.sent.append(
        Sent(
            f"return-{order}", "return", order, "acknowledged", place, ends=(f"serial/P/S-{order}",)
        )
    )
    world.status.append((ENDED, order, f"return-{order}"))
    world.rows[world.rows.index((order, "covered"))] = (order, "ended")
    advance(world)


def advance(world: World) -> None:
    world.intake += 1
    world.next_offset += 1
    world.applied += 1


def fact(kind: str, order: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"warranty": f"wty_{order}_1", "serial": f"S-{order}"}
    if kind == ACTIVATED:
        facts |= {"product": {"code": "P"}, "order": {"namespace": "n", "reference": order}}
    return facts


@asynccontextmanager
async def built(world: World, kafka: str, postgres: str) -> AsyncIterator[Installation]:
    name = f"check_{uuid.uuid4().hex[:8]}"
    place = Installation(
        kafka, postgres.rsplit("/", 1)[0] + f"/{name}", f"{name}.intake", f"{name}.status"
    )
    await build_topics(world, place)
    server = await asyncpg.connect(postgres)
    await server.execute(f"create database {name}")
    try:
        await build_tables(world, place)
        yield place
    finally:
        await server.execute(f"drop database {name} with (force)")
        await server.close()


async def build_topics(world: World, place: Installation) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=place.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(place.intake, 1, 1), NewTopic(place.status, 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=place.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    for _ in range(world.intake):
        await producer.send(place.intake, b"{}", partition=0)
    numbers = world.numbers or range(1, len(world.status) + 1)
    for n, (kind, order, cause) in zip(numbers, world.status, strict=True):
        headers = [
            ("ce_id", f"status-{n}".encode()),
            ("ce_type", kind.encode()),
            ("ce_causationid", cause.encode()),
            ("hub-seq", str(n).encode()),
        ]
        body = json.dumps(fact(kind, order)).encode()
        await producer.send(place.status, body, partition=0, headers=headers)
    await producer.stop()


async def build_tables(world: World, place: Installation) -> None:
    db = await asyncpg.connect(place.postgres)
    await db.execute(SCHEMA.read_text())
    seq = max(world.numbers or [len(world.status)])
    await db.execute(
        "insert into partition_owner (topic, part, epoch, first_offset, next_offset, seq,"
        " published_seq, partition_count, code_version, applied)"
        " values ($1, 0, 1, 0, $2, $3, $3, 1, 1, $4)",
        place.intake, world.next_offset, seq, world.applied,
    )  # fmt: skip
    for n, (order, status) in enumerate(world.rows):
        unit = f"wty_{order}_{1 + [o for o, _ in world.rows[:n]].count(order)}"
        await db.execute(
            "insert into unit (id, home, tenant, version, status, serial, product, order_reference,"
            " doc) values ($1, $2, 't', 1, $3, $4, 'P', $2, '{}')",
            unit, order, status, f"S-{order}",
        )  # fmt: skip
    counts = {kind: [k for k, _, _ in world.status].count(kind) for kind in (ACTIVATED, ENDED)}
    for kind, count in counts.items():
        outcome = kind.split(".")[1]
        await db.execute("insert into activity values (now(), 'b', $1, $2)", outcome, count)
    await db.execute("insert into projection_progress values ('activity', 0, 1, $1, 1)", seq)
    if world.item:
        await db.execute(
            'insert into item (topic, part, "offset", state, tenant, event_id, type, attempt,'
            " reason, sealed, code_version, received_at)"
            " values ($1, 0, 2, $2, 't', 'e', 'x', 1, 'planted', '', 1, now())",
            place.intake, world.item,
        )  # fmt: skip
    await db.close()


async def checked(world: World, kafka: str, postgres: str) -> Report:
    async with built(world, kafka, postgres) as place:
        return await check(world.sent, place)


def wrong(report: Report) -> dict[str, int]:
    return {kind: report.figures[kind] for kind in WRONG if report.figures[kind]}


@pytest.mark.servers
async def test_finds_nothing_in_a_clean_world(kafka: str, postgres: str) -> None:
    report = await checked(a_clean_world(), kafka, postgres)

    assert report.ok, report.lines()
    assert (report.figures["accepted"], report.figures["units"]) == (7, 5)


@pytest.mark.servers
async def test_reports_a_sale_that_had_no_effect(kafka: str, postgres: str) -> None:
    world = a_clean_world()
    unit = "serial/P/S-gone"
    world.sent.append(Sent("sale-gone", "sale", "gone", "acknowledged", ((0, 7),), covers=(unit,)))
    advance(world)

    report = await checked(world, kafka, postgres)

    # Once for the status topic, once for the rows.
    assert wrong(report) == {"lost": 2}


@pytest.mark.servers
async def test_reports_a_gap_that_nobody_filled(kafka: str, postgres: str) -> None:
    world = a_clean_world()
    world.status.pop(1)
    world.numbers = [1, 3, 4, 5, 6, 7]

    report = await checked(world, kafka, postgres)

    assert report.figures["lost"] >= 6
    assert any("gap after seq 1" in line for line in report.lines())


@pytest.mark.servers
async def test_reports_a_sale_that_took_effect_twice(kafka: str, postgres: str) -> None:
    world = a_clean_world()
    world.status.append((ACTIVATED, "order-0", "sale-order-0"))
    world.rows.append(("order-0", "covered"))

    report = await checked(world, kafka, postgres)

    # Once for the status topic, once for the rows, where its second row was also never announced.
    assert report.figures["duplicated"] == 2


@pytest.mark.servers
async def test_reports_a_return_that_overtook_its_sale(kafka: str, postgres: str) -> None:
    world = a_clean_world()
    world.status[4], world.status[6] = world.status[6], world.status[4]

    report = await checked(world, kafka, postgres)

    # By the life of the unit, and by the offsets of the two causes.
    assert wrong(report) == {"reordered": 2}


@pytest.mark.servers
async def test_reports_an_item_that_is_stuck(kafka: str, postgres: str) -> None:
    world = a_clean_world()
    world.item = "held"

    assert wrong(await checked(world, kafka, postgres)) == {"stuck": 1}


@pytest.mark.servers
async def test_reports_what_was_never_taken(kafka: str, postgres: str) -> None:
    world = a_clean_world()
    world.intake += 1

    report = await checked(world, kafka, postgres)

    assert wrong(report) == {"stuck": 1}
    assert report.figures["waiting"] == 1


@pytest.mark.servers
async def test_reports_all_four_planted_at_once(kafka: str, postgres: str) -> None:
    world = a_clean_world()
    world.status[4], world.status[6] = world.status[6], world.status[4]
    world.status.append((ACTIVATED, "order-0", "sale-order-0"))
    world.sent.append(Sent("s", "sale", "g", "acknowledged", ((0, 7),), covers=("serial/P/G",)))
    advance(world)
    world.item = "retrying"

    found = wrong(await checked(world, kafka, postgres))

    assert found.keys() == {"lost", "duplicated", "reordered", "stuck"}


@pytest.mark.servers
async def test_reports_an_offset_without_an_outcome(kafka: str, postgres: str) -> None:
    world = a_clean_world()
    world.applied -= 1

    assert wrong(await checked(world, kafka, postgres)) == {"unaccounted": 1}


@pytest.mark.servers
async def test_reports_the_effect_of_an_aborted_sale(kafka: str, postgres: str) -> None:
    world = a_clean_world()
    world.sent[0] = replace(world.sent[0], state="aborted")

    # On the status topic and in the rows.
    assert wrong(await checked(world, kafka, postgres)) == {"ghosts": 2}


def test_takes_a_log_for_whole_only_with_its_last_line(tmp_path: Path) -> None:
    events = a_clean_world().sent
    log = tmp_path / "sent.jsonl"
    write(log, events)
    assert read(log) == events

    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ValueError, match="cut off"):
        read(log)


def test_imports_nothing_of_what_it_checks() -> None:
    for file in (ROOT / "hub/dev/checker").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level <= 1, f"{file.name} imports from outside of its room"
                names = [node.module or ""] if node.level == 0 else []
            else:
                continue
            ours = [n for n in names if n.split(".")[0] in ("hub", "schemas", "connectors")]
            assert not ours, f"{file.name} imports {ours}"
