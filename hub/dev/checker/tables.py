"""What the tables hold, read in one snapshot."""

from dataclasses import dataclass
from typing import Any

import asyncpg

OUTCOMES = (
    "applied", "deduplicated", "rejected", "retrying", "held", "dead_lettered", "given_up",
    "forwarded", "early", "stepped_over",
)  # fmt: skip

BECAME = ("translated", "meaningless", "parked", "retrying", "held", "stepped_over")

_LANDINGS = "select * from landing_owner where topic = $1 order by part"
_OWNERS = "select * from partition_owner where topic = $1 order by part"
_UNITS = "select id, status, serial, product, order_reference from unit order by home, id"
_ITEMS = 'select state, part, "offset", event_id, reason from item where topic = $1'
_ACTIVITY = "select outcome, sum(count)::bigint as count from activity group by outcome"
_PROGRESS = "select projection, part, seq from projection_progress"
_LETTERS = "select count(*) from letter where topic = $1"


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows as they are, by column name."""

    owners: list[Any]
    landings: list[Any]
    units: list[Any]
    items: list[Any]
    activity: dict[str, int]
    progress: list[Any]
    letters: int
    """Still kept; the last ones of a partition stay until its next batch, acknowledged or not."""

    def total(self, column: str) -> int:
        """A column of the owner rows added up."""
        return sum(owner[column] for owner in self.owners)


async def read_tables(dsn: str, intake: str, raw: str | None) -> Tables:
    """Read everything the check needs."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            counted = await connection.fetch(_ACTIVITY)
            return Tables(
                owners=await connection.fetch(_OWNERS, intake),
                landings=await connection.fetch(_LANDINGS, raw) if raw else [],
                units=await connection.fetch(_UNITS),
                items=await connection.fetch(_ITEMS, intake),
                activity={row["outcome"]: row["count"] for row in counted},
                progress=await connection.fetch(_PROGRESS),
                letters=await connection.fetchval(_LETTERS, intake),
            )
    finally:
        await connection.close()
