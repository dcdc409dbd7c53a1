"""The CloudEvents 1.0 envelope as it stands in Kafka headers (binary mode)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

SOURCE = re.compile(
    r"^/tenants/(?P<tenant>[a-z0-9][a-z0-9-]{0,62})/sources/(?P<connector>[a-z0-9][a-z0-9-]{0,62})$"
)
CONTENT_TYPE = ("content-type", b"application/json")
SPEC_VERSION = ("ce_specversion", b"1.0")
MAX_ID = 200
_SHORT = ("ce_id", "ce_type", "ce_subject", "ce_partitionkey", "ce_correlationid", "ce_causationid")
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")

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


def from_headers(headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """Read and check the envelope of a record.

    Raises:
        EnvelopeError: a required attribute is missing or malformed.

    """
    try:
        found = {
            name: value.decode() for name, value in headers if value is not None and _ours(name)
        }
    except UnicodeDecodeError as error:
        msg = f"the CloudEvents headers are not UTF-8: {error.reason}"
        raise EnvelopeError(msg) from error
    for required in ("ce_id", "ce_source", "ce_type", "ce_time", "ce_tenant"):
        if not found.get(required):
            msg = f"header {required} is missing; publish CloudEvents 1.0 in binary mode"
            raise EnvelopeError(msg)
    if found.get("ce_specversion", "1.0") != "1.0":
        msg = f"ce_specversion is {found['ce_specversion']}; this hub reads 1.0"
        raise EnvelopeError(msg)
    _check_source(found["ce_source"], found["ce_tenant"])
    _check_short(found)
    traceparent = found.get("traceparent")
    if traceparent is not None and not _TRACEPARENT.match(traceparent):
        # What is no trace context is left out, as its standard asks.
        traceparent = None
    return Envelope(
        id=found["ce_id"],
        source=found["ce_source"],
        type=found["ce_type"],
        time=_instant(found["ce_time"]),
        tenant=found["ce_tenant"],
        subject=found.get("ce_subject"),
        partitionkey=found.get("ce_partitionkey"),
        correlationid=found.get("ce_correlationid"),
        causationid=found.get("ce_causationid"),
        traceparent=traceparent,
    )


def _ours(name: str) -> bool:
    return name.startswith("ce_") or name == "traceparent"


def _check_short(found: Mapping[str, str]) -> None:
    """These are copied to what we say and into columns, which take neither novels nor NUL."""
    for name in _SHORT:
        text = found.get(name, "")
        if len(text) > MAX_ID:
            msg = f"{name} has {len(text)} characters; at most {MAX_ID}"
            raise EnvelopeError(msg)
        if "\x00" in text:
            msg = f"{name} holds a NUL character"
            raise EnvelopeError(msg)


def _check_source(source: str, tenant: str) -> None:
    match = SOURCE.match(source)
    if match is None:
        msg = f"ce_source is {source!r}; expected /tenants/<tenant>/sources/<connector>"
        raise EnvelopeError(msg)
    if match["tenant"] != tenant:
        msg = f"ce_source speaks of tenant {match['tenant']!r} but ce_tenant of {tenant!r}"
        raise EnvelopeError(msg)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"ce_time is {text!r}; expected an RFC 3339 instant"
        raise EnvelopeError(msg) from error
    if instant.tzinfo is None:
        msg = f"ce_time {text!r} has no offset; expected an RFC 3339 instant such as 2026-01-31T09:30:00Z"
        raise EnvelopeError(msg)
    return instant
