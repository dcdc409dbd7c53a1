"""A storm of faults stops a partition; the odd event that our code fails on never does."""

import random

import pytest

from hub.ledger.standing import BREAKER, Standing

EVENTS = 200_000


def standing() -> Standing:
    return Standing(part=0, partitions=1, seq=0, next_offset=0, letter=0)


def until_stopped(share: float, seed: int, events: int = EVENTS) -> tuple[int, int] | None:
    """Events and dead letters until the breaker opens where such a share of the events fails."""
    chance, bucket, dead = random.Random(seed), standing(), 0  # noqa: S311 - repeatable
    for n in range(events):
        if chance.random() >= share:
            bucket.decided()
        elif bucket.may_fail():
            dead += 1
        else:
            return n, dead
    return None


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_one_failing_event_in_ten_never_stops_a_partition(share: float) -> None:
    assert [until_stopped(share, seed) for seed in range(3)] == [None] * 3


def test_three_failing_events_in_five_stop_it_within_some_hundred() -> None:
    stopped = [until_stopped(0.6, seed) for seed in range(200)]
    assert all(found is not None and found[0] < 500 for found in stopped)
    assert sum(found[1] for found in stopped if found) / 200 < 100


def test_nothing_but_faults_stops_it_at_once() -> None:
    assert until_stopped(1.0, 0) == (BREAKER, BREAKER)


def test_the_first_event_after_the_rest_decides_and_is_not_set_aside() -> None:
    bucket = standing()
    for _ in range(BREAKER):
        assert bucket.may_fail()
    for _ in range(100):
        assert not bucket.may_fail(), "each rest ends with the same event, still to come"
    bucket.decided()
    assert bucket.may_fail()
    assert not bucket.may_fail(), "one good event is no licence for another twenty bad ones"


def test_good_times_give_no_credit() -> None:
    bucket = standing()
    for _ in range(1_000):
        bucket.decided()
    assert bucket.faults == 0
