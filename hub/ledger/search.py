"""Finding the one event whose data Postgres refuses, by halving the batch that held it."""

from dataclasses import dataclass, field

from hub.ledger.plan import Plan
from hub.sdk.failures import DataRefusedError


@dataclass(slots=True)
class Search:
    """Survives the claims that a refused batch costs."""

    batch: int
    """Events a batch while nothing is searched."""
    poison: dict[int, str] = field(default_factory=dict)
    """Offsets found, with what Postgres said of them."""
    _cap: int | None = None
    _until: int = 0

    def cap(self, next_offset: int) -> int:
        """How many events the next batch may hold."""
        if self._cap is not None and next_offset >= self._until:
            self._cap = None
        return self._cap or self.batch

    def narrow(self, refused: Plan | None, error: DataRefusedError) -> bool:
        """Learn from a refused plan; False where nothing can be learned from it."""
        if refused is None:
            return False
        size = len(refused.entries)
        suspects = {entry.offset for entry in refused.entries} | set(refused.items)
        suspects.discard(-1)
        if size <= 1 or len(suspects) <= 1:
            if not suspects:
                return False
            self.poison[suspects.pop()] = str(error)
            self._cap = None
            return True
        self._cap = max(1, size // 2)
        self._until = max(refused.to_offset, self._until)
        return True
