"""Verifying: every row of a tenant's chain is what was linked, in its place, up to the last signed head.

Each row is hashed anew and compared with what it says and with the row before it. Heads hold against
somebody who hashes a whole tail anew, or cuts it off: those in Postgres and those that the audit topic
still has are looked at alike. A head whose record Kafka's retention has removed is vouched for by its
signature alone; the newest is told again every day, so at no time is the length of a chain unknown.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from hub.adapters.kafka import Peek
from hub.audit import heads
from hub.audit.canonical import FIELDS, START, digest
from hub.audit.heads import Head, Trusted
from hub.audit.tampering import NEAR, Fault, Kind, Linked, fault

PAGE = 2_000
MAX_NOTES = 20
STANDS = """
select coalesce(c.seq, 0) as seq, coalesce(c.hash, $2) as hash,
       (select min(e.seq) from audit_entry e where e.tenant = $1 and e.seq < 1) as below,
       coalesce((select max(e.seq) from audit_entry e where e.tenant = $1 and e.seq is not null), 0) as last,
       (select count(*) from (select 1 from audit_entry e where e.tenant = $1 and e.seq is null limit 100000) x)
         as unlinked
  from (select 1) one left join audit_chain c on c.tenant = $1
"""
NEWEST = """
select c.head_seq, c.head_hash, h.* from audit_chain c
  left join lateral (select * from audit_head where tenant = c.tenant order by seq desc limit 1) h on true
 where c.tenant = $1
"""
HEADS = "select * from audit_head where tenant = $1 and seq >= $2 order by seq"
START_AT = "select * from audit_head where tenant = $1 and at <= $2 order by seq desc limit 1"
ROWS = f"""
select seq, prev, hash, {FIELDS} from audit_entry
 where tenant = $1 and seq is not null and seq > $2 order by seq limit $3
"""  # noqa: S608 - columns of ours
TENANTS = "select tenant from audit_chain union select id from tenant union select 'hub' order by 1"
DO = {
    "changed": "compare the row with a backup, and with the log or topic that it tells of",
    "deleted": "bring the missing rows back from a backup",
    "reordered": "bring the order back from a backup",
    "inserted": "take the row as written by nobody of ours",
    "truncated": "bring the end of the chain back from a backup",
    "head": "compare heads with those of the audit topic and of a backup",
}
KEEP = "keep the database as it is, and find out who may write to it"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that is wrong."""

    kind: Kind
    seq: int
    n: int | None
    said: str
    do: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a tenant's chain holds."""

    tenant: str
    holds: bool
    first: int
    """The first place that was looked at."""
    last: int
    rows: int
    heads: int
    """Signed heads that were compared, of Postgres and of Kafka."""
    unlinked: int
    """Rows that are not linked yet, 100,000 at most: nothing is known of them."""
    ended: bool = True
    """Whether the chain was looked at to its end."""
    found: Found | None = None
    notes: tuple[str, ...] = ()


class Reading(Protocol):
    """Whoever can be asked for rows."""

    async def fetch(self, sql: str, *values: object) -> list[Any]: ...


async def tenants(database: Reading, told: Iterable[Head] = ()) -> list[str]:
    """All who have, had or should have a chain."""
    rows = await database.fetch(TENANTS)
    return sorted({row["tenant"] for row in rows} | {one.tenant for one in told})


async def told_heads(peek: Peek, topic: str, partitions: int) -> AsyncIterator[Head]:
    """The heads that the audit topic still has, whoever wrote them."""
    for part in range(partitions):
        first, end = await peek.bounds(topic, part)
        async for record in peek.records(topic, part, first, end):
            value = record.value or b""
            if heads.is_head(value):
                yield heads.decode(value)


async def verify(  # noqa: PLR0913 - what, from where, how much, and who is believed
    database: Reading,
    tenant: str,
    trusted: Trusted,
    *,
    told: Sequence[Head] = (),
    since: datetime | None = None,
    after: int = 0,
    most: int | None = None,
) -> Verdict:
    """Look at a chain from the last head before `since`, or from row `after`, at `most` so many rows."""
    start = await _start(database, tenant, trusted, since, after)
    # Heads first: one that is signed meanwhile must not speak of rows that were not there yet.
    kept = await database.fetch(HEADS, tenant, 1 if isinstance(start, Found) else max(start[0], 1))
    (stands,) = await database.fetch(STANDS, tenant, START)
    if isinstance(start, Found):
        return _wrong(tenant, stands, after + 1, start)
    walk = _Walk(database, tenant, start[0], start[1])
    # Anybody may be able to write to a topic: what no key of ours has signed says nothing.
    ours = [o for o in told if o.tenant == tenant and o.seq >= walk.seq and trusted.vouches(o)]
    marks, wrong = _marks([heads.stored(row) for row in kept], ours, trusted, stands["last"])
    known = max(stands["seq"], max(marks.hashes, default=0))
    whole = min(stands["last"], known)
    end = whole if most is None else min(whole, walk.seq + most)
    found = wrong or _below(stands) or await walk.run(end, marks.hashes)
    ended = end == whole
    if found is None and ended:
        found = _length(walk.seq, known, stands) or _goes_on(walk, stands)
    found = found or _newest(await database.fetch(NEWEST, tenant))
    return Verdict(
        tenant=tenant,
        holds=found is None,
        first=start[0] + 1,
        last=walk.seq,
        rows=walk.seq - start[0],
        heads=len(marks.hashes),
        unlinked=stands["unlinked"],
        ended=ended,
        found=found,
        notes=tuple(marks.notes[:MAX_NOTES]),
    )


class _Marks(msgspec.Struct):
    """Hashes that signed heads vouch for, by place."""

    hashes: dict[int, str]
    notes: list[str]


async def _start(
    database: Reading, tenant: str, trusted: Trusted, since: datetime | None, after: int
) -> tuple[int, bytes] | Found:
    if since is not None:
        for row in await database.fetch(START_AT, tenant, since):
            head = heads.stored(row)
            if trusted.vouches(head):
                return head.seq, bytes.fromhex(head.hash)
    elif after:
        for row in await database.fetch(ROWS, tenant, after - 1, 1):
            if row["seq"] == after:
                return after, row["hash"]
        return _found(Fault("deleted", after, None, f"row {after} is missing"))
    return 0, START


def _marks(
    kept: Sequence[Head], told: Sequence[Head], trusted: Trusted, last: int
) -> tuple[_Marks, Found | None]:
    """The hashes that heads of Postgres and of the topic vouch for, and what is wrong with the heads."""
    marks = _Marks({}, [])
    before: Head | None = None
    for head in kept:
        if not trusted.knows(head):
            said = f"the head at {head.seq} names key {head.key}, which is not in HUB_AUDIT_KEYS"
            marks.notes.append(said)
        elif not trusted.vouches(head):
            return marks, _head(head.seq, "in Postgres is not what was signed")
        else:
            marks.hashes[head.seq] = head.hash
        if before is not None and head.previous != before.digest.hex():
            return marks, _head(head.seq, f"followed another than the one at {before.seq}")
        before = head
    stand = {head.seq for head in kept}
    for head in told:
        if marks.hashes.setdefault(head.seq, head.hash) != head.hash:
            return marks, _head(head.seq, "was signed twice, and differs; was Postgres set back?")
        if head.seq <= last and head.seq not in stand:
            return marks, _head(head.seq, "stands on the audit topic and is gone from Postgres")
    return marks, None


def _head(seq: int, said: str) -> Found:
    return _found(Fault("head", seq, None, f"the head at {seq} {said}"))


class _Walk:
    """Goes along a chain."""

    def __init__(self, database: Reading, tenant: str, seq: int, prev: bytes) -> None:
        self._database, self._tenant = database, tenant
        self.seq, self.prev = seq, prev
        self._before: dict[int, bytes] = {seq: prev}
        self._vouched = seq

    async def run(self, end: int, marks: Mapping[int, str]) -> Found | None:
        """Up to `end`; what is wrong, where something is."""
        while self.seq < end:
            rows = await self._database.fetch(
                ROWS, self._tenant, self.seq, min(PAGE, end - self.seq)
            )
            if not rows:
                return None
            for row in rows:
                seq, prev, hashed, *columns = row
                if seq != self.seq + 1 or prev != self.prev:
                    return await self._fault()
                if hashed != digest(prev, seq, columns):
                    return await self._fault()
                mark = marks.get(seq)
                if mark is not None and mark != hashed.hex():
                    return self._rewritten(seq)
                if mark is not None:
                    self._vouched = seq
                self.seq, self.prev = seq, hashed
                self._before[seq] = hashed
                self._before.pop(seq - NEAR, None)
        return None

    def _rewritten(self, seq: int) -> Found:
        said = (
            f"the rows after {self._vouched} and up to {seq} were altered and hashed anew: "
            f"the head that was signed at {seq} names another hash"
        )
        return _found(Fault("changed", self._vouched + 1, None, said))

    async def _fault(self) -> Found:
        rows = await self._database.fetch(ROWS, self._tenant, self.seq, NEAR)
        linked = [Linked(row["seq"], row["prev"], row["hash"], tuple(row)[3:]) for row in rows]
        return _found(fault(self.seq + 1, self.prev, linked, self._before))


def _length(walked: int, known: int, stands: Any) -> Found | None:
    """Whether the chain ends where it should."""
    if walked < known:
        who = "rows were linked" if stands["seq"] == known else "a head was signed"
        said = f"the chain ends at {walked}, and {who} up to {known}"
        return _found(Fault("truncated", walked + 1, None, said))
    if stands["last"] > known:
        said = f"rows stand after {known}, where our chain ends"
        return _found(Fault("inserted", known + 1, None, said))
    return None


def _below(stands: Any) -> Found | None:
    """Whether something stands before the first place, where no chain ever has a row."""
    if stands["below"] is None:
        return None
    said = f"a row stands at {stands['below']}, and a chain begins at 1"
    return _found(Fault("inserted", stands["below"], None, said))


def _goes_on(walk: "_Walk", stands: Any) -> Found | None:
    """Whether whatever is linked next will fit the last row."""
    if walk.seq != stands["seq"] or walk.prev == stands["hash"]:
        return None
    said = f"the chain would go on after another row than the one that stands at {walk.seq}"
    return _found(Fault("changed", walk.seq, None, said))


def _newest(rows: Sequence[Any]) -> Found | None:
    """Whether the chain knows its newest head: or none would be signed any more, or after another."""
    for row in rows:
        known, stood = row["head_seq"], heads.stored(row) if row["seq"] is not None else None
        if stood is None and known:
            return _head(known, "is gone, and the chain was signed up to there")
        if stood is not None and (known, row["head_hash"]) != (stood.seq, stood.digest):
            return _head(stood.seq, f"is the newest, and the chain says it is another, at {known}")
    return None


def _found(told: Fault) -> Found:
    do = f"{KEEP}; {DO[told.kind]}"
    return Found(kind=told.kind, seq=told.seq, n=told.n, said=told.said, do=do)


def _wrong(tenant: str, stands: Any, first: int, found: Found) -> Verdict:
    return Verdict(
        tenant=tenant,
        holds=False,
        first=first,
        last=first - 1,
        rows=0,
        heads=0,
        unlinked=stands["unlinked"],
        found=found,
    )
