"""When each partition was first seen to be published and projected so far.

Nobody writes a time when Kafka acknowledges or a projection takes an event, and the engine shall not
pay for one. What is noted here is when it was seen, so it is never too early, and late by as long as
nobody looked. Marks are few: the more partitions move, the more seldom each is marked.
"""

import time
from dataclasses import dataclass

from hub.adapters.postgres import Database

EACH_SECONDS, SHORTEST = 0.1, 0.25
"""A round is followed by this long a pause for each mark it made; at most ten marks a second."""
PRUNE_SECONDS = 3600.0
KEPT_DAYS = 3

NOTE = """
insert into trail_mark (what, name, part, seq)
select what, name, part, seq from (
  select 'published' as what, topic as name, part, published_seq as seq from partition_owner
  union all
  select 'projected', projection, part, seq from projection_progress where projection not like '%!shadow'
) now
 where seq > coalesce((select m.seq from trail_mark m
                        where m.what = now.what and m.name = now.name and m.part = now.part
                        order by m.seq desc limit 1), 0)
on conflict do nothing
"""
PRUNE = "delete from trail_mark where at < now() - make_interval(days => $1)"


@dataclass(slots=True)
class Marks:
    """Looks at how far everything is, now and then; several may."""

    database: Database
    _next: float = 0.0
    _prune: float = 0.0

    async def note(self) -> None:
        """Mark what has moved since the last look, if it is time to look."""
        now = time.monotonic()
        if now < self._next:
            return
        made = int((await self.database.execute(NOTE)).rsplit(" ", 1)[-1])
        self._next = now + max(SHORTEST, made * EACH_SECONDS)
        if now >= self._prune:
            await self.database.execute(PRUNE, KEPT_DAYS)
            self._prune = now + PRUNE_SECONDS
