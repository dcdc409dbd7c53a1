"""How long to go on trying: the schedule of attempts, and the breakers of what is away."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain.errors import UnavailableError
from hub.domain.fate import SCHEDULE, Fate, Retry, fate
from hub.ledger.breakers import Breakers, Dependency
from hub.ledger.items import ItemGone, ItemRow
from hub.ledger.outside import NotAnsweredError, PendingError

ASK_AGAIN = 45.0
"""The longest pause before somebody is asked again. A breaker forgets failures after a minute, so that one
event alone would never open it after a longer one."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Decides whether what failed is tried again, and whether the attempt counts."""

    breakers: Breakers
    schedule: Sequence[float] = SCHEDULE
    """Seconds before each next attempt."""

    def fate(self, tenant: str, error: Exception, attempts: int) -> tuple[Fate, int]:
        """What becomes of it after `attempts` tries and this one, and how many have counted then."""
        if isinstance(error, PendingError):
            return Retry(error.look_again), attempts
        if isinstance(error, NotAnsweredError):
            return self._asked_again(tenant, error, attempts)
        counts = True
        if isinstance(error, UnavailableError) and error.dependency is not None:
            dependency = Dependency(tenant, error.dependency)
            # It says nothing of this one that what it needs is known to be away.
            counts = not self.breakers.is_open(dependency)
            self.breakers.failed(dependency, str(error))
        return self.after(error, attempts, counts=counts)

    def after(self, error: Exception, attempts: int, *, counts: bool) -> tuple[Fate, int]:
        """The same, where the failure is noted already."""
        if not counts:
            return Retry(None), attempts
        return fate(error, attempts + 1, self.schedule), attempts + 1

    def answered(self, was: ItemRow, left: ItemRow | ItemGone) -> None:
        """Note that what an item had waited for answered, unless that is what it failed of again."""
        still = left.dependency if isinstance(left, ItemRow) else None
        if was.dependency is not None and still != was.dependency:
            self.breakers.worked(Dependency(was.tenant, was.dependency))

    def _asked_again(self, tenant: str, error: NotAnsweredError, attempts: int) -> tuple[Fate, int]:
        """However often somebody did not answer: that says nothing against an event."""
        if self.breakers.is_open(Dependency(tenant, error.dependency or "")):
            return Retry(None), attempts
        usual = self.schedule[min(attempts, len(self.schedule) - 1)]
        return Retry(max(error.pause, min(usual, ASK_AGAIN))), attempts + 1
