"""How far a projection is: each step stores rows and progress in one fenced transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.adapters.postgres import Database
from hub.adapters.postgres.database import Queries
from hub.sdk.projection import Projection, Told

PLACES = """
select part, version, seq, epoch from projection_progress where projection = $1 order by part"""
PLACES_LOCKED = f"{PLACES} for update"
BEGIN = """
insert into projection_progress (projection, part, version, seq, epoch) values ($1, $2, $3, 0, 0)
on conflict (projection, part) do update set version = excluded.version
"""
# Two partitions may touch the same rows in any order, so they go one at a time or deadlock.
ADVANCE = """
with alone as materialized (select pg_advisory_xact_lock(hashtextextended('project ' || $1, 0)))
update projection_progress set seq = $4, epoch = greatest(epoch, $5)
  from alone where projection = $1 and part = $2 and version = $3 and seq = $6
"""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a table is on one partition. `epoch` is the newest it was built with."""

    seq: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Step:
    """What brings a table from one place to the next."""

    to: Place
    told: Sequence[Told] = ()
    jumped: bool = False
    """Before this step Postgres went back: what was projected may never have been decided."""


@dataclass(frozen=True, slots=True)
class Target:
    """A table that a projection's rows go to, and the name its progress is kept under."""

    projection: Projection
    progress: str
    table: str

    @staticmethod
    def live(projection: Projection) -> "Target":
        """The table that is read."""
        return Target(projection, projection.name, projection.table)

    @staticmethod
    def shadow(projection: Projection) -> "Target":
        """The table that a rebuild fills."""
        return Target(projection, f"{projection.name}!shadow", f"{projection.table}__shadow")

    async def places(self, queries: Queries | Database, *, lock: bool = False) -> "Places":
        """Where the table stands on each partition, and which version made it."""
        rows = await queries.fetch(PLACES_LOCKED if lock else PLACES, self.progress)
        return Places(
            max((row["version"] for row in rows), default=0),
            {row["part"]: Place(row["seq"], row["epoch"]) for row in rows},
        )

    async def begin(self, queries: Queries | Database, part: int) -> None:
        """Stand where the table stands, or before everything where it never stood anywhere."""
        await queries.execute(BEGIN, self.progress, part, self.projection.version)

    async def take(self, queries: Queries, part: int, old: Place, step: Step) -> bool:
        """Write a step inside the caller's transaction; False where the table stands elsewhere.

        The progress row is locked first and the table after it, as everybody does.
        """
        fence = (self.progress, part, self.projection.version, step.to.seq, step.to.epoch, old.seq)
        if await queries.execute(ADVANCE, *fence) != "UPDATE 1":
            return False
        rows = [row for told in step.told for row in self.projection.rows(told)]
        if rows:
            await queries.executemany(self.projection.upsert.format(table=self.table), rows)
        return True


@dataclass(frozen=True, slots=True)
class Places:
    """Where a table stands; version 0 where it was never built."""

    version: int
    at: dict[int, Place]
