"""The landing log: one JSON line for each payload taken in, and what it became.

Written by whoever translates (raw topics, dropped files), in the statement that also moves its
position; read by the trail. A line is final: a later attempt at the same payload is a new line.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

Outcome = Literal["translated", "meaningless", "parked", "retrying", "held", "unreadable"]
"""Only a record of a file is unreadable: its line is told so, and whoever dropped it corrects it."""


class Became(msgspec.Struct, frozen=True, gc=False):
    """An event made from a payload."""

    id: str
    type: str
    home: str


class Landing(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What was taken in, by whom, and what it means."""

    offset: int
    """In its raw topic; in a file, the number of the record, from 0."""
    raw: str
    """The id of the raw record, the same however often its source sends it."""
    tenant: str
    source: str
    connector: str
    correlation: str
    received_at: datetime
    hash: str
    """SHA-256 of the payload exactly as received, hex."""
    size: int
    outcome: Outcome
    revision: int
    """Of the translation."""
    payload: msgspec.Raw
    """As JSON, without personal data (`hub.audit.redaction`)."""
    reason: str = ""
    events: tuple[Became, ...] = ()
    traceparent: str | None = None
    translated_at: datetime | None = None
    """By the clock of whoever did; where it is missing, the batch was written soon after."""


encode_lines = msgspec.json.Encoder().encode_lines
_decoder = msgspec.json.Decoder(Landing)


def decode(body: bytes) -> Iterator[Landing]:
    """The landings of a blob."""
    return iter(_decoder.decode_lines(body))
