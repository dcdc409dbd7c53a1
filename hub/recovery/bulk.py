"""Many items at once, so many a second.

When each is wanted stands in its row, so nothing has to run meanwhile: whoever owns the partition finds it
due, after any crash.
"""

from hub.access.keyring import HUB
from hub.adapters.postgres import Database, Queries
from hub.recovery.actions import SAID
from hub.recovery.bulk_progress import Bulk, Wanted, progress
from hub.recovery.choosing import Filter, conditions, written
from hub.recovery.spot import NotPossibleError, reason_of

CHUNK = 3_000
"""Items that are marked in one statement, so that no owner waits for long."""
LEAST_A_SECOND, MOST_A_SECOND = 0.01, 10_000.0
"""Slower than that is a hold."""

BEGIN = """
insert into redrive (tenant, wanted, chosen, rate, why, by) values ($1, $2, $3::text::json, $4, $5, $6)
returning id
"""
# A bulk that is under way is not begun a second time by whoever says the same again.
REPEATED = """
select r.id from redrive r
 where r.ended_at is null and r.tenant is not distinct from $1
   and (r.wanted, r.chosen::text, r.rate, r.why, r.by) = ($2, $3, $4, $5, $6)
   and (r.ready_at is null or exists (select 1 from item i where i.redrive = r.id and i.wanted is not null))
 order by r.id desc limit 1
"""
# Where anything fits, so that each partition is then read once, in pieces.
PLACES = """
select i.topic, i.part from item i where {chosen}
union
select i.topic, i.part from item i where i.redrive = $1
"""
# Those that are on hold, that wait behind others or that somebody wants already are left out; those of this
# bulk are taken up again where nobody has tried them. All of it is asked again of a row that was waited for,
# because a hold may have come meanwhile. What was chosen once and taken back fits still, though marking it
# has changed what the filter asks for. Places are counted across partitions, so that all of them work at the
# same time.
MARK = """
with own as (
  select * from redrive where id = $1 and run = $6 and ended_at is null and ready_at is null for update),
start as (select greatest(clock_timestamp(), last_at) as at from own),
chosen as (
  select p.topic, p.part, c."offset", row_number() over (order by c.place, p.topic, p.part) as n
    from own cross join unnest($2::text[], $3::int[], $4::bigint[]) as p(topic, part, after) cross join lateral (
      select i."offset", row_number() over (order by i."offset") as place from item i
       where i.topic = p.topic and i.part = p.part and i."offset" > p.after and {more}
         and ({chosen} or i.redrive = own.id)
         and {free} and i.kept_at <= own.asked_at
         and (i.redrive is distinct from own.id or i.tried_at <= own.asked_at)
       order by i."offset" limit $5) c),
locked as (
  -- In the order in which owners lock what they try, so that neither waits for the other.
  select i.topic, i.part, i."offset", c.n
    from chosen c join item i on (i.topic, i.part, i."offset") = (c.topic, c.part, c."offset")
   where {free} and {more} order by i.topic, i.part, i."offset" for update of i),
changed as (
  update item i
     set wanted = own.wanted, wanted_why = own.why, wanted_by = own.by, redrive = own.id, on_hold = null,
         wanted_at = start.at + make_interval(secs => locked.n / own.rate), version = i.version + 1
    from locked, own, start
   where i.topic = locked.topic and i.part = locked.part and i."offset" = locked."offset"
  returning i.tenant, i.topic, i.part, i."offset", i.event_id, i.correlation, i.source,
            own.by, own.wanted, own.why, own.id),
said as ({said}
  select tenant, topic, part, "offset", event_id, correlation, source, by, wanted, why, '', id, null
    from changed c
   where not exists (select 1 from staff_action a
                      where (a.topic, a.part, a."offset") = (c.topic, c.part, c."offset") and a.redrive = c.id)
  returning 1),
counted as (
  update redrive r
     set total = r.total + (select count(*) from said),
         last_at = start.at + make_interval(secs => coalesce((select max(n) from locked), 0) / own.rate)
    from own, start where r.id = own.id)
select topic, part, max("offset") as after, count(*) as found from chosen group by topic, part
"""
# What nobody tells just now, and nobody wants; or wants in vain, because it is on hold for a key that is not there.
FREE = "i.telling is null and (i.wanted is null or i.wanted = 'redrive' and i.on_hold is not null)"
# Only of the run in which all was marked: whoever was frozen since must not end the one of another.
READY = """
update redrive set ready_at = clock_timestamp()
 where id = $1 and run = $2 and ended_at is null and ready_at is null
"""
RUN = "select run from redrive where id = $1"
# By itself, so that what is taken back is looked for after whoever is marking just now has ended. Whoever
# says it again changes nothing, and that is no action. What is about all tenants is nobody's but the hub's.
STEERED = """
with changed as (update redrive set {sets} where id = $1 and {still} returning id, tenant),
said as ({said}
  select coalesce(tenant, $4), null, null, null, '', '', '', $2, '{verb}', $3, '', id, null from changed)
select count(*) from changed
"""
STOPPED = {
    "sets": "ended_at = clock_timestamp(), last_at = null, run = run + 1",
    "still": "ended_at is null",
    "verb": "stop",
}
CONTINUED = {
    "sets": "ended_at = null, ready_at = null, run = run + 1",
    "still": "(ended_at is not null or ready_at is null)",
    "verb": "continue",
}
# What a person has wanted since of one of its items stays wanted; what is being told is told.
TAKE_BACK = """
with own as (select * from redrive where id = $1),
few as (
  select i.topic, i.part, i."offset" from item i, own
   where i.redrive = own.id and (i.wanted, i.wanted_why, i.wanted_by) = (own.wanted, own.why, own.by)
     and i.telling is null and (i.topic, i.part, i."offset") > ($3, $4, $5)
   order by i.topic, i.part, i."offset" limit $2 for update of i),
changed as (
  update item i set wanted = null, wanted_why = null, wanted_by = null, wanted_at = null, version = i.version + 1
    from few where i.topic = few.topic and i.part = few.part and i."offset" = few."offset"
  returning 1)
select topic, part, "offset", (select count(*) from changed) as stopped from few
 order by topic desc, part desc, "offset" desc limit 1
"""


async def begin(  # noqa: PLR0913 - what is wanted of which, how fast, why and by whom
    queries: Database | Queries,
    where: Filter,
    why: str,
    *,
    by: str,
    rate: float,
    wanted: Wanted = "redrive",
) -> int:
    """Want this of every item that fits, `rate` a second; gives the bulk's number.

    What merely waits behind another follows by itself. What is on hold is left alone unless the filter
    asks for it. A session that speaks for a tenant names it in the filter. Where this is interrupted,
    `go_on` marks the rest. Said again in the same words while it is under way, it is the same bulk.

    Raises:
        NotPossibleError: no reason was given, the rate is no such rate, or the filter leaves nothing out.

    """
    reason = reason_of(why, "a bulk")
    if not LEAST_A_SECOND <= rate <= MOST_A_SECOND:
        message = f"the rate is between {LEAST_A_SECOND} and {MOST_A_SECOND:.0f} items a second"
        raise NotPossibleError(message)
    if not where:
        message = "a bulk needs a filter; to mean every item, name each state in turn"
        raise NotPossibleError(message)
    said = where.tenant, wanted, written(where), rate, reason, by
    rows = await queries.fetch(REPEATED, *said) or await queries.fetch(BEGIN, *said)
    number = int(rows[0]["id"])
    await _mark_all(queries, await progress(queries, number))
    return number


async def go_on(queries: Database | Queries, number: int, why: str, *, by: str) -> None:
    """Mark what is left: after an interruption, or after a stop. Does nothing where all are marked.

    Raises:
        NotPossibleError: there is no such bulk, or no reason was given.

    """
    reason = reason_of(why, "continuing a bulk")
    bulk = await progress(queries, number)
    await _steer(queries, number, CONTINUED, reason, by)
    await _mark_all(queries, bulk)


async def _mark_all(queries: Database | Queries, bulk: Bulk) -> None:
    rows = await queries.fetch(RUN, bulk.id)
    run = rows[0]["run"]
    await _mark(queries, bulk, run)
    await queries.execute(READY, bulk.id, run)


async def _steer(
    queries: Database | Queries, number: int, what: dict[str, str], why: str, by: str
) -> None:
    await queries.fetch(STEERED.format(**what, said=SAID), number, by, why, HUB)


async def _mark(queries: Database | Queries, bulk: Bulk, run: int) -> None:
    """Mark what fits, a piece of each partition at a time."""
    chosen, values = conditions(bulk.where, [bulk.id])
    rows = await queries.fetch(PLACES.format(chosen=chosen), *values)
    places = {(row["topic"], row["part"]): -1 for row in rows}
    chosen, values = conditions(bulk.where, [bulk.id, *[None] * 4, run])
    sql = MARK.format(chosen=chosen, free=FREE, more=_left_out(bulk.wanted, bulk.where), said=SAID)
    while places:
        topics, parts = ([place[n] for place in places] for n in (0, 1))
        size = max(1, CHUNK // len(places))
        values[1:5] = topics, parts, list(places.values()), size
        found = await queries.fetch(sql, *values)
        # Whatever gave less than was asked for has no more.
        places = {
            (row["topic"], row["part"]): row["after"] for row in found if row["found"] == size
        }


def _left_out(wanted: Wanted, where: Filter) -> str:
    on_hold = "true" if where.on_hold else "i.on_hold is null"
    behind = wanted == "give_up" and where.state == "held"
    return on_hold if behind else f"{on_hold} and i.state <> 'held'"


async def stop(queries: Database | Queries, number: int, why: str, *, by: str) -> int:
    """Take back what is still wanted; gives of how many. `go_on` wants it again.

    Raises:
        NotPossibleError: there is no such bulk, or no reason was given.

    """
    reason = reason_of(why, "stopping a bulk")
    await progress(queries, number)
    await _steer(queries, number, STOPPED, reason, by)
    stopped, after = 0, ("", -1, -1)
    while rows := await queries.fetch(TAKE_BACK, number, CHUNK, *after):
        stopped += rows[0]["stopped"]
        after = rows[0]["topic"], rows[0]["part"], rows[0]["offset"]
    return stopped
