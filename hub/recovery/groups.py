"""Items that failed alike, counted: what a hundred thousand of them have in common."""

from datetime import datetime
from typing import Any

import msgspec

from hub.adapters.postgres import Database, Queries
from hub.recovery.choosing import Filter, State, conditions
from hub.recovery.spot import Spot

# What differs between equal faults: quoted values, words with a digit in them, and homes, which may have none.
ALIKE = r"""regexp_replace(regexp_replace(i.reason,
         '(?<!\w)(''[^'']*''|"[^"]*")', '…', 'g'), '\m[\w.:+-]*\d[\w.:+-]*\M|\m[a-z2-7]{16}\M', '#', 'g')"""
GROUPS = """
select i.state, i.code, {alike} as reason, i.topic, i.tenant, i.source, i.type, i.release, i.dependency,
       count(*) as items, count(distinct i.home) as homes,
       count(*) filter (where i.on_hold is not null) as on_hold,
       count(*) filter (where i.wanted is not null) as wanted,
       min(i.received_at) as oldest, max(i.received_at) as newest,
       (array_agg(i.part order by i.received_at, i."offset"))[1] as part,
       (array_agg(i."offset" order by i.received_at, i."offset"))[1] as "offset"
  from item i where {chosen}
 group by i.state, i.code, 3, i.topic, i.tenant, i.source, i.type, i.release, i.dependency
 order by items desc, oldest limit $1
"""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Items with everything in common that tells why they wait."""

    state: State
    code: str
    reason: str
    """Without what differs: `…` stands for a quoted value, `#` for an id or a number."""
    topic: str
    tenant: str
    source: str
    type: str
    release: str
    dependency: str | None
    items: int
    homes: int
    on_hold: int
    wanted: int
    """So many that a person asked for and the owner has not come to yet."""
    oldest: datetime
    newest: datetime
    example: Spot
    """The one that was received first."""


async def groups(
    queries: Database | Queries, where: Filter | None = None, limit: int = 200
) -> list[Group]:
    """Groups of open items, the largest first."""
    chosen, values = conditions(where or Filter(), [limit])
    rows = await queries.fetch(GROUPS.format(alike=ALIKE, chosen=chosen), *values)
    return [_group(row) for row in rows]


def _group(row: Any) -> Group:
    values = dict(row)
    example = Spot(values["topic"], values.pop("part"), values.pop("offset"))
    return Group(example=example, **values)
