"""The audit as it is read: who did what to what, when and why; newest first, page by page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from hub.adapters.postgres import Queries
from hub.audit.entries import NOBODY, READABLE
from hub.domain.errors import HubError
from hub.trail.rows import KeptDoc
from schemas.refs import home_of

MAX_LIMIT = 500
MAX_DOCUMENT = 10_000
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
COLUMNS = """
select n, seq, at, action, subject, by_kind, by_id, by_role, why, origin, correlation, doc
  from audit_entry"""
NEWEST_FIRST = "at desc, n desc"
ORDINARY = ("payload:landed", "event:decided", "event:repeated")
"""What most rows say. They have no index by their action, and time finds them as quickly."""
RARE = "action not in ('payload:landed', 'event:decided', 'event:repeated')"
IN_DOC = READABLE.format(doc="doc")
CONDITIONS = {
    "since": "at >= {}",
    "until": "at < {}",
    "actor": "by_id = {}",
    "status": f"({IN_DOC}) ->> 'status' = {{}}",
    "source": f"({IN_DOC}) ->> 'source' = {{}}",
}
# What was decided of a unit stands under its purchase; what somebody did to the unit, under its id.
OF_HOME = """subject = any(array[{}, {}]::text[] || array(select id from unit where home = {})
                    || array(select id from proposal where home = {}))"""
PROVEN = frozenset({"person", "key", "operator"})
STAGES = frozenset({"landed", "placed", "decided", "set_aside", "refused", "staff"})
ACT = "act"
"""The stage of whatever did not come through a log: somebody did it, and wrote so at once."""


class BadCursorError(HubError):
    """A cursor that no page of this hub gave out."""


class Actor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who did it."""

    kind: Literal["user", "system"]
    """A user has proved who he is by a key or a session; a system by its feed's secret or Kafka's ACL."""
    name: str


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line: a payload taken in, a decision, a refusal at a door, or what somebody did."""

    n: int
    seq: int | None
    """Its place in the tenant's chain; null for the moment until it is linked."""
    at: datetime
    action: str
    """`subject:verb`, such as payload:landed, event:decided, item:set_aside, door:refused or key:issued."""
    subject: str
    """What it was done to: a raw record, the home of a purchase, an item, a key."""
    stage: str
    """landed, placed, decided, set_aside, refused or staff; act for what came through no log."""
    status: str
    """An outcome, the HTTP status of a refusal, or what was done."""
    actor: Actor
    role: str
    """Of whoever did it, where one is known."""
    source: str
    origin: str
    """From where: a topic, a file, a door and its path, an address as a hash."""
    correlation: str
    """What `trace` finds its whole way by."""
    event_id: str | None
    home: str | None
    hash: str
    """Of the payload as it came."""
    payload: msgspec.Raw
    """Without personal data; null where it stands in an earlier entry, or was refused. Of what staff did
    the code of a note, and of an edit what has changed; of an act what it was about."""
    reason: str
    why: str
    """The same text as `reason`."""


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
    subject: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    status: str | None = None,
    source: str | None = None,
    text: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page:
    """Entries of a tenant, newest first; the session must speak for it.

    `since` is included and `until` is not. `subject` may be any id that carries a home, which then
    finds everything of that purchase. `text` is looked for in reasons, without regard to case.

    Raises:
        BadCursorError: the cursor is not one of ours.

    """
    search = _Search([tenant])
    if cursor is not None:
        at, n = _opened(cursor)
        search.add("at <= {}", at)
        search.add("(at, n) < ({}, {})", at, n)
    wanted = {"since": since, "until": until, "actor": actor, "status": status, "source": source}
    for name, value in wanted.items():
        if value is not None:
            search.add(CONDITIONS[name], value)
    if subject is not None:
        _narrow_to_subject(search, subject)
    if action is not None:
        search.add("action = {}" if action in ORDINARY else f"action = {{}} and {RARE}", action)
    if text:
        # Those that have a reason have an index of their own.
        search.add("why <> '' and strpos(lower(why), lower({}::text)) > 0", text)
    size = max(1, min(limit, MAX_LIMIT))
    found = await queries.fetch(search.sql(size + 1), *search.values)
    shown = found[:size]
    older = _closed(shown[-1]) if len(found) > size else None
    return Page(entries=tuple(_entry(row) for row in shown), cursor=older)


async def everything_of(queries: Queries, tenant: str, subject: str) -> tuple[AuditEntry, ...]:
    """All that was done to something, oldest first: the document of one subject."""
    found: list[AuditEntry] = []
    cursor: str | None = None
    while len(found) < MAX_DOCUMENT:
        told = await page(queries, tenant, subject=subject, limit=MAX_LIMIT, cursor=cursor)
        found += told.entries
        cursor = told.cursor
        if cursor is None:
            break
    return tuple(reversed(found))


def _narrow_to_subject(search: _Search, subject: str) -> None:
    try:
        home = home_of(subject)
    except ValueError:
        search.add("subject = {}", subject)
    else:
        search.add(OF_HOME, subject, home, home, home)


def _entry(row: Any) -> AuditEntry:
    kept = _kept(row["doc"])
    is_act = kept.stage not in STAGES
    verb = row["action"].partition(":")[2]
    return AuditEntry(
        n=row["n"],
        seq=row["seq"],
        at=row["at"],
        action=row["action"],
        subject=row["subject"],
        stage=ACT if is_act else kept.stage,
        status=verb if is_act else kept.status,
        actor=_actor(row, "" if is_act else kept.source),
        role=row["by_role"],
        source="" if is_act else kept.source,
        origin=row["origin"],
        correlation=row["correlation"],
        event_id=None if is_act else kept.event,
        home=None if is_act else kept.home,
        hash="" if is_act else kept.hash,
        payload=msgspec.Raw(row["doc"].encode()) if is_act else kept.payload,
        reason=row["why"],
        why=row["why"],
    )


def _kept(document: str) -> KeptDoc:
    try:
        return msgspec.json.decode(document, type=KeptDoc)
    except msgspec.ValidationError:
        # An act has a document of its own shape.
        return KeptDoc()


def _actor(row: Any, source: str) -> Actor:
    if row["by_kind"] in PROVEN:
        return Actor(kind="user", name=row["by_id"])
    # Whoever proved nothing is called by the door that refused him.
    is_nobody = row["by_id"] == NOBODY.id
    return Actor(kind="system", name=source or row["by_id"] if is_nobody else row["by_id"])


def _closed(row: Any) -> str:
    place = [row["at"].isoformat(), row["n"]]
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _opened(cursor: str) -> tuple[datetime, int]:
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        place = msgspec.json.decode(text, type=tuple[Instant, Number])
    except (ValueError, msgspec.MsgspecError) as error:
        message = "the cursor is none that this hub gave out; begin without one"
        raise BadCursorError(message) from error
    return place
