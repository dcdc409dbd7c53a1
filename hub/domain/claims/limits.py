"""Whether somebody may approve so much alone, with a second person, or not at all."""

from typing import Literal

import msgspec

from hub.domain.claims.weighing import Ruled
from schemas.policies.approval import ApprovalPolicy

May = Literal["alone", "two", "never"]
COSTS = frozenset({"replacement", "repair", "refund", "write_off"})
"""What an approval costs the merchant; what a supplier gives back is none of it."""


class Limits(msgspec.Struct, frozen=True, gc=False):
    """What a role may, and under what."""

    may: May
    ruled: tuple[Ruled, ...] = ()


def limits(
    found: tuple[int, ApprovalPolicy] | None, role: str, amount: int, currency: str | None
) -> Limits:
    """What a role may approve; where no policy is in force, whoever may decide at all.

    A role without a limit in a currency approves nothing in it. Above its own limit, or above the
    amount for four eyes, it takes two people, whatever their roles.
    """
    if found is None:
        return Limits("alone")
    number, policy = found
    mine = [one.up_to for one in policy.limits if one.role == role]
    if currency is not None:
        mine = [one for one in mine if one.currency == currency]
    if not mine:
        return Limits("never", (Ruled("approval", number, f"limits/{role}", "never"),))
    above = any(amount > one.amount for one in policy.four_eyes_above if one.currency == currency)
    if above:
        return Limits("two", (Ruled("approval", number, "four_eyes_above", "two"),))
    within = currency is None or any(amount <= one.amount for one in mine)
    may: May = "alone" if within else "two"
    return Limits(may, (Ruled("approval", number, f"limits/{role}", may),))
