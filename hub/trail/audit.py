"""The audit: who sent or decided what and when, newest first, page by page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from hub.adapters.postgres import Queries
from hub.domain.errors import HubError
from hub.ledger.entries import NO_BODY
from hub.trail import rows
from hub.trail.rows import DOOR, LANDING

MAX_LIMIT = 500
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Line = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
# A correlation is whatever a publisher says; the row of a request is written by a door that knew the key.
COLUMNS = """
select log, n, line, at, stage, status, correlation, source, event_id, home, reason, doc,
       exists (select 1 from request r
                where r.id = trail.correlation and r.tenant = trail.tenant and r.event_id = trail.event_id
                  and starts_with(r.scope, 'api/' || trail.source || '/')) as asked
  from trail"""
NEWEST_FIRST = "at desc, log desc, n desc, line desc"


class BadCursorError(HubError):
    """A cursor that no page of this hub gave out."""


class Actor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who did it."""

    kind: Literal["user", "system"]
    """A user has proved who he is by a key of the API; a system by its feed's secret or Kafka's ACL."""
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


@dataclass(slots=True)
class _Search:
    """The conditions of a page, and what they are bound to."""

    values: list[object]
    conditions: list[str] = field(default_factory=lambda: ["tenant = $1"])

    def add(self, condition: str, *values: object) -> None:
        """Add a condition; `{}` stands for each value in turn."""
        numbers = range(len(self.values) + 1, len(self.values) + 1 + len(values))
        self.conditions.append(condition.format(*(f"${number}" for number in numbers)))
        self.values += values

    def sql(self, limit: int) -> str:
        """The statement that finds the newest that fit."""
        where = " and ".join(self.conditions)
        return f"{COLUMNS} where {where} order by {NEWEST_FIRST} limit {limit:d}"


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
    """Entries of a tenant, newest first; the session must speak for it.

    `since` is included and `until` is not. `text` is looked for in reasons, without regard to case.

    Raises:
        BadCursorError: the cursor is not one of ours.

    """
    search = _Search([tenant])
    if cursor is not None:
        at, *rest = _opened(cursor)
        search.add("at <= {}", at)
        search.add("(at, log, n, line) < ({}, {}, {}, {})", at, *rest)
    if since is not None:
        search.add("at >= {}", since)
    if until is not None:
        search.add("at < {}", until)
    if status is not None:
        search.add("status = {}", status)
    if source is not None:
        search.add("source = {}", source)
    if text:
        # Those that have a reason have an index of their own.
        search.add("reason <> '' and strpos(lower(reason), lower({}::text)) > 0", text)
    size = max(1, min(limit, MAX_LIMIT))
    found = await queries.fetch(search.sql(size + 1), *search.values)
    shown = found[:size]
    older = _closed(shown[-1]) if len(found) > size else None
    return Page(entries=tuple(_entry(row) for row in shown), cursor=older)


def _entry(row: Any) -> AuditEntry:
    digest, payload, principal = _kept(row)
    return AuditEntry(
        at=row["at"],
        stage=row["stage"],
        status=row["status"],
        actor=_actor(row, principal),
        source=row["source"],
        correlation=row["correlation"],
        event_id=row["event_id"],
        home=row["home"],
        hash=digest,
        payload=payload,
        reason=row["reason"],
    )


def _kept(row: Any) -> tuple[str, msgspec.Raw, str | None]:
    """The hash of what came, what of it may be shown, and who is known to have sent it."""
    if row["log"] == LANDING:
        landed = rows.read_landed(row["doc"])
        return landed.hash, landed.payload, None
    if row["log"] == DOOR:
        refused = rows.read_refused(row["doc"])
        return refused.hash, NO_BODY, refused.principal
    decided = rows.read_decided(row["doc"])
    # A door that asked somebody for a key calls him the source.
    return decided.hash, decided.body, row["source"] if row["asked"] else None


def _actor(row: Any, principal: str | None) -> Actor:
    return (
        Actor(kind="user", name=principal)
        if principal
        else Actor(kind="system", name=row["source"])
    )


def _closed(row: Any) -> str:
    place = [row["at"].isoformat(), row["log"], row["n"], row["line"]]
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _opened(cursor: str) -> tuple[datetime, str, int, int]:
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        place = msgspec.json.decode(
            text, type=tuple[Instant, Literal["landing", "ledger", "door"], Number, Line]
        )
    except (ValueError, msgspec.MsgspecError) as error:
        message = "the cursor is none that this hub gave out; begin without one"
        raise BadCursorError(message) from error
    return place
