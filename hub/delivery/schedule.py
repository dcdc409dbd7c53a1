"""When a delivery is tried again, and what an answer means for it. Pure."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

PAUSES = (0.0, 5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds before each attempt: Standard Webhooks' own schedule, three days in all."""
JITTER = 0.2
LONGEST_WAIT = 86_400.0
"""As long as a receiver may ask to be left alone."""
DISABLED_AFTER = 120 * 3_600.0
"""Seconds of nothing but failures."""
WARNED_AT = (50, 90)
"""Percent of that time."""
BREAKS_AT = 10
"""Failures in a row after which an endpoint is asked by one attempt at a time."""
PROBES = (1.0, 5.0, 15.0, 60.0)
"""Seconds before each such attempt; the last one for ever after."""

LATER = frozenset({408, 423, 425, 429})
CONFLICT, GONE = 409, 410
ASKS_TO_WAIT = frozenset({429, 503})

Fate = Literal["delivered", "retry", "dead", "gone", "skipped"]
"""`skipped`: there is nothing to send, and nobody is to blame."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt; `status` is None where there was no answer."""

    outcome: str
    """In one word: `answered`, or why there was no answer."""
    explained: str = ""
    status: int | None = None
    retry_after: float | None = None
    beginning: str = ""
    """Of the body, redacted."""
    locked: bool = False
    """A conflict that passes by itself."""
    fate: Fate | None = None
    """What it means, where that is not for HTTP's own statuses to say."""


def fate_of(answer: Answer) -> Fate:
    """What is to become of the delivery; whether its schedule is used up is not asked here."""
    if answer.fate is not None:
        return answer.fate
    status = answer.status
    if status is None or status in LATER or status >= 500:  # noqa: PLR2004 - HTTP's own classes
        return "retry"
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own classes
        return "delivered"
    if status == GONE:
        return "gone"
    if status < 400 or (status == CONFLICT and answer.locked):  # noqa: PLR2004 - HTTP's own classes
        # A redirect is not followed, and whoever moved may come back.
        return "retry"
    return "dead"


def pause(tries: int, scale: float = 1.0, *, by_chance: float | None = None) -> float | None:
    """Seconds until the next attempt after so many; None where there is none left."""
    if tries >= len(PAUSES):
        return None
    chance = random.uniform(-1.0, 1.0) if by_chance is None else by_chance  # noqa: S311 - spreads load
    return PAUSES[tries] * scale * (1.0 + JITTER * chance)


def wait_asked(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a `Retry-After` asks for, a day at most; None where it says nothing."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(LONGEST_WAIT, float(text[:9]))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    seconds = (until - (now or datetime.now(UTC))).total_seconds()
    return min(LONGEST_WAIT, max(0.0, seconds))
