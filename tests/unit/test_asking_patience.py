"""Whoever is being asked burns no attempt, and whoever does not answer is asked for as long as it takes."""

from typing import cast

import pytest

from hub.adapters.postgres import Database
from hub.domain.fate import SCHEDULE, Retry
from hub.ledger.breakers import Breakers, Dependency
from hub.ledger.outside import Nobody, NotAnsweredError, PendingError
from hub.ledger.patience import ASK_AGAIN, Patience
from hub.sdk.asking import UnansweredError
from hub.sdk.events import AskShop

SHOP = "shop webshop"


def patience() -> Patience:
    """Nothing is told to anybody, so no store is needed."""
    return Patience(Breakers(cast("Database", None)))


def not_answered(pause: float = 0.0) -> NotAnsweredError:
    return NotAnsweredError("it answers 503", SHOP, pause)


@pytest.mark.parametrize("look_again", [0.5, None])
def test_while_it_is_being_asked_no_attempt_is_burned(look_again: float | None) -> None:
    pending = PendingError("it is being asked", SHOP, look_again)

    assert patience().fate("acme", pending, 3) == (Retry(look_again), 3)


def test_it_is_asked_again_on_the_schedule_and_never_given_up() -> None:
    told = [patience().fate("acme", not_answered(), attempts) for attempts in range(100)]

    delays = [one.delay for one, _ in told if isinstance(one, Retry)]
    assert len(delays) == 100, "none is a dead letter"
    assert delays[:5] == [*SCHEDULE[:3], ASK_AGAIN, ASK_AGAIN]
    assert max(delay or 0 for delay in delays) == ASK_AGAIN
    assert [attempts for _, attempts in told[:3]] == [1, 2, 3]


def test_it_is_left_alone_for_as_long_as_it_asks() -> None:
    assert patience().fate("acme", not_answered(pause=120), 0) == (Retry(120), 1)


def test_it_waits_for_the_breaker_once_that_is_open() -> None:
    waits = patience()
    for _ in range(waits.breakers.policy.failures):
        waits.breakers.failed(Dependency("acme", SHOP), "it answers 503")

    assert waits.fate("acme", not_answered(), 2) == (Retry(None), 2)
    assert waits.fate("globex", not_answered(), 2)[1] == 3, "another's shop is another shop"


def test_whoever_only_looks_what_would_become_of_it_asks_nobody() -> None:
    asked = UnansweredError(AskShop("acme", "portal", "r", "#1", "TV-55", "e"), "webshop")
    said = Nobody().heard(asked, insists=True)

    assert isinstance(said, PendingError)
    assert "webshop" in str(said)
