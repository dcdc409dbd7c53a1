"""How endpoints stand: what waits for each, what is dead, when anything last went well there and when not."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.adapters.postgres import Queries

MOST_COUNTED = 10_000
"""Of each endpoint; there may be more."""
LOOKED_AT = 100
"""Deliveries in each state among which the last attempts are looked for: the newest of those that are over, and the
first of those that are not, for those are tried first."""

STAND = f"""
with asked as (select id from unnest($2::text[]) as a(id)),
tried as materialized (
  select k.id, d.seq, d.state, d.ended_at from asked k cross join (values ('delivered'), ('dead'), ('skipped')) s(state)
   cross join lateral (select seq, state, ended_at from delivery d where d.tenant = $1 and d.endpoint = k.id
      and d.state = s.state order by d.seq desc limit {LOOKED_AT}) d
  union all
  select k.id, d.seq, d.state, null from asked k cross join (values ('waiting'), ('sending')) s(state)
   cross join lateral (select seq, state from delivery d where d.tenant = $1 and d.endpoint = k.id
      and d.state = s.state order by d.seq limit {LOOKED_AT}) d)
select k.id as endpoint, o.due, o.later, o.next_at, x.dead, w.well_at, f.delivery as failed, f.began_at as failed_at,
       f.status, f.outcome, f.explained
  from asked k
  cross join lateral (
    select count(*) filter (where state = 'sending' or due_at <= clock_timestamp()) as due,
           count(*) filter (where state = 'waiting' and due_at > clock_timestamp()) as later,
           min(due_at) filter (where state = 'waiting') as next_at
      from (select state, due_at from delivery d where d.tenant = $1 and d.endpoint = k.id
               and d.state in ('waiting', 'sending') order by d.due_at limit {MOST_COUNTED}) y) o
  cross join lateral (
    select count(*) as dead from (select from delivery d where d.tenant = $1 and d.endpoint = k.id
       and d.state = 'dead' limit {MOST_COUNTED}) z) x
  cross join lateral (
    select max(t.ended_at) as well_at from tried t where t.id = k.id and t.state = 'delivered') w
  left join lateral (
    select a.* from tried t join delivery_attempt a on a.delivery = t.seq and a.state in ('failed', 'unknown')
     where t.id = k.id order by a.began_at desc limit 1) f on true
"""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The last attempt that went badly."""

    delivery: int
    at: datetime
    status: int | None
    outcome: str
    explained: str


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """How one endpoint stands."""

    due: int = 0
    """Would be sent now, or is being sent."""
    later: int = 0
    """Waits for its next attempt."""
    next_at: datetime | None = None
    dead: int = 0
    well_at: datetime | None = None
    """When something last arrived."""
    failed: Failed | None = None

    @property
    def waits(self) -> int:
        """Everything that is still to arrive."""
        return self.due + self.later


async def overviews(queries: Queries, tenant: str, endpoints: Sequence[str]) -> dict[str, Overview]:
    """How these stand, by id."""
    rows = await queries.fetch(STAND, tenant, list(endpoints))
    return {row["endpoint"]: _overview(dict(row)) for row in rows}


def _overview(row: dict[str, object]) -> Overview:
    names = ("due", "later", "next_at", "dead", "well_at")
    failed = None
    if row["failed"] is not None:
        said = {name: row[name] for name in ("status", "outcome", "explained")}
        failed = msgspec.convert(
            {"delivery": row["failed"], "at": row["failed_at"], **said}, Failed
        )
    return msgspec.convert({"failed": failed, **{name: row[name] for name in names}}, Overview)
