"""What is done beside delivering: replays marked, figures told, what nobody is to hear any more given up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from hub.adapters.postgres import Database
from hub.delivery.replay import Marker
from hub.sdk.failures import DecideAgainError, StoreUnavailableError
from hub.telemetry.metrics import Metrics

MARK_SECONDS, LOOK_SECONDS, SWEEP_SECONDS = 0.1, 5.0, 300.0

OPEN = """
select case when d.state = 'sending' then 'sending' when d.due_at <= clock_timestamp() then 'due' else 'later' end
         as state,
       count(*) as count
  from delivery d join endpoint e on e.id = d.endpoint and e.state = 'active'
 where d.state in ('waiting', 'sending') group by 1
"""
# What waits at an endpoint that does not answer, or that its rate holds back, is late for no fault of ours:
# late is what an endpoint with room and tokens was not even asked.
LATE = """
select coalesce(max(extract(epoch from clock_timestamp() - first.due_at)), 0)::float8 as late
  from endpoint_pace p join endpoint e on e.id = p.endpoint and e.state = 'active'
       cross join lateral (select d.due_at from delivery d where d.endpoint = p.endpoint
          and d.state in ('waiting', 'sending') order by d.due_at limit 1) first
 where p.failures = 0 and p.quiet_until <= clock_timestamp() and first.due_at <= clock_timestamp()
   and p.claimed_at < clock_timestamp() - interval '2 seconds'
"""
STANDING = """
select case when e.state = 'active' and p.opened_at is not null then 'failing' else e.state end as state,
       count(*) as count
  from endpoint e join endpoint_pace p on p.endpoint = e.id where e.state <> 'deleted' group by 1
"""
# What was written for an endpoint in the moment of its end would wait for ever.
SWEEP = """
update delivery d set state = 'given_up', ended_at = clock_timestamp(), outcome = 'endpoint_deleted'
  from endpoint e where e.state = 'deleted' and d.endpoint = e.id and d.state = 'waiting'
"""
STATES = ("due", "later", "sending")
ENDPOINTS = ("active", "failing", "paused", "disabled")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chores:
    """The chores of one process; several do no harm to each other."""

    database: Database
    metrics: Metrics

    async def run(self) -> None:
        """Do them until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_every(MARK_SECONDS, Marker(self.database).step))
            group.create_task(_every(LOOK_SECONDS, self.look))
            group.create_task(_every(SWEEP_SECONDS, self.sweep))

    async def sweep(self) -> int:
        """Give up what waits for endpoints that were ended."""
        await self.database.execute(SWEEP)
        return 0

    async def look(self) -> int:
        """Tell the figures."""
        found = {row["state"]: row["count"] for row in await self.database.fetch(OPEN)}
        for state in STATES:
            self.metrics.deliveries.labels(state).set(found.get(state, 0))
        self.metrics.delivery_late_seconds.set(await self.database.fetchval(LATE))
        found = {row["state"]: row["count"] for row in await self.database.fetch(STANDING)}
        for state in ENDPOINTS:
            self.metrics.endpoints.labels(state).set(found.get(state, 0))
        return 0


async def _every(seconds: float, work: Callable[[], Awaitable[int]]) -> None:
    """Do it again and again; without a rest while there is more of it."""
    while True:
        try:
            done = await work()
        except (StoreUnavailableError, DecideAgainError) as error:
            log.warning("delivery.chore_waited", reason=str(error))
            done = 0
        await asyncio.sleep(0 if done else seconds)
