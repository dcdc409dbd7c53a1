"""One row of the trail for each line of a log; the same line always gives the same row."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from hub.audit import landings, refusals
from hub.audit.landings import Became
from hub.audit.refusals import NOBODY
from hub.domain.serials import normalise
from hub.ledger import entries
from hub.ledger.entries import NO_BODY, SaidEntry

LANDING, LEDGER, DOOR = "landing", "ledger", "door"
STAGES = {
    "forwarded": "placed",
    "retrying": "set_aside",
    "held": "set_aside",
    "dead_lettered": "set_aside",
}
DECIDED, LANDED, REFUSED = "decided", "landed", "refused"


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


_encode = msgspec.json.Encoder().encode
read_landed = msgspec.json.Decoder(LandedDoc).decode
read_decided = msgspec.json.Decoder(DecidedDoc).decode
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
        )


def door_row(offset: int, part: int, received_at: datetime, value: bytes) -> Row:
    """The row of a record of the audit topic, even of one that no door wrote."""
    try:
        one = refusals.decode(value)
    except msgspec.MsgspecError as error:
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
    )
