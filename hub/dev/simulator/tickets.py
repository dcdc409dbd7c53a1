"""A till's tickets: `connectors/pos/ticket.py` says what may stand in one."""

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hub.dev.simulator.goods import Merchant
from hub.dev.simulator.order import Order, now
from hub.dev.simulator.said import Ticket


def sold(order: Order) -> Ticket:
    line = {
        "product": {"code": order.good.code, "name": order.good.name},
        "quantity": order.quantity,
        "serials": [order.serial] if order.serial else [],
        "price": str(Decimal(order.good.price).scaleb(-2)),
        "months": order.good.months,
    }
    body = {
        "type": order.merchant.export.sale,
        **_parts(order),
        "at": _at(order, order.sold_at),
        "currency": order.merchant.currency,
        "lines": [line],
    }
    if order.online:
        body["order"] = order.reference
    if order.contact:
        body["customer"] = {"email": order.contact.email}
    return Ticket(order.merchant.tenant, order.till, body)


def returned(order: Order, quantity: int | None = None) -> Ticket:
    """All of it comes back, or so many pieces."""
    some = [{"product": {"code": order.good.code}, "quantity": quantity}]
    body = {
        "type": order.merchant.export.returned,
        **_parts(order),
        "number": f"R-{order.number}",
        "date": None,
        "at": _at(order, now()),
        "original": order.reference if order.online else _parts(order),
        "lines": "all" if quantity is None else some,
    }
    return Ticket(order.merchant.tenant, order.till, body)


def heartbeat(merchant: Merchant, till: int, number: str) -> Ticket:
    """Says nothing that a warranty depends on."""
    body = {"type": "heartbeat", "branch": merchant.branches[0], "till": till, "number": number}
    return Ticket(merchant.tenant, till, body)


def mistyped(ticket: Ticket, chance: random.Random) -> Ticket:
    """The ticket of a sale, spoiled: it is refused at the door, or lands and is parked."""
    return replace(ticket, body=chance.choice(_WAYS)(dict(ticket.body)))


def _unknown_word(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"type": "layaway"}


def _number_for_serial(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"lines": [body["lines"][0] | {"serials": [12345]}]}


def _less_than_nothing(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"lines": [body["lines"][0] | {"quantity": -1}]}


def _without_number(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"number": None}


_WAYS: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (
    _unknown_word,
    _number_for_serial,
    _less_than_nothing,
    _without_number,
)


def _parts(order: Order) -> dict[str, Any]:
    """What makes the receipt unique."""
    parts = {"branch": order.branch, "till": order.till, "date": order.day}
    return {**parts, "number": order.number}


def _at(order: Order, moment: Any) -> str:
    """Some tills know where they are, others write what the clock on the wall shows."""
    local = moment.astimezone(ZoneInfo(order.merchant.zone))
    if "date" in order.merchant.order_parts:
        local = local.replace(tzinfo=None)
    return str(local.isoformat())
