"""Whatever somebody does to the log by hand, verifying names the first row that is not what was linked."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.adapters.kafka import Message, Outlet, Peek
from hub.audit import heads
from hub.audit.canonical import digest
from hub.audit.heads import Head, Signer
from hub.audit.tampering import NEAR, Linked, fault
from hub.audit.verifying import Verdict, told_heads, verify
from tests.audit.conftest import TENANT, Log

pytestmark = pytest.mark.servers
Act = Callable[..., Awaitable[str]]
COLUMNS = (
    "tenant, at, added_at, action, subject, by_kind, by_id, by_role, why, origin, correlation, doc"
)
INSERTED = f"""
insert into audit_entry ({COLUMNS}, seq, prev, hash)
select {COLUMNS}, seq, prev, hash from audit_entry where seq = $1
"""  # noqa: S608 - a test


async def looked(log: Log, **given: Any) -> Verdict:
    return await verify(log.engine, TENANT, log.trusted, **given)


@pytest.fixture
async def linked(log: Log) -> Log:
    """Forty rows, heads at every tenth."""
    await log.add(40)
    await log.link(head_rows=10)
    return log


async def change(act: Act) -> None:
    await act("update audit_entry set why = 'else' where seq = 17")


async def change_time(act: Act) -> None:
    await act("update audit_entry set at = at + interval '1 microsecond' where seq = 17")


async def change_role(act: Act) -> None:
    await act("update audit_entry set by_role = 'owner', by_id = 'usr_bob' where seq = 17")


async def change_hash(act: Act) -> None:
    await act("update audit_entry set hash = sha256(hash) where seq = 17")


async def delete(act: Act) -> None:
    await act("delete from audit_entry where seq = 17")


async def delete_and_close(act: Act) -> None:
    await act("delete from audit_entry where seq = 17")
    await renumber(act, 17, -1)


async def delete_first(act: Act) -> None:
    await act("delete from audit_entry where seq = 1")


async def swap(act: Act) -> None:
    """The rows change places and keep what they say of themselves."""
    await act("update audit_entry set seq = 1000017 where seq = 17")
    await act("update audit_entry set seq = 17 where seq = 23")
    await act("update audit_entry set seq = 23 where seq = 1000017")


async def swap_texts(act: Act) -> None:
    """What the rows tell changes places."""
    columns = COLUMNS.replace("tenant, ", "")
    await act("create temp table was on commit drop as select * from audit_entry")
    for here, there in ((17, 23), (23, 17)):
        sets = f"({columns}) = (select {columns} from was where seq = {there})"  # noqa: S608 - a test
        await act(f"update audit_entry set {sets} where seq = {here}")  # noqa: S608 - a test


async def swap_texts_and_numbers(act: Act) -> None:
    await act("create temp table was on commit drop as select * from audit_entry")
    await act("alter table audit_entry drop constraint audit_entry_pkey")
    await act("delete from audit_entry where seq in (17, 23)")
    await act(
        f"insert into audit_entry (n, {COLUMNS}, seq, prev, hash) overriding system value"  # noqa: S608 - a test
        f" select a.n, {', '.join('a.' + c for c in COLUMNS.split(', '))}, b.seq, b.prev, b.hash"
        " from was a join was b on a.seq + b.seq = 40 and a.seq in (17, 23)"
    )


async def insert(act: Act) -> None:
    await renumber(act, 17, 1)
    await act(INSERTED.replace("seq, prev, hash from", "17, prev, hash from"), 16)


async def insert_well_hashed(act: Act) -> None:
    """Whoever inserts it hashes it as we would, but for the rows behind it."""
    await renumber(act, 17, 1)
    await act(INSERTED.replace("seq, prev, hash from", "17, hash, hash from"), 16)
    rows = await rows_of(act)
    row = rows[16]
    hashed = digest(row["prev"], 17, tuple(row)[3:])
    await act("update audit_entry set hash = $1 where seq = 17", hashed)


async def truncate(act: Act) -> None:
    await act("delete from audit_entry where seq > 33")


async def truncate_and_hide(act: Act) -> None:
    await act("delete from audit_entry where seq > 33")
    await act(
        "update audit_chain set seq = 33, hash = (select hash from audit_entry where seq = 33)"
    )


async def append(act: Act) -> None:
    await act(INSERTED.replace("seq, prev, hash from", "41, hash, sha256(hash) from"), 40)


async def rewrite(act: Act) -> None:
    """From row 17 on everything is hashed anew, as if it had always been so."""
    await act("update audit_entry set why = 'else' where seq = 17")
    prev = b""
    for row in await rows_of(act):
        seq, before, hashed, *columns = row
        if seq >= 17:
            before, hashed = prev, digest(prev, seq, columns)
            await act(
                "update audit_entry set prev = $1, hash = $2 where seq = $3", before, hashed, seq
            )
        prev = hashed
    await act("update audit_chain set hash = $1", prev)


async def alter_head(act: Act) -> None:
    await act("update audit_head set seq = 19 where seq = 20")


async def insert_before_the_first(act: Act) -> None:
    await act(INSERTED.replace("seq, prev, hash from", "0, prev, hash from"), 17)


async def take_out_a_head(act: Act) -> None:
    await act("delete from audit_head where seq = 20")


async def take_out_all_heads(act: Act) -> None:
    await act("delete from audit_head")


async def end_signing(act: Act) -> None:
    """As if a head far ahead had been signed already."""
    await act("update audit_chain set head_seq = 1000000")


async def sign_after_another(act: Act) -> None:
    await act("update audit_chain set head_hash = sha256(head_hash)")


async def spoil_what_comes_next(act: Act) -> None:
    await act("update audit_chain set hash = sha256(hash)")


async def renumber(act: Act, first: int, by: int) -> None:
    await act("update audit_entry set seq = seq + 1000000 where seq >= $1", first)
    await act("update audit_entry set seq = seq - 1000000 + $1 where seq > 1000000", by)


async def rows_of(act: Act) -> list[Any]:
    connection = act.__self__  # type: ignore[attr-defined]
    found: list[Any] = await connection.fetch(
        f"select seq, prev, hash, tenant, n, {COLUMNS.replace('tenant, ', '')} from audit_entry order by seq"  # noqa: S608 - a test
    )
    return found


TAMPERED = [
    (change, "changed", 17),
    (change_time, "changed", 17),
    (change_role, "changed", 17),
    (change_hash, "changed", 17),
    (rewrite, "changed", 11),
    (delete, "deleted", 17),
    (delete_and_close, "deleted", 17),
    (delete_first, "deleted", 1),
    (swap, "reordered", 17),
    (swap_texts_and_numbers, "reordered", 17),
    (insert, "inserted", 17),
    (insert_well_hashed, "inserted", 17),
    (append, "inserted", 41),
    (truncate, "truncated", 34),
    (truncate_and_hide, "truncated", 34),
    (alter_head, "head", 19),
    (insert_before_the_first, "inserted", 0),
    (take_out_a_head, "head", 30),
    (take_out_all_heads, "head", 40),
    (end_signing, "head", 40),
    (sign_after_another, "head", 40),
    (spoil_what_comes_next, "changed", 40),
]


async def test_a_chain_that_nobody_touched_holds(linked: Log) -> None:
    await linked.add(2)

    verdict = await looked(linked)

    assert (verdict.holds, verdict.rows, verdict.heads, verdict.unlinked) == (True, 40, 4, 2)
    assert (verdict.found, verdict.notes) == (None, ())


@pytest.mark.parametrize(
    ("tamper", "kind", "seq"), TAMPERED, ids=lambda one: getattr(one, "__name__", "")
)
async def test_what_was_done_by_hand_is_found_and_named(
    linked: Log, tamper: Callable[[Act], Awaitable[None]], kind: str, seq: int
) -> None:
    async with linked.by_hand() as act:
        await tamper(act)

    verdict = await looked(linked)

    assert not verdict.holds
    assert verdict.found is not None
    assert (verdict.found.kind, verdict.found.seq) == (kind, seq), verdict.found.said
    assert "find out who may write to it" in verdict.found.do


async def test_what_is_linked_and_signed_meanwhile_is_no_fault(linked: Log) -> None:
    class Meanwhile:
        """Whoever is asked while the log goes on."""

        async def fetch(self, sql: str, *values: object) -> list[Any]:
            found = await linked.engine.fetch(sql, *values)
            await linked.add(10)
            await linked.link(head_rows=10)
            return list(found)

    verdict = await verify(Meanwhile(), TENANT, linked.trusted)

    assert verdict.holds, verdict.found
    assert verdict.last >= 40


async def test_texts_that_changed_places_are_a_change(linked: Log) -> None:
    async with linked.by_hand() as act:
        await swap_texts(act)

    found = (await looked(linked)).found

    assert found is not None
    assert (found.kind, found.seq) == ("changed", 17)


async def test_looks_from_the_head_before_a_time_or_from_a_row(linked: Log) -> None:
    (head,) = await linked.database.fetch("select * from audit_head where seq = 20")

    since = await looked(linked, since=head["at"])
    after = await looked(linked, after=25, most=10)

    assert (since.first, since.last, since.holds) == (21, 40, True)
    assert (after.first, after.last, after.ended, after.holds) == (26, 35, False, True)


async def test_a_head_of_a_key_that_is_not_known_is_said_and_decides_nothing(linked: Log) -> None:
    other = heads.Trusted.of(Signer(b"x" * 32))

    verdict = await verify(linked.engine, TENANT, other)

    assert verdict.holds
    assert len(verdict.notes) == 4
    assert "HUB_AUDIT_KEYS" in verdict.notes[0]
    both = heads.Trusted.of(Signer(b"x" * 32), [linked.signer.public])
    assert (await verify(linked.engine, TENANT, both)).notes == ()


async def test_what_was_taken_out_of_postgres_with_its_heads_is_found_by_those_on_kafka(
    told: Log,
) -> None:
    await told.add(40)
    task = asyncio.create_task(told.chainer(head_rows=10).run())
    await told.until("select exists (select 1 from audit_chain where sent_seq = 40)")
    task.cancel()
    await asyncio.wait([task])
    outlet = Outlet(told.kafka)
    forged = Head(
        tenant=TENANT,
        seq=99,
        hash="aa",
        at=(await told.rows())[0]["at"],
        previous="",
        key=told.signer.key,
    )
    await outlet.send(
        told.topic.name, 0, [Message(None, heads.encode(forged), []), Message(None, b"{}", [])]
    )
    await outlet.stop()

    async with Peek(told.kafka) as peek:
        known = [one async for one in told_heads(peek, told.topic.name, 1)]
    whole = await looked(told, told=known)
    async with told.by_hand() as act:
        await truncate_and_hide(act)
        await act("delete from audit_head where seq > 33")
        (last,) = await told.database.fetch("select * from audit_head where seq = 30")
        head = heads.stored(last)
        await act("update audit_chain set head_seq = $1, head_hash = $2", head.seq, head.digest)
    blind, seeing = await looked(told), await looked(told, told=known)

    assert (whole.holds, whole.heads) == (True, 4)
    assert blind.holds
    assert seeing.found is not None
    assert (seeing.found.kind, seeing.found.seq) == ("truncated", 34)


def chain(count: int) -> list[Linked]:
    """Rows as they were linked, from place 1 on."""
    rows, prev = [], bytes(32)
    for seq in range(1, count + 1):
        columns = ("acme", seq + 100, *(AT, AT), *(f"{seq}",) * 9)
        hashed = digest(prev, seq, columns)
        rows.append(Linked(seq, prev, hashed, columns))
        prev = hashed
    return rows


AT = datetime(2026, 1, 1, tzinfo=UTC)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_first_row_that_was_touched_is_named_wherever_it_stands(data: st.DataObject) -> None:
    count = data.draw(st.integers(6, 30))
    rows = chain(count)
    at = data.draw(st.integers(0, count - 4))
    kind = data.draw(st.sampled_from(("changed", "deleted", "reordered", "inserted")))
    if kind == "changed":
        rows[at] = rows[at]._replace(columns=(*rows[at].columns[:-1], "else"))
    elif kind == "deleted":
        gone = data.draw(st.integers(1, 3))
        del rows[at : at + gone]
        if data.draw(st.booleans()):
            rows = [row._replace(seq=place) for place, row in enumerate(rows, 1)]
    elif kind == "reordered":
        there = data.draw(st.integers(at + 1, count - 1))
        here, other = rows[at], rows[there]
        rows[at], rows[there] = other._replace(seq=here.seq), here._replace(seq=other.seq)
    else:
        new = rows[data.draw(st.integers(0, count - 1))]._replace(hash=b"x" * 32)
        rows.insert(at, new)
        rows = [row._replace(seq=place) for place, row in enumerate(rows, 1)]

    prev, before = bytes(32), {0: bytes(32)}
    for place, row in enumerate(rows, 1):
        if row.seq != place or row.prev != prev or not row.fits(place):
            found = fault(place, prev, rows[place - 1 : place - 1 + NEAR], before)
            assert (found.kind, found.seq) == (kind, at + 1), found.said
            return
        prev = before[place] = row.hash
    raise AssertionError("nothing was found")
