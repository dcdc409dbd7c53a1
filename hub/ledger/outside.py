"""Whom the ledger has asked outside, and what an event that needs the answer is told until it is there.

Nobody waits for an answer: a partition would stand still meanwhile. The event becomes a retry item, as
whatever lacks something outside does; the answer is stored, and at its next turn a lookup finds it.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from hub.domain.errors import UnavailableError
from hub.ledger.breakers import Breakers
from hub.sdk.asking import UnansweredError


class PendingError(UnavailableError):
    """It is being asked, or nobody asks as it is known to be away: that burns no attempt."""

    def __init__(self, message: str, dependency: str, look_again: float | None) -> None:
        """Look again after so many seconds; None: as soon as what is asked is back."""
        super().__init__(message, dependency)
        self.look_again = look_again


class NotAnsweredError(UnavailableError):
    """It was asked and did not answer, which its breaker knows already. It is asked for as long as it takes."""

    def __init__(self, message: str, dependency: str, pause: float = 0.0) -> None:
        """Leave it alone for `pause` seconds, where it asks for that."""
        super().__init__(message, dependency)
        self.pause = pause


class Outside(Protocol):
    """Asks for what decisions need, and stores what it hears before anything is decided by it."""

    def heard(self, error: UnansweredError, *, insists: bool) -> Exception:
        """Why an event cannot be decided yet; begins to ask where nobody does.

        `insists`: ask although it is known to be away; somebody must find out when it is back.
        """


Asking = Callable[[Breakers], AbstractAsyncContextManager[Outside]]
"""Opens whoever asks, for as long as a worker runs."""


class Nobody:
    """Asks nobody: of whoever only looks what would become of an event."""

    def heard(self, error: UnansweredError, *, insists: bool) -> Exception:  # noqa: ARG002 - the port's
        """It would be asked."""
        message = f"would wait until source {error.source!r} has answered"
        return PendingError(message, error.source, None)
