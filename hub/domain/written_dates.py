"""Moments as they are written without a zone: `DD-MM-YYYY HH:MM` by the merchant's clock."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import msgspec

from hub.domain.errors import reject
from schemas.envelope import FIRST_YEAR, LAST_YEAR
from schemas.events.parts import zone_info

_WRITTEN = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4}) ([0-9]{2}):([0-9]{2})")
FURTHEST = timezone(timedelta(hours=14))
"""Where on Earth the clock is furthest ahead."""


class Written(msgspec.Struct, frozen=True, gc=False):
    """A moment and the day it was written as; the day is what counts."""

    at: datetime
    on: date


def read_written(text: str, zone: str) -> Written:
    """The moment that the merchant's clock showed so.

    Where a change of zone shows a time twice, the first is meant. Where it leaves one out, the
    moment is read as if the clock had not changed yet, unless that falls on another day: then as
    if it had changed already. So the day that was written is always the day of the moment.

    Raises:
        RejectedError: it is not written so, or the merchant's calendar has no such day.

    """
    written = _clock(text)
    place = zone_info(zone)
    for fold in (0, 1):
        at = written.replace(tzinfo=place, fold=fold).astimezone(UTC)
        if at.astimezone(place).date() == written.date():
            return Written(at, written.date())
    raise reject(
        "date_left_out",
        f"the calendar of {zone} left out {written:%d-%m-%Y}; send the day before or after it",
    )


def _clock(text: str) -> datetime:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise reject(
            "date_unreadable", "write it as DD-MM-YYYY HH:MM with 24 hours, like 31-01-2026 18:30"
        )
    day, month, year, hour, minute = map(int, found.groups())
    if not FIRST_YEAR < year < LAST_YEAR:
        raise reject(
            "date_out_of_range",
            f"send a year from {FIRST_YEAR + 1} to {LAST_YEAR - 1}, in 4 digits",
        )
    try:
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the zone is the merchant's
    except ValueError as error:
        message = f"there is no such moment ({error}); day, then month, then year: 31-01-2026 18:30"
        raise reject("date_unreadable", message) from error


def is_ahead(written: Written, zone: str, received_at: datetime) -> bool:
    """Whether no clock on Earth showed that yet when it was heard of.

    The format names no zone, and sellers abroad write what their own clock shows.
    """
    shown = written.at.astimezone(zone_info(zone)).replace(tzinfo=None)
    return shown > received_at.astimezone(FURTHEST).replace(tzinfo=None)
