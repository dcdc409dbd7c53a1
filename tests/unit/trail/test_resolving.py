"""What a text may be the name of, as far as the text itself tells."""

from hub.trail.resolve import homes_inside, orders_named
from schemas.refs import order_home, warranty_id

HOME = "u5jghlvzz5tjmjcu"


def test_an_id_carries_its_home() -> None:
    assert homes_inside(warranty_id(HOME, 3)) == [HOME]
    assert homes_inside(HOME) == [HOME]
    assert homes_inside("R-1") == []
    assert homes_inside("wty_x_1") == []


def test_an_order_may_be_cut_at_any_slash() -> None:
    assert list(orders_named("acme", "a/b/c")) == [
        order_home("acme", "a", "b/c"),
        order_home("acme", "a/b", "c"),
    ]
    assert list(orders_named("acme", "R-1")) == []
    assert len(list(orders_named("acme", "/" * 400))) == 20
