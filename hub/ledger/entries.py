"""The decision log: one JSON line for each event decided, and the status events made from it."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from hub.adapters.kafka import Message
from schemas.envelope import CONTENT_TYPE, SPEC_VERSION, Envelope, source_of

SEQ_HEADER = "hub-seq"
EPOCH_HEADER = "hub-epoch"
NO_BODY = msgspec.Raw(b"null")
"""Stands for a body that is kept elsewhere; a line of the log leaves it out."""


class SaidEntry(msgspec.Struct, gc=False):
    """A status event; `seq` counts them on one partition, from 1, without a gap."""

    seq: int
    id: str
    type: str
    subject: str
    data: msgspec.Raw


class Entry(msgspec.Struct, omit_defaults=True, gc=False):
    """What became of one event, and why."""

    offset: int
    event: str
    type: str
    tenant: str
    connector: str
    home: str
    outcome: str
    time: datetime
    before: str | None = None
    reason: str = ""
    tenant_version: int = 0
    correlationid: str = ""
    traceparent: str | None = None
    by: str = ""
    """The processor that spoke."""
    hash: str = ""
    """Of the body as it came; keyed by type, so that equal hashes mean the same event again."""
    raw: str | None = None
    """The raw record it was translated from; the landing log then has its payload."""
    body: msgspec.Raw = NO_BODY
    """The fact without personal data, at the first entry of an event that came without a raw record."""
    said: tuple[SaidEntry, ...] = ()
    names: tuple[str, ...] = ()
    """The order reference and serials of an event that was not applied, so that it can be found."""


encode_lines = msgspec.json.Encoder().encode_lines
_decoder = msgspec.json.Decoder(Entry)


def decode(body: bytes) -> Iterator[Entry]:
    """The entries of a ledger blob."""
    return iter(_decoder.decode_lines(body))


def envelope(entry: Entry, said: SaidEntry) -> Envelope:
    """The envelope of a status event."""
    return Envelope(
        id=said.id,
        source=source_of(entry.tenant, entry.by),
        type=said.type,
        time=entry.time,
        tenant=entry.tenant,
        subject=said.subject,
        partitionkey=entry.home,
        correlationid=entry.correlationid or entry.event,
        causationid=entry.event,
        traceparent=entry.traceparent,
    )


def messages(entries: list[Entry], epoch: int) -> Iterator[Message]:
    """The records of these entries for the status topic; the same entry always gives the same bytes.

    Written out by hand beside `schemas.envelope.to_headers`, because this is the hot path.
    """
    epoch_header = (EPOCH_HEADER, b"%d" % epoch)
    for entry in entries:
        if not entry.said:
            continue
        key = entry.home.encode()
        shared = [
            SPEC_VERSION,
            CONTENT_TYPE,
            ("ce_source", source_of(entry.tenant, entry.by).encode()),
            ("ce_time", entry.time.isoformat().encode()),
            ("ce_tenant", entry.tenant.encode()),
            ("ce_partitionkey", key),
            ("ce_correlationid", (entry.correlationid or entry.event).encode()),
            ("ce_causationid", entry.event.encode()),
            epoch_header,
        ]
        if entry.traceparent:
            shared.append(("traceparent", entry.traceparent.encode()))
        for said in entry.said:
            headers = [
                ("ce_id", said.id.encode()),
                ("ce_type", said.type.encode()),
                ("ce_subject", said.subject.encode()),
                (SEQ_HEADER, b"%d" % said.seq),
                *shared,
            ]
            yield Message(key, bytes(said.data), headers)
