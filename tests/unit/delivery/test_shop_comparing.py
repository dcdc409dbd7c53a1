"""What a registration says of an order against what the shop says: kept is how it fits, and nobody's name."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.sdk import ShopLine, ShopOrder
from hub.delivery.shop_comparing import compared
from hub.domain.shop_orders import ShopAnswer
from hub.sdk.events import AskShop

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def hashed(address: str) -> str:
    return f"hash of {address}"


ASKED = AskShop("acme", "portal", "reg-1", "#1001", "TV-55", hashed("ada@example.com"))


def an_order(*lines: ShopLine, email: str | None = "ada@example.com", **more: Any) -> ShopOrder:
    told: dict[str, Any] = {"cancelled": False, "test": False, "payment": "paid"}
    emails = (email,) if email else ()
    return ShopOrder(emails, lines=lines or (ShopLine("TV-55", 1),), **told | more)


def answer(*orders: ShopOrder) -> ShopAnswer:
    return compared(orders, ASKED, hashed, "webshop", NOON)


def test_an_order_that_is_not_there_is_unknown() -> None:
    assert answer() == ShopAnswer("webshop", NOON, is_known=False)


def test_an_order_that_fits_is_said_to_fit() -> None:
    assert answer(an_order()) == ShopAnswer(
        "webshop", NOON, is_known=True, email_fits=True, payment="paid", ordered=True, units=1
    )


def test_an_address_fits_however_it_is_written() -> None:
    assert answer(an_order(email=" ADA@Example.COM ")).email_fits
    assert not answer(an_order(email="bob@example.com")).email_fits
    assert not answer(an_order(email=None)).email_fits


def test_units_of_several_lines_of_the_product_add_up() -> None:
    said = answer(an_order(ShopLine("TV-55", 1), ShopLine(" TV-55 ", 2), ShopLine("CABLE", 9)))
    assert (said.ordered, said.units) == (True, 3)


def test_a_line_of_which_nothing_is_left_was_ordered_all_the_same() -> None:
    said = answer(an_order(ShopLine("TV-55", 0)))
    assert (said.ordered, said.units) == (True, 0)
    said = answer(an_order(ShopLine("", 1)))
    assert (said.ordered, said.units) == (False, 0)


def test_of_two_orders_of_one_name_the_one_of_that_address_counts() -> None:
    theirs, mine = an_order(email="bob@example.com"), an_order(cancelled=True)
    assert answer(theirs, mine) == answer(mine)


def test_nothing_that_is_kept_tells_who_ordered() -> None:
    kept = msgspec.json.encode(answer(an_order())).decode()
    assert "ada" not in kept
    assert "hash" not in kept
