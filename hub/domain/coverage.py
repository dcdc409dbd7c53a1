"""Days of coverage: dates in the merchant's zone, the expiry day itself still covered."""

from calendar import monthrange
from datetime import MAXYEAR, date, datetime

from hub.domain.errors import reject
from schemas.events.parts import local_date

MONTHS_IN_YEAR = 12
SAFE_DAY = 28
"""Every month has this day, so only later ones may have to be clamped."""


def day_of(instant: datetime, zone: str) -> date:
    """The merchant's day at that instant.

    Raises:
        RejectedError: the calendar ends before that day.

    """
    try:
        return local_date(instant, zone)
    except OverflowError as error:
        message = f"{instant.isoformat()} is outside the calendar in zone {zone}"
        raise reject("date_out_of_range", message) from error


def add_months(day: date, months: int) -> date:
    """That many calendar months later, on the last day of a month that is too short."""
    years, month = divmod(day.month - 1 + months, MONTHS_IN_YEAR)
    year = day.year + years
    if year > MAXYEAR:
        return date.max
    month += 1
    if day.day <= SAFE_DAY:
        return date(year, month, day.day)
    return date(year, month, min(day.day, monthrange(year, month)[1]))
