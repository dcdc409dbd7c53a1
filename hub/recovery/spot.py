"""Where an item stands, and what is said where something cannot be done with it."""

from typing import NamedTuple

from hub.domain.errors import HubError
from hub.telemetry.logging import scrubbed


class NotPossibleError(HubError):
    """What was asked cannot be done; the message says what can."""


class GoneError(NotPossibleError):
    """What was asked about is not there, or is not to be seen by who asks."""


class ChangedError(NotPossibleError):
    """Somebody or something was quicker: what was looked at is not what stands there now."""


class Spot(NamedTuple):
    """One offset of one partition."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


def gone(spot: Spot) -> GoneError:
    """There is no item at this spot, or none that the session may see."""
    return GoneError(f"{spot} is no open item; list the items there are")


def being_told(spot: Spot) -> ChangedError:
    """What it means is published just now, or was when its translator ended; the next one does so again."""
    return ChangedError(f"{spot} is being translated at this moment; look at it again")


def reason_of(text: str, act: str) -> str:
    """A reason without space around it, and without e-mail addresses, phone numbers and passwords.

    Raises:
        NotPossibleError: nothing is left of it.

    """
    if not text.strip():
        message = f"{act} needs a reason: it stands in the records for ever"
        raise NotPossibleError(message)
    return scrubbed(text.strip())
