"""One row of the trail for each line of a log; the same line always gives the same row."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from hub.audit import landings, refusals
from hub.audit.landings import Became
from hub.audit.refusals import NOBODY
from hub.domain.serials import normalise
from hub.ledger import entries
from hub.ledger.entries import NO_BODY, Entry, SaidEntry
from hub.trail.acts import Act, act_of

LANDING, LEDGER, DOOR, STAFF = "landing", "ledger", "door", "staff"
STAGES = {
    "forwarded": "placed",
    "retrying": "set_aside",
    "held": "set_aside",
    "dead_lettered": "set_aside",
}
DECIDED, LANDED, REFUSED = "decided", "landed", "refused"


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a log that is in order by itself."""

    log: str
    topic: str
    part: int


class Blob(NamedTuple):
    """A batch of a log, as it is stored. `at` is when it was."""

    n: int
    topic: str
    part: int
    epoch: int
    at: datetime
    body: bytes


class Row(NamedTuple):
    """A row of the trail, without the log's name; `doc` is JSON, and `names` a table of their own."""

    n: int
    line: int
    tenant: str
    at: datetime
    stage: str
    status: str
    correlation: str
    source: str
    event_id: str | None
    home: str | None
    reason: str
    doc: bytes
    names: tuple[str, ...] = ()
    """By what else it is found: an order reference or a serial, as serials are compared."""
    subject: str = ""
    """What it was done to, as the audit names it."""
    kept: bytes = b"{}"
    """What its entry of the audit keeps besides its columns, as JSON."""
    act: Act | None = None
    """What somebody did, where this is the decision of it."""


class LandedDoc(msgspec.Struct, gc=False):
    """What the row of a payload keeps besides its columns."""

    raw: str
    connector: str
    topic: str
    part: int
    offset: int
    revision: int
    hash: str
    size: int
    payload: msgspec.Raw
    events: tuple[Became, ...]
    translated_at: datetime


class DecidedDoc(msgspec.Struct, omit_defaults=True, gc=False):
    """What the row of a decision keeps besides its columns."""

    topic: str
    part: int
    offset: int
    epoch: int
    type: str
    time: datetime
    hash: str = ""
    raw: str | None = None
    body: msgspec.Raw = NO_BODY
    tenant_version: int = 0
    before: str | None = None
    said: tuple[SaidEntry, ...] = ()


class RefusedDoc(msgspec.Struct, gc=False):
    """What the row of a refusal keeps besides its columns."""

    path: str
    principal: str | None
    hash: str
    size: int
    suppressed: int


class StaffDoc(msgspec.Struct, gc=False):
    """What the row of a staff action keeps besides its columns; Postgres writes it with the action."""

    by: str
    topic: str | None
    part: int | None
    offset: int | None
    code: str
    redrive: int | None
    doc: msgspec.Raw


class Said(msgspec.Struct, gc=False):
    """A status event, as the audit names it."""

    type: str
    subject: str


class KeptDoc(msgspec.Struct, omit_defaults=True, gc=False):
    """What an entry of the audit keeps besides its columns, of whatever came through the trail."""

    stage: str = ""
    status: str = ""
    source: str = ""
    event: str | None = None
    home: str | None = None
    type: str = ""
    hash: str = ""
    """Of the payload as it came."""
    payload: msgspec.Raw = NO_BODY
    said: tuple[Said, ...] = ()
    size: int = 0
    suppressed: int = 0


_encode = msgspec.json.Encoder().encode
read_landed = msgspec.json.Decoder(LandedDoc).decode
read_decided = msgspec.json.Decoder(DecidedDoc).decode
read_staff = msgspec.json.Decoder(StaffDoc).decode
read_refused = msgspec.json.Decoder(RefusedDoc).decode


def landing_rows(blob: Blob) -> Iterator[Row]:
    """The rows of a batch of the landing log."""
    for line, one in enumerate(landings.decode(blob.body)):
        doc = LandedDoc(
            one.raw,
            one.connector,
            blob.topic,
            blob.part,
            one.offset,
            one.revision,
            one.hash,
            one.size,
            one.payload,
            one.events,
            one.translated_at or blob.at,
        )
        yield Row(
            blob.n,
            line,
            one.tenant or NOBODY,
            one.received_at,
            LANDED,
            one.outcome,
            one.correlation,
            one.source,
            None,
            None,
            one.reason,
            _encode(doc),
            subject=one.raw,
            kept=_encode(
                KeptDoc(
                    LANDED,
                    one.outcome,
                    one.source,
                    hash=one.hash,
                    payload=one.payload,
                    size=one.size,
                )
            ),
        )


def ledger_rows(blob: Blob) -> Iterator[Row]:
    """The rows of a batch of the ledger."""
    for line, one in enumerate(entries.decode(blob.body)):
        doc = DecidedDoc(
            blob.topic,
            blob.part,
            one.offset,
            blob.epoch,
            one.type,
            one.time,
            one.hash,
            one.raw,
            one.body,
            one.tenant_version,
            one.before,
            one.said,
        )
        yield Row(
            blob.n,
            line,
            one.tenant or NOBODY,
            blob.at,
            STAGES.get(one.outcome, DECIDED),
            one.outcome,
            one.correlationid or one.event or f"{blob.topic}/{blob.part}/{one.offset}",
            one.connector,
            one.event or None,
            one.home or None,
            one.reason,
            _encode(doc),
            tuple(dict.fromkeys(map(normalise, one.names))) if one.names else (),
            # All that is decided of one purchase is found under its home, which every id of it carries.
            one.home or one.event,
            _encode(_kept(one)),
            act_of(one),
        )


def _kept(one: Entry) -> KeptDoc:
    return KeptDoc(
        STAGES.get(one.outcome, DECIDED),
        one.outcome,
        one.connector,
        one.event or None,
        one.home or None,
        one.type,
        one.hash,
        one.body,
        tuple(Said(said.type, said.subject) for said in one.said),
    )


def door_row(offset: int, part: int, received_at: datetime, value: bytes) -> Row:
    """The row of a record of the audit topic, even of one that no door wrote."""
    try:
        one = refusals.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        one = refusals.Refusal(
            id=f"{part}/{offset}",
            at=received_at,
            door="unknown",
            path="",
            status=0,
            reason=f"a record of the audit topic is no refusal: {error}",
            hash="",
            size=len(value),
        )
    doc = RefusedDoc(one.path, one.principal, one.hash, one.size, one.suppressed)
    return Row(
        offset,
        part,
        one.tenant or NOBODY,
        one.at,
        REFUSED,
        str(one.status),
        one.id,
        one.door,
        None,
        None,
        one.reason,
        _encode(doc),
        kept=_encode(
            KeptDoc(
                REFUSED,
                str(one.status),
                one.door,
                hash=one.hash,
                size=one.size,
                suppressed=one.suppressed,
            )
        ),
    )
