"""What a trace is made of: a payload's whole way, with times, ids and versions.

`msgspec.json.encode` writes it as the API shows it.
"""

from datetime import datetime
from typing import Literal

import msgspec

Meant = Literal["translated", "meaningless", "parked", "retrying", "held", "unreadable"]
Kind = Literal[
    "refused",
    "requested",
    "landed",
    "translated",
    "meaningless",
    "parked",
    "retrying",
    "held",
    "unreadable",
    "placed",
    "set_aside",
    "decided",
    "answered",
    "published",
    "projected",
    "staff",
]


class Behind(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A log that this way may go on in, and that the trail is seconds behind."""

    log: str
    topic: str
    part: int
    batches: int
    seconds: float
    """Since the oldest of them was written."""


class Meaning(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event made from a payload."""

    id: str
    type: str
    home: str


class Landed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A payload as it was taken in, and what a translation made of it."""

    raw: str
    source: str
    connector: str
    topic: str
    """A raw topic, or `file:<tenant>/<source>/<digest>`."""
    part: int
    offset: int
    """In its topic; in a file, the number of the record."""
    hash: str
    """SHA-256 of the payload exactly as received."""
    size: int
    payload: msgspec.Raw
    """JSON without personal data."""
    received_at: datetime
    translated_at: datetime
    outcome: Meant
    reason: str
    revision: int
    """Of the translation."""
    events: tuple[Meaning, ...]


class Projected(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A read model, and whether it shows a status event."""

    name: str
    shown: bool
    at: datetime | None
    """When it was first seen to be so, if that was noted."""


class Published(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A status event that a decision led to."""

    id: str
    type: str
    subject: str
    topic: str
    part: int
    seq: int
    data: msgspec.Raw
    acknowledged: bool
    """Whether Kafka has it, as far as Postgres knows."""
    at: datetime | None
    """When that was first seen to be so, if that was noted."""
    projected: tuple[Projected, ...]


class Decided(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of the ledger about an event: decided, placed elsewhere or set aside."""

    at: datetime
    kind: Kind
    outcome: str
    before: str | None
    """What it had been until then, where this was not the first word about it."""
    reason: str
    topic: str
    part: int
    offset: int
    epoch: int
    n: int
    """Of the batch in the ledger."""
    tenant_version: int
    code_version: int | None
    """Known while the claim that decided it still holds the partition."""
    said: tuple[Published, ...]


class EventWay(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of one event."""

    id: str
    type: str
    source: str
    """By which connector it came; `hub` for what one home wrote to another."""
    home: str | None
    time: datetime
    """The event's own."""
    hash: str
    raw: str | None
    caused_by: str | None
    """The event of another home whose letter this is."""
    body: msgspec.Raw
    """The fact without personal data; null where it stands in a payload that landed."""
    decisions: tuple[Decided, ...]
    """In the order of time; several where it was early, retried, held or sent on."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request row: somebody waits or waited for the answer."""

    id: str
    event_id: str
    scope: str
    outcome: str | None
    answer: msgspec.Raw
    """JSON, as the decision gave it; null before that."""
    reserved_at: datetime
    sent_at: datetime | None
    decided_at: datetime | None


class Refused(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a door did not take."""

    id: str
    at: datetime
    door: str
    path: str
    status: int
    reason: str
    hash: str
    size: int
    principal: str | None
    suppressed: int


class Staff(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a person did about an item of this way, or noted of it."""

    at: datetime
    by: str
    verb: str
    """note, look, redrive, hold, release, give_up or edit."""
    code: str
    """Of a note."""
    text: str
    """The note, or the reason."""
    event_id: str | None
    """Of a record that was not translated, its raw id."""


class Stage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A point of the way, for whoever reads it from top to bottom."""

    at: datetime | None
    """None where it happened and nothing noted when."""
    after: float | None
    """Seconds since the first stage."""
    took: float | None
    """Seconds since the stage before it."""
    kind: Kind
    status: str
    what: str
    """In a sentence."""
    event: str | None = None


class Other(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Another way that is known by the same name."""

    correlation: str
    """What its own trace is found by."""
    began_at: datetime


class Trace(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything known under one correlation."""

    correlation: str
    tenant: str
    began_at: datetime
    complete: bool
    """Whether every step is shown that must follow from those shown; what waits for somebody is `open`
    and no gap. Where it is not, more will be known in a moment."""
    behind: tuple[Behind, ...]
    """Where something newer may be missing because the trail is late; empty while it keeps up."""
    landed: tuple[Landed, ...]
    events: tuple[EventWay, ...]
    requests: tuple[Asked, ...]
    refused: tuple[Refused, ...]
    staff: tuple[Staff, ...]
    open: tuple[str, ...]
    """What is still to come, each in a sentence; empty once everything has reached its end."""
    stages: tuple[Stage, ...]
    """The same as a story, in the order of time."""
    truncated: bool = False
    """Whether there is more than is shown."""
    others: tuple[Other, ...]
    """Older ways known by the name that was asked for, newest first, at most 19."""
