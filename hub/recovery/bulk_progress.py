"""How far bulks are: derived from their items and from what was done about them, so nobody keeps count."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from hub.adapters.postgres import Database, Queries
from hub.recovery.choosing import Filter, read
from hub.recovery.spot import GoneError

Wanted = Literal["redrive", "give_up"]

# Every item of a bulk has a staff action, and one that a later bulk has taken over is still open. Those are
# looked for among the items of later bulks, once for the whole page, and only where some are missing.
PROGRESS = """
with page as materialized (
  select * from redrive r
   where ($1::bigint is null or r.id = $1) and ($2::text is null or r.tenant = $2)
     and ($4::bigint is null or r.id < $4)
   order by r.id desc limit $3),
mine as (
  select i.redrive as id, count(*) filter (where i.wanted is not null) as still_wanted,
         count(*) filter (where i.wanted is null) as open_again
    from item i where i.redrive in (select id from page) group by 1),
missing as materialized (
  select page.id from page left join mine using (id)
   where page.total > coalesce(mine.still_wanted + mine.open_again, 0)),
later as (
  select a.redrive as id, count(*) as open_again
    from item i join staff_action a on (a.topic, a.part, a."offset") = (i.topic, i.part, i."offset")
   where i.redrive > (select min(id) from missing) and a.redrive < i.redrive
     and a.redrive in (select id from missing) group by 1)
select r.id, r.tenant, r.wanted, r.chosen, r.rate, r.why, r.by, r.asked_at, r.ready_at, r.ended_at, r.total,
       open.still_wanted, open.open_again, r.total - open.still_wanted - open.open_again as settled,
       case when open.still_wanted > 0 then r.last_at end as last_at
  from page r left join mine using (id) left join later using (id) cross join lateral (
    select coalesce(mine.still_wanted, 0) as still_wanted,
           coalesce(mine.open_again, 0) + coalesce(later.open_again, 0) as open_again) open
 order by r.id desc
"""


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """A bulk wish and how far it is, derived from the items themselves."""

    id: int
    tenant: str | None
    wanted: Wanted
    where: Filter
    rate: float
    """Items a second."""
    why: str
    by: str
    asked_at: datetime
    ready_at: datetime | None
    """When every item was marked; None while that goes on, or was interrupted."""
    ended_at: datetime | None
    """When a person stopped it."""
    total: int
    still_wanted: int
    """Whose turn has not come yet."""
    open_again: int
    """Tried, and failed again; or taken back when it was stopped."""
    settled: int
    last_at: datetime | None
    """When the last of those still wanted is due."""

    @property
    def state(self) -> str:
        """How it is, in a word or two."""
        if self.ended_at is not None:
            return "stopped"
        if self.ready_at is None:
            return "being marked"
        return "over" if self.is_over else "under way"

    @property
    def is_over(self) -> bool:
        """Whether nothing is left that its owner would act on."""
        return self.still_wanted == 0 and (self.ready_at is not None or self.ended_at is not None)


async def progress(queries: Database | Queries, number: int) -> Bulk:
    """How far a bulk is.

    Raises:
        NotPossibleError: there is no such bulk.

    """
    rows = await queries.fetch(PROGRESS, number, None, 1, None)
    if not rows:
        raise GoneError(f"there is no bulk {number}; list those there are")
    return _bulk(rows[0])


async def list_bulks(
    queries: Database | Queries,
    tenant: str | None = None,
    limit: int = 20,
    before: int | None = None,
) -> list[Bulk]:
    """The newest bulks first; `before` is the number of the last one of the page before."""
    return [_bulk(row) for row in await queries.fetch(PROGRESS, None, tenant, limit, before)]


def _bulk(row: Any) -> Bulk:
    values = dict(row)
    return Bulk(where=read(values.pop("chosen")), **values)
