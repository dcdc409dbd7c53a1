"""What a workshop, a till and a warehouse tell, as events with the effect that they must have."""

import json
from datetime import UTC, datetime
from typing import Any

from hub.dev.crash.installation import TENANT, ZONE
from hub.dev.crash.stories import Event
from schemas.refs import home_of, movement_home, order_home, product_home, serial_home

WORKSHOP = "workshop"
NAMESPACE = "counter"
BRANCH = "Branch 1"
CURRENCY = "EUR"
PRICE = 10_000
PRODUCT, EMPTY = "RP-1", "RP-0"
"""What there is more than enough of, and what there is none of."""
ENOUGH = 900_000
DESCRIPTION = "It went dark, and smells."


def now() -> str:
    return datetime.now(UTC).isoformat()


def money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": CURRENCY}


def encode(fact: dict[str, Any]) -> bytes:
    return json.dumps(fact, separators=(",", ":")).encode()


def unit_key(product: str, serial: str) -> str:
    """What the checker calls a unit."""
    return f"serial/{product}/{serial}"


def sale(order: str, product: str, serial: str) -> Event:
    """A till sells a unit, and tells its price."""
    line = {
        "line": "1",
        "product": {"code": product},
        "quantity": 1,
        "serials": [serial],
        "price": money(PRICE),
    }
    about = {"namespace": NAMESPACE, "reference": order}
    fact = {"order": about, "sold_at": now(), "zone": ZONE, "lines": [line], "branch": BRANCH}
    unit = unit_key(product, serial)
    return Event(
        f"sale-{order}", "sale.recorded.v1", "till", order,
        order_home(TENANT, NAMESPACE, order), encode(fact), (unit,), tells=((unit, order),),
    )  # fmt: skip


def registration(order: str, product: str, serial: str) -> Event:
    """A customer registers the unit before its till has told of it."""
    fact = {
        "reference": f"G-{order}",
        "registered_at": now(),
        "zone": ZONE,
        "product": {"code": product},
        "serial": serial,
        "customer": {"name": "Deniz Kaya", "email": f"{order}@example.com"},
    }
    unit = unit_key(product, serial)
    return Event(
        f"registration-{order}", "registration.requested.v1", "app", order,
        serial_home(TENANT, serial.casefold()), encode(fact), (unit,),
        tells=((unit, "registration"),), has_place=False,
    )  # fmt: skip


def filing(order: str, serial: str, issue: str, number: int, photos: tuple[str, ...]) -> Event:
    """The workshop files a claim, or tells of it once more; where it lives it does not know."""
    fact = {
        "serial": serial,
        "reference": f"C-{order}",
        "issue": issue,
        "filed_at": now(),
        "zone": ZONE,
        "photos": photos,
        "words": DESCRIPTION,
    }
    return Event(
        f"claim-{order}-{number}", "claim.filed.v1", WORKSHOP, f"claim/{order}",
        order_home(TENANT, NAMESPACE, order), encode(fact), has_place=False,
    )  # fmt: skip


def of_claim(kind: str, claim: str, name: str, /, **fact: Any) -> Event:
    """Something else that the workshop tells of a claim or an effect, by its id."""
    return Event(name, kind, WORKSHOP, claim, home_of(claim), encode(fact), has_place=False)


def movement(reference: str, product: str, quantity: int, *serials: str) -> Event:
    """The warehouse moves units."""
    fact = {
        "reference": reference,
        "product": product,
        "branch": BRANCH,
        "quantity": quantity,
        "moved_at": now(),
        "serials": serials,
    }
    place = movement_home(TENANT, "erp", reference)
    return Event(f"stock-{reference}", "stock.moved.v1", "erp", reference, place, encode(fact))


def described(product: str) -> Event:
    """The catalogue comes to know a product."""
    fact = {"code": product, "name": f"Kettle {product}"}
    place = product_home(TENANT, product)
    return Event(f"product-{product}", "product.described.v1", "erp", product, place, encode(fact))
