"""Waits until nothing moves any more, within bounds."""

import asyncio
import time

import asyncpg

from hub.dev.checker.wire import log_ends
from hub.dev.crash.installation import INTAKE, Installation

_LOOK_SECONDS = 1
_QUIET_LOOKS = 3
_SETTLED = """
select sum(next_offset) = $2 and sum(early) = 0 and not exists (select 1 from item)
       and (not $3 or sum(seq) =
            (select sum(seq) from projection_progress where projection = 'activity'))
       and (not $4 or sum(seq) =
            (select sum(seq) from projection_progress where projection = 'deliveries'))
       and not exists (select 1 from delivery where $4 and state in ('waiting', 'sending'))
  from partition_owner where topic = $1
"""


async def drain(place: Installation, seconds: float, *, views: bool, webhooks: bool) -> float:
    """Wait until all is decided, projected and told, and stays so; gives the seconds it took."""
    began, quiet = time.monotonic(), 0
    connection = await asyncpg.connect(place.dsn, timeout=10)
    try:
        while quiet < _QUIET_LOOKS and time.monotonic() - began < seconds:
            ends = sum((await log_ends(place.kafka.bootstrap, INTAKE)).values())
            settled = await connection.fetchval(_SETTLED, INTAKE, ends, views, webhooks)
            quiet = quiet + 1 if settled else 0
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await connection.close()
    return round(time.monotonic() - began, 1)
