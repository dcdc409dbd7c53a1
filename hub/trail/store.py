"""The trail's table: rows and progress in one statement, which does nothing where somebody was quicker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.adapters.postgres import Database
from hub.sdk.failures import DataRefusedError
from hub.trail.rows import Row

# No row of trail_progress is ever deleted, so one that is missing is one that never was.
PUT = """
with moved as (
  insert into trail_progress as p (log, topic, part, n)
  select $1::text, $2::text, $3::int, $5::bigint
   where $4::bigint = 0
      or exists (select 1 from trail_progress where log = $1 and topic = $2 and part = $3)
  on conflict (log, topic, part) do update set n = excluded.n where p.n = $4
  returning 1),
put as (
  insert into trail (log, n, line, tenant, at, stage, status, correlation, source, event_id, home, reason, doc)
  select $1, (e ->> 0)::bigint, (e ->> 1)::int, e ->> 2, (e ->> 3)::timestamptz, e ->> 4, e ->> 5,
         e ->> 6, e ->> 7, e ->> 8, e ->> 9, e ->> 10, d::json
    from rows from (jsonb_array_elements($6::text::jsonb), unnest($7::text[])) as r(e, d)
   where exists (select 1 from moved)
  on conflict do nothing),
named as (
  insert into trail_name (log, n, line, tenant, value)
  select $1, (e ->> 0)::bigint, (e ->> 1)::int, e ->> 2, e ->> 3
    from jsonb_array_elements($8::text::jsonb) as e
   where exists (select 1 from moved)
  on conflict do nothing)
select count(*)::int from moved
"""
COLUMNS = Row._fields.index("doc")
NUL = "\\u0000"


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a log that is in order by itself."""

    log: str
    topic: str
    part: int


async def put(database: Database, place: Place, was: int, to: int, rows: Sequence[Row]) -> bool:
    """Write rows and move from `was` to `to`; False where the trail stood elsewhere.

    Raises:
        DataRefusedError: Postgres does not take the rows, however they are written.

    """
    try:
        return await _put(database, place, was, to, rows)
    except DataRefusedError:
        # What a stranger managed to get into the log must not keep the rest of it from being seen.
        return await _put(database, place, was, to, [_plain(row) for row in rows])


async def _put(database: Database, place: Place, was: int, to: int, rows: Sequence[Row]) -> bool:
    scalars = _scalars(rows)
    docs = [row.doc.decode() for row in rows]
    spot = (place.log, place.topic, place.part)
    moved = await database.fetchval(PUT, *spot, was, to, scalars, docs, _names(rows))
    return bool(moved)


def _scalars(rows: Sequence[Row]) -> str:
    return msgspec.json.encode([row[:COLUMNS] for row in rows]).decode()


def _names(rows: Sequence[Row]) -> str:
    named = [(row.n, row.line, row.tenant, name) for row in rows for name in row.names]
    return msgspec.json.encode(named).decode()


def _plain(row: Row) -> Row:
    """The same without what no column takes: NUL, and JSON that Postgres reads differently."""
    document = msgspec.json.decode(row.doc)
    whole = msgspec.json.encode(_without_nul(document))
    columns: dict[str, Any] = {n: _without_nul(value) for n, value in row._asdict().items()}
    return Row(**{**columns, "doc": whole})


def _without_nul(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {str(_without_nul(name)): _without_nul(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nul(inner) for inner in value]
    return value
