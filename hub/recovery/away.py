"""What is away: dependencies whose breaker is open, since when, and how many items wait for each."""

from datetime import datetime

import msgspec

from hub.adapters.postgres import Database, Queries

AWAY = """
select d.tenant, d.name, d.open_since, d.probe_at, d.failures, d.reason,
       (select count(*) from item i where i.tenant = d.tenant and i.dependency = d.name) as waiting
  from dependency d
 where d.open_since is not null and ($1::text is null or d.tenant = $1)
 order by d.open_since, d.name
"""


class Away(msgspec.Struct, frozen=True, kw_only=True):
    """Something outside that is not asked just now."""

    tenant: str
    name: str
    open_since: datetime
    probe_at: datetime | None
    """When one item tries whether it is back."""
    failures: int
    reason: str
    waiting: int
    """Items that wait for it; they go on by themselves once it is back."""


async def away(queries: Database | Queries, tenant: str | None = None) -> list[Away]:
    """What is away, the longest first."""
    return [Away(**dict(row)) for row in await queries.fetch(AWAY, tenant)]
