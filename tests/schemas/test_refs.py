"""Homes and ids never change: what was derived once is derived again for ever."""

import pytest

from schemas.refs import (
    derived_id,
    home,
    home_of,
    is_home,
    order_home,
    place,
    reference_home,
    serial_home,
    warranty_id,
)


def test_a_home_is_the_same_for_ever() -> None:
    assert order_home("acme", "till", "R-1") == home("acme", "order", "till", "R-1")
    assert serial_home("acme", "0001") == home("acme", "serial", "0001")
    assert reference_home("acme", "app", "7") == home("acme", "reference", "app", "7")
    assert order_home("acme", "till", "R-1") == "u5jghlvzz5tjmjcu"


def test_an_id_carries_its_home_and_so_its_place() -> None:
    here = order_home("acme", "till", "R-1")

    assert is_home(here)
    assert home_of(warranty_id(here, 3)) == here
    assert place(here, 6) == place(home_of(warranty_id(here, 3)), 6) in range(6)


@pytest.mark.parametrize(
    "text", ["", "wty", "wty_short_1", "wty_abcdefghijklmnop_x", "wty_ABCDEFGHIJKLMNOP_1"]
)
def test_refuses_what_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match="no id of this hub"):
        home_of(text)


def test_the_same_cause_derives_the_same_id_and_no_other_does() -> None:
    assert derived_id("exp", "a", "b") == derived_id("exp", "a", "b")
    assert derived_id("exp", "a", "b") != derived_id("exp", "ab")
