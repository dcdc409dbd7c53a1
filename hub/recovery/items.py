"""Open items: list them, and ask their owner to try again or to end them.

Only a partition's owner writes what an event leads to. A tool writes what is `wanted`, and why.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from hub.adapters.postgres import Database
from hub.domain.errors import HubError

State = Literal["retrying", "held", "dead_lettered"]
POLL_SECONDS = 0.2

LIST = """
select topic, part, "offset", home, state, tenant, event_id, type, attempt, due_at, reason, error,
       wanted, received_at, extract(epoch from clock_timestamp() - received_at)::float8 as age
  from item
 where ($1::text is null or topic = $1) and ($2::int is null or part = $2)
   and ($3::text is null or state = $3) and ($4::text is null or tenant = $4)
   and ($5::text is null or home = $5) and ($6::text is null or type = $6)
   and ($7::text is null or strpos(reason, $7) > 0)
 order by topic, part, "offset" limit $8
"""
WANT = """
update item set wanted = $4, wanted_why = $5, version = version + 1
 where topic = $1 and part = $2 and "offset" = $3
returning version
"""
ONE = 'select * from item where topic = $1 and part = $2 and "offset" = $3'
FOREMOST = """
select "offset" from item where topic = $1 and part = $2 and home = $3 order by "offset" limit 1
"""


class NotPossibleError(HubError):
    """What was asked cannot be done; the message says what can."""


class Spot(NamedTuple):
    """One offset of one partition."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which items; what is None does not matter."""

    topic: str | None = None
    partition: int | None = None
    state: State | None = None
    tenant: str | None = None
    home: str | None = None
    type: str | None = None
    reason: str | None = None
    """A text that the reason contains."""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Item:
    """An accepted event that is not decided yet, or could not be."""

    topic: str
    partition: int
    offset: int
    home: str | None
    state: State
    tenant: str
    event_id: str
    type: str
    attempt: int
    due_at: datetime | None
    reason: str
    error: str | None
    wanted: str | None
    received_at: datetime
    age_seconds: float

    @property
    def spot(self) -> Spot:
        """Where it was read."""
        return Spot(self.topic, self.partition, self.offset)


class Acted(StrEnum):
    """What the owner made of a wish."""

    SETTLED = "settled"
    """The item is gone: decided, or given up."""
    STILL_OPEN = "still open"
    """It was tried and failed again."""
    NOT_YET = "not yet"
    """The owner has not acted within the time given; it will."""


async def list_items(database: Database, where: Filter | None = None) -> list[Item]:
    """Open items in the order of their offsets."""
    w = where or Filter()
    values = (w.topic, w.partition, w.state, w.tenant, w.home, w.type, w.reason, w.limit)
    return [_item(row) for row in await database.fetch(LIST, *values)]


def _item(row: Any) -> Item:
    values = dict(row)
    return Item(partition=values.pop("part"), age_seconds=float(values.pop("age")), **values)


async def redrive(database: Database, spot: Spot, why: str) -> None:
    """Ask the owner to decide an item again, now.

    Raises:
        NotPossibleError: there is no such item, or it only waits behind another.

    """
    row = await _open(database, spot)
    if row["state"] == "held":
        first = await database.fetchval(FOREMOST, spot.topic, spot.partition, row["home"])
        message = (
            f"{spot} waits behind offset {first} of the same home;"
            f" redrive or give up {first} instead"
        )
        raise NotPossibleError(message)
    await _want(database, spot, "redrive", why)


async def give_up(database: Database, spot: Spot, why: str) -> None:
    """Ask the owner to end an item undecided; the reason stands in the ledger for ever.

    Raises:
        NotPossibleError: there is no such item, or no reason was given.

    """
    if not why.strip():
        message = "giving up an event needs a reason: it will never be decided"
        raise NotPossibleError(message)
    await _open(database, spot)
    await _want(database, spot, "give_up", why)


async def retry_now(database: Database, where: Filter, why: str) -> list[Item]:
    """Ask the owners to try all these at once, instead of when they are due; gives which.

    What only waits behind another item is left out: it follows by itself.
    """
    chosen = [item for item in await list_items(database, where) if item.state != "held"]
    for item in chosen:
        await _want(database, item.spot, "redrive", why)
    return chosen


async def _open(database: Database, spot: Spot) -> Any:
    row = await database.fetchrow(ONE, *spot)
    if row is None:
        message = f"{spot} is no open item; `hub items` lists those there are"
        raise NotPossibleError(message)
    return row


async def _want(database: Database, spot: Spot, wanted: str, why: str) -> None:
    if await database.fetchval(WANT, *spot, wanted, why.strip()) is None:
        message = f"{spot} was settled meanwhile; nothing is left to do"
        raise NotPossibleError(message)


async def wait_until_acted(
    database: Database,
    places: Sequence[tuple[str, int, int]],
    timeout: float,  # noqa: ASYNC109 - the answer tells of it
) -> dict[tuple[str, int, int], Acted]:
    """What the owners made of what was wanted of these (topic, partition, offset)."""
    deadline = time.monotonic() + timeout
    acted = dict.fromkeys(places, Acted.NOT_YET)
    while Acted.NOT_YET in acted.values():
        for spot in [spot for spot, state in acted.items() if state is Acted.NOT_YET]:
            row = await database.fetchrow(ONE, *spot)
            if row is None:
                acted[spot] = Acted.SETTLED
            elif row["wanted"] is None:
                acted[spot] = Acted.STILL_OPEN
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(POLL_SECONDS)
    return acted
