"""What a registration says of an order, held against the orders that a shop has. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime

from connectors.sdk import ShopOrder
from hub.domain.contacts import comparable_email
from hub.domain.shop_orders import ShopAnswer
from hub.sdk.events import AskShop

Hashed = Callable[[str], str]
"""The keyed hash of an address, by which it is compared: nobody here knows who registers."""


def compared(
    orders: Sequence[ShopOrder], ask: AskShop, hashed: Hashed, source: str, at: datetime
) -> ShopAnswer:
    """What is kept of the shop's answer: how the order fits, and nothing of who ordered."""
    if not orders:
        return ShopAnswer(source, at, is_known=False)
    mine = [order for order in orders if _is_of(order, ask, hashed)]
    # Several of one name are told apart by who ordered.
    order = (mine or orders)[0]
    lines = [line for line in order.lines if line.sku.strip() == ask.product]
    return ShopAnswer(
        source,
        at,
        is_known=True,
        email_fits=bool(mine),
        cancelled=order.cancelled,
        test=order.test,
        payment=order.payment,
        ordered=bool(lines),
        units=sum(line.units for line in lines),
    )


def _is_of(order: ShopOrder, ask: AskShop, hashed: Hashed) -> bool:
    return any(hashed(comparable_email(one)) == ask.email_hash for one in order.emails)
