"""What the doors, the ledger, the topics and the projections say, all at about one moment."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.dev.demo.raw import Files, Raw, read_files, read_raw
from hub.dev.demo.told import DELIVERED, DELIVERIES
from hub.recovery.figures import OUTCOMES, PartitionFigures, read_partitions, read_progress
from schemas.events.claim import State
from schemas.topics import WARRANTY_INTAKE

SAID = ("activated", "ended", "linked", "refused")
ACTIVITY = "select outcome, sum(count)::bigint as n from activity group by outcome"
LETTERS = "select count(*) from letter"
CLAIMS = "select state, count(*) as n from claim group by state"
FILED = "filed"
CLAIM_STATES: tuple[str, ...] = get_args(State)
TRAIL = "select coalesce(sum(batches), 0)::bigint from hub_trail_behind()"


@dataclass(frozen=True, slots=True)
class Figures:
    """`numbers` are counts by their plain names, since the first event ever."""

    numbers: Mapping[str, int]
    raw: Raw
    files: Files
    claimed: int
    """Partitions that somebody owns or owned."""
    lag_seconds: float
    """Age of the oldest event not yet decided."""
    projection_lag: int
    """Status events decided that the slowest projection has not seen."""
    trail_lag: int
    """Batches of the logs that the trail does not show yet."""
    letters: int
    """On their way from one home to another."""
    deliveries: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(DELIVERED, 0))
    """By state: what endpoints had, what they never will, and what still waits, `away` where nobody answers."""
    claims: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(CLAIM_STATES, 0))
    """By state."""

    def __getitem__(self, name: str) -> int:
        return self.numbers[name]

    @property
    def unaccounted(self) -> int:
        """Events and raw records of which nobody knows what became of them."""
        return abs(self["unaccounted"]) + abs(self.raw.unaccounted)

    def as_json(self) -> dict[str, Any]:
        """Every figure by a plain name; counts are those since the first event ever."""
        doors = {"raw": self.raw.as_json(), "files": self.files.as_json()}
        doors["deliveries"] = dict(self.deliveries)
        doors["claims"] = {FILED: sum(self.claims.values()), **self.claims}
        behind = {"projection_lag": self.projection_lag, "trail_lag": self.trail_lag}
        return {**self.numbers, **doors, **behind}

    def is_settled(self, partitions: int) -> bool:
        """Whether nothing is on its way any more."""
        behind = self["waiting"] + self.projection_lag + self.trail_lag + self.letters
        doors = self.raw.waiting + self.files.dropped + self.deliveries["waiting"]
        return self.claimed == partitions and behind + doors == 0


async def read(database: Database, peek: Peek | None, *, drop: Path, partitions: int) -> Figures:
    """Read everything once, back from the end of the way; where logs end is read last.

    So nothing that moves on meanwhile is missed, and `waiting` is never too low. Without `peek`
    nothing waits, for all the ledger knows.
    """
    files = await read_files(database, drop)
    raw = await read_raw(database, peek, partitions)
    owners = await read_partitions(database, WARRANTY_INTAKE.name)
    letters = await database.fetchval(LETTERS)
    lag = await _projection_lag(database, owners)
    trail = await database.fetchval(TRAIL)
    sent = {row["state"]: row["n"] for row in await database.fetch(DELIVERIES)}
    said = {row["outcome"]: row["n"] for row in await database.fetch(ACTIVITY)}
    pairs = await _with_ends(peek, owners)
    numbers = {
        "accepted": sum(max(end, one.next_offset) - one.first_offset for one, end in pairs),
        **{name: sum(one.outcomes[name] for one in owners) for name in OUTCOMES},
        "waiting": sum(max(0, end - one.next_offset) for one, end in pairs),
        "unaccounted": sum(one.unaccounted for one in owners),
        **{name: int(said.get(name, 0)) for name in SAID},
    }
    seconds = await _lag_seconds(peek, pairs) if peek is not None else 0.0
    deliveries = {state: sent.get(state, 0) for state in DELIVERED}
    stand = {row["state"]: row["n"] for row in await database.fetch(CLAIMS)}
    claims = {state: stand.get(state, 0) for state in CLAIM_STATES}
    return Figures(
        numbers, raw, files, len(owners), seconds, lag, trail, letters, deliveries, claims
    )


Ends = Sequence[tuple[PartitionFigures, int]]
"""Partitions, each with the offset after its last record."""


async def _with_ends(peek: Peek | None, partitions: Sequence[PartitionFigures]) -> Ends:
    if peek is None:
        return [(one, one.next_offset) for one in partitions]
    ends = await peek.ends((WARRANTY_INTAKE.name, one.partition) for one in partitions)
    return [(one, ends[WARRANTY_INTAKE.name, one.partition]) for one in partitions]


async def _projection_lag(database: Database, partitions: Sequence[PartitionFigures]) -> int:
    decided = sum(one.seq for one in partitions)
    seen: dict[str, int] = {}
    for progress in await read_progress(database):
        seen[progress.projection] = seen.get(progress.projection, 0) + progress.seq
    return max(0, decided - min(seen.values(), default=0))


async def _lag_seconds(peek: Peek, pairs: Ends) -> float:
    stamps: list[Any] = [
        (await peek.record(WARRANTY_INTAKE.name, one.partition, one.next_offset))
        for one, end in pairs
        if end > one.next_offset
    ]
    ages = [time.time() - record.timestamp / 1000 for record in stamps if record is not None]
    return max(0.0, *ages) if ages else 0.0
