"""Trying an item, and those that wait behind it, in their order."""

from typing import Any, Protocol

from hub.access.keyring import SealError
from hub.adapters.postgres import Queries
from hub.recovery.items import Item
from hub.recovery.rehearsed import Rehearsal, Rehearsed, Was
from hub.recovery.spot import Spot, gone

MOST = 50
"""So many followers are tried; how many wait beyond them is told."""
SEALED = "sealed"
"""The code of what this process has no key for."""
CHAIN = """
select *, null::bigint as after from item
 where topic = $1 and part = $2 and ("offset" = $3 or (home = $4 and "offset" > $3)) order by "offset" limit $5
"""
COUNT = """
select count(*) from item where topic = $1 and part = $2 and home = $3 and "offset" > $4
"""


class Tries(Protocol):
    """Tries items of one home, each on what those before it have left."""

    async def attempt(self, row: Any, behind: int) -> Rehearsed:
        """What would become of an item that nothing stands before; so many stand behind it."""

    def makes_way(self, one: Rehearsed) -> bool:
        """Whether what stands behind it would go on."""


async def follow(queries: Queries, item: Item, tries: Tries) -> Rehearsal:
    """What would become of an item that nothing stands before, and of its followers."""
    rows = await queries.fetch(CHAIN, *item.spot, item.home, MOST + 1)
    if not rows or rows[0]["offset"] != item.offset:
        raise gone(item.spot)
    told: list[Rehearsed] = []
    for number, row in enumerate(rows):
        told.append(await _attempt(tries, row, len(rows) - number - 1))
        if not tries.makes_way(told[-1]):
            break
    followers = told[1:]
    settled = sum(tries.makes_way(one) for one in followers)
    left = await _waiting(queries, item) - settled
    return Rehearsal(item=told[0], followers=tuple(followers), left_behind=left)


async def _attempt(tries: Tries, row: Any, behind: int) -> Rehearsed:
    try:
        return await tries.attempt(row, behind)
    except SealError as error:
        # Its owner puts it on hold for a person, and goes on with the others.
        return Rehearsed(
            spot=Spot(row["topic"], row["part"], row["offset"]),
            event_id=row["event_id"],
            was=was(row),
            outcome="held",
            code=SEALED,
            reason=str(error),
            events=(),
        )


def was(row: Any) -> Was:
    """How the last try of an item ended."""
    return Was(state=row["state"], code=row["code"], reason=row["reason"], release=row["release"])


async def _waiting(queries: Queries, item: Item) -> int:
    if item.home is None:
        return 0
    rows = await queries.fetch(COUNT, *item.spot[:2], item.home, item.offset)
    return int(rows[0]["count"])
