"""The two logs in Postgres, and where the trail is behind them.

The number of a row is taken before its row is committed, so over a whole log a lower number may
show up late. Not within one partition: a batch takes its number in the statement that has locked
the partition's owner row, so the next one's number is taken after the last one is committed. Each
(topic, partition) is therefore followed by itself and nothing in it can appear behind the place
that was reached. Where a partition stands is read anew each time, never remembered.

The trail may be made again, the audit never: each keeps a place of its own in every partition, and
reading goes on from the one that is behind.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hub.adapters.postgres import Database, Queries
from hub.trail.rows import LANDING, LEDGER, Blob, Place, Row, landing_rows, ledger_rows

WINDOW = 2_000
"""Among so many of the newest numbers new rows are looked for; `at_work` and `walk` find all others."""
PAGE = 200
Spot = tuple[str, int]
START: Spot = ("", -1)
"""Before every topic and partition."""
CHUNK = 8
MAX_ROWS = 2_000
MAX_BYTES = 4 * 1024 * 1024

RECENT = """
select l.topic, l.part, extract(epoch from now() - min(l.at))::float8 as age
  from {log} l left join trail_progress p on p.log = '{log}' and p.topic = l.topic and p.part = l.part
 where l.n > (select max(n) from {log}) - $1::bigint and l.n > coalesce(least(p.n, p.audited), 0)
 group by l.topic, l.part order by min(l.n)
"""
# A file that is finished is not looked at for ever: what is new in it was among the newest numbers.
OWNED = {
    LEDGER: "select topic, part from partition_owner",
    LANDING: """select topic, part from landing_owner
      union all
     select 'file:' || tenant || '/' || source || '/' || left(digest, 12), 0 from file_progress
      where state = 'working' or changed_at > now() - interval '1 hour'""",
}
AT_WORK = """
select parts.topic, parts.part, news.age
  from ({owned}) parts left join trail_progress p
    on p.log = '{log}' and p.topic = parts.topic and p.part = parts.part, lateral (
    select extract(epoch from now() - l.at)::float8 as age from {log} l
     where l.topic = parts.topic and l.part = parts.part and l.n > coalesce(least(p.n, p.audited), 0)
     order by l.n limit 1) news
"""
WALK = """
with recursive parts as (
  (select topic, part, 1 as count from {log} where (topic, part) > ($1::text, $2::int)
    order by topic, part limit 1)
  union all
  select next.topic, next.part, parts.count + 1 from parts, lateral (
    select topic, part from {log} where (topic, part) > (parts.topic, parts.part)
     order by topic, part limit 1) next
   where parts.count < $3)
select parts.topic, parts.part, news.age
  from parts left join trail_progress p
    on p.log = '{log}' and p.topic = parts.topic and p.part = parts.part
  left join lateral (
    select extract(epoch from now() - l.at)::float8 as age from {log} l
     where l.topic = parts.topic and l.part = parts.part and l.n > coalesce(least(p.n, p.audited), 0)
     order by l.n limit 1) news on true
 order by parts.count
"""
READ = """
with stored as (select n, audited from trail_progress where log = '{log}' and topic = $1 and part = $2),
place as (
  select coalesce(min(least(n, audited)), 0) as n, coalesce(min(audited), 0) as audited from stored)
select place.n as was, place.audited, l.n, l.epoch, l.at,
       extract(epoch from now() - l.at)::float8 as age, {body} as body
  from place, {log} l
 where l.topic = $1 and l.part = $2 and l.n > place.n order by l.n limit $3
"""
BODY = {
    LANDING: "l.body",
    # What is no batch has nothing to show: a jump has no line, a skip is of no tenant.
    LEDGER: "case when l.kind = 'batch' then l.body else ''::bytea end",
}
ROWS: dict[str, Callable[[Blob], Iterator[Row]]] = {LANDING: landing_rows, LEDGER: ledger_rows}


@dataclass(frozen=True, slots=True)
class Step:
    """Some batches of one partition, in order, as rows."""

    was: int
    audited: int
    """How far the audit was: what comes after it is entered."""
    to: int
    rows: list[Row]
    age: float
    """Seconds since the oldest of them was written."""
    ended: bool
    """Whether nothing was left behind them."""


async def recent(queries: Queries | Database, log: str) -> dict[Place, float]:
    """The places with news among the newest rows, and the age of their oldest in seconds."""
    return _ages(log, await queries.fetch(RECENT.format(log=log), WINDOW))


async def at_work(queries: Queries | Database, log: str) -> dict[Place, float]:
    """The places with news among those that somebody owns, however old the news."""
    sql = AT_WORK.format(log=log, owned=OWNED[log])
    return _ages(log, await queries.fetch(sql))


async def walk(
    queries: Queries | Database, log: str, after: Spot, size: int = PAGE
) -> tuple[dict[Place, float], Spot | None]:
    """A page of all the places there ever were: those with news, and where the next page begins."""
    rows = await queries.fetch(WALK.format(log=log), *after, size)
    news = _ages(log, [row for row in rows if row["age"] is not None])
    ended = len(rows) < size
    return news, None if ended else (rows[-1]["topic"], rows[-1]["part"])


async def everywhere(queries: Queries | Database, log: str) -> dict[Place, float]:
    """All the places with news, page by page."""
    found: dict[Place, float] = {}
    after: Spot | None = START
    while after is not None:
        news, after = await walk(queries, log, after)
        found |= news
    return found


def _ages(log: str, rows: list[dict[str, object]]) -> dict[Place, float]:
    return {
        Place(log, str(row["topic"]), int(str(row["part"]))): float(str(row["age"])) for row in rows
    }


async def read(queries: Queries | Database, place: Place) -> Step | None:
    """What comes next at a place; None where nothing does."""
    sql = READ.format(log=place.log, body=BODY[place.log])
    found = await queries.fetch(sql, place.topic, place.part, CHUNK)
    rows: list[Row] = []
    taken = size = 0
    for row in found:
        if taken and (len(rows) >= MAX_ROWS or size >= MAX_BYTES):
            break
        blob = Blob(row["n"], place.topic, place.part, row["epoch"], row["at"], row["body"])
        rows += ROWS[place.log](blob)
        taken, size = taken + 1, size + len(blob.body)
    if not found:
        return None
    ended = taken == len(found) < CHUNK
    first = found[0]
    return Step(first["was"], first["audited"], found[taken - 1]["n"], rows, first["age"], ended)
