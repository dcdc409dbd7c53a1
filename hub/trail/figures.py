"""What a trace has to ask besides the trail: how far publishing, projecting and the trail itself are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from hub.adapters.postgres import Queries
from hub.sdk.projection import installed
from hub.trail.way import Behind

BEHIND = "select * from hub_trail_behind() order by log, topic, part"
OWNERS = """
select topic, part, epoch, code_version, published_seq from partition_owner
 where (topic, part) in (select * from unnest($1::text[], $2::int[]))
"""
PROJECTIONS = """
select projection, part, seq from projection_progress
 where part = any($1::int[]) and projection not like '%!shadow' order by projection, part
"""
MARKS = """
select w.what, w.name, w.part, w.seq, m.at
  from unnest($1::text[], $2::text[], $3::int[], $4::bigint[]) as w(what, name, part, seq),
       lateral (select at from trail_mark m
                 where m.what = w.what and m.name = w.name and m.part = w.part and m.seq >= w.seq
                 order by m.seq limit 1) m
"""
PUBLISHED, PROJECTED = "published", "projected"

Spot = tuple[str, int]
"""A topic and a partition of it."""
Wanted = tuple[str, str, int, int]
"""What a mark is looked for by: what, whose, partition, seq."""


@dataclass(frozen=True, slots=True)
class Owner:
    """How far the owner of a partition is."""

    epoch: int
    code_version: int
    published_seq: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How far everything is that the decisions of some traces went through."""

    behind: tuple[Behind, ...] = ()
    owners: dict[Spot, Owner] = field(default_factory=dict)
    projections: dict[tuple[str, int], int] = field(default_factory=dict)
    """By projection and partition, the last seq it shows."""
    marks: dict[Wanted, datetime] = field(default_factory=dict)

    def projected(self, topic: str, part: int) -> list[tuple[str, int]]:
        """The projections that read a partition of a topic, and how far each is."""
        return [
            (name, seq)
            for (name, of), seq in self.projections.items()
            if of == part and _reads().get(name) == topic
        ]


@cache
def _reads() -> dict[str, str]:
    """The topic of each projection: numbers of another one's events say nothing about it."""
    return {name: projection.reads.name for name, projection in installed().items()}


async def behind(queries: Queries) -> tuple[Behind, ...]:
    """Where the trail does not show the end of its logs."""
    return tuple(Behind(**dict(row)) for row in await queries.fetch(BEHIND))


async def figures(
    queries: Queries, said: Iterable[tuple[Spot, int]], late: tuple[Behind, ...]
) -> Figures:
    """The figures for status events, each known by its partition and seq.

    `late` is what `behind` said before the trail was read: what it did not name then is shown.
    """
    wanted = list(said)
    spots = sorted({spot for spot, _ in wanted})
    owners = {
        (row["topic"], row["part"]): Owner(row["epoch"], row["code_version"], row["published_seq"])
        for row in await queries.fetch(OWNERS, *_columns(spots, 2))
    }
    parts = sorted({part for _, part in spots})
    projections = {
        (row["projection"], row["part"]): row["seq"]
        for row in await queries.fetch(PROJECTIONS, parts)
    }
    marks = await _marks(queries, wanted, projections)
    return Figures(late, owners, projections, marks)


async def _marks(
    queries: Queries,
    said: Iterable[tuple[Spot, int]],
    projections: dict[tuple[str, int], int],
) -> dict[Wanted, datetime]:
    asked: dict[Wanted, None] = {}
    for (topic, part), seq in said:
        asked[PUBLISHED, topic, part, seq] = None
        for name, of in projections:
            if of == part:
                asked[PROJECTED, name, part, seq] = None
    rows = await queries.fetch(MARKS, *_columns(list(asked), 4)) if asked else ()
    return {(row["what"], row["name"], row["part"], row["seq"]): row["at"] for row in rows}


def _columns(rows: list[Spot] | list[Wanted], count: int) -> list[list[object]]:
    return [[row[n] for row in rows] for n in range(count)]
