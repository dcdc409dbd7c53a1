"""The status stream by claim: how each moved, what was asked of whom, what became of that, what it cost."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .wire import Told

LIFE: dict[str | None, frozenset[str]] = {
    None: frozenset({"staged", "submitted"}),
    "staged": frozenset({"submitted", "cancelled"}),
    "submitted": frozenset({"staged", "under_review", "cancelled"}),
    "under_review": frozenset(
        {"staged", "awaiting_info", "approved", "partially_approved", "denied", "cancelled"}
    ),
    "awaiting_info": frozenset({"under_review", "cancelled"}),
    "approved": frozenset({"resolved"}),
    "partially_approved": frozenset({"resolved"}),
    "denied": frozenset({"resolved"}),
    "resolved": frozenset(),
    "cancelled": frozenset(),
}
"""What may follow on what."""
ASKED = {
    "replacement.requested.v1": "replacement",
    "repair.requested.v1": "repair",
    "refund.prepared.v1": "refund",
    "recovery.requested.v1": "supplier_recovery",
    "write_off.recorded.v1": "write_off",
}
CHANGED, POSTED, REFUSED = "effect.changed.v1", "cost.recorded.v1", "warranty.refused.v1"
ENDED = "warranty.ended.v1"
STEPS = {
    "requested": frozenset({"acknowledged", "done", "failed"}),
    "acknowledged": frozenset({"acknowledged", "done", "failed"}),
    "done": frozenset({"failed"}),
    "failed": frozenset[str](),
}
"""What may be told of an effect after what; that it was asked for is `requested`."""


@dataclass(slots=True)
class ClaimStream:
    """What the world was told of claims, in order."""

    moves: dict[str, list[tuple[str | None, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    granted: dict[str, list[str]] = field(default_factory=dict)
    """What an approval was said to lead to."""
    asked: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, str] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    """The claim of each effect that was asked for."""
    changes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    postings: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    replaced: Counter[str] = field(default_factory=Counter)
    """Warranties that ended because another unit was sent."""
    refused: set[str] = field(default_factory=set)
    """Events that were refused."""

    @classmethod
    def of(cls, told: Iterable[Told]) -> "ClaimStream":
        """Everything that was told."""
        stream = cls()
        for event in told:
            stream._take(event.type, event.fact, event.cause)
        return stream

    def _take(self, kind: str, fact: dict[str, Any], cause: str) -> None:
        noun, what, _ = kind.split(".")
        if noun == "claim" and what in LIFE:
            self.moves[fact["claim"]].append((fact.get("before"), what))
            if fact.get("resolutions"):
                self.granted[fact["claim"]] = sorted(one["kind"] for one in fact["resolutions"])
        elif kind in ASKED:
            self.asked[fact["effect"]] += 1
            self.kinds[fact["effect"]], self.claims[fact["effect"]] = ASKED[kind], fact["claim"]
        elif kind == CHANGED:
            self.changes[fact["effect"]].append(fact["state"])
        elif kind == POSTED:
            self.postings[fact["claim"]][fact["posting"]] += 1
        elif kind == REFUSED:
            self.refused.add(cause)
        elif kind == ENDED and fact.get("reason") == "replaced":
            self.replaced[fact["warranty"]] += 1
