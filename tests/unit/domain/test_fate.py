"""What becomes of what failed."""

from hub.domain.errors import UnavailableError
from hub.domain.fate import SCHEDULE, DeadLetter, Retry, fate


def test_what_is_away_is_tried_again_later_and_later() -> None:
    away = UnavailableError("the vendor is away")

    assert [fate(away, attempt) for attempt in (1, 2, 3)] == [Retry(1), Retry(5), Retry(15)]


def test_after_the_last_pause_a_person_has_to_act() -> None:
    away = UnavailableError("the vendor is away")

    assert fate(away, len(SCHEDULE)) == Retry(SCHEDULE[-1])
    assert fate(away, len(SCHEDULE) + 1) == DeadLetter()
    assert fate(away, 2, (0.5,)) == DeadLetter()


def test_what_will_never_be_better_by_itself_is_not_tried_again() -> None:
    assert fate(KeyError("serial"), 1) == DeadLetter()
