"""What happens when a stock movement is missing, and when it is different: two rules."""

from typing import Literal

from schemas.policies.parts import Policy, Strict, Text


class StockRule(Strict):
    """What to do, and what staff are told to look at."""

    action: Literal["block", "flag", "allow"]
    note: Text | None = None


class StockPolicy(Policy):
    """The rule that is applied is stored with the decision."""

    missing: StockRule
    """No movement is known of the unit."""
    different: StockRule
    """A movement is known, of another unit, place or quantity."""
