"""What is shown and what is audited: rows, entries, progress and when each source was last heard of.

All of it in one statement, which does nothing where somebody was quicker.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.adapters.postgres import Database
from hub.sdk.failures import DataRefusedError
from hub.trail.acts import Act
from hub.trail.entered import entered
from hub.trail.rows import DOOR, Place, Row

# Nothing has happened that is still to come, nor in a year that Postgres keeps and Python cannot read, whatever a
# record claims: a chain could not be linked past such a row.
# No row of trail_progress is ever deleted, so one that is missing is one that never was.
PUT = """
with moved as (
  insert into trail_progress as p (log, topic, part, n, audited)
  select $1::text, $2::text, $3::int, $5::bigint, $5::bigint
   where $4::bigint = 0
      or exists (select 1 from trail_progress where log = $1 and topic = $2 and part = $3)
  on conflict (log, topic, part) do update
     -- A topic that began anew takes its place back with it; a log never does.
     set n = case p.log when 'door' then excluded.n else greatest(p.n, excluded.n) end,
         audited = case p.log when 'door' then excluded.n else greatest(p.audited, excluded.n) end
   where case p.log when 'door' then p.n = $4 else least(p.n, p.audited) = $4 and p.audited = $9::bigint end
  returning 1),
put as (
  insert into trail (log, n, line, tenant, at, stage, status, correlation, source, event_id, home, reason, doc)
  select $1, (e ->> 0)::bigint, (e ->> 1)::int, e ->> 2,
         least(greatest((e ->> 3)::timestamptz, '1970-01-01Z'), clock_timestamp()), e ->> 4, e ->> 5,
         e ->> 6, e ->> 7, e ->> 8, e ->> 9, e ->> 10, d::json
    from rows from (jsonb_array_elements($6::text::jsonb), unnest($7::text[])) as r(e, d)
   where exists (select 1 from moved)
  on conflict do nothing),
named as (
  insert into trail_name (log, n, line, tenant, value)
  select $1, (e ->> 0)::bigint, (e ->> 1)::int, e ->> 2, e ->> 3
    from jsonb_array_elements($8::text::jsonb) as e
   where exists (select 1 from moved)
  on conflict do nothing),
heard as (
  insert into source_heard as h (tenant, source, at)
  select s.tenant, s.name, least(max((e ->> 3)::timestamptz), clock_timestamp())
    from jsonb_array_elements($6::text::jsonb) as e join source s on s.tenant = e ->> 2 and s.name = e ->> 7
   where $1 = 'landing' and exists (select 1 from moved)
   group by s.tenant, s.name order by s.tenant, s.name
  on conflict (tenant, source) do update set at = excluded.at where h.at < excluded.at - interval '5 s'),
entered as (
  insert into audit_entry (tenant, at, action, subject, by_kind, by_id, why, origin, correlation, by_role, doc)
  select e ->> 0, least(greatest((e ->> 1)::timestamptz, '1970-01-01Z'), clock_timestamp()), e ->> 2, e ->> 3,
         -- A correlation is whatever a publisher says; the row of a request is written by a door that knew the key.
         case when starts_with(e ->> 8, 'req_') and exists (
           select 1 from request r
            where r.id = e ->> 8 and r.tenant = e ->> 0 and r.event_id = e ->> 9
              and starts_with(r.scope, 'api/' || (e ->> 5) || '/'))
         then 'key' else e ->> 4 end,
         e ->> 5, e ->> 6, e ->> 7, e ->> 8, e ->> 10, d::json
    from rows from (jsonb_array_elements($10::text::jsonb), unnest($11::text[])) as r(e, d)
   where exists (select 1 from moved))
select count(*)::int from moved
"""
COLUMNS = Row._fields.index("doc")
NUL = "\\u0000"


async def put(  # noqa: PLR0913 - from where to where, and what lies between
    database: Database,
    place: Place,
    was: int,
    to: int,
    rows: Sequence[Row],
    *,
    audited: int = 0,
) -> bool:
    """Write rows and move from `was` to `to`; False where trail or audit stood elsewhere.

    What stands behind `audited` is an entry of the audit; the rest became one before.

    Raises:
        DataRefusedError: Postgres does not take the rows, however they are written.

    """
    try:
        return await _put(database, place, was, to, rows, audited=audited)
    except DataRefusedError:
        # What a stranger managed to get into the log must not keep the rest of it from being seen.
        return await _put(database, place, was, to, [_plain(row) for row in rows], audited=audited)


async def _put(  # noqa: PLR0913 - as above
    database: Database,
    place: Place,
    was: int,
    to: int,
    rows: Sequence[Row],
    *,
    audited: int,
) -> bool:
    scalars = _scalars(rows)
    docs = [row.doc.decode() for row in rows]
    spot = (place.log, place.topic, place.part)
    news = rows if place.log == DOOR else [row for row in rows if row.n > audited]
    entries = msgspec.json.encode([entered(place, row) for row in news]).decode()
    kept = [row.kept.decode() for row in news]
    moved = await database.fetchval(
        PUT, *spot, was, to, scalars, docs, _names(rows), audited, entries, kept
    )
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
    kept = msgspec.json.encode(_without_nul(msgspec.json.decode(row.kept)))
    columns: dict[str, Any] = {n: _without_nul(value) for n, value in row._asdict().items()}
    act = row.act and Act(*(value.replace("\x00", "\ufffd") for value in row.act))
    return Row(**{**columns, "doc": whole, "kept": kept, "act": act})


def _without_nul(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {str(_without_nul(name)): _without_nul(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nul(inner) for inner in value]
    return value
