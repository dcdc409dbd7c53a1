"""A breaker for each thing outside that records and events need.

While it is open nobody asks and no attempt is burned; now and then one item tries whether it is back.
What is known stands in Postgres, for all processes; each remembers it for a moment.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from hub.adapters.postgres import Database
from hub.telemetry.logging import presentable
from hub.telemetry.metrics import Metrics

log = structlog.get_logger()

FRESH_SECONDS = 0.5

OPEN = """
select tenant, name, probe_at <= clock_timestamp() as probe from dependency where open_since is not null
"""
# Whoever has been away for long is asked less often, up to the longest pause.
FAILED = """
insert into dependency as d (tenant, name, failures, reason, open_since, probe_at)
select a.tenant, a.name, a.times, a.reason, case when a.times >= a.most then clock_timestamp() end,
       clock_timestamp() + make_interval(secs => a.probe)
  from (select $1::text as tenant, $2::text as name, $3::int as times, $4::text as reason, $5::int as most,
               $6::float8 as probe) a
on conflict (tenant, name) do update
   set failures = case when d.open_since is null
                        and d.changed_at < clock_timestamp() - make_interval(secs => $8::float8)
                       then 0 else d.failures end + $3::int,
       open_since = coalesce(d.open_since, case
         when case when d.changed_at < clock_timestamp() - make_interval(secs => $8::float8)
                   then 0 else d.failures end + $3::int >= $5::int then clock_timestamp() end),
       probe_at = clock_timestamp() + make_interval(secs => least($7::float8, greatest($6::float8,
         extract(epoch from clock_timestamp() - coalesce(d.open_since, clock_timestamp()))::float8 / 10))),
       reason = excluded.reason, changed_at = clock_timestamp()
returning open_since is not null as open, failures
"""
WORKED = """
with was as (
  select tenant, name, extract(epoch from clock_timestamp() - open_since)::float8 as away from dependency
   where tenant = $1 and name = $2 and (failures > 0 or open_since is not null) for update)
update dependency d set failures = 0, open_since = null, changed_at = clock_timestamp()
  from was where d.tenant = was.tenant and d.name = was.name
returning was.away
"""
# What could try whether it is back: neither on hold nor behind something else.
TRIES = """
i.tenant = d.tenant and i.dependency = d.name and i.state = 'retrying' and i.on_hold is null
and not exists (select 1 from item b where b.topic = i.topic and b.part = i.part
                   and b.home = i.home and b."offset" < i."offset" offset 0)"""
PROBE = f"""
update dependency d set probe_at = clock_timestamp() + make_interval(secs => $3::float8)
 where d.open_since is not null and d.probe_at <= clock_timestamp()
   and exists (select 1 from item i where i.topic = $1 and i.part = $2 and {TRIES})
returning d.tenant, d.name
"""  # noqa: S608 - our own words
# Nothing is left that would try it, so nobody would ever hear that it is back.
FORGET = f"""
update dependency d set open_since = null, failures = 0, changed_at = clock_timestamp()
 where d.open_since is not null and d.probe_at < clock_timestamp() - make_interval(secs => $1::float8)
   and not exists (select 1 from item i where {TRIES})
returning d.tenant, d.name
"""  # noqa: S608 - our own words
COUNT = "select count(*) from dependency where open_since is not null"


class Dependency(NamedTuple):
    """Something outside, as a tenant needs it: one tenant's credentials may be refused alone."""

    tenant: str
    name: str


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a breaker opens, and how often it is tried whether what is away is back. In seconds."""

    failures: int = 5
    """So many without a success between them, none longer ago than `forget`, open it."""
    probe: float = 5.0
    longest: float = 60.0
    forget: float = 60.0


@dataclass(slots=True)
class Failures:
    """What one process has seen fail since it last told."""

    times: int = 0
    reason: str = ""
    pause: float = 0.0


@dataclass(slots=True)
class Breakers:
    """The breakers as one process knows them."""

    database: Database
    policy: BreakerPolicy = field(default_factory=BreakerPolicy)
    _open: dict[Dependency, bool] = field(default_factory=dict)
    """Those that are open, and whether somebody should try one."""
    _read_at: float = float("-inf")
    _failed: dict[Dependency, Failures] = field(default_factory=dict)
    _worked: set[Dependency] = field(default_factory=set)
    _suspected: dict[Dependency, int] = field(default_factory=dict)
    """Failures in a row that this process has seen."""

    async def look(self) -> None:
        """Know what is open; as it was at most half a second ago."""
        if time.monotonic() - self._read_at < FRESH_SECONDS:
            return
        rows = await self.database.fetch(OPEN)
        self._open = {Dependency(row["tenant"], row["name"]): row["probe"] for row in rows}
        self._read_at = time.monotonic()

    def is_open(self, dependency: Dependency) -> bool:
        """Whether it is away as far as anybody knows, so that asking it only costs time."""
        return dependency in self._open

    def failed(self, dependency: Dependency, reason: str, pause: float = 0.0) -> None:
        """Note that it did not answer, and wants to be left alone for `pause` seconds.

        `tell` says so to the others.
        """
        failures = self._failed.setdefault(dependency, Failures())
        failures.times += 1
        failures.reason, failures.pause = presentable(reason), max(pause, failures.pause)
        self._worked.discard(dependency)
        self._suspected[dependency] = self._suspected.get(dependency, 0) + 1
        if self._suspected[dependency] >= self.policy.failures:
            self._open.setdefault(dependency, False)

    def worked(self, dependency: Dependency) -> None:
        """Note that it answered."""
        self._failed.pop(dependency, None)
        if self._suspected.pop(dependency, 0) or dependency in self._open:
            self._open.pop(dependency, None)
            self._worked.add(dependency)

    async def tell(self) -> None:
        """Let the others know. To be done before items are written that wait for a breaker."""
        failed, self._failed = self._failed, {}
        for dependency, failures in failed.items():
            await self._tell_failed(dependency, failures)
        worked, self._worked = self._worked, set()
        for dependency in worked:
            for row in await self.database.fetch(WORKED, *dependency):
                if row["away"] is not None:
                    away = round(row["away"], 1)
                    log.info("dependency.back", **_said(dependency), away_seconds=away)

    async def _tell_failed(self, dependency: Dependency, seen: Failures) -> None:
        policy = self.policy
        pause = max(policy.probe, seen.pause)
        limits = (policy.failures, pause, max(policy.longest, pause), policy.forget)
        row = await self.database.fetchrow(FAILED, *dependency, seen.times, seen.reason, *limits)
        if not row["open"]:
            # What this process suspects, the others do not.
            self._open.pop(dependency, None)
            self._suspected[dependency] = row["failures"]
            return
        self._open[dependency] = False
        if row["failures"] - seen.times < policy.failures:
            log.warning("dependency.away", **_said(dependency), reason=seen.reason)

    async def probes(self, topic: str, part: int) -> list[Dependency]:
        """Those that this partition is to try with one item; nobody else does for a while."""
        await self.look()
        if not any(self._open.values()):
            return []
        rows = await self.database.fetch(PROBE, topic, part, self.policy.probe)
        return [Dependency(row["tenant"], row["name"]) for row in rows]


def _said(dependency: Dependency) -> Mapping[str, str]:
    return {"tenant": dependency.tenant, "dependency": dependency.name}


async def count_breakers(database: Database, metrics: Metrics) -> None:
    """Set the gauge of what is away; that for which nothing waits any more is away no longer."""
    for row in await database.fetch(FORGET, BreakerPolicy().longest):
        log.info("dependency.forgotten", tenant=row["tenant"], dependency=row["name"])
    metrics.open_breakers.set(await database.fetchval(COUNT))
