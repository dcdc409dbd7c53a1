"""Finding a claim in its home."""

from typing import NamedTuple

from hub.domain.errors import reject
from hub.processors.purchase.claim_rows import Claim, Effect
from hub.processors.purchase.state import Purchase, PurchaseRow, Unit


class Found(NamedTuple):
    """A claim, the unit it is about, and the head of their home."""

    row: PurchaseRow
    claim: Claim
    unit: Unit


def claim_here(purchase: Purchase, identifier: str) -> Found:
    """The claim of that id.

    Raises:
        RejectedError: it does not live in this home.

    """
    claim = purchase.claims.get(identifier)
    if purchase.row is None or claim is None:
        raise reject("unknown_claim", f"there is no claim {identifier!r}; look for its id")
    return Found(purchase.row, claim, purchase.units[claim.warranty])


def effect_here(purchase: Purchase, identifier: str) -> Effect:
    """The effect of that id.

    Raises:
        RejectedError: it does not live in this home.

    """
    effect = purchase.effects.get(identifier)
    if effect is None:
        raise reject("unknown_effect", f"there is no effect {identifier!r}; look for its id")
    return effect
