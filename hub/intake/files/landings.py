"""The lines of the landing log that a window of a file leaves behind."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

import msgspec
import orjson

from connectors.sdk import unquoted
from hub.audit.landings import Became, Landing, Outcome, encode_lines
from hub.audit.redaction import redacted
from hub.intake.files.reading import Job, Reading
from hub.telemetry.logging import presentable
from schemas.refs import derived_id

NOTHING_SHOWN: frozenset[str] = frozenset()


def landings(job: Job, window: Sequence[Reading]) -> bytes:
    """One line a record, just translated."""
    now = datetime.now(UTC)
    return encode_lines([_landing(job, reading, now) for reading in window])


def raw_id(reading: Reading, job: Job, digest: str) -> str:
    """That of the event, which derives from the content; of what gave no event, from its cells."""
    if reading.events:
        return reading.events[0][0].id
    return derived_id("raw", job.origin.tenant, job.origin.source, digest)


def _landing(job: Job, reading: Reading, now: datetime) -> Landing:
    cells = _plain(reading)
    digest = sha256(cells).hexdigest()
    raw = raw_id(reading, job, digest)
    origin = job.origin
    return Landing(
        offset=reading.number,
        raw=raw,
        tenant=origin.tenant,
        source=origin.source,
        connector=job.connector.name,
        correlation=raw,
        received_at=job.received_at,
        hash=digest,
        size=len(cells),
        outcome=_outcome(reading),
        revision=job.revision,
        payload=msgspec.Raw(_shown(job, reading)),
        reason=presentable(unquoted(reading.meaningless))
        or ", ".join(sorted({fault.code for fault in reading.faults})),
        events=tuple(Became(one.id, one.fact.TYPE, one.home) for one, _ in reading.events),
        translated_at=now,
    )


def _outcome(reading: Reading) -> Outcome:
    if reading.events:
        return "translated"
    return "unreadable" if reading.faults else "meaningless"


def _plain(reading: Reading) -> bytes:
    """The record as its reader made it out, in one form; a file's own bytes are kept in the file."""
    try:
        return orjson.dumps(reading.record.body, default=str)
    except TypeError:
        # Numbers beyond 64 bits and halves of characters; what is hashed need not be pretty.
        return json.dumps(reading.record.body, default=str).encode()


def _shown(job: Job, reading: Reading) -> bytes:
    try:
        shown = job.connector.shown
        return redacted(reading.record.body, shown, doubtful=not reading.events)
    except TypeError:
        return redacted(reading.record.body, NOTHING_SHOWN)
