"""What a person wants of one item. Only the owner of its partition acts; here stands what is wanted, and why.

Each wish is one statement that also writes the staff action, so that neither is there without the other. What its
owner tells at this moment is past wishing: it is gone as soon as that is done.
"""

import asyncio
import time
from collections.abc import Sequence
from enum import StrEnum

from hub.adapters.postgres import Database, Queries
from hub.recovery.actions import ABOUT, SAID
from hub.recovery.items import Item, find
from hub.recovery.spot import NotPossibleError, Spot, being_told, gone, reason_of

POLL_SECONDS = 0.2
WISH = """
with changed as (
  update item i set {sets}, version = i.version + 1
   where i.topic = $1 and i.part = $2 and i."offset" = $3 and not {told} {still}
  returning {about}),
said as ({said}
  select changed.*, $4, '{verb}', $5, '', null, null from changed)
select count(*) from changed
"""
SETS = {
    "redrive": "wanted = 'redrive', wanted_why = $5, wanted_by = $4, wanted_at = null, on_hold = null",
    "give_up": "wanted = 'give_up', wanted_why = $5, wanted_by = $4, wanted_at = null",
    "hold": "on_hold = $5, wanted = null, wanted_why = null, wanted_by = null, wanted_at = null",
    "release": "on_hold = null",
}
# By its owner, who holds it back itself where it has lost the key to it: then a person may end it all the same.
TOLD = "(i.telling is not null and i.on_hold is null)"
IS_TOLD = f"""
select {TOLD} as is_told from item i where i.topic = $1 and i.part = $2 and i."offset" = $3
"""  # noqa: S608 - our own words
STILL = {"release": "and i.on_hold is not null"}
# A wish that was said already stands as long as it shows in the item, or has ended it.
STANDS = """
select (select (a.verb, a.by, a.text) = ($4, $5, $6) from staff_action a
         where a.topic = $1 and a.part = $2 and a."offset" = $3
           and a.verb in ('redrive', 'give_up', 'hold', 'release') order by a.n desc limit 1)
   and coalesce((select case $4 when 'hold' then i.on_hold is not distinct from $6
                               when 'release' then i.on_hold is null
                               else i.wanted is not distinct from $4 end
                   from item i where i.topic = $1 and i.part = $2 and i."offset" = $3), true) as stands
"""
STATE = """
select wanted from item where topic = $1 and part = $2 and "offset" = $3
"""
FOREMOST = """
select "offset" from item where topic = $1 and part = $2 and home = $3 order by "offset" limit 1
"""


class Acted(StrEnum):
    """What the owner made of a wish."""

    SETTLED = "settled"
    """The item is gone: decided, translated, or given up."""
    STILL_OPEN = "still open"
    """It was tried and failed again."""
    NOT_YET = "not yet"
    """The owner has not acted within the time given; it will."""


async def redrive(queries: Database | Queries, spot: Spot, why: str, *, by: str) -> None:
    """Have an item tried again at once; one that is on hold is on hold no longer.

    Said twice in the same words, it is one wish, as every other here.

    Raises:
        ChangedError: its owner is telling at this moment what it means.
        NotPossibleError: there is no such item, no reason was given, or it only waits behind another.

    """
    reason = reason_of(why, "a redrive")
    if not await _stands(queries, "redrive", spot, reason, by):
        await _in_front(queries, spot, "redrive")
        await _wish(queries, "redrive", spot, reason, by)


async def give_up(queries: Database | Queries, spot: Spot, why: str, *, by: str) -> None:
    """End an item undecided; what waits behind it goes on.

    Raises:
        ChangedError: its owner is telling at this moment what it means.
        NotPossibleError: there is no such item, or no reason was given.

    """
    reason = reason_of(why, "giving up")
    if not await _stands(queries, "give_up", spot, reason, by):
        await _wish(queries, "give_up", spot, reason, by)


async def hold(queries: Database | Queries, spot: Spot, why: str, *, by: str) -> None:
    """Keep an item from being tried until a person releases or redrives it; what waits behind it waits.

    Raises:
        ChangedError: its owner is telling at this moment what it means.
        NotPossibleError: there is no such item, no reason was given, or it only waits behind another.

    """
    reason = reason_of(why, "a hold")
    if not await _stands(queries, "hold", spot, reason, by):
        await _in_front(queries, spot, "hold")
        await _wish(queries, "hold", spot, reason, by)


async def release(queries: Database | Queries, spot: Spot, why: str, *, by: str) -> None:
    """Let an item that is on hold be tried again when it is due; `redrive` tries it at once.

    Raises:
        NotPossibleError: there is no such item, it is not on hold, or no reason was given.

    """
    reason = reason_of(why, "a release")
    if await _stands(queries, "release", spot, reason, by):
        return
    item = await find(queries, spot)
    if item.on_hold is None:
        message = f"{spot} is not on hold; redrive it to have it tried at once"
        raise NotPossibleError(message)
    await _wish(queries, "release", spot, reason, by)


async def foremost(queries: Database | Queries, item: Item) -> Spot | None:
    """The item that this one waits behind; None where it waits behind none."""
    if item.state != "held" or item.home is None:
        return None
    rows = await queries.fetch(FOREMOST, item.topic, item.partition, item.home)
    first = rows[0]["offset"] if rows else item.offset
    return None if first == item.offset else item.spot._replace(offset=first)


async def _in_front(queries: Database | Queries, spot: Spot, act: str) -> None:
    first = await foremost(queries, await find(queries, spot))
    if first is not None:
        message = (
            f"{spot} waits behind offset {first.offset} of the same home;"
            f" {act} or give up {first.offset} instead"
        )
        raise NotPossibleError(message)


async def _stands(queries: Database | Queries, verb: str, spot: Spot, why: str, by: str) -> bool:
    rows = await queries.fetch(STANDS, *spot, verb, by, why)
    return bool(rows[0]["stands"])


async def _wish(queries: Database | Queries, verb: str, spot: Spot, why: str, by: str) -> None:
    still = STILL.get(verb, "")
    sql = WISH.format(sets=SETS[verb], told=TOLD, still=still, about=ABOUT, said=SAID, verb=verb)
    rows = await queries.fetch(sql, *spot, by, why)
    if not rows[0]["count"]:
        found = await queries.fetch(IS_TOLD, *spot)
        raise being_told(spot) if found and found[0]["is_told"] else gone(spot)


async def wait_until_acted(
    queries: Database | Queries,
    spots: Sequence[Spot],
    timeout: float,  # noqa: ASYNC109 - the answer tells of it
) -> dict[Spot, Acted]:
    """What the owners made of what was wanted of these within so many seconds."""
    deadline = time.monotonic() + timeout
    acted = dict.fromkeys(spots, Acted.NOT_YET)
    while Acted.NOT_YET in acted.values():
        for spot in [spot for spot, state in acted.items() if state is Acted.NOT_YET]:
            rows = await queries.fetch(STATE, *spot)
            if not rows:
                acted[spot] = Acted.SETTLED
            elif rows[0]["wanted"] is None:
                acted[spot] = Acted.STILL_OPEN
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(POLL_SECONDS)
    return acted
