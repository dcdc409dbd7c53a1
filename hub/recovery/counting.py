"""How many items there are of each state: the figures beside the lists."""

import msgspec

from hub.adapters.postgres import Database, Queries
from hub.recovery.choosing import Filter, conditions

COUNTS = """
select count(*) filter (where i.state = 'retrying') as retrying,
       count(*) filter (where i.state = 'held') as held,
       count(*) filter (where i.state = 'dead_lettered') as dead_lettered,
       count(*) filter (where i.state = 'parked') as parked,
       count(*) filter (where i.on_hold is not null) as on_hold,
       count(*) as items
  from item i where {chosen}
"""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Items by state; what is on hold is in a state, too."""

    retrying: int
    held: int
    dead_lettered: int
    parked: int
    on_hold: int
    items: int


async def count(queries: Database | Queries, where: Filter | None = None) -> Counts:
    """Count the items that fit."""
    chosen, values = conditions(where or Filter())
    (row,) = await queries.fetch(COUNTS.format(chosen=chosen), *values)
    return Counts(**dict(row))
