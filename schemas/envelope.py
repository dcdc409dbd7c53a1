"""The CloudEvents 1.0 envelope as it stands in Kafka headers (binary mode)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

SOURCE = re.compile(
    r"^/tenants/(?P<tenant>[a-z0-9][a-z0-9-]{0,62})/sources/(?P<connector>[a-z0-9][a-z0-9-]{0,62})$"
)
CONTENT_TYPE = ("content-type", b"application/json")
SPEC_VERSION = ("ce_specversion", b"1.0")
TRACEPARENT = re.compile(rb"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")
MAX_ID = 200
FIRST_YEAR, LAST_YEAR = 1900, 9000

Headers = Sequence[tuple[str, bytes]]


class EnvelopeError(ValueError):
    """The headers are no CloudEvents envelope of this hub; the message says which and why."""


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """Who says what, when, and about whom."""

    id: str
    source: str
    """`/tenants/{tenant}/sources/{connector}`."""
    type: str
    time: datetime
    tenant: str
    subject: str | None = None
    partitionkey: str | None = None
    correlationid: str | None = None
    """The id of the record or request this all began with; its own id where nothing came before."""
    causationid: str | None = None
    """The id of the event that caused this one."""
    traceparent: str | None = None

    @property
    def connector(self) -> str:
        """The last part of `source`."""
        return self.source.rsplit("/", 1)[-1]


def source_of(tenant: str, connector: str) -> str:
    """The `source` of what a connector says about a tenant."""
    return f"/tenants/{tenant}/sources/{connector}"


def to_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """The Kafka headers of a binary-mode CloudEvent."""
    headers = [
        SPEC_VERSION,
        ("ce_id", envelope.id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_time", envelope.time.isoformat().encode()),
        ("ce_tenant", envelope.tenant.encode()),
        CONTENT_TYPE,
    ]
    for name in ("subject", "partitionkey", "correlationid", "causationid"):
        value = getattr(envelope, name)
        if value is not None:
            headers.append((f"ce_{name}", value.encode()))
    if envelope.traceparent is not None:
        headers.append(("traceparent", envelope.traceparent.encode()))
    return headers


def from_headers(headers: Mapping[str, bytes]) -> Envelope:
    """Read and check the envelope of a record.

    Raises:
        EnvelopeError: a required attribute is missing or malformed.

    """
    try:
        source, tenant = _required(headers, "ce_source"), _required(headers, "ce_tenant")
        _check_source(source, tenant)
        if headers.get("ce_specversion", b"1.0") != b"1.0":
            message = "ce_specversion is not 1.0, which is what this hub reads"
            raise EnvelopeError(message)
        return Envelope(
            _short("ce_id", _required(headers, "ce_id")),
            source,
            _short("ce_type", _required(headers, "ce_type")),
            _instant(_required(headers, "ce_time")),
            tenant,
            _optional(headers, "ce_subject"),
            _optional(headers, "ce_partitionkey"),
            _optional(headers, "ce_correlationid"),
            _optional(headers, "ce_causationid"),
            _traceparent(headers.get("traceparent")),
        )
    except UnicodeDecodeError as error:
        message = f"the CloudEvents headers are not UTF-8: {error.reason}"
        raise EnvelopeError(message) from error


def _required(headers: Mapping[str, bytes], name: str) -> str:
    value = headers.get(name)
    if not value:
        message = f"header {name} is missing; publish CloudEvents 1.0 in binary mode"
        raise EnvelopeError(message)
    return value.decode()


def _optional(headers: Mapping[str, bytes], name: str) -> str | None:
    value = headers.get(name)
    return _short(name, value.decode()) if value else None


def _short(name: str, text: str) -> str:
    """A text that may be copied to headers and columns: they take neither novels nor NUL."""
    if len(text) > MAX_ID or not text.isprintable():
        message = f"{name} has {len(text)} characters; at most {MAX_ID}, all of them printable"
        raise EnvelopeError(message)
    return text


def _traceparent(value: bytes | None) -> str | None:
    """What is no trace context is left out, as its standard asks."""
    return value.decode() if value and TRACEPARENT.match(value) else None


@lru_cache(maxsize=4096)
def _check_source(source: str, tenant: str) -> None:
    match = SOURCE.fullmatch(source)
    if match is None:
        message = "ce_source is not like /tenants/<tenant>/sources/<connector>"
        raise EnvelopeError(message)
    if match["tenant"] != tenant:
        message = "ce_source speaks of another tenant than ce_tenant; give both the same"
        raise EnvelopeError(message)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        msg = "ce_time is no RFC 3339 instant such as 2026-01-31T09:30:00Z"
        raise EnvelopeError(msg) from error
    if instant.tzinfo is None:
        msg = "ce_time has no offset; expected an RFC 3339 instant such as 2026-01-31T09:30:00Z"
        raise EnvelopeError(msg)
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        # At the ends of the calendar a change of zone overflows.
        msg = f"ce_time is not within the years {FIRST_YEAR} to {LAST_YEAR}"
        raise EnvelopeError(msg)
    return instant
