"""Deliveries in Postgres: what is due is claimed, an attempt stands there before it is made, and its end after.

The statements are the whole protocol. A claim locks the endpoint's pace, so an endpoint's rate and the
number of attempts on their way hold across processes; another process passes by meanwhile. While a
delivery is sent its `due_at` says when the attempt counts as lost, so what a killed process leaves
behind is due again by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hub.adapters.postgres import Database
from hub.delivery.schedule import BREAKS_AT, PROBES

SLACK_SECONDS = 5.0
"""Beyond its timeout, within which an attempt's end must be written."""
BURST_SECONDS = 0.25
"""How much of its rate an endpoint may be asked at once after a rest."""
MOST_ENDPOINTS = 200
"""Of which one claim takes deliveries."""

WELL = frozenset({"delivered", "skipped"})
OPEN = "state in ('waiting', 'sending')"

# What is due is asked by `statement_timestamp()`: the clock moves while a statement runs, no index is asked for
# it, and every delivery that waits for a later try would be read. An endpoint that got nothing because others had
# taken all keeps its place before them. A clock that steps back takes no tokens away.
CLAIM = f"""
with ready as materialized (
  select p.endpoint, e.version, e.ordering, e.timeout, p.opened_at is not null as is_open,
         least(greatest(1, e.rate * {BURST_SECONDS}),
               p.tokens + greatest(0, extract(epoch from clock_timestamp() - p.filled_at)::float8) * e.rate) as tokens,
         greatest(1, least(e.at_once, $3) >> least(p.failures, 8)) as lines,
         (select count(*) from delivery d where d.endpoint = p.endpoint and d.state = 'sending'
             and d.due_at > clock_timestamp()) as busy
    from endpoint_pace p join endpoint e on e.id = p.endpoint
   where e.state = 'active' and p.quiet_until <= clock_timestamp()
     and (p.opened_at is null or p.probe_at <= statement_timestamp())
     and exists (select from delivery d where d.endpoint = p.endpoint and d.{OPEN}
                    and d.due_at <= statement_timestamp())
   order by p.claimed_at limit {MOST_ENDPOINTS} for update of p skip locked),
room as materialized (
  select *, case when is_open then least(1 - busy, floor(tokens)) else least(lines - busy, floor(tokens)) end::int
              as room from ready),
chosen as materialized (
  select r.endpoint, r.version, r.timeout, r.is_open, d.seq, d.state = 'sending' as is_lost, d.attempts
    from room r cross join lateral (
      select d.seq, d.state, d.attempts from delivery d
       where r.room > 0 and d.endpoint = r.endpoint and d.{OPEN} and d.due_at <= statement_timestamp()
         and (r.ordering = 'none' or not exists (
              select from delivery b where b.endpoint = d.endpoint and b.subject = d.subject
                 and b.{OPEN} and b.seq < d.seq))
       order by d.due_at, d.seq limit greatest(r.room, 0) for update skip locked) d
   limit $1),
lost as (
  update delivery_attempt a set state = 'unknown', outcome = 'lost',
         explained = 'who made this attempt ended during it; it may have arrived'
    from chosen c where c.is_lost and a.delivery = c.seq and a.n = c.attempts and a.state = 'sending'),
taken as (
  update delivery d set state = 'sending', attempts = d.attempts + 1,
         due_at = clock_timestamp() + make_interval(secs => c.timeout + {SLACK_SECONDS})
    from chosen c where d.seq = c.seq
  returning d.seq, d.tenant, d.endpoint, c.version, d.event, d.attempts, d.tries, c.is_open),
noted as (
  insert into delivery_attempt (delivery, n, tenant) select seq, attempts, tenant from taken),
spent as (
  update endpoint_pace p
     set tokens = r.tokens - coalesce(c.count, 0), filled_at = clock_timestamp(),
         claimed_at = case when c.count > 0 or r.room < 1 or (select count(*) from chosen) < $1
                           then clock_timestamp() else p.claimed_at end,
         probes = case when r.is_open and c.count > 0 then p.probes + 1 else p.probes end,
         probe_at = case when r.is_open and c.count > 0 then clock_timestamp() + make_interval(
                      secs => ($2::float8[])[least(p.probes + 1, array_length($2::float8[], 1))])
                    else p.probe_at end
    from room r left join (select endpoint, count(*) from chosen group by endpoint) c using (endpoint)
   where p.endpoint = r.endpoint)
select t.seq, t.tenant, t.endpoint, t.version, t.event, t.attempts, t.tries, t.is_open, s.body, s.traceparent
  from taken t join status_event s on s.tenant = t.tenant and s.id = t.event
"""

# What waits behind one that failed is due no earlier; the claim asks for the order anyway.
FINISH = f"""
with ended as (
  select * from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::int[], $6::int[], $7::text[],
                       $8::text[], $9::text[], $10::float8[], $11::int[])
    as x(seq, n, state, attempt, status, ms, outcome, explained, answer, pause, counts)),
noted as (
  update delivery_attempt a set state = x.attempt, status = x.status, ms = x.ms, outcome = x.outcome,
         explained = x.explained, answer = x.answer
    from ended x where a.delivery = x.seq and a.n = x.n),
settled as (
  update delivery d
     set state = x.state, due_at = clock_timestamp() + make_interval(secs => x.pause),
         tries = d.tries + x.counts, status = x.status, outcome = x.outcome,
         ended_at = case when x.state = 'waiting' then null else clock_timestamp() end
    from ended x where d.seq = x.seq and d.attempts = x.n and d.state = 'sending'
  returning d.seq, d.endpoint, d.subject, d.state, d.due_at),
behind as (
  update delivery f set due_at = s.due_at
    from settled s join endpoint e on e.id = s.endpoint and e.ordering = 'per_subject'
   where s.state = 'waiting' and f.endpoint = s.endpoint and f.subject = s.subject and f.seq > s.seq
     and f.{OPEN} and f.state = 'waiting' and f.due_at < s.due_at)
select count(*) from settled
"""

FAILURES = "case when x.is_there then x.failures else p.failures + x.failures end"
# Of one that answers again nothing that waited for that waits any longer. Its rate keeps them apart.
PACE = f"""
with heard as (
  select * from unnest($1::text[], $2::bool[], $3::bool[], $4::int[], $5::float8[])
    as x(endpoint, went_well, is_there, failures, quiet)),
standing as (
  update endpoint_pace p
     set failures = {FAILURES},
         opened_at = case when {FAILURES} >= {BREAKS_AT} then coalesce(p.opened_at, clock_timestamp()) end,
         probes = case when {FAILURES} >= {BREAKS_AT} then p.probes else 0 end,
         probe_at = case when {FAILURES} >= {BREAKS_AT} and p.opened_at is null
                         then clock_timestamp() + make_interval(secs => $6) else p.probe_at end,
         failing_since = case when x.went_well then null else coalesce(p.failing_since, clock_timestamp()) end,
         warned = case when x.went_well then 0 else p.warned end,
         quiet_until = greatest(p.quiet_until, clock_timestamp() + make_interval(secs => x.quiet))
    from heard x join endpoint_pace old using (endpoint)
   where p.endpoint = x.endpoint
  returning p.endpoint, p.tenant, p.warned, old.opened_at is not null and p.opened_at is null as is_back,
            extract(epoch from clock_timestamp() - p.failing_since)::float8 as failing),
hurried as (
  update delivery d set due_at = clock_timestamp() from standing s
   where s.is_back and d.endpoint = s.endpoint and d.{OPEN} and d.state = 'waiting'
     and d.due_at > clock_timestamp())
select endpoint, tenant, warned, failing from standing
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery whose attempt stands in its table already."""

    seq: int
    tenant: str
    endpoint: str
    version: int
    event: str
    attempt: int
    tries: int
    is_probe: bool
    """It asks whether the endpoint is back, which uses up no step of the schedule."""
    body: str
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, and what is to become of its delivery."""

    seq: int
    attempt: int
    state: Literal["waiting", "delivered", "dead", "skipped"]
    status: int | None
    ms: int
    outcome: str
    explained: str
    answer: str
    pause: float
    """Seconds until the next attempt."""
    counts: bool
    """Whether it used up a step of the schedule."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What some attempts told about one endpoint."""

    endpoint: str
    went_well: bool = False
    is_there: bool = False
    """Somebody answered, whatever it said."""
    failures: int = 0
    """In a row at the end."""
    quiet: float = 0.0
    """Seconds for which it asked to be left alone."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an endpoint stands after that."""

    endpoint: str
    tenant: str
    warned: int
    failing: float | None
    """Seconds since anything went well."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The deliveries of every tenant."""

    database: Database
    scale: float = 1.0
    share: int = 64
    """So many attempts may be on their way to one endpoint, whatever it allows itself."""

    async def claim(self, most: int) -> list[Claimed]:
        """Take what is due, endpoints in turn; each of them is now being sent."""
        probes = [seconds * self.scale for seconds in PROBES]
        rows = await self.database.fetch(CLAIM, most, probes, self.share)
        return [Claimed(*row) for row in rows]

    async def finish(self, ended: Sequence[Ended]) -> None:
        """Write how attempts ended; of one that counts as lost by now nothing but what was answered."""
        columns: list[list[Any]] = [
            [one.seq for one in ended],
            [one.attempt for one in ended],
            [one.state for one in ended],
            [one.state if one.state in WELL else "failed" for one in ended],
            [one.status for one in ended],
            [one.ms for one in ended],
            [one.outcome for one in ended],
            [one.explained for one in ended],
            [one.answer for one in ended],
            [one.pause for one in ended],
            [int(one.counts) for one in ended],
        ]
        await self.database.execute(FINISH, *columns)

    async def pace(self, heard: Sequence[Heard]) -> list[Standing]:
        """Remember how endpoints answered."""
        rows = await self.database.fetch(
            PACE,
            [one.endpoint for one in heard],
            [one.went_well for one in heard],
            [one.is_there for one in heard],
            [one.failures for one in heard],
            [one.quiet for one in heard],
            PROBES[0] * self.scale,
        )
        return [Standing(*row) for row in rows]
