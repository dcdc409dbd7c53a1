"""Asking for a replay in the role of the API, which may read no raw topic: a row that a translator takes up."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from hub.access.keyring import HUB
from hub.access.sources import ONE
from hub.adapters.postgres import Database, Queries
from hub.recovery.actions import SAID
from hub.recovery.replay_rehearsal import ReplayRehearsed
from hub.recovery.spot import GoneError, NotPossibleError, reason_of
from hub.recovery.today import Today
from schemas.topics import raw

MOST_OPEN = 10
"""Of one tenant at the same time; the trigger of the table holds everybody to it."""
CLOCKS = timedelta(minutes=1)
"""So far may somebody's clock be ahead of ours."""
State = Literal["asked", "working", "stopping", "done", "refused", "stopped"]

COLUMNS = """
r.n, r.tenant, r.connector, r.source, r.since, coalesce(r.until, r.asked_at) as until, r.dry_run, r.why, r.by,
r.asked_at, r.begun_at, r.ended_at, r.reason, r.progress, r.result,
case when r.stop_at is null then r.state when r.state = 'asked' then 'stopped'
     when r.state = 'working' then 'stopping' else r.state end as state
"""
ASK = """
with asked as (
  insert into replay (tenant, connector, topic, source, since, until, dry_run, why, by)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing
  returning n, tenant, topic, source, since, until, dry_run, why, by),
said as ({said}
  select tenant, topic, null, null, '', '', coalesce(source, ''), by, 'replay', why, '', null,
         json_build_object('replay', n, 'topic', topic, 'source', source, 'since', since, 'until', until)
    from asked where not dry_run)
select n from asked
"""
REPEATED = """
select n from replay
 where state in ('asked', 'working') and stop_at is null and tenant = $1 and connector = $2 and topic = $3
   and source is not distinct from $4 and since = $5 and until is not distinct from $6
   and (dry_run, why, by) = ($7, $8, $9)
"""
STOP = """
with stopped as (
  update replay set stop_at = clock_timestamp()
   where n = $1 and stop_at is null and state in ('asked', 'working')
  returning n, tenant, topic, source),
said as ({said}
  select tenant, topic, null, null, '', '', coalesce(source, ''), $2, 'stop', $3, '', null,
         json_build_object('replay', n)
    from stopped)
select count(*) from stopped
"""
LIST = """
select {columns} from replay r
 where ($1::bigint is null or r.n = $1) and ($2::bigint is null or r.n < $2) order by r.n desc limit $3
"""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be translated once more."""

    tenant: str
    """Whose records; `hub` means everybody's."""
    connector: str
    since: datetime
    until: datetime | None = None
    """Until it was asked for, where absent."""
    source: str | None = None
    dry_run: bool


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A replay that somebody asked for, and how far it is."""

    n: int
    tenant: str
    """Whose records; `hub`: everybody's."""
    connector: str
    source: str | None
    since: datetime
    until: datetime
    dry_run: bool
    why: str
    by: str
    asked_at: datetime
    begun_at: datetime | None
    """When a translator took it up."""
    ended_at: datetime | None
    state: State
    reason: str
    """Why it was refused."""
    progress: float
    """From 0 to 1."""
    result: ReplayRehearsed | None
    """What a dry run found."""

    @property
    def is_open(self) -> bool:
        """Whether somebody still works on it, or will."""
        return self.state in {"asked", "working", "stopping"}


def connectors(today: Today) -> list[str]:
    """Those whose records land on Kafka, so that they can be translated again."""
    known = today.sources.connectors
    return sorted(name for name in today.raw.values() if name in known and known[name].translate)


async def ask(queries: Queries, today: Today, wanted: Wanted, why: str, *, by: str) -> int:
    """Ask for a replay; gives its number. The same said again while it is open is the same replay.

    The session speaks for the tenant.

    Raises:
        NotPossibleError: there is nothing that could be replayed so, or too much is asked for already.

    """
    reason = reason_of(why, "a replay")
    _check_time(wanted, datetime.now(UTC))
    await _check_place(queries, today, wanted)
    values = (
        *(wanted.tenant, wanted.connector, raw(wanted.connector).name, wanted.source),
        *(wanted.since, wanted.until, wanted.dry_run, reason, by),
    )
    rows = await queries.fetch(ASK.format(said=SAID), *values)
    rows = rows or await queries.fetch(REPEATED, *values)
    if not rows:
        message = f"{MOST_OPEN} replays are open already; wait until one is over, or stop one"
        raise NotPossibleError(message)
    return int(rows[0]["n"])


def _check_time(wanted: Wanted, now: datetime) -> None:
    until = wanted.until or now
    if wanted.since >= until:
        said = "has not come yet" if wanted.until is None else "is not before `until`"
        raise NotPossibleError(f"`since` {said}; a replay goes from the earlier to the later time")
    if until > now + CLOCKS:
        raise NotPossibleError("`until` has not come yet; leave it out to mean all until now")


async def _check_place(queries: Queries, today: Today, wanted: Wanted) -> None:
    known = connectors(today)
    if wanted.connector not in known:
        said = ", ".join(known) or "none"
        message = f"no connector {wanted.connector!r} lands records here; those that do: {said}"
        raise NotPossibleError(message)
    if wanted.source is None or wanted.tenant == HUB:
        # Who replays everybody's records sees no tenant's sources; the translator looks for it.
        return
    rows = await queries.fetch(ONE, wanted.tenant, wanted.source)
    if not rows or rows[0]["connector"] != wanted.connector:
        raise NotPossibleError(no_source(wanted.source, wanted.connector))


def no_source(source: str, connector: str) -> str:
    """What is said where nobody of that name speaks by this connector."""
    return (
        f"no source {source!r} of {connector} is known; name another, or leave it out to mean all"
    )


async def stop(queries: Queries, number: int, why: str, *, by: str) -> None:
    """Have no more of it translated, or tried; what was translated stays said. Does nothing where it is over.

    Raises:
        NotPossibleError: there is no such replay, or no reason was given.

    """
    reason = reason_of(why, "stopping a replay")
    await find(queries, number)
    await queries.fetch(STOP.format(said=SAID), number, by, reason)


async def find(queries: Database | Queries, number: int) -> Replay:
    """How far a replay is.

    Raises:
        GoneError: there is none, or it is not to be seen by who asks.

    """
    rows = await queries.fetch(LIST.format(columns=COLUMNS), number, None, 1)
    if not rows:
        raise GoneError(f"there is no replay {number}; list those there are")
    return _replay(rows[0])


async def list_replays(
    queries: Database | Queries, limit: int = 20, before: int | None = None
) -> list[Replay]:
    """The newest first; `before` is the number of the last one of the page before."""
    return [
        _replay(row)
        for row in await queries.fetch(LIST.format(columns=COLUMNS), None, before, limit)
    ]


def _replay(row: Any) -> Replay:
    values = dict(row)
    result = values.pop("result")
    found = msgspec.json.decode(result, type=ReplayRehearsed) if result else None
    return Replay(result=found, **values)
