"""Which sources have landed nothing for longer than they were said to be quiet at most."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.adapters.postgres import Database, Queries

ALLOW = """
update source set quiet_after = nullif($3::int, 0), changed_at = clock_timestamp() where tenant = $1 and name = $2
"""
# What was never heard of is quiet since it was set last.
WATCHED = """
select s.tenant, s.name, s.connector, s.quiet_after, h.at as heard_at,
       extract(epoch from clock_timestamp() - coalesce(h.at, s.changed_at))::float8 as quiet
  from source s left join source_heard h on h.tenant = s.tenant and h.source = s.name
 where ($1::text is null or s.tenant = $1) order by s.tenant, s.name
"""
COUNTS = """
select s.connector, count(*) filter (where
         clock_timestamp() - coalesce(h.at, s.changed_at) > make_interval(secs => s.quiet_after))::int as silent
  from source s left join source_heard h on h.tenant = s.tenant and h.source = s.name
 where s.quiet_after is not null group by s.connector
"""


@dataclass(frozen=True, slots=True)
class Quiet:
    """How long a source has been quiet, and how long it may be."""

    tenant: str
    name: str
    connector: str
    quiet_after: int | None
    """Seconds; None where it is not watched."""
    heard_at: datetime | None
    seconds: float

    @property
    def silent(self) -> bool:
        """Whether it is quiet for longer than it may be."""
        return self.quiet_after is not None and self.seconds > self.quiet_after


async def may_be_quiet(queries: Queries, tenant: str, name: str, seconds: int) -> None:
    """Say for how long a source may land nothing; 0: for ever."""
    await queries.execute(ALLOW, tenant, name, seconds)


async def quiet_sources(database: Database, tenant: str | None = None) -> list[Quiet]:
    """Every source of one tenant or of all, whether it is watched or not."""
    rows: list[Any] = await database.fetch(WATCHED, tenant)
    return [
        Quiet(
            row["tenant"],
            row["name"],
            row["connector"],
            row["quiet_after"],
            row["heard_at"],
            row["quiet"],
        )
        for row in rows
    ]


async def silent_by_connector(database: Database) -> dict[str, int]:
    """How many are silent, for each connector with a source that is watched."""
    return {row["connector"]: row["silent"] for row in await database.fetch(COUNTS)}
