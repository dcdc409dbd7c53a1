"""What a partition carries from batch to batch."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from hub.ledger.queues import Queues
from schemas.refs import place

BREAKER = 20
"""So many faults of ours more than decided events stop a partition instead of filling the dead letters."""


class Refused(NamedTuple):
    """Why Postgres refused what became of an event."""

    reason: str
    version: int = 0
    """Of its item as it was tried; 0 where it had just come."""


@dataclass(slots=True)
class Standing:
    """Where a partition stands, decided ahead of what is committed."""

    part: int
    partitions: int
    seq: int
    next_offset: int
    letter: int
    """The number of the last letter written."""
    queues: Queues = field(default_factory=Queues)
    faults: int = 0
    """How full the breaker's bucket is: a fault of ours fills it by one, a decided event empties it by one."""
    poison: dict[int, Refused] = field(default_factory=dict)
    """Offsets whose data Postgres refused."""
    sick_timers: set[tuple[str, str]] = field(default_factory=set)
    """Timers whose decision Postgres refused."""

    def is_mine(self, home: str) -> bool:
        """Whether a home lives in this partition."""
        return place(home, self.partitions) == self.part

    def may_fail(self) -> bool:
        """Count a fault of ours; False where too many came before it.

        One failing event in ten never fills the bucket, three in five do within some hundred. Once it
        is full, the first event that is tried decides: another fault is not even set aside.
        """
        if self.faults >= BREAKER:
            return False
        self.faults += 1
        return True

    def decided(self) -> None:
        """Count an event that our code could decide."""
        self.faults = max(0, self.faults - 1)

    def copy(self) -> "Standing":
        """How it stands now, to go back to where a batch is undone."""
        return replace(self, queues=self.queues.copy())
