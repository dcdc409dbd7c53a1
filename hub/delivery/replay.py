"""Deliveries made again, under the ids they had: counted first, then marked a piece at a time.

What is to be replayed stands in a row. Whoever delivers marks the next piece once the one before is nearly
gone, so that what happens now waits for a second of them at most, and no crash loses the place.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from hub.access.principals import Principal
from hub.adapters.postgres import Database, Queries
from hub.audit.entries import Entry, record
from hub.delivery.endpoints import KeyReusedError
from hub.domain.errors import HubError
from schemas.refs import derived_id

PIECE = 500
"""Marked at once, at most."""
AHEAD = 250
"""So many may be due at an endpoint before no more are marked for it; no more than it takes in a second."""
MOST_IDS = 1_000
Settled = Literal["dead", "delivered", "skipped"]

CHOSEN = """
d.tenant = $1 and {state} and d.seq <= $3 and {at}
 and ($5::bigint[] is null or d.seq = any($5)) and ($6::timestamptz is null or d.made_at >= $6)
 and ($7::timestamptz is null or d.made_at < $7) and ($8::text is null or d.subject = $8)
 and ($9::text is null or exists (select from status_event s
      where s.tenant = d.tenant and s.id = d.event and s.type = $9))
 and exists (select from endpoint e where e.id = d.endpoint and e.state <> 'deleted')
"""
ANYWHERE = {
    "state": "d.state = any($2::text[])",
    "at": "($4::text is null or d.endpoint = $4)",
}
THERE = {"state": "d.state = wanted.state", "at": "d.endpoint = $4"}
"""State by state, as an index has them: what was delivered is not read to find the few that are dead."""
COUNT = f"""
select d.endpoint, count(*) as count, min(d.made_at) as oldest, max(d.made_at) as newest
  from delivery d where {CHOSEN.format(**ANYWHERE)} group by d.endpoint order by d.endpoint
"""
BEGIN = """
insert into delivery_replay (tenant, chosen, why, by, upto, rate, wish)
select $1, $2::text::json, $3, $4, coalesce(max(seq), 0), $5, $6 from delivery where tenant = $1 returning id
"""
WISHED = """
select id, chosen::text = $3 and why = $4 and rate is not distinct from $5 as is_same
  from delivery_replay where tenant = $1 and wish = $2
"""
PLACES = """
insert into delivery_replay_place (replay, endpoint, tenant, found)
select $1, endpoint, $2, found from unnest($3::text[], $4::bigint[]) as p(endpoint, found)
"""
LIST = """
select r.id, r.chosen, r.why, r.by, r.asked_at, r.rate, coalesce(sum(p.found), 0)::bigint as found,
       coalesce(sum(p.marked), 0)::bigint as marked,
       case when bool_or(p.state = 'marking') then 'marking' when bool_or(p.state = 'stopped') then 'stopped'
            else 'marked' end as state
  from delivery_replay r left join delivery_replay_place p on p.replay = r.id
 where r.tenant = $1 and ($2::bigint is null or r.id = $2) and ($3::bigint is null or r.id < $3)
 group by r.id order by r.id desc limit $4
"""
LOCK = "select pg_advisory_xact_lock(hashtextextended('delivery_replay/' || $1, 0))"
SAME = """
select id from delivery_replay
 where tenant = $1 and id > $2 and by = $3 and why = $4 and rate is not distinct from $5
   and chosen::jsonb = $6::text::jsonb order by id limit 1
"""
AT = """
select endpoint, found, marked, state from delivery_replay_place
 where tenant = $1 and replay = $2 order by endpoint
"""
STOP = """
update delivery_replay_place set state = 'stopped' where tenant = $1 and replay = $2 and state = 'marking'
"""
# The place that has waited longest, of an endpoint where what was marked before is nearly gone.
NEXT = """
select p.replay, p.endpoint, p.after, r.tenant, r.chosen, r.upto, r.rate, e.rate as pace,
       extract(epoch from clock_timestamp() - p.last_at)::float8 as since
  from delivery_replay_place p join delivery_replay r on r.id = p.replay join endpoint e on e.id = p.endpoint
 where p.state = 'marking'
   and (r.rate is null or r.rate * extract(epoch from clock_timestamp() - p.last_at) >= 1)
   and (select count(*) from (select from delivery d where d.endpoint = p.endpoint
          and d.state in ('waiting', 'sending') and d.due_at <= statement_timestamp() limit $1) due)
         < least($1, greatest(1, e.rate))
 order by p.last_at limit 1 for update of p skip locked
"""
MARK = f"""
with chosen as (
  select d.seq from unnest($2::text[]) wanted (state) cross join lateral (
    select d.seq from delivery d where {CHOSEN.format(**THERE)} and d.seq > $10
     order by d.seq limit $11 for update) d
   order by d.seq limit $11),
marked as (
  update delivery d set state = 'waiting', due_at = clock_timestamp(), tries = 0, ended_at = null, replay = $12
    from chosen c where d.seq = c.seq)
select count(*) as count, max(seq) as last from chosen
"""
STEP = """
update delivery_replay_place
   set after = greatest(after, $3), marked = marked + $4, last_at = clock_timestamp(),
       state = case when $5 then 'marked' else state end where replay = $1 and endpoint = $2
"""


class ReplayGoneError(HubError):
    """There is no such replay."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which deliveries; all of it has to fit. Those that are still on their way never do."""

    states: list[Settled] = msgspec.field(default_factory=lambda: ["dead"])
    endpoint: str | None = None
    deliveries: list[int] | None = None
    type: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def values(self, tenant: str, upto: int) -> list[Any]:
        """As the statements want them."""
        upto = min(upto, max(self.deliveries or [upto]))
        chosen = (self.endpoint, self.deliveries, self.since, self.until, self.subject, self.type)
        return [tenant, list(self.states), upto, *chosen]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to have deliveries made again."""

    chosen: Chosen
    why: str
    rate: float | None = None
    """A second and endpoint, where slower than the endpoint's own."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What would be made again at one endpoint."""

    endpoint: str
    count: int
    oldest: datetime
    newest: datetime


class DeliveryReplay(msgspec.Struct, frozen=True, kw_only=True):
    """A replay, and how far it is."""

    id: int
    chosen: Chosen
    why: str
    by: str
    asked_at: datetime
    rate: float | None
    """A second, at each endpoint."""
    found: int
    """So many there were when it was asked for."""
    marked: int
    """So many are due again, or were since."""
    state: Literal["marking", "marked", "stopped"]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """How far a replay is at one endpoint."""

    endpoint: str
    found: int
    marked: int
    state: Literal["marking", "marked", "stopped"]


LAST = 2**62


async def count(queries: Queries, tenant: str, chosen: Chosen) -> list[Counted]:
    """Say what would be made again, and change nothing."""
    rows = await queries.fetch(COUNT, *chosen.values(tenant, LAST))
    return [Counted(**dict(row)) for row in rows]


async def begin(
    queries: Queries, caller: Principal, tenant: str, asked: Asked, key: str = ""
) -> DeliveryReplay:
    """Have them made again, no faster than their endpoints' rates. The same by the same key begins once.

    Raises:
        KeyReusedError: the key came before with another wish.

    """
    said = msgspec.json.encode(asked.chosen).decode()
    wish = derived_id("wish", caller.id, key) if key else None
    if wish:
        await queries.fetch(LOCK, tenant)
        for row in await queries.fetch(WISHED, tenant, wish, said, asked.why, asked.rate):
            if not row["is_same"]:
                raise KeyReusedError("this key has begun another replay; use a new key")
            return await find(queries, tenant, int(row["id"]))
    found = await count(queries, tenant, asked.chosen)
    rows = await queries.fetch(BEGIN, tenant, said, asked.why, caller.signature, asked.rate, wish)
    number = int(rows[0]["id"])
    endpoints, counts = [one.endpoint for one in found], [one.count for one in found]
    await queries.execute(PLACES, number, tenant, endpoints, counts)
    doc = {"chosen": msgspec.to_builtins(asked.chosen), "found": sum(counts), "rate": asked.rate}
    await record(
        queries, _entry(tenant, "delivery:replayed", number, by=caller.by, why=asked.why, doc=doc)
    )
    return await find(queries, tenant, number)


async def begun_since(
    queries: Queries, caller: Principal, tenant: str, asked: Asked, seen: int
) -> int | None:
    """The replay that the same person began by the same words after replay `seen`; None where nobody did.

    Whoever asks, within a transaction, is alone with it until that ends: a form that is sent twice, where `seen` was
    the newest replay when it was drawn, begins one replay.
    """
    await queries.fetch(LOCK, tenant)
    said = msgspec.json.encode(asked.chosen).decode()
    rows = await queries.fetch(SAME, tenant, seen, caller.signature, asked.why, asked.rate, said)
    return int(rows[0]["id"]) if rows else None


async def stop(
    queries: Queries, caller: Principal, tenant: str, number: int, why: str
) -> DeliveryReplay:
    """Mark no more; what is due again already goes on.

    Raises:
        ReplayGoneError: there is no such replay.

    """
    await find(queries, tenant, number)
    if await queries.execute(STOP, tenant, number) != "UPDATE 0":
        entry = _entry(tenant, "delivery:replay_stopped", number, by=caller.by, why=why)
        await record(queries, entry)
    return await find(queries, tenant, number)


async def find(queries: Queries, tenant: str, number: int) -> DeliveryReplay:
    """One replay.

    Raises:
        ReplayGoneError: there is no such replay.

    """
    rows = await queries.fetch(LIST, tenant, number, None, 1)
    if not rows:
        raise ReplayGoneError(f"there is no replay {number}; list those there are")
    return _replay(rows[0])


async def newest(queries: Queries, tenant: str) -> int:
    """The number of the replay that was begun last; 0 where none was."""
    found = await listed(queries, tenant, None, 1)
    return found[0].id if found else 0


async def places(queries: Queries, tenant: str, number: int) -> list[Place]:
    """How far a replay is, endpoint by endpoint."""
    return [Place(**dict(row)) for row in await queries.fetch(AT, tenant, number)]


async def listed(
    queries: Queries, tenant: str, before: int | None, limit: int
) -> list[DeliveryReplay]:
    """Replays, newest first."""
    return [_replay(row) for row in await queries.fetch(LIST, tenant, None, before, limit)]


@dataclass(frozen=True, slots=True)
class Marker:
    """Marks what is to be made again; any number of processes may have one."""

    database: Database

    async def step(self) -> int:
        """Mark the next piece at the endpoint that has waited longest; gives of how many."""
        async with self.database.transaction() as tx:
            rows = await tx.fetch(NEXT, AHEAD)
            return await self._mark(tx, rows[0]) if rows else 0

    async def _mark(self, tx: Queries, row: Any) -> int:
        size = int(min(PIECE, max(1.0, row["pace"])))
        if row["rate"] is not None:
            size = int(min(size, row["rate"] * row["since"]))
        chosen = msgspec.json.decode(row["chosen"], type=Chosen)
        values = msgspec.structs.replace(chosen, endpoint=row["endpoint"]).values(
            row["tenant"], row["upto"]
        )
        after = max(row["after"], min(chosen.deliveries or [0]) - 1)
        (found,) = await tx.fetch(MARK, *values, after, size, row["replay"])
        last, marked = found["last"] or 0, found["count"]
        await tx.execute(STEP, row["replay"], row["endpoint"], last, marked, marked < size)
        return int(marked)


def _entry(tenant: str, action: str, number: int, **more: Any) -> Entry:
    return Entry(tenant=tenant, action=action, subject=f"replay_{number}", **more)


def _replay(row: Any) -> DeliveryReplay:
    return DeliveryReplay(**dict(row) | {"chosen": msgspec.json.decode(row["chosen"], type=Chosen)})
