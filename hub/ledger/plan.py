"""What a batch is about to write: everything the one statement needs, gathered while deciding."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from hub.access.keyring import SealedContact
from hub.ledger.entries import Entry
from hub.ledger.homes import Home
from hub.ledger.items import ItemGone, ItemRow
from hub.ledger.standing import Standing
from hub.sdk.decision import Row
from hub.sdk.events import NameHolder

FINAL = ("applied", "deduplicated", "rejected", "given_up")
"""Outcomes after which a request's answer never changes."""

NOBODY = ""
"""Of a name that must not be held by then, not even by the home it is to lead to."""
NameKey = tuple[str, str, str]
"""Kind, tenant, value."""
Holders = tuple[NameHolder, ...]
"""Of values that have one stem, in no order: nearly always one."""


class NameRow(msgspec.Struct, frozen=True, gc=False):
    """A name as this batch leaves it; `was` is the home that held it before the batch, or `NOBODY`."""

    home: str
    id: str
    released: bool
    was: str | None


class PartRow(msgspec.Struct, frozen=True, gc=False):
    """A changed row of a home."""

    home: str
    tenant: str
    version: int
    row: Row


@dataclass(frozen=True, slots=True)
class LetterRow:
    """What goes to a partition of some other topic, or of this one; sealed at rest."""

    n: int
    target_topic: str
    target_part: int
    tenant: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class TimerRow:
    """A timer as this batch leaves it; `due_at` is None where it is gone."""

    tenant: str
    due_at: datetime | None


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What a request row is told, if it is of this tenant and event."""

    tenant: str
    event: str
    outcome: str
    answer: bytes


@dataclass(slots=True)
class Plan:
    """One batch of one partition."""

    before: Standing
    """How the partition stood when deciding began."""
    from_offset: int
    to_offset: int
    from_seq: int
    seq: int
    last_offset: int | None = None
    last_record: str | None = None
    oldest_ms: int | None = None
    """When Kafka took in the batch's first record, in milliseconds since the epoch."""
    entries: list[Entry] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    homes: dict[str, Home] = field(default_factory=dict)
    parts: dict[str, dict[str, PartRow]] = field(default_factory=dict)
    founded: dict[str, dict[str, PartRow]] = field(default_factory=dict)
    """Rows of other processors' homes, written only where there are none."""
    names: dict[NameKey, NameRow] = field(default_factory=dict)
    held: dict[NameKey, Holders] = field(default_factory=dict)
    """The same names as whoever looks them up would see them, by the stem of their value."""
    contacts: dict[tuple[str, str], tuple[SealedContact, datetime]] = field(default_factory=dict)
    """By tenant and where they are kept: one that says anything else is another."""
    letters: list[LetterRow] = field(default_factory=list)
    timers: dict[tuple[str, str], TimerRow] = field(default_factory=dict)
    items: dict[int, ItemRow | ItemGone] = field(default_factory=dict)
    replies: dict[tuple[str, str, str], Reply] = field(default_factory=dict)
    """By request, tenant and event: a stranger may name a request that is not its own."""
    wakes: list[str] = field(default_factory=list)
    """Requests for whose answer somebody waits at a door just now."""

    def reply(self, request: str, reply: Reply) -> None:
        """Answer whoever asked; the first final answer of a request stands."""
        key = (request, reply.tenant, reply.event)
        earlier = self.replies.get(key)
        if earlier is None or earlier.outcome not in FINAL:
            self.replies[key] = reply
