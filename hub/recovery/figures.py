"""The figures of a processor's partitions, all of one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.adapters.postgres import Database
from hub.adapters.postgres.database import Queries
from hub.sdk.events import Outcome

STATES = ("retrying", "held", "dead_lettered")
OUTCOMES = tuple(outcome.value for outcome in Outcome)

PARTITIONS = """
select o.*, coalesce(i.retrying, 0) as retrying_rows, coalesce(i.held, 0) as held_rows,
       coalesce(i.dead_lettered, 0) as dead_lettered_rows, coalesce(i.held_keys, 0) as held_keys,
       i.retrying_age, i.held_age, i.dead_lettered_age
  from partition_owner o
  left join (
    select topic, part, count(*) filter (where state = 'retrying') as retrying,
           count(*) filter (where state = 'held') as held,
           count(*) filter (where state = 'dead_lettered') as dead_lettered,
           count(distinct home) as held_keys,
           extract(epoch from clock_timestamp()
             - min(received_at) filter (where state = 'retrying'))::float8 as retrying_age,
           extract(epoch from clock_timestamp()
             - min(received_at) filter (where state = 'held'))::float8 as held_age,
           extract(epoch from clock_timestamp()
             - min(received_at) filter (where state = 'dead_lettered'))::float8 as dead_lettered_age
      from item group by topic, part) i using (topic, part)
 where o.topic = $1 order by o.part
"""
PROGRESS = (
    "select projection, part, version, seq from projection_progress order by projection, part"
)


@dataclass(frozen=True, slots=True)
class PartitionFigures:
    """One partition's owner row and what the item table says beside it."""

    partition: int
    first_offset: int
    next_offset: int
    seq: int
    published_seq: int
    partition_count: int
    stopped_reason: str | None
    claimed_by: str | None
    outcomes: Mapping[str, int]
    rows: Mapping[str, int]
    """Items by state, as the item table has them."""
    ages: Mapping[str, float]
    """Seconds since the oldest item of each state was received."""
    held_keys: int

    @property
    def unaccounted(self) -> int:
        """Events passed that are in no outcome; 0 or something is wrong."""
        return self.next_offset - self.first_offset - sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a projection is on one partition."""

    projection: str
    partition: int
    version: int
    seq: int


async def read_partitions(queries: Database | Queries, topic: str) -> list[PartitionFigures]:
    """Every partition that was ever claimed."""
    return [_figures(row) for row in await queries.fetch(PARTITIONS, topic)]


def partition_count(partitions: Iterable[PartitionFigures]) -> int:
    """How many partitions the ledger places homes on; 0 where none was ever claimed."""
    return max((one.partition_count for one in partitions), default=0)


def _figures(row: Any) -> PartitionFigures:
    return PartitionFigures(
        partition=row["part"],
        first_offset=row["first_offset"],
        next_offset=row["next_offset"],
        seq=row["seq"],
        published_seq=row["published_seq"],
        partition_count=row["partition_count"],
        stopped_reason=row["stopped_reason"],
        claimed_by=row["claimed_by"],
        outcomes={name: row[name] for name in OUTCOMES},
        rows={state: row[f"{state}_rows"] for state in STATES},
        ages={state: max(0.0, row[f"{state}_age"] or 0.0) for state in STATES},
        held_keys=row["held_keys"],
    )


async def read_progress(queries: Database | Queries) -> list[Progress]:
    """Every projection on every partition; a rebuild's shadow is none."""
    return [
        Progress(row["projection"], row["part"], row["version"], row["seq"])
        for row in await queries.fetch(PROGRESS)
        if not row["projection"].endswith("!shadow")
    ]
