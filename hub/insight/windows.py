"""Counts by outcome in a tumbling window: the one that is open and the one closed last."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from hub.telemetry.metrics import Metrics

OTHER = "other"
"""Whatever is of no type we know, so that no stranger can make up labels without end."""


class Window(Protocol):
    """Cuts time into ranges."""

    def current(self, timestamp: float) -> tuple[float, float]: ...


@dataclass(slots=True)
class Windows:
    """Two windows, kept in memory only: a restart begins with empty ones."""

    window: Window
    outcomes: frozenset[str]
    metrics: Metrics
    start: float = 0.0
    open: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: str, timestamp: float) -> None:
        """Count one; what is older than both windows is dropped."""
        self.roll(timestamp)
        start, _ = self.window.current(timestamp)
        if start == self.start:
            self.open[self._known(outcome)] += 1
        elif start == self._before(self.start):
            self.closed[self._known(outcome)] += 1

    def roll(self, now: float) -> None:
        """Close the window that `now` has left behind."""
        start, _ = self.window.current(now)
        if start <= self.start:
            return
        followed = self._before(start) == self.start
        self.closed = self.open if followed else Counter()
        self.open = Counter()
        self.start = start

    def show(self) -> None:
        """Set the gauges."""
        for outcome in (*sorted(self.outcomes), OTHER):
            self.metrics.window_outcomes.labels(outcome, "open").set(self.open[outcome])
            self.metrics.window_outcomes.labels(outcome, "closed").set(self.closed[outcome])

    def _known(self, outcome: str) -> str:
        return outcome if outcome in self.outcomes else OTHER

    def _before(self, start: float) -> float:
        return self.window.current(start - 0.001)[0]
