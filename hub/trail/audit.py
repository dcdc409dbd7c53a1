"""The audit: who sent or decided what and when, newest first, page by page."""

from datetime import datetime
from typing import Literal

import msgspec

from hub.adapters.postgres import Queries
from hub.domain.errors import HubError

MAX_LIMIT = 500


class BadCursorError(HubError):
    """A cursor that no page of this hub gave out."""


class Actor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who did it."""

    kind: Literal["user", "system"]
    name: str


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line: a payload taken in, a decision, or a refusal at a door."""

    at: datetime
    stage: str
    """landed, placed, decided, set_aside or refused."""
    status: str
    """An outcome, or the HTTP status of a refusal."""
    actor: Actor
    source: str
    correlation: str
    """What `trace` finds its whole way by."""
    event_id: str | None
    home: str | None
    hash: str
    """Of the payload as it came."""
    payload: msgspec.Raw
    """Without personal data; null where it stands in an earlier entry, or was refused."""
    reason: str


class Page(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Some entries, and how to ask for older ones."""

    entries: tuple[AuditEntry, ...]
    cursor: str | None
    """None where there are no older ones."""


async def page(  # noqa: PLR0913 - a search has as many parts
    queries: Queries,
    tenant: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    source: str | None = None,
    text: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page:
    """Entries of a tenant, newest first; `text` is looked for in reasons, without regard to case.

    Raises:
        BadCursorError: the cursor is not one of ours.

    """
    raise NotImplementedError
