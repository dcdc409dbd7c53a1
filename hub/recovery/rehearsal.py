"""Trying items with the code, the settings and the rows of now, and writing nothing.

The engine's own batch decides, on the rows of one moment; what it plans is told and thrown away.
"""

from collections import Counter

from hub.adapters.postgres import Database, Queries
from hub.recovery.chain import Tries, follow
from hub.recovery.choosing import Filter
from hub.recovery.items import find, page
from hub.recovery.rehearsed import Count, ManyRehearsed, Rehearsal
from hub.recovery.snapshot import snapshot
from hub.recovery.spot import NotPossibleError, Spot
from hub.recovery.stage import stage_of
from hub.recovery.today import Today
from hub.recovery.trying import Events, Records
from hub.recovery.wishes import foremost

PIECE = 100
"""Items that are tried on the rows of one moment, so that it does not last."""


async def rehearse(queries: Database | Queries, today: Today, spot: Spot) -> Rehearsal:
    """What would become of an item if it were tried now; held, where it was sealed with another key.

    Raises:
        NotPossibleError: there is no such item, or it waits behind another.

    """
    async with snapshot(queries) as moment:
        item = await find(moment, spot)
        first = await foremost(moment, item)
        if first is not None:
            message = f"{spot} waits behind offset {first.offset} of the same home; rehearse that"
            raise NotPossibleError(message)
        return await follow(moment, item, await _tries(moment, today, item.topic))


async def rehearse_many(
    queries: Database | Queries,
    today: Today,
    where: Filter,
    *,
    limit: int = 1_000,
    details: int = 10,
) -> ManyRehearsed:
    """What would become of the items that fit, each as if it alone were tried with those behind it.

    What merely waits behind another is counted with that one's details, not by itself. What was sealed with
    another key would be held for a person.
    """
    counts: Counter[tuple[str, str]] = Counter()
    told: list[Rehearsal] = []
    cursor, tried = None, 0
    while tried < limit:
        async with snapshot(queries) as moment:
            found = await page(moment, where, limit=min(PIECE, limit - tried), cursor=cursor)
            for item in found.items:
                if item.state == "held":
                    continue
                one = await follow(moment, item, await _tries(moment, today, item.topic))
                counts[_was(one), _would_be(one)] += 1
                told += [one] if len(told) < details else []
        tried, cursor = tried + len(found.items), found.cursor
        if cursor is None:
            break
    return ManyRehearsed(
        counts=tuple(
            Count(was=was, would_be=then, items=items)
            for (was, then), items in counts.most_common()
        ),
        items=counts.total(),
        more=cursor is not None,
        details=tuple(told),
    )


async def _tries(queries: Queries, today: Today, topic: str) -> Tries:
    """What tries the items of a topic, beginning with the rows as they are."""
    if topic in today.processors:
        stage = await stage_of(queries, today.processors[topic], today.keyring)
        return Events(today, stage)
    if topic in today.raw:
        return Records(today, queries, today.raw[topic])
    message = f"neither a processor nor a connector that is installed here reads {topic}"
    raise NotPossibleError(message)


def _was(one: Rehearsal) -> str:
    return f"{one.item.was.state} {one.item.was.code}".strip()


def _would_be(one: Rehearsal) -> str:
    return f"{one.item.outcome} {one.item.code}".strip()
