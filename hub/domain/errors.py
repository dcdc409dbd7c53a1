"""Errors named by what to do about them; anything else is a fault of ours and dead-letters."""

from collections.abc import Sequence

from hub.domain.plain import plain
from schemas.events.warranty import Refusal


class HubError(Exception):
    """Whatever the hub raises on purpose."""


class RejectedError(HubError):
    """A rule says no: answer and record it. It holds nothing."""

    def __init__(self, reasons: Sequence[Refusal]) -> None:
        """Keep the reasons; each names its line where one is to blame."""
        super().__init__("; ".join(reason.message for reason in reasons))
        self.reasons = tuple(reasons)


class TooEarlyError(HubError):
    """What this event builds on has not come yet: keep it in its home, hold nothing."""


MAX_NAME = 200
"""Characters in the name of something outside."""


class UnavailableError(HubError):
    """Something outside is away: try again later, hold the key."""

    def __init__(self, message: str, dependency: str | None = None) -> None:
        """Name what is away, where others may need the same: they wait for it together."""
        super().__init__(message)
        self.dependency = None if dependency is None else plain(dependency, MAX_NAME)


def reject(code: str, message: str) -> RejectedError:
    """A rejection with one reason that no single line is to blame for."""
    return RejectedError((Refusal(code=code, message=message),))
