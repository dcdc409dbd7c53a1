"""E10 and E13: how dates without a zone are read."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.coverage import day_of
from hub.domain.errors import RejectedError
from hub.domain.written_dates import Written, is_ahead, read_written

ISTANBUL = "Europe/Istanbul"
ZONES = [ISTANBUL, "UTC", "America/Sao_Paulo", "America/Nuuk", "Africa/Cairo", "Asia/Tashkent"]


def test_reads_the_published_form_by_the_clock_of_the_merchant() -> None:
    read = read_written("01-01-2023 00:00", ISTANBUL)
    assert read == Written(datetime(2022, 12, 31, 21, tzinfo=UTC), date(2023, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "01-13-2023 00:00",
        "31-02-2023 00:00",
        "29-02-2023 00:00",
        "2023-01-31 18:30",
        "2023-01-31T18:30:00Z",
        "31-01-2023",
        "31-01-2023 24:00",
        "31-01-2023 18:60",
        "31-01-2023 6:30",
        "1-1-2023 00:00",
        "31/01/2023 18:30",
        "31-01-2023 18:30:00",
        "31-01-2023  18:30",
        "31-01-0000 18:30",
        "\u0663\u0661-01-2023 18:30",
        "today",
        "",
    ],
)
def test_refuses_what_is_not_written_so(text: str) -> None:
    with pytest.raises(RejectedError) as refused:
        read_written(text, ISTANBUL)
    assert refused.value.reasons[0].code in {"date_unreadable", "date_out_of_range"}


def test_29_february_is_a_day_of_leap_years() -> None:
    assert read_written("29-02-2024 12:00", ISTANBUL).on == date(2024, 2, 29)


def test_a_midnight_that_the_clock_left_out_stays_on_its_day() -> None:
    read = read_written("04-11-2018 00:00", "America/Sao_Paulo")
    assert read == Written(datetime(2018, 11, 4, 3, tzinfo=UTC), date(2018, 11, 4))


def test_an_hour_before_midnight_that_was_left_out_does_not_fall_on_the_next_day() -> None:
    read = read_written("30-03-2024 23:30", "America/Nuuk")
    assert read.on == date(2024, 3, 30)
    assert day_of(read.at, "America/Nuuk") == read.on


def test_of_an_hour_that_came_twice_the_first_is_meant() -> None:
    first = read_written("17-02-2018 23:30", "America/Sao_Paulo")
    assert first == Written(datetime(2018, 2, 18, 1, 30, tzinfo=UTC), date(2018, 2, 17))


def test_refuses_a_day_that_the_merchants_calendar_left_out() -> None:
    with pytest.raises(RejectedError, match="left out 30-12-2011"):
        read_written("30-12-2011 12:00", "Pacific/Apia")


@given(st.dates(date(1990, 1, 1), date(2037, 12, 31)), st.times(), st.sampled_from(ZONES))
def test_the_day_of_the_moment_is_the_day_that_was_written(
    day: date, clock: time, zone: str
) -> None:
    read = read_written(f"{day:%d-%m-%Y} {clock:%H:%M}", zone)
    assert read.on == day == day_of(read.at, zone)


@pytest.mark.parametrize(
    ("text", "ahead"),
    [
        ("10-03-2026 12:00", False),
        # A till in Tashkent that writes its own time is no liar.
        ("10-03-2026 14:00", False),
        ("11-03-2026 00:00", True),
        ("11-03-2026 12:00", True),
        ("10-03-2027 12:00", True),
    ],
)
def test_knows_what_no_clock_has_shown_yet(text: str, *, ahead: bool) -> None:
    noon = datetime(2026, 3, 10, 9, tzinfo=UTC) - timedelta(minutes=1)
    assert is_ahead(read_written(text, ISTANBUL), ISTANBUL, noon) is ahead
