"""A decision while it is being made: what is said and changed piles up here."""

import msgspec

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


class Draft(msgspec.Struct, gc=False):
    """Lists that `decision` freezes. Units are kept in the order they were first touched."""

    said: list[Said] = []
    units: dict[str, Unit] = {}
    proposals: dict[str, Proposal] = {}
    proofs: dict[str, Proof] = {}
    claims: dict[str, Claim] = {}
    effects: dict[str, Effect] = {}
    names: list[NameClaim | NameRelease] = []
    letters: list[Letter] = []
    timers: list[SetTimer | ClearTimer] = []

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
