"""What happens to an event that could not be decided: one pure function of error and attempt."""

from dataclasses import dataclass

from hub.domain.errors import UnavailableError

SCHEDULE = (1, 5, 15, 60, 300, 900, 3600, 3600, 7200, 14400, 28800)
"""Seconds before the next attempt; after the last one the event is a dead letter."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after `delay` seconds, and hold the key until then."""

    delay: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Set aside for a person, and hold the key until they act."""


Fate = Retry | DeadLetter


def fate(error: Exception, attempt: int) -> Fate:
    """The fate of an event whose `attempt`th try, counted from 1, ended in this error.

    Rejected and too early are answered inside the home and never come here.
    """
    if isinstance(error, UnavailableError) and attempt <= len(SCHEDULE):
        return Retry(SCHEDULE[attempt - 1])
    return DeadLetter()
