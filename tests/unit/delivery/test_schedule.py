"""When a delivery is tried again, and what an answer means for it."""

from datetime import UTC, datetime

import pytest

from hub.delivery.queue import Claimed
from hub.delivery.schedule import (
    DISABLED_AFTER,
    PAUSES,
    WARNED_AT,
    Answer,
    fate_of,
    pause,
    wait_asked,
)
from hub.delivery.verdict import heard, verdict

MINUTE, HOUR = 60.0, 3600.0


def claimed(tries: int = 0, *, is_probe: bool = False, endpoint: str = "ep") -> Claimed:
    return Claimed(1, "acme", endpoint, 1, "evt", tries + 1, tries, is_probe, "{}", None)


def answered(status: int | None, **more: object) -> Answer:
    return Answer("answered", status=status, **more)  # type: ignore[arg-type]


def test_production_tries_ten_times_in_three_days() -> None:
    hours = (2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
    assert (0.0, 5.0, 5 * MINUTE, 30 * MINUTE, *hours) == PAUSES
    assert sum(PAUSES) == 75 * HOUR + 35 * MINUTE + 5
    assert (DISABLED_AFTER, WARNED_AT) == (120 * HOUR, (50, 90))


@pytest.mark.parametrize("tries", range(10))
def test_chance_moves_a_pause_by_a_fifth_at_most(tries: int) -> None:
    found = [pause(tries, by_chance=chance) for chance in (-1.0, 0.0, 1.0)]

    assert found == pytest.approx([PAUSES[tries] * share for share in (0.8, 1.0, 1.2)])
    for _ in range(100):
        drawn = pause(tries)
        assert drawn is not None
        assert PAUSES[tries] * 0.8 <= drawn <= PAUSES[tries] * 1.2


def test_after_the_tenth_there_is_none() -> None:
    assert pause(10) is None
    assert verdict(claimed(8), answered(500), 0.1).fate == "retry"
    assert verdict(claimed(9), answered(500), 0.1).fate == "dead"


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        *((status, "delivered") for status in (200, 201, 202, 204, 299)),
        *((status, "retry") for status in (408, 423, 425, 429, 500, 502, 503, 504, 599, 302)),
        *((status, "dead") for status in (400, 401, 403, 404, 405, 409, 413, 415, 422, 451)),
        (410, "gone"),
        (None, "retry"),
    ],
)
def test_each_status_has_its_fate(status: int | None, fate: str) -> None:
    assert fate_of(answered(status)) == fate


def test_a_conflict_that_is_a_lock_passes() -> None:
    assert fate_of(answered(409, locked=True)) == "retry"


def test_a_probe_uses_up_no_step() -> None:
    found = verdict(claimed(9, is_probe=True), answered(None), 1.0)

    assert (found.fate, found.ended.state, found.ended.counts) == ("retry", "waiting", False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("999999999999", 86_400.0),
        ("Sat, 31 Jan 2026 10:00:30 GMT", 30.0),
        ("Sat, 31 Jan 2026 09:00:00 GMT", 0.0),
        ("Sat, 31 Jan 2026 10:00:30 +99999999999999999", None),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("١٢", None),
    ],
)
def test_retry_after_is_read_and_bounded(header: str | None, seconds: float | None) -> None:
    assert wait_asked(header, datetime(2026, 1, 31, 10, tzinfo=UTC)) == seconds


def test_retry_after_is_honoured_up_to_a_day() -> None:
    asked = verdict(claimed(), answered(503, retry_after=86_400.0), 0.1)

    assert asked.ended.pause == asked.quiet == 86_400.0


def test_one_that_answers_well_in_between_is_there() -> None:
    told = [verdict(claimed(), answered(status), 0.1) for status in (500, 200, 500, None)]

    (found,) = heard(told)
    assert (found.went_well, found.is_there, found.failures) == (True, True, 2)
