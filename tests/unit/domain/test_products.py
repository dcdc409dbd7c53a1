"""E1 to E3: which product a line means, as one table."""

import pytest

from hub.domain.errors import RejectedError
from hub.domain.products import Asked, Goods, Identified, ask_for, identify, name_key

KETTLE = Goods("K-1", "Acme", "Kettle")


@pytest.mark.parametrize(
    ("told", "found", "means"),
    [
        # E1: the code is there and known.
        (Goods("K-1"), KETTLE, Identified(KETTLE, is_new=False)),
        # E1: the code is there, unknown, and has a name.
        (
            Goods("K-2", None, "Pot"),
            None,
            Identified(Goods("K-2", None, "Pot"), is_new=True),
        ),
        # E1: brand and name alone.
        (
            Goods(None, "Acme", "Pot"),
            None,
            Identified(Goods(None, "Acme", "Pot"), is_new=True),
        ),
        # E2: brand and name of a product that is there.
        (Goods(None, "ACME", " kettle"), KETTLE, Identified(KETTLE, is_new=False)),
        # E1: all three, and the code wins.
        (Goods("K-1", "Acme", "Kettle"), KETTLE, Identified(KETTLE, is_new=False)),
        # E3: the catalogue stays, and what differs is told.
        (
            Goods("K-1", "Acne", "Teapot"),
            KETTLE,
            Identified(KETTLE, is_new=False, differs=("brand", "name")),
        ),
        (
            Goods("K-1", None, "Teapot"),
            KETTLE,
            Identified(KETTLE, is_new=False, differs=("name",)),
        ),
    ],
)
def test_means(told: Goods, found: Goods | None, means: Identified) -> None:
    assert identify(told, found) == means


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (Goods(), "product_unknown"),
        (Goods("", "", ""), "product_unknown"),
        (Goods(None, "Acme"), "product_unknown"),
        (Goods(None, None, "Pot"), "product_unknown"),
        (Goods("K-2"), "product_name_missing"),
        (Goods("K-2", "Acme"), "product_name_missing"),
    ],
)
def test_means_nothing(told: Goods, code: str) -> None:
    with pytest.raises(RejectedError) as refused:
        identify(told, None)
    assert [reason.code for reason in refused.value.reasons] == [code]


def test_e2_makes_a_product_for_each_sale_where_the_merchant_wants_it() -> None:
    told = Goods(None, "Acme", "Kettle")
    made = identify(told, KETTLE, made="made-1")
    assert made == Identified(Goods("made-1", "Acme", "Kettle"), is_new=True)
    assert identify(Goods("K-1"), KETTLE, made="made-1").goods == KETTLE


def test_asks_by_code_first_and_compares_names_without_case_and_blanks() -> None:
    assert ask_for(KETTLE) == Asked("code", "K-1")
    assert ask_for(Goods(None, "Acme", "Kettle")) == Asked("name", name_key(" ACME", "kettle  "))
    assert name_key("a/b", "c") != name_key("a", "b/c")
