"""What the ledger, the topics and the projections say, all at about one moment."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.recovery.figures import OUTCOMES, PartitionFigures, read_partitions, read_progress
from schemas.topics import WARRANTY_INTAKE

SAID = ("activated", "ended", "linked", "refused")
ACTIVITY = "select outcome, sum(count)::bigint as n from activity group by outcome"
LETTERS = "select count(*) from letter"


@dataclass(frozen=True, slots=True)
class Figures:
    """`numbers` are counts by their plain names, since the first event ever."""

    numbers: Mapping[str, int]
    claimed: int
    """Partitions that somebody owns or owned."""
    lag_seconds: float
    """Age of the oldest event not yet decided."""
    projection_lag: int
    """Status events decided that the slowest projection has not seen."""
    letters: int
    """On their way from one home to another."""

    def __getitem__(self, name: str) -> int:
        return self.numbers[name]

    def is_settled(self, partitions: int) -> bool:
        """Whether nothing is on its way any more."""
        behind = self["waiting"] + self.projection_lag + self.letters
        return self.claimed == partitions and behind == 0


async def read(database: Database, peek: Peek | None) -> Figures:
    """Read everything once; the ledger first, so that `waiting` is never too low.

    Without `peek` nothing waits, for all the ledger knows.
    """
    partitions = await read_partitions(database, WARRANTY_INTAKE.name)
    letters = await database.fetchval(LETTERS)
    lag = await _projection_lag(database, partitions)
    said = {row["outcome"]: row["n"] for row in await database.fetch(ACTIVITY)}
    pairs = [(one, one.next_offset) for one in partitions]
    if peek is not None:
        bounds = [peek.bounds(WARRANTY_INTAKE.name, one.partition) for one in partitions]
        ends = [end for _, end in await asyncio.gather(*bounds)]
        pairs = list(zip(partitions, ends, strict=True))
    numbers = {
        "accepted": sum(max(end, one.next_offset) - one.first_offset for one, end in pairs),
        **{name: sum(one.outcomes[name] for one in partitions) for name in OUTCOMES},
        "waiting": sum(max(0, end - one.next_offset) for one, end in pairs),
        "unaccounted": sum(one.unaccounted for one in partitions),
        **{name: int(said.get(name, 0)) for name in SAID},
    }
    seconds = await _lag_seconds(peek, pairs) if peek is not None else 0.0
    return Figures(numbers, len(partitions), seconds, lag, letters)


async def _projection_lag(database: Database, partitions: Sequence[PartitionFigures]) -> int:
    decided = sum(one.seq for one in partitions)
    seen: dict[str, int] = {}
    for progress in await read_progress(database):
        seen[progress.projection] = seen.get(progress.projection, 0) + progress.seq
    return max(0, decided - min(seen.values(), default=0))


async def _lag_seconds(peek: Peek, pairs: Sequence[tuple[PartitionFigures, int]]) -> float:
    stamps: list[Any] = [
        (await peek.record(WARRANTY_INTAKE.name, one.partition, one.next_offset))
        for one, end in pairs
        if end > one.next_offset
    ]
    ages = [time.time() - record.timestamp / 1000 for record in stamps if record is not None]
    return max(0.0, *ages) if ages else 0.0
