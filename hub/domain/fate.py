"""What happens to what failed: one pure function of error, attempt and schedule."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain.errors import UnavailableError

SCHEDULE = (1, 5, 15, 60, 300, 900, 3600, 3600, 7200, 14400, 28800)
"""Seconds before the next attempt; after the last one it is a dead letter."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after `delay` seconds, and hold the key until then.

    None: as soon as what it needs is back.
    """

    delay: float | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Set aside for a person, and hold the key until they act."""


Fate = Retry | DeadLetter


def fate(error: Exception, attempt: int, schedule: Sequence[float] = SCHEDULE) -> Fate:
    """The fate of what ended in this error at its `attempt`th try, counted from 1.

    Rejected and too early are answered inside the home and never come here.
    """
    if isinstance(error, UnavailableError) and attempt <= len(schedule):
        return Retry(schedule[attempt - 1])
    return DeadLetter()
