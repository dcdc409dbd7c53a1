"""How many days things are kept; each within what the law and the hub allow."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.policies.parts import Policy, Strict, Text

Short = Annotated[int, Field(ge=1, le=365)]
Middle = Annotated[int, Field(ge=30, le=3650)]
Long = Annotated[int, Field(ge=365, le=7300)]

Kind = Literal[
    "contacts",
    "payloads",
    "requests",
    "trail",
    "notes",
    "replays",
    "mails",
    "files",
    "results",
    "deliveries",
    "attempts",
]
"""What goes by age. The audit does not: its chain is never cut."""


class Hold(Strict):
    """A kind of which nothing goes by age, however old it is: a lawsuit, an inspection."""

    kind: Kind
    why: Text
    until: date | None = None
    """Through this day in UTC; for as long as this version counts, where none is named."""


class RetentionPolicy(Policy):
    """What is not named is kept for as long as the installation says (`HUB_RETENTION`).

    Whatever is named here is kept for 31 days at least: topics remember for 30 what it was made of, and
    it would come back as new.
    """

    contacts: Middle | None = None
    """After the last warranty of a customer ended; 1,095 days where nobody says otherwise."""
    payloads: Short | None = None
    """Sealed bodies of what waits or could not be decided, and nobody looks after; 180."""
    requests: Short | None = None
    """Answers to requests, by which a repeat is known; 90."""
    trail: Middle | None = None
    """What happened to a payload; 1,095."""
    files: Middle | None = None
    """Dropped files in `done/` and `refused/`; 90."""
    audit: Long | None = None
    """At least so long. In fact nothing of it goes: its chain is never cut."""
    notes: Middle | None = None
    """What staff wrote and did about what waits; 1,095."""
    replays: Middle | None = None
    """What somebody wanted replayed, and what came of it; 1,095."""
    mails: Short | None = None
    """What could not be sent; 31. What is sent is gone at once."""
    results: Middle | None = None
    """The results beside dropped files, and what is known of a file; 1,095."""
    deliveries: Middle | None = None
    """What endpoints were told and have had, or never will; 90. What waits for an endpoint stays."""
    attempts: Middle | None = None
    """The tries at it, with what receivers answered; 90, and no longer than their delivery."""
    holds: Annotated[tuple[Hold, ...], Field(max_length=50)] = ()
