"""The life of a claim is one table: whatever is not in it is refused, with what would be legal."""

from typing import get_args

import pytest

from hub.domain.claims.life import (
    BEGINNINGS,
    DECIDED,
    GRANTED,
    MOVES,
    OPEN,
    illegal,
    reachable,
    way,
)
from hub.domain.errors import RejectedError
from schemas.events.claim import MOVED, State

STATES: tuple[State, ...] = get_args(State)
LEGAL = {
    ("staged", "submitted"),
    ("staged", "cancelled"),
    ("submitted", "staged"),
    ("submitted", "under_review"),
    ("submitted", "cancelled"),
    ("under_review", "staged"),
    ("under_review", "awaiting_info"),
    ("under_review", "approved"),
    ("under_review", "partially_approved"),
    ("under_review", "denied"),
    ("under_review", "cancelled"),
    ("awaiting_info", "under_review"),
    ("awaiting_info", "cancelled"),
    ("approved", "resolved"),
    ("partially_approved", "resolved"),
    ("denied", "resolved"),
}
EVERY = [(before, after) for before in STATES for after in STATES]


@pytest.mark.parametrize(("before", "after"), EVERY)
def test_a_claim_goes_the_ways_of_the_table_and_no_other(before: State, after: State) -> None:
    if (before, after) in LEGAL:
        assert way(before, after) == (after,)
    elif before == "submitted" and after in {"approved", "partially_approved", "denied"}:
        assert way(before, after) == ("under_review", after), "a decision reviews it as well"
        assert way(before, after, DECIDED) == ("under_review", after)
    elif (before, after) == ("staged", "denied"):
        assert way(before, after) == ("submitted", "under_review", "denied"), "as it is"
    else:
        with pytest.raises(RejectedError) as refused:
            way(before, after)
        (reason,) = refused.value.reasons
        assert reason.code == "illegal_move"
        for legal in MOVES[before]:
            assert legal in reason.message
        if not MOVES[before]:
            assert "nothing follows" in reason.message


def test_whoever_may_not_review_decides_nothing_that_is_only_submitted() -> None:
    with pytest.raises(RejectedError):
        way("submitted", "approved", frozenset())


def test_a_refusal_names_every_way_that_is_open() -> None:
    (reason,) = illegal("awaiting_info", "approved").reasons
    assert reason.message == (
        "the claim is awaiting_info and cannot become approved; "
        "it can become cancelled or under_review"
    )


def test_every_state_is_in_the_table_is_reached_and_comes_to_an_end() -> None:
    assert set(MOVES) == set(STATES) == set(MOVED)
    assert set(BEGINNINGS) | reachable("staged") == set(STATES)
    ends = {state for state, moves in MOVES.items() if not moves}
    assert ends == {"resolved", "cancelled"}
    for state in STATES:
        assert state in ends or reachable(state) & ends
    for state in ends:
        assert reachable(state) == frozenset()


def test_nothing_that_was_decided_is_open_again() -> None:
    assert frozenset(STATES) - {"resolved", "cancelled"} == OPEN | DECIDED
    assert not OPEN & DECIDED
    assert {"denied"} | GRANTED == DECIDED
    for state in DECIDED:
        assert not reachable(state) & OPEN
