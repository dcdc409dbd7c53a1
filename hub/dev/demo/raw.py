"""What came in at the doors: raw records and what they became, files and how far they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub import registry
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from schemas.topics import raw as raw_topic

BECAME = ("translated", "meaningless", "parked", "retrying", "held", "stepped_over")
OWNERS = "select * from landing_owner where topic = any($1::text[])"
FILES = "select state, count(*) as n from file_progress group by state"
ROWS = """
select coalesce(sum((figures ->> 'lines')::bigint), 0)::bigint from file_progress
"""
OURS = ("done", "refused")
"""Folders in a drop folder that are not for dropping."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Records on the raw topics since the first one ever."""

    landed: int = 0
    became: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(BECAME, 0))
    waiting: int = 0

    @property
    def unaccounted(self) -> int:
        """Landed, and neither become anything nor waiting."""
        return self.landed - sum(self.became.values()) - self.waiting

    def as_json(self) -> dict[str, int]:
        figures = {"landed": self.landed, **self.became, "waiting": self.waiting}
        return figures | {"unaccounted": self.unaccounted}


@dataclass(frozen=True, slots=True)
class Files:
    """Dropped files by content: the same file dropped twice is one."""

    dropped: int = 0
    """They lie in a drop folder, or beside it while they are worked."""
    working: int = 0
    done: int = 0
    refused: int = 0
    rows: int = 0

    @property
    def known(self) -> int:
        """One that is dropped again is worked again, and stays one."""
        return self.working + self.done + self.refused

    def as_json(self) -> dict[str, int]:
        ended = {"done": self.done, "refused": self.refused, "rows": self.rows}
        return ended | {"waiting": self.dropped}


async def read_raw(database: Database, peek: Peek | None, partitions: int) -> Raw:
    """The owners first, then where the logs end; without `peek` they end where the owners are."""
    connectors = registry.connectors().values()
    topics = [raw_topic(one.name).name for one in connectors if one.translate]
    owners = {(row["topic"], row["part"]): row for row in await database.fetch(OWNERS, topics)}
    became = {name: sum(row[name] for row in owners.values()) for name in BECAME}
    ends = {place: row["next_offset"] for place, row in owners.items()}
    if peek is not None:
        ends |= await peek.ends((topic, part) for topic in topics for part in range(partitions))
    landed = waiting = 0
    for place, end in ends.items():
        owner = owners.get(place) or {"first_offset": 0, "next_offset": 0}
        landed += max(end, owner["next_offset"]) - owner["first_offset"]
        waiting += max(0, end - owner["next_offset"])
    return Raw(landed, became, waiting)


async def read_files(database: Database, drop: Path) -> Files:
    """The folders first: what ends meanwhile counts as waiting rather than not at all."""
    dropped = _dropped(drop)
    states = {row["state"]: row["n"] for row in await database.fetch(FILES)}
    rows = await database.fetchval(ROWS)
    working, done, refused = (states.get(name, 0) for name in ("working", "done", "refused"))
    return Files(dropped, working, done, refused, rows)


def _dropped(drop: Path) -> int:
    """A file that is taken meanwhile counts twice."""
    lying = [path.name for path in drop.glob("*/*/*")]
    taken = list(drop.glob("*/*/.working/*"))
    return len([one for one in lying if one not in OURS and not one.startswith(".")]) + len(taken)
