"""A decision while it is being made: what is said and changed piles up here."""

from dataclasses import dataclass, field

from hub.processors.purchase.claim_rows import Claim, Effect
from hub.processors.purchase.proofs import Proof
from hub.processors.purchase.state import Other, Proposal, Purchase, PurchaseRow, Unit
from hub.sdk.decision import (
    ClearTimer,
    Decision,
    Letter,
    NameClaim,
    NameRelease,
    Said,
    SetTimer,
)
from hub.sdk.events import Outcome


@dataclass(slots=True)
class Draft:
    """Lists that `decision` freezes. Units are kept in the order they were first touched."""

    said: list[Said] = field(default_factory=list)
    units: dict[str, Unit] = field(default_factory=dict)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)
    names: list[NameClaim | NameRelease] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    timers: list[SetTimer | ClearTimer] = field(default_factory=list)

    def decision(
        self,
        purchase: Purchase,
        row: PurchaseRow,
        answer: object = None,
        outcome: Outcome = Outcome.APPLIED,
    ) -> Decision[Purchase]:
        """Everything said and changed so far, with the new head."""
        units = tuple(self.units.values())
        others: tuple[Other, ...] = (*self.proposals.values(), *self.proofs.values())
        if self.claims or self.effects:
            others = (*others, *self.claims.values(), *self.effects.values())
        return Decision(
            purchase.changed(row, units, others),
            outcome,
            answer,
            tuple(self.said),
            (*units, *others) if others else units,
            tuple(self.names),
            tuple(self.letters),
            tuple(self.timers),
        )
