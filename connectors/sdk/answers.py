"""What an HTTP answer that is not the one hoped for means: whether it is worth asking again, and when."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from connectors.sdk.connector import (
    SourceUnavailableError,
    UntranslatableError,
    untranslatable,
)

PASSING = frozenset({408, 409, 423, 425, 429})
"""Too slow, locked, too early, too many: of what a caller is blamed for, these pass by themselves."""
OWN_FAULTS = 500
MAX_DIGITS = 9
SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?\Z")
"""Some say `2.0`."""


def refused(answer: httpx.Response) -> SourceUnavailableError | UntranslatableError:
    """The error to raise for an answer that is no success. One that is raised by `raise_for_status` says the same."""
    status = answer.status_code
    if status in PASSING or status >= OWN_FAULTS:
        return SourceUnavailableError(f"it answers {status}", _pause(answer.headers))
    message = f"the source answers {status}; see whether it has this record, and its settings"
    return untranslatable(f"answered_{status}", message)


def _pause(headers: httpx.Headers) -> float | None:
    """Seconds for which it wants to be left alone; a time counts from its own clock, which may be wrong."""
    said = headers.get("retry-after", "").strip()
    if SECONDS.match(said):
        return float(said) if len(said) <= MAX_DIGITS else None
    until, now = _moment(said), _moment(headers.get("date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
