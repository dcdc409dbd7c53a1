"""E5, E6 and E15: how lines are told apart."""

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.line_names import is_place, line_names, repeated, same_unit


def test_a_line_without_a_name_is_called_by_its_place() -> None:
    assert line_names(["A", None, "", "B"]) == ["A", "#2", "#3", "B"]


def test_a_line_that_is_called_like_a_place_keeps_its_name() -> None:
    assert line_names([None, "#1", "##1"]) == ["###1", "#1", "##1"]


def test_a_place_is_known_by_its_look() -> None:
    assert [name for name in ["#1", "##12", "#", "1", "A#1", "#A"] if is_place(name)] == [
        "#1",
        "##12",
    ]


@given(st.lists(st.one_of(st.none(), st.sampled_from(["#1", "#2", "##2", "#3", "A"])), max_size=6))
def test_no_two_lines_are_called_alike_unless_they_were_sent_so(given_: list[str | None]) -> None:
    names = line_names(given_)
    assert len(set(names)) == len(names) - len(repeated(given_))


def test_finds_each_later_line_of_one_name() -> None:
    assert repeated(["A", None, "A", None, "B", "A"]) == [2, 5]


def test_finds_each_later_line_of_one_product_and_serial() -> None:
    lines = [("drill", "S 1"), ("saw", "s1"), ("drill", "s1"), ("drill", None), ("drill", None)]
    assert same_unit(lines) == [2]
