"""What a shop says of an order, as far as a registration is compared with it, and what follows."""

from datetime import datetime
from typing import Literal

import msgspec

from schemas.events.parts import VerifiedBy

Payment = Literal["paid", "partially_refunded", "refunded", "unpaid"]
GOOD: tuple[Payment, ...] = ("paid", "partially_refunded")
"""Part of the money may have gone back for another product, or as a kindness."""


class ShopAnswer(msgspec.Struct, frozen=True, gc=False):
    """What a shop answered about the order that a registration names. Nothing in it is personal."""

    source: str
    asked_at: datetime
    is_known: bool
    """Whether there is an order of that name."""
    email_fits: bool = False
    cancelled: bool = False
    test: bool = False
    payment: Payment = "unpaid"
    ordered: bool = False
    """Whether the product is, or was, among its lines."""
    units: int = 0
    """Of the product, neither refunded nor removed."""


class Verification(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """That a shop confirmed a registration: which policy asked for it, what went in and what came out."""

    event: str
    """The registration."""
    policy: str
    version: int
    at: datetime
    """The moment at which it was asked what is in force."""
    order: str
    product: str
    answer: ShopAnswer

    def fact(self) -> VerifiedBy:
        """As the world is told."""
        return VerifiedBy.model_construct(
            policy=self.policy,
            version=self.version,
            at=self.at,
            source=self.answer.source,
            order=self.order,
            product=self.product,
            asked_at=self.answer.asked_at,
            payment=self.answer.payment,
            units=self.answer.units,
        )


def refusal(answer: ShopAnswer) -> tuple[str, str] | None:
    """Why an order does not vouch for a registration, as a code and what to do; None where it does.

    Whoever does not know its e-mail address hears nothing of an order but that it is there.
    """
    checks = (
        (
            not answer.is_known,
            "shop_order_unknown",
            "the shop has no order of that name; copy it from the confirmation of the order",
        ),
        (
            not answer.email_fits,
            "shop_email_differs",
            "the order was placed with another e-mail address; give the one its confirmation went to",
        ),
        (
            answer.cancelled,
            "shop_order_cancelled",
            "the order was cancelled; name the order under which the product was delivered",
        ),
        (
            answer.test,
            "shop_order_test",
            "the shop marks the order as a test; name an order that was paid for",
        ),
        (
            answer.payment == "unpaid",
            "shop_order_unpaid",
            "the order is not paid in full yet; register again once it is",
        ),
        (
            not answer.ordered,
            "shop_product_differs",
            "the product is not part of the order; give the code that the invoice shows",
        ),
        (
            answer.payment not in GOOD or answer.units < 1,
            "shop_order_refunded",
            "the product was refunded; name the order under which it was bought again",
        ),
    )
    return next(((code, what) for fails, code, what in checks if fails), None)
