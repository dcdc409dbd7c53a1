"""Who owns a unit: whoever registered or bought it, until it changed hands."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec


class Transfer(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """That a unit changed hands; `customer` is the reference of its new owner."""

    at: datetime
    day: date
    """In the zone that was told with it."""
    connector: str
    reference: str
    customer: str
    event: str
    version: int
    """Of the coverage policy that lets cover go on."""


def owner(
    first: str | None, transfers: Sequence[Transfer], before: datetime | date | None = None
) -> str | None:
    """The owner now, or as it was before a moment, or at the end of a day.

    `first` is whoever it was before it ever changed hands. In whatever order transfers were told,
    the one that took place last counts.
    """
    past = [one for one in transfers if before is None or _is_past(one, before)]
    return max(past, key=_rank).customer if past else first


def _is_past(one: Transfer, moment: datetime | date) -> bool:
    return one.at < moment if isinstance(moment, datetime) else one.day <= moment


def _rank(one: Transfer) -> tuple[datetime, str, str]:
    return one.at, one.connector, one.reference
