"""The chain of a tenant: every row once, in one unbroken line, whoever links it and whatever dies meanwhile."""

import asyncio
import contextlib
import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.adapters.kafka import Peek
from hub.adapters.postgres.leases import Lease, LeaseLostError, Leases
from hub.audit import heads
from hub.audit.canonical import START, digest
from hub.audit.chainer import SEND_LIMIT, partition_of
from hub.audit.linking import Linker
from hub.sdk.failures import StoreUnavailableError
from tests.audit.conftest import MASTER, OTHER, TENANT, Log
from tests.audit.independent import ORDER, hash_of

pytestmark = pytest.mark.servers
HERE = Path(__file__).parent
FORGED = """
insert into audit_entry (tenant, action, subject, by_kind, by_id, seq, prev, hash)
values ('acme', 'a:b', 'x', 'system', 'x', 4, ''::bytea, ''::bytea)
"""


def started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command)


def test_the_vectors_say_the_same_to_both() -> None:
    for vector in json.loads((HERE / "vectors.json").read_text()):
        row = vector["row"] | {
            name: datetime.fromisoformat(vector["row"][name]) for name in ("at", "added_at")
        }
        prev = bytes.fromhex(vector["prev"])
        columns = tuple(row[name] for name in ORDER if name != "seq")
        assert hash_of(prev, row).hex() == vector["hash"]
        assert digest(prev, row["seq"], columns).hex() == vector["hash"]


def test_no_two_rows_have_the_same_bytes() -> None:
    """A text that moves from one column to the next, or swallows a border, is another row."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    row: list[Any] = ["acme", 1, at, at, "a:b", "s", "key", "k", "", "", "", "", "{}"]
    seen = set()
    for place in range(5, 12):
        for text in ("", "x", "x\x1f", "\n", "\x00\x00\x00\x01x"):
            moved = list(row)
            moved[place] = row[place] + text
            seen.add(digest(START, 1, moved))

    assert len(seen) == 7 * 4 + 1


async def test_rows_are_linked_in_one_line_that_others_can_check(log: Log) -> None:
    await log.add(130)
    await log.add(3, OTHER)
    await log.link(head_rows=50)

    assert [row["seq"] for row in await log.rows()] == list(range(1, 131))
    assert await log.is_whole()
    assert await log.is_whole(OTHER)
    signed = [heads.stored(row) for row in await log.database.fetch("select * from audit_head")]
    assert {(one.tenant, one.seq) for one in signed} == {
        (OTHER, 3),
        *((TENANT, seq) for seq in (50, 100)),
    }
    assert all(log.trusted.vouches(one) for one in signed)


async def test_a_row_that_shows_up_late_is_linked_when_it_does(log: Log) -> None:
    """Its number was given out before that of rows that were committed earlier."""
    async with log.database.transaction() as slow:
        await slow.execute(
            "insert into audit_entry (tenant, action, subject, by_kind, by_id)"
            " values ('acme', 'key:issued', 'late', 'system', 'x')"
        )
        await log.add(5)
        await log.link()
    await log.add(1)
    await log.link()

    rows = await log.rows()
    assert [row["subject"] for row in rows][5] == "late"
    assert rows[5]["n"] < rows[0]["n"]
    assert await log.is_whole()


async def test_a_linked_row_stays_as_it_is_for_everybody(log: Log) -> None:
    await log.add(2)
    await log.link()
    await log.add(1)
    acts = (
        "update audit_entry set why = 'else'",
        "update audit_entry set seq = 9 where seq = 1",
        "update audit_entry set seq = null, prev = null, hash = null",
        "update audit_entry set seq = 3 where seq is null",
        "delete from audit_entry",
        "truncate audit_entry",
        "update audit_head set at = now()",
        "delete from audit_head",
        FORGED,
    )
    for act in acts:
        with pytest.raises(StoreUnavailableError, match="only ever added"):
            await log.database.execute(act)
        with pytest.raises(StoreUnavailableError, match=r"only ever added|permission denied"):
            await log.engine.execute(act)
    assert await log.database.fetchval("select count(*) from audit_entry where seq is null") == 1


async def test_whoever_lost_the_lease_links_nothing(log: Log) -> None:
    await log.add(3)
    await log.link()
    await log.add(1)

    with pytest.raises(LeaseLostError):
        await Linker(log.engine, log.signer).link(Lease("chain", "hub", "t/0", 0, 10), TENANT)
    assert len(await log.rows()) == 3


async def test_a_head_is_signed_after_a_minute_if_there_is_anything_new(log: Log) -> None:
    await log.add(1)
    await log.link()
    await log.add(1)
    await log.link()
    await log.link()
    count = "select count(*) from audit_head"
    assert await log.database.fetchval(count) == 1

    await log.link(head_seconds=0)
    await log.link(head_seconds=0)
    assert await log.database.fetchval(count) == 2
    first, second = [
        heads.stored(row)
        for row in await log.database.fetch("select * from audit_head order by seq")
    ]
    assert second.previous == first.digest.hex()


def test_a_head_that_was_altered_is_not_vouched_for() -> None:
    signer = heads.Signer(MASTER)
    head = signer.sign(
        heads.Head(tenant="acme", seq=7, hash="aa", at=datetime.now(UTC), previous="bb", key="")
    )
    trusted = heads.Trusted.of(signer)
    assert trusted.vouches(heads.decode(heads.encode(head)))
    for change in (
        {"seq": 8},
        {"hash": "ab"},
        {"tenant": "acm"},
        {"previous": ""},
        {"key": "0" * 16},
        {"at": head.at + timedelta(microseconds=1)},
        {"signature": head.signature[:-2] + "00"},
        {"signature": "no hex"},
    ):
        changed = msgspec.structs.replace(head, **change)
        assert not trusted.vouches(changed), change
    assert not heads.Trusted.of(heads.Signer(b"x" * 32)).vouches(head)


async def test_heads_are_told_to_the_topic_once_kafka_takes_them(told: Log) -> None:
    away, told.kafka = told.kafka, type(told.kafka)("127.0.0.1:1")
    await told.add(4)
    await told.link()
    told.kafka = away
    task = asyncio.create_task(told.chainer().run())
    await told.add(2, OTHER)
    await told.until(
        "select count(*) = 2 and bool_and(sent_seq = head_seq) from audit_chain where seq > 0"
    )
    task.cancel()
    await asyncio.wait([task])

    async with Peek(told.kafka) as peek:
        _, end = await peek.bounds(told.topic.name, 0)
        found = [
            heads.decode(r.value or b"") async for r in peek.records(told.topic.name, 0, 0, end)
        ]
    assert {(one.tenant, one.seq) for one in found} == {(TENANT, 4), (OTHER, 2)}
    assert all(told.trusted.vouches(one) for one in found)


async def told_of(log: Log) -> list[tuple[str, int]]:
    """The heads on the topic, in the order in which they were told."""
    async with Peek(log.kafka) as peek:
        _, end = await peek.bounds(log.topic.name, 0)
        reading = peek.records(log.topic.name, 0, 0, end)
        found = [heads.decode(record.value or b"") async for record in reading]
    return [(one.tenant, one.seq) for one in found]


async def turned(log: Log, part: int = 0, partitions: int = 1) -> None:
    """A turn of whoever keeps a partition."""
    chainer = log.chainer()
    chainer._partitions = partitions  # noqa: SLF001 - as it has counted them
    try:
        async with Leases(log.engine, "chain", 10).held("hub", f"t/{part}") as lease:
            assert lease is not None
            await chainer.turn(lease, part)
    finally:
        await chainer._outlet.stop()  # noqa: SLF001 - as `run` does


async def test_the_newest_head_of_a_quiet_chain_is_told_again_every_day(told: Log) -> None:
    for _ in range(2):
        await told.add(3)
        await told.link(head_rows=3)
    await turned(told)
    await turned(told)
    assert await told_of(told) == [(TENANT, 3), (TENANT, 6)]

    await told.database.execute("update audit_chain set sent_at = now() - interval '25 hours'")
    await turned(told)
    await turned(told)

    assert await told_of(told) == [(TENANT, 3), (TENANT, 6), (TENANT, 6)]


async def test_heads_that_nobody_takes_keep_none_of_another_partition_waiting(told: Log) -> None:
    """`acme` has so many untold that they alone would fill what is sent at once."""
    assert [partition_of(one, 5) for one in (TENANT, OTHER)] == [1, 0]
    await told.add(SEND_LIMIT + 1)
    await told.link(head_rows=1)
    await told.add(1, OTHER)
    await told.link(head_rows=1)

    await turned(told, part=0, partitions=5)

    assert await told_of(told) == [(OTHER, 1)]


async def test_the_age_of_what_is_not_linked_is_told_by_every_process(told: Log) -> None:
    await told.add(1)
    async with told.by_hand() as act:
        await act("update audit_entry set added_at = now() - interval '90 s'")
    chainer = told.chainer()

    await chainer._look()  # noqa: SLF001 - what its task does every five seconds

    age = told.metrics.registry.get_sample_value("hub_audit_unlinked_seconds")
    assert age is not None
    assert 90 <= age < 100


async def test_a_chain_into_which_somebody_put_rows_is_left_alone_and_told(told: Log) -> None:
    await told.add(3)
    await told.link()
    async with told.by_hand() as act:
        await act(FORGED)
    await told.add(1)
    await told.add(1, OTHER)
    chainer = told.chainer()
    task = asyncio.create_task(chainer.run())
    await told.until(
        "select exists (select 1 from audit_entry where tenant = 'globex' and seq = 1)"
    )
    await told.until("select true", lambda: bool(chainer.ready()[1]))
    task.cancel()
    await asyncio.wait([task])

    assert chainer.ready() == (False, ["the chain of acme cannot be linked"])
    assert told.metrics.registry.get_sample_value("hub_audit_failures_total") == 1


@pytest.mark.crash
async def test_writers_two_chainers_and_kills_leave_one_unbroken_chain(told: Log) -> None:
    """Many write at once and commit in any order; chainers are killed in the middle of their work."""
    chance = random.Random(6)  # noqa: S311 - a repeatable storm
    command = [sys.executable, "-m", "tests.audit.chain_process", told.dsn]
    command += [told.kafka.bootstrap, told.topic.name]
    running: list[subprocess.Popen[bytes]] = []
    ended = False

    async def write(seed: int) -> None:
        own = random.Random(seed)  # noqa: S311 - a repeatable storm
        while not ended:
            with contextlib.suppress(ZeroDivisionError):
                async with told.database.transaction() as tx:
                    await tx.execute(
                        "insert into audit_entry (tenant, action, subject, by_kind, by_id)"
                        " select $1, 'a:b', 'x', 'system', 'x' from generate_series(1, $2::int)",
                        own.choice((TENANT, OTHER)),
                        own.randint(1, 30),
                    )
                    await asyncio.sleep(own.random() * 0.05)
                    if own.random() < 0.1:
                        raise ZeroDivisionError

    async def storm() -> None:
        nonlocal ended
        for _ in range(6):
            running.extend(started(command) for _ in range(2 - len(running)))
            await asyncio.sleep(1.5 + chance.random())
            victim = running.pop(chance.randrange(len(running)))
            victim.kill()
            victim.wait()
        ended = True

    try:
        await asyncio.gather(storm(), *(write(seed) for seed in range(4)))
        running.append(started(command))
        await told.until("select not exists (select 1 from audit_entry where seq is null)")
    finally:
        for one in running:
            one.kill()
            one.wait()

    assert await told.is_whole()
    assert await told.is_whole(OTHER)
    assert len(await told.rows()) > 100
