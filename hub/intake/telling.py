"""Marks what waits before anybody is told what it means, so that nobody changes it in between.

Events are published before their round is committed. Of a fresh record nobody knows until then; an item can be
held, edited or given up by a person, who would do so with what was told already. So its row says first that it
is being told; whoever wants something of it is told to look again. A mark outlives its owner: the next one tells
the item again, under the same ids.
"""

from collections.abc import Sequence

from hub.ledger.items import ItemGone

# The same fence as of the round itself, and the same order of locks as whoever marks many.
MARK = """
with own as (
  select 1 from landing_owner where topic = $1 and part = $2 and epoch = $3 and next_offset = $4 for share),
locked as (
  select 1 from item where topic = $1 and part = $2 and "offset" = any($5::bigint[]) order by "offset" for update),
marked as (
  update item i set telling = $3 from unnest($5::bigint[], $6::int[]) as u("offset", version)
   where i.topic = $1 and i.part = $2 and i."offset" = u."offset" and i.version = u.version
     and exists (select 1 from own) and (select count(*) from locked) >= 0
  returning 1)
select case
  when (select count(*) from own) = 0 then 0
  when (select count(*) from marked) <> cardinality($5::bigint[])
    then hub_raise('HB002', 'an item moved under its owner')
  else 1 end
"""


def marking(items: Sequence[ItemGone]) -> tuple[list[int], list[int]]:
    """The last two values of `MARK`, after topic, partition, epoch and where the partition stands."""
    return [item.offset for item in items], [item.version for item in items]
