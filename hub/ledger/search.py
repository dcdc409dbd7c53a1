"""Finding the one event that makes a batch impossible to commit, by halving the batch."""

from dataclasses import dataclass, field

from hub.ledger.plan import Plan

PATIENCE = 10
"""So often a batch is decided again because somebody moved first, before it is made smaller."""


@dataclass(slots=True)
class Search:
    """What a partition knows of such events; it survives the claims that they cost."""

    batch: int
    """Events a batch while nothing is searched."""
    poison: dict[int, str] = field(default_factory=dict)
    """Offsets found, with what Postgres said of them."""
    sick_timers: set[tuple[str, str]] = field(default_factory=set)
    """Home and name of timers found."""
    _cap: int | None = None
    _until: int = 0
    _again: tuple[int, int] = (-1, 0)

    def cap(self, next_offset: int) -> int:
        """How many events the next batch may hold."""
        if self._cap is not None and next_offset > self._until:
            self._cap = None
        return self._cap or self.batch

    def again(self, undone: Plan | None) -> float:
        """Note that somebody else was faster; gives the seconds to wait before deciding again."""
        offset = undone.from_offset if undone is not None else -1
        before, times = self._again
        times = times + 1 if before == offset else 1
        self._again = (offset, times)
        if undone is not None and times > PATIENCE:
            alone = self._cap == 1
            self._shrink(undone)
            if alone and times > 4 * PATIENCE:
                # Nobody wins forty races in a row: this claims what it never looked up.
                self._blame(undone, "it claims a name that another home holds")
        return min(1.0, 0.02 * (times - 1))

    def narrow(self, refused: Plan | None, reason: str) -> bool:
        """Learn from a refused plan; False where nothing can be learned from it."""
        if refused is None:
            return False
        if self._cap == 1 or len(refused.entries) <= 1:
            self._cap = None
            return self._blame(refused, reason)
        self._shrink(refused)
        return True

    def _shrink(self, plan: Plan) -> None:
        self._cap = max(1, len(plan.entries) // 2)
        self._until = max(plan.to_offset, self._until)

    def _blame(self, refused: Plan, reason: str) -> bool:
        if refused.to_offset > refused.from_offset:
            self.poison[refused.to_offset - 1] = reason
        elif refused.items:
            self.poison[min(refused.items)] = reason
        elif refused.timers:
            self.sick_timers.add(next(iter(refused.timers)))
        else:
            return False
        return True
