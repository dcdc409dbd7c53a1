"""Whether somebody may approve so much alone, with a second person, or not at all."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from hub.domain.claims.record import Granted
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
    found: tuple[int, ApprovalPolicy] | None, role: str, amount: int | None, currency: str | None
) -> Limits:
    """What a role may approve; where no policy is in force, whoever may decide at all.

    A role without a limit in a currency approves nothing in it. Above its own limit, or above the
    amount for four eyes, it takes two people, whatever their roles; and so does what nobody knows the
    amount of.
    """
    if found is None:
        return Limits("alone")
    number, policy = found
    mine = [one.up_to for one in policy.limits if one.role == role]
    if currency is not None:
        mine = [one for one in mine if one.currency == currency]
    if not mine:
        return Limits("never", (Ruled("approval", number, f"limits/{role}", "never"),))
    if amount is None:
        return Limits("two", (Ruled("approval", number, "amount_unknown", "two"),))
    above = any(amount > one.amount for one in policy.four_eyes_above if one.currency == currency)
    if above:
        return Limits("two", (Ruled("approval", number, "four_eyes_above", "two"),))
    within = currency is None or any(amount <= one.amount for one in mine)
    may: May = "alone" if within else "two"
    return Limits(may, (Ruled("approval", number, f"limits/{role}", may),))


def total(
    granted: Sequence[Granted], price: tuple[int, str] | None
) -> tuple[int | None, str | None]:
    """What it may cost in all, in minor units of its one currency, for the limits of whoever approves.

    What names no amount counts as much as the unit did; None where that is not known either. A
    replacement never counts less than the unit that it is one of, whatever is expected of it. What
    was granted in several currencies has no sum.
    """
    costs = [one for one in granted if one.kind in COSTS]
    said = next((one.currency for one in costs if one.currency), None)
    known = price if price and said in {None, price[1]} else None
    amounts = [_worth(one, known[0] if known else None) for one in costs]
    currency = said or (known[1] if known and costs else None)
    if None in amounts or len({one.currency for one in costs if one.currency}) > 1:
        return None, currency
    return sum(amount or 0 for amount in amounts), currency


def _worth(one: Granted, price: int | None) -> int | None:
    if one.amount is None or price is None:
        return price if one.amount is None else one.amount
    return max(one.amount, price) if one.kind == "replacement" else one.amount
