"""What a partition carries from batch to batch."""

from collections import Counter
from dataclasses import dataclass, field, replace

from schemas.refs import place


@dataclass(slots=True)
class Standing:
    """Where a partition stands, decided ahead of what is committed."""

    part: int
    partitions: int
    seq: int
    next_offset: int
    letter: int
    """The number of the last letter written."""
    held: Counter[str] = field(default_factory=Counter)
    """How many items each home has; while it has any, its events wait behind them."""
    loose: set[str] = field(default_factory=set)
    """Homes whose foremost item was settled, so that the next one may be tried."""
    faults: int = 0
    """Faults of ours in a row."""
    poison: dict[int, str] = field(default_factory=dict)
    """Offsets whose data Postgres refused, with what it said."""
    sick_timers: set[tuple[str, str]] = field(default_factory=set)
    """Timers whose decision Postgres refused."""

    def is_mine(self, home: str) -> bool:
        """Whether a home lives in this partition."""
        return place(home, self.partitions) == self.part

    def copy(self) -> "Standing":
        """How it stands now, to go back to where a batch is undone."""
        return replace(self, held=Counter(self.held), loose=set(self.loose))
