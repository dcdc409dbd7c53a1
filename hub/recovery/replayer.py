"""Works on the replays that were asked for, beside the lanes of a translator: finds their offsets, tries them.

One process takes each under a lease, and every word about it asks for the epoch of that: whoever was frozen
or killed writes nothing afterwards, and another begins again. The ranges of a replay stand in the transaction
that says they are found, so they are translated once; how far they are is read off them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import structlog

from hub.access.keyring import HUB
from hub.adapters.kafka import KafkaSettings, Peek
from hub.adapters.postgres import Database
from hub.adapters.postgres.leases import this_process
from hub.domain.errors import HubError
from hub.recovery.replay_asking import no_source
from hub.recovery.replay_rehearsal import ReplayRehearsed, rehearse_replay
from hub.recovery.replays import COLUMNS, RANGES, Span, bound, ranges_of
from hub.recovery.spot import NotPossibleError
from hub.recovery.today import Today
from hub.sdk.failures import AWAY

LOOK_SECONDS = 1.0
LEASE_SECONDS = 30.0
KEEP_SECONDS = 1.0
"""Between two looks whether it is still wanted, and ours."""
AWAY_SECONDS = 5.0
MOST_BEGUN = 5
"""What has ended so many processes is not begun by another one."""
RECORDS, DETAILS, PIECE = 10_000, 20, 100
"""A dry run reads so many offsets, tells so many records in full, and has the process so many at a time."""
REST, LONGEST_REST = 3.0, 5.0
"""After a piece it rests so many times as long as that took, so that three quarters of the time are the lanes'."""

# Whose turn was the longest ago comes first, so that nobody waits for all that another has asked for.
TAKE = """
with next as (
  select r.n from replay r
   where r.topic = $1 and r.dry_run = $2 and r.stop_at is null and {free}
   order by (select max(q.begun_at) from replay q where q.tenant = r.tenant) nulls first, r.n
   limit 1 for update of r skip locked)
update replay r
   set state = 'working', epoch = r.epoch + 1, begun = r.begun + 1, held_by = $3, begun_at = clock_timestamp(),
       held_until = clock_timestamp() + make_interval(secs => $4)
  from next where r.n = next.n
returning r.n, r.epoch, r.begun, r.tenant, r.connector, r.topic, r.source, r.since,
          coalesce(r.until, r.asked_at) as until
"""
FREE = "(r.state = 'asked' or r.state = 'working' and r.ranges is null and r.held_until < clock_timestamp())"
KEEP = """
update replay set progress = $3, held_until = clock_timestamp() + make_interval(secs => $4)
 where n = $1 and epoch = $2 and state = 'working' and ranges is null and stop_at is null returning 1
"""
GIVE_BACK = """
update replay set begun = begun - 1, held_until = clock_timestamp() + make_interval(secs => $3)
 where n = $1 and epoch = $2 and state = 'working' and ranges is null
"""
END = """
update replay
   set state = $3, reason = $4, result = $5::text::json, ended_at = clock_timestamp(), held_until = null,
       progress = case $3 when 'done' then 1 else progress end
 where n = $1 and epoch = $2 and state = 'working' and ranges is null
"""
BEGIN = """
with own as (
  update replay set ranges = $6::text::json, held_until = null
   where n = $4 and epoch = $5 and state = 'working' and ranges is null and stop_at is null returning *),
{ranges}
select count(*) from asked
"""
SOURCE = (
    "select exists (select 1 from source where $1 in ($4, tenant) and name = $2 and connector = $3)"
)
FOLLOW = """
with far as (
  select r.n, r.stop_at is not null as is_unwanted, count(*) filter (where w.done_at is null) as open,
         sum(case when w.done_at is null then w.next_offset else w.to_offset end - w.from_offset)::float8
           / sum(w.to_offset - w.from_offset) as progress
    from replay r join raw_replay w on w.replay = r.n
   where r.topic = $1 and r.state = 'working' and r.ranges is not null group by r.n),
closed as (
  update raw_replay w set done_at = clock_timestamp() from far
   where w.replay = far.n and far.is_unwanted and w.done_at is null)
update replay r
   set progress = far.progress, ended_at = case when far.open = 0 or far.is_unwanted then clock_timestamp() end,
       state = case when far.open = 0 then 'done' when far.is_unwanted then 'stopped' else 'working' end
  from far where r.n = far.n and (far.open = 0 or far.is_unwanted or far.progress > r.progress)
"""
UNWANTED = f"""
update replay r set state = 'stopped', ended_at = clock_timestamp()
 where r.topic = $1 and r.stop_at is not null and {FREE}
"""  # noqa: S608 - a condition of ours

log = structlog.get_logger()


class _EndedError(HubError):
    """A person stopped it, or another process took it over."""


class _Taken(msgspec.Struct, kw_only=True):
    """A replay under a lease."""

    n: int
    epoch: int
    begun: int
    """So often, where nothing was away."""
    tenant: str
    connector: str
    topic: str
    source: str | None
    since: datetime
    until: datetime
    progress: float = 0.0

    @property
    def span(self) -> Span:
        """What it is about."""
        tenant = None if self.tenant == HUB else self.tenant
        return Span(
            topic=self.topic,
            since=self.since,
            until=self.until,
            tenant=tenant,
            source=self.source,
        )


@dataclass(slots=True)
class Replayer:
    """Works on what is asked of one raw topic."""

    topic: str
    database: Database
    """A pool of its own: what it reads takes no session from the lanes."""
    kafka: KafkaSettings
    today: Today
    every: float = LOOK_SECONDS
    lease: float = LEASE_SECONDS
    rest: float = REST
    name: str = field(default_factory=this_process)

    async def run(self) -> None:
        """Work until cancelled; nothing that fails here stops the lanes."""
        async with asyncio.TaskGroup() as group:
            for work in (self.follow, self.begin_next, self.rehearse_next):
                group.create_task(self._again_and_again(work))

    async def _again_and_again(self, work: Callable[[], Awaitable[bool]]) -> None:
        while True:
            more = False
            try:
                more = await work()
            except AWAY as error:
                log.warning("infrastructure.away", reason=str(error))
            except Exception:
                # The lanes go on, and what was meant to happen here is tried again.
                log.exception("replay.failed", topic=self.topic)
            if not more:
                await asyncio.sleep(self.every)

    async def follow(self) -> bool:
        """Note how far the lanes are, and end what nobody wants any more."""
        await self.database.execute(FOLLOW, self.topic)
        await self.database.execute(UNWANTED, self.topic)
        return False

    async def begin_next(self) -> bool:
        """Find the offsets of the next replay, for the lanes to translate; whether there was one."""
        return await self._next(self._begin, dry_run=False)

    async def rehearse_next(self) -> bool:
        """Try the next dry run; whether there was one."""
        return await self._next(self._rehearse, dry_run=True)

    async def _next(
        self, work: Callable[[_Taken, Peek], Awaitable[None]], *, dry_run: bool
    ) -> bool:
        sql = TAKE.format(free=FREE)
        row = await self.database.fetchrow(sql, self.topic, dry_run, self.name, self.lease)
        if row is None:
            return False
        taken = _Taken(**dict(row))
        try:
            await self._check(taken)
            await self._while_wanted(taken, work)
        except _EndedError:
            await self._end(taken, "stopped", "")
        except NotPossibleError as error:
            await self._end(taken, "refused", str(error))
        except AWAY:
            await self.database.execute(GIVE_BACK, taken.n, taken.epoch, AWAY_SECONDS)
            raise
        except Exception as error:
            log.exception("replay.failed", replay=taken.n)
            said = f"{type(error).__name__}; whoever runs the hub finds more in the log of the translator"
            await self._end(taken, "refused", f"it failed: {said}")
        return True

    async def _while_wanted(
        self, taken: _Taken, work: Callable[[_Taken, Peek], Awaitable[None]]
    ) -> None:
        async def run() -> None:
            async with Peek(self.kafka) as peek:
                await work(taken, peek)

        task = asyncio.create_task(run())
        try:
            while not (await asyncio.wait([task], timeout=KEEP_SECONDS))[0]:
                held = (taken.n, taken.epoch, taken.progress, self.lease)
                if await self.database.fetchval(KEEP, *held) is None and not task.done():
                    raise _EndedError("it was stopped, or is another process's by now")
            task.result()
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _check(self, taken: _Taken) -> None:
        if taken.begun > MOST_BEGUN:
            message = f"it was begun {MOST_BEGUN} times and never ended; ask for less of it at once"
            raise NotPossibleError(message)
        if taken.source is None:
            return
        named = (taken.tenant, taken.source, taken.connector, HUB)
        if not await self.database.fetchval(SOURCE, *named):
            raise NotPossibleError(no_source(taken.source, taken.connector))

    async def _begin(self, taken: _Taken, peek: Peek) -> None:
        found = await ranges_of(self.database, peek, taken.span)
        begun = await self.database.fetchval(
            BEGIN.format(ranges=RANGES.format(columns=COLUMNS)),
            *bound(found),
            *(taken.n, taken.epoch, msgspec.json.encode(found).decode(), HUB),
        )
        if not begun:
            raise _EndedError("it was stopped, or is another process's by now")

    async def _rehearse(self, taken: _Taken, peek: Peek) -> None:
        parts = len(await ranges_of(self.database, peek, taken.span))
        told = await rehearse_replay(
            self.database,
            peek,
            self.today,
            taken.span,
            limit=max(1, RECORDS // parts),
            details=DETAILS,
            size=PIECE,
            paced=self._pace(taken),
        )
        await self._end(taken, "done", "", _kept(told))

    def _pace(self, taken: _Taken) -> Callable[[float], Awaitable[None]]:
        since = time.monotonic()

        async def paced(progress: float) -> None:
            nonlocal since
            taken.progress = progress
            await asyncio.sleep(min(LONGEST_REST, self.rest * (time.monotonic() - since)))
            since = time.monotonic()

        return paced

    async def _end(
        self, taken: _Taken, state: str, reason: str, told: ReplayRehearsed | None = None
    ) -> None:
        result = msgspec.json.encode(told).decode() if told else None
        await self.database.execute(END, taken.n, taken.epoch, state, reason, result)


def _kept(told: ReplayRehearsed) -> ReplayRehearsed:
    """What may stand in a row unsealed: a reason may quote the payload, its code does not."""
    details = tuple(msgspec.structs.replace(one, reason="") for one in told.details)
    return msgspec.structs.replace(told, details=details)
