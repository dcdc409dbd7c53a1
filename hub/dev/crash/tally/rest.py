"""Waits until a tally's workers have taken everything that was sent."""

import asyncio
import time

from hub.dev.checker.wire import log_ends
from hub.dev.crash.installation import Installation
from hub.dev.crash.tally.processor import INTAKE
from hub.dev.crash.tally.stage import database

_LOOK_SECONDS = 0.3
_TAKEN = """
select coalesce(sum(next_offset), 0) >= $2 and coalesce(sum(seq - published_seq), 0) = 0
       and not exists (select 1 from letter where topic = $1)
  from partition_owner where topic = $1"""
_OPEN = "select exists (select 1 from item where topic = $1)"


async def taken(place: Installation, seconds: float, *, items: bool = True) -> None:
    """Until all is taken and told; unless `items` may be left, until none is.

    Raises:
        TimeoutError: that did not come within so many seconds.

    """
    until = time.monotonic() + seconds
    async with database(place) as db:
        while True:
            end = sum((await log_ends(place.kafka.bootstrap, INTAKE.name)).values())
            done = await db.fetchval(_TAKEN, INTAKE.name, end)
            if done and (items or not await db.fetchval(_OPEN, INTAKE.name)):
                return
            if time.monotonic() > until:
                raise TimeoutError(f"{INTAKE.name} was not taken within {seconds:g} s")
            await asyncio.sleep(_LOOK_SECONDS)
