"""What a partition carries from batch to batch, and the rows of its second input."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from hub.ledger.plan import ItemRow


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it stands in the table, due for another try."""

    row: ItemRow
    wanted: str | None
    wanted_why: str | None
    after: int | None
    """The offset of the item of its home that stands right before it; None where it is foremost."""


@dataclass(frozen=True, slots=True)
class StoredTimer:
    """A timer that has come due."""

    home: str
    name: str
    tenant: str
    due_at: datetime
    now: datetime
    """Postgres's clock when it was found due."""


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
