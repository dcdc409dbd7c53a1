"""What an approval may lead to: what each resolution needs, and how much it may cost."""

from collections.abc import Iterator

from hub.domain.claims.record import Granted
from hub.domain.errors import reject
from hub.processors.purchase.claim_rows import Claim
from hub.processors.purchase.claims.gathering import price_of, supplier_of
from hub.processors.purchase.state import Purchase, Unit
from hub.sdk.events import Event, Known


def checked(  # noqa: PLR0913, PLR0917 - a claim, and what is granted of it
    purchase: Purchase,
    claim: Claim,
    unit: Unit,
    granted: tuple[Granted, ...],
    event: Event,
    known: Known,
) -> tuple[Granted, ...]:
    """The same, with the amounts that were left out.

    Raises:
        RejectedError: nothing is granted, or something that is not possible.

    """
    if not granted:
        message = "say what the claim leads to: replacement, repair, refund, supplier_recovery or write_off"
        raise reject("resolution_missing", message)
    kinds = [one.kind for one in granted]
    if len(set(kinds)) < len(kinds):
        raise reject("resolution_twice", "name each resolution once")
    if any((one.amount or 0) < 0 for one in granted):
        message = "an amount is not negative; what was too much before is corrected by a cost"
        raise reject("amount_negative", message)
    if "replacement" in kinds:
        _check_replaced(purchase, unit)
    if "supplier_recovery" in kinds and supplier_of(event, known, unit) is None:
        message = f"the catalogue knows no supplier of {unit.product!r}; describe the product first"
        raise reject("supplier_unknown", message)
    found = tuple(_priced(purchase, unit, granted))
    if len({one.currency for one in found if one.currency}) > 1:
        raise reject("currencies_differ", "say all amounts of one decision in one currency")
    price = price_of(purchase, unit)
    if price is not None:
        _check_currency(found, price[1])
        _check_refund(purchase, claim, found, price)
    return found


def _check_replaced(purchase: Purchase, unit: Unit) -> None:
    """One unit takes the place of another, however many claims there are of that."""
    mine = (one for one in purchase.effects.values() if one.warranty == unit.id)
    other = next((e for e in mine if e.kind == "replacement" and e.state != "failed"), None)
    if other is not None:
        message = f"{other.id} replaces this unit, by claim {other.claim}; grant something else"
        raise reject("already_replaced", message)


def _priced(purchase: Purchase, unit: Unit, granted: tuple[Granted, ...]) -> Iterator[Granted]:
    """A refund or replacement that names no amount is worth what the unit cost."""
    price = price_of(purchase, unit)
    for one in granted:
        if one.amount is not None or one.kind not in {"refund", "replacement"}:
            yield one
        elif price is not None:
            yield Granted(one.kind, *price)
        elif one.kind == "refund":
            message = "no source told the price of this unit; say the amount of the refund"
            raise reject("amount_missing", message)
        else:
            yield one


def _check_currency(granted: tuple[Granted, ...], currency: str) -> None:
    """What is worth as much as the unit is said in what the unit was paid in."""
    if any(one.kind in {"refund", "replacement"} and one.currency != currency for one in granted):
        message = f"the unit was paid for in {currency}; say refunds and replacements in that"
        raise reject("currencies_differ", message)


def _check_refund(
    purchase: Purchase, claim: Claim, granted: tuple[Granted, ...], price: tuple[int, str]
) -> None:
    """Never more than was paid, whatever earlier claims paid back included."""
    refund = next((one for one in granted if one.kind == "refund"), None)
    if refund is None:
        return
    paid, currency = price
    mine = (one for one in purchase.effects.values() if one.warranty == claim.warranty)
    before = sum(one.amount or 0 for one in mine if one.kind == "refund" and one.state != "failed")
    left = paid - before
    if (refund.amount or 0) > left:
        message = f"{left} of {paid} minor units {currency} are left to refund; lower the amount"
        raise reject("refund_above_price", message)
