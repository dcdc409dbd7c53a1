"""A rehearsal counted: by claim, by reason, by cost."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from hub.domain.claims.rehearsing import Difference


class Reason(msgspec.Struct, frozen=True, gc=False):
    """How many claims would go one way instead of another."""

    claims: int
    before: str
    after: str


class CostTotal(msgspec.Struct, frozen=True, gc=False):
    """What the claims that differ cost, and would cost, in minor units."""

    currency: str
    before: int
    after: int
    change: int


class Rehearsal(msgspec.Struct, frozen=True, gc=False):
    """What a draft would change of the claims that were looked at."""

    policy: str
    since: datetime
    claims: int
    unweighed: int
    """Of them, those that no rule has looked at yet."""
    differ: int
    unpriced: int
    differences: tuple[Difference, ...]
    reasons: tuple[Reason, ...]
    costs: tuple[CostTotal, ...]


@dataclass(slots=True)
class Tally:
    """Counts a rehearsal, claim by claim."""

    policy: str
    since: datetime
    claims: int = 0
    unweighed: int = 0
    differences: list[Difference] = field(default_factory=list)

    def count(self, difference: Difference | None) -> None:
        """One claim more."""
        self.claims += 1
        if difference is not None:
            self.differences.append(difference)

    def skip(self) -> None:
        """One more of which nothing was looked at."""
        self.claims += 1
        self.unweighed += 1

    def result(self) -> Rehearsal:
        """All of them, with totals."""
        found = self.differences
        ways = Counter((str(one.before), str(one.after)) for one in found)
        reasons = [Reason(n, *way) for way, n in sorted(ways.items(), key=lambda w: (-w[1], w[0]))]
        return Rehearsal(
            self.policy,
            self.since,
            self.claims,
            self.unweighed,
            len(found),
            sum(one.unpriced for one in found),
            tuple(found),
            tuple(reasons),
            tuple(_costs(found)),
        )


def _costs(found: list[Difference]) -> Iterator[CostTotal]:
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for one in found:
        before.update(one.cost_before)
        after.update(one.cost_after)
    for currency in sorted({*before, *after}):
        was, would = before[currency], after[currency]
        yield CostTotal(currency, was, would, would - was)
