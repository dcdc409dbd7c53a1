"""What a check found: plain figures, and the first few examples of each kind."""

from collections import defaultdict
from dataclasses import dataclass, field

WRONG = (
    "lost", "duplicated", "reordered", "stuck", "unaccounted", "ghosts", "views_wrong", "illegal",
    "half_done", "altered", "unsigned",
)  # fmt: skip
"""Figures that are all zero when the promise holds. Ghosts are effects of what nobody accepted."""

_EXAMPLES = 10


@dataclass(slots=True)
class Findings:
    """Counts by kind, with examples a person can follow up."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WRONG, 0))
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, what: str, count: int = 1) -> None:
        self.counts[kind] += count
        if len(self.examples[kind]) < _EXAMPLES:
            self.examples[kind].append(what)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a check; `ok` when none of the wrong ones is above zero."""

    figures: dict[str, int]
    examples: dict[str, list[str]]

    @property
    def ok(self) -> bool:
        return not any(self.figures[kind] for kind in WRONG)

    def lines(self) -> list[str]:
        """The examples, one a line."""
        return [f"{kind}: {what}" for kind, found in self.examples.items() for what in found]
