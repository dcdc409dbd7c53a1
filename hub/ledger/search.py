"""Finding the one event that makes a batch impossible to commit: by a look, or by halving the batch."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hub.ledger.items import ItemGone, ItemRow
from hub.ledger.plan import Plan
from hub.ledger.standing import Refused
from hub.sdk.processor import Processor

NUL = "\x00"

PATIENCE = 10
"""So often a batch is decided again because somebody moved first, before it is made smaller."""


@dataclass(slots=True)
class Search:
    """What a partition knows of such events; it survives the claims that they cost."""

    batch: int
    """Events a batch while nothing is searched."""
    poison: dict[int, Refused] = field(default_factory=dict)
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

    def narrow(self, refused: Plan | None, reason: str, suspects: set[int] | None = None) -> bool:
        """Learn from a refused plan; False where nothing can be learned from it."""
        if refused is None:
            return False
        if suspects and not suspects <= self.poison.keys():
            self._cap = None
            self.poison |= {one: _refused(refused, one, reason) for one in suspects}
            return True
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
            last = refused.to_offset - 1
            self.poison[last] = _refused(refused, last, reason)
        elif refused.items:
            # The one that was tried; an early event that failed because of it stands before it.
            tried = next(reversed(refused.items))
            self.poison[tried] = _refused(refused, tried, reason)
        elif refused.timers:
            self.sick_timers.add(next(iter(refused.timers)))
        else:
            return False
        return True


def _refused(plan: Plan, offset: int, reason: str) -> Refused:
    match plan.items.get(offset):
        case ItemRow() as row:
            return Refused(reason, row.version - 1)
        case ItemGone() as gone:
            return Refused(reason, gone.version)
    return Refused(reason)


def suspects(processor: Processor[Any], refused: Plan | None) -> set[int]:
    """Offsets of events that alone put into a home what no column holds. Cheaper than to halve."""
    if refused is None:
        return set()
    homes = set(_homes_with_nul(processor, refused))
    events = Counter(entry.home for entry in refused.entries)
    return {one.offset for one in refused.entries if one.home in homes and events[one.home] == 1}


def _homes_with_nul(processor: Processor[Any], plan: Plan) -> Iterator[str]:
    for home in plan.homes.values():
        row = processor.take_apart(home.state)
        if row is not None and _has_nul(column.value(row) for column in processor.head.columns):
            yield home.id
    for part in processor.parts:
        for changed in plan.parts.get(part.table, {}).values():
            if _has_nul(column.value(changed.row) for column in part.columns):
                yield changed.home


def _has_nul(values: Iterator[object]) -> bool:
    return any(isinstance(value, str) and NUL in value for value in values)
