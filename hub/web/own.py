"""What one tenant sees of its own: rates by source, files on their way, the last events."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from hub.adapters.postgres import Queries, TenantDatabase
from hub.web.words import BADLY, SAID, WELL

BUCKET, BUCKETS = 5, 60
"""Rates are shown in buckets of 5 s, over the last 5 min."""
RECENT = 3
"""Buckets that are counted anew each time, for the trail may be a little late."""
WHOLE_SECONDS = 60.0
"""After so long all buckets are counted anew, for it may have been later than that."""
EVENTS = 14
FILES = 6

COUNT = """
select source, floor(extract(epoch from at) / $3)::bigint as bucket, status, count(*)::int as n
  from trail
 where tenant = $1 and at >= $2 and log = 'ledger' and stage <> 'placed'
 group by source, bucket, status
"""
# The documents are read for those few rows only that are shown.
NEWEST = """
with newest as materialized (
  select at, log, n, line from trail
   where tenant = $1 and (log = 'ledger' and stage <> 'placed' or log = 'door'
                          or log = 'landing' and status <> 'translated')
   order by at desc, n desc, line desc limit $2)
select t.log, t.n, t.line, t.at, t.stage, t.status, t.correlation, t.source, t.reason, t.doc::text as doc
  from newest join trail t using (log, n, line) where t.tenant = $1
 order by t.at desc, t.n desc, t.line desc
"""
WORKED = """
select source, digest, name, state, line, lines, records, reason, changed_at from file_progress
 where tenant = $1 and (state = 'working' or changed_at > now() - interval '15 min')
 order by state = 'working' desc, changed_at desc limit $2
"""


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the trail, as it is listed."""

    id: str
    at: datetime
    kind: str
    """The type of the event; what was refused or never became one has none."""
    source: str
    status: str
    reason: str
    said: Mapping[str, int]
    """How often the decision said what."""
    order: str
    serial: str
    branch: str
    correlation: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A source over the last minutes."""

    source: str
    counts: Sequence[int]
    """Events in each bucket, oldest first; the last one is still filling."""
    well: int
    refused: int
    badly: int

    @property
    def per_second(self) -> float:
        """Over the last whole minute."""
        minute = 60 // BUCKET
        return sum(self.counts[-minute - 1 : -1]) / 60


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A dropped file."""

    id: str
    name: str
    source: str
    state: str
    percent: int
    records: int
    reason: str


@dataclass(frozen=True, slots=True)
class Own:
    """A tenant's part of the board."""

    tenant: str
    rates: Sequence[Rate]
    files: Sequence[OnItsWay]
    events: Sequence[Happened]


@dataclass(slots=True)
class OwnReader:
    """Reads one tenant's part again and again; what is counted once is counted for good."""

    database: TenantDatabase
    tenant: str
    _counted: dict[int, Counter[tuple[str, str]]] = field(default_factory=dict)
    _whole_at: float = float("-inf")

    async def read(self) -> Own:
        """Read everything once.

        Raises:
            StoreUnavailableError: Postgres does not answer.

        """
        async with self.database.speaking_for(self.tenant) as queries:
            await self._count(queries)
            events = await queries.fetch(NEWEST, self.tenant, EVENTS)
            files = await queries.fetch(WORKED, self.tenant, FILES)
        return Own(
            tenant=self.tenant,
            rates=self._rates(),
            files=[_file(row) for row in files],
            events=[_happened(row) for row in events],
        )

    async def _count(self, queries: Queries) -> None:
        newest, now = int(time.time()) // BUCKET, time.monotonic()
        anew = now - self._whole_at > WHOLE_SECONDS
        first = newest - (BUCKETS if anew else RECENT) + 1
        since = datetime.fromtimestamp(first * BUCKET, UTC)
        found: dict[int, Counter[tuple[str, str]]] = {}
        for row in await queries.fetch(COUNT, self.tenant, since, BUCKET):
            found.setdefault(row["bucket"], Counter())[row["source"], row["status"]] = row["n"]
        if anew:
            self._whole_at = now
        kept = {at: old for at, old in self._counted.items() if newest - BUCKETS < at < first}
        self._counted = kept | found

    def _rates(self) -> list[Rate]:
        newest = int(time.time()) // BUCKET
        buckets = [self._counted.get(newest - back, Counter()) for back in range(BUCKETS)][::-1]
        total: Counter[tuple[str, str]] = Counter()
        for bucket in buckets:
            total.update(bucket)
        return [_rate(source, buckets, total) for source in sorted({name for name, _ in total})]


def _rate(
    source: str, buckets: Iterable[Counter[tuple[str, str]]], total: Counter[tuple[str, str]]
) -> Rate:
    def of(wanted: Iterable[str]) -> int:
        return sum(total[source, status] for status in wanted)

    counts = [sum(n for (name, _), n in one.items() if name == source) for one in buckets]
    stuck = {"retrying", "held", "given_up", *BADLY}
    return Rate(source, counts, of(WELL), of({"rejected"}), of(stuck))


def _file(row: Any) -> OnItsWay:
    percent = 100 if row["state"] == "done" else min(99, 100 * row["line"] // max(1, row["lines"]))
    return OnItsWay(
        id=row["digest"],
        name=row["name"],
        source=row["source"],
        state=row["state"],
        percent=percent,
        records=row["records"],
        reason=row["reason"],
    )


def _happened(row: Any) -> Happened:
    doc = orjson.loads(row["doc"])
    said = doc.get("said") or []
    facts = [one.get("data") for one in said] + [doc.get("body"), doc.get("payload")]
    return Happened(
        id=f"{row['log']}-{row['n']}-{row['line']}",
        at=row["at"],
        kind=doc.get("type") or "",
        source=row["source"],
        status=row["status"],
        reason=row["reason"] or doc.get("path") or "",
        said=Counter(str(one.get("type")) for one in said if one.get("type") in SAID),
        order=_first(facts, "order", "reference") or _first(facts, "reference"),
        serial=_first(facts, "serial"),
        branch=_first(facts, "branch"),
        correlation=row["correlation"],
    )


def _first(facts: Iterable[object], *path: str) -> str:
    """The first text found under a path, whatever the documents look like."""
    for fact in facts:
        found = fact
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, (str, int)) and found != "":
            return str(found)
    return ""
