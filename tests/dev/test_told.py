"""What receivers took is held against what the hub says it delivered."""

from collections import Counter

from hub.dev.demo.told import DELIVERED, Told, compared


def found(
    delivered: tuple[str, ...], taken: tuple[str, ...], is_open: tuple[str, ...] = ()
) -> dict[str, int]:
    counted = compared(delivered, Counter(taken), is_open)
    return {name: number for name, number in counted.items() if number}


def test_nothing_is_amiss_where_both_say_the_same() -> None:
    assert found(("a", "b"), ("b", "a")) == {"took": 2}


def test_a_message_may_come_twice() -> None:
    assert found(("a", "b"), ("a", "b", "a")) == {"took": 2, "again": 1}


def test_finds_what_was_delivered_to_nobody() -> None:
    assert found(("a", "b"), ("a",)) == {"took": 1, "lost": 1}


def test_finds_what_was_taken_and_never_delivered() -> None:
    assert found(("a",), ("a", "b")) == {"took": 2, "ghosts": 1}


def test_what_was_taken_without_an_answer_that_came_is_still_on_its_way() -> None:
    assert found(("a",), ("a", "b"), is_open=("b", "c")) == {"took": 2}


def test_trials_mean_nothing() -> None:
    assert found(("a", "tst_1"), ("a", "tst_2", "tst_2")) == {"took": 1}


def test_every_figure_has_a_plain_name_and_what_was_told_is_the_sum() -> None:
    told = Told({"delivered": 3, "away": 2}, failed=4, took=2, lost=1, ghosts=1)
    states = dict.fromkeys(DELIVERED, 0) | {"delivered": 3, "away": 2}
    counted = {"failed": 4, "took": 2, "again": 0, "lost": 1, "ghosts": 1}
    assert told.as_json() == {"told": 5, **states, **counted, "unaccounted": 2}
