"""Reading a record: envelope, fact, contact taken out; or the reason why it is no event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b

import msgspec
from pydantic import ValidationError

from hub.access.keyring import HUB, Keyring, SealedContact
from hub.adapters.kafka import UNREADABLE, Record
from hub.domain.errors import HubError
from hub.ledger.facts import explained, unknown
from hub.ledger.homes import Arrival
from hub.sdk.events import CustomerRef, Event
from schemas.base import Fact
from schemas.catalogue import ACTED, CATALOG_LETTERS, GRANTING, LETTERS
from schemas.envelope import MAX_ID, Envelope, EnvelopeError, from_headers
from schemas.events.parts import Statement

MAX_VALUE = 1024 * 1024
MAX_HEADERS = 64 * 1024
MAX_DIGITS = 6
STRUCTURED = b"application/cloudevents+json"
HOPS = "hub-hops"
RECEIVED_AT = "hub-received-at"
REQUEST = "hub-request"
WAKE = "hub-wake"
"""There where somebody waits for the answer just now."""
RAW, REVISION = "hub-raw", "hub-revision"
"""Of which raw record this is a translation, and by which revision of it."""
EDITED = "hub-edited-from"
"""The hash of the body as it came, where a person has edited it since."""
VOUCHED = "hub-vouched"
"""A door's word that whoever acts here has proved himself to it."""
LETTER_TYPES = frozenset(fact.TYPE for fact in LETTERS + CATALOG_LETTERS)
ACTED_TYPES = frozenset(fact.TYPE for fact in ACTED)
VOUCHED_TYPES = ACTED_TYPES | {fact.TYPE for fact in GRANTING}
FIRST_YEAR = 2020

Headers = Sequence[tuple[str, bytes]]


class InvalidEventError(HubError):
    """No valid event: it is set aside with this reason and holds nothing."""


class Payload(msgspec.Struct, gc=False):
    """A record as it is kept while it waits: sealed, then decided from again."""

    headers: list[tuple[str, bytes]]
    value: bytes | None
    received_at: datetime
    customer: CustomerRef | None = None
    """Set where the contact has been taken out already."""
    body_hash: str | None = None
    """Of the body as it came, where the contact has been taken out of it."""
    edited_hash: str | None = None
    """Of the body as a person had mended it, where the same was done."""


@dataclass(slots=True)
class Incoming:
    """A record on its way to a decision. `arrival` is None where it is no valid event."""

    offset: int
    payload: Payload
    arrival: Arrival | None = None
    contact: SealedContact | None = None
    invalid: str = ""
    envelope: Envelope | None = None
    request: str | None = None
    """The request row that waits for the answer."""
    wake: bool = False
    """Somebody waits at a door for the answer."""
    hops: int = 0


_payloads = msgspec.msgpack.Decoder(Payload)
pack = msgspec.msgpack.Encoder().encode
unpack = _payloads.decode


def payload_of(record: Record) -> Payload:
    """The payload of a record as Kafka gave it."""
    # What cannot be read has no time of its own either.
    known = record.timestamp > 0
    received_at = (
        datetime.fromtimestamp(record.timestamp / 1000, UTC) if known else datetime.now(UTC)
    )
    # A stranger may send a header without a value; it says as much as an empty one.
    headers = [(name, value or b"") for name, value in record.headers]
    return Payload(headers, record.value, received_at)


def read(
    offset: int, payload: Payload, models: Mapping[str, type[Fact]], keyring: Keyring
) -> Incoming:
    """Read a payload; what is wrong with it stands in `invalid`, never in an exception."""
    incoming = Incoming(offset, payload)
    try:
        _fill(incoming, models, keyring)
    except (InvalidEventError, EnvelopeError) as error:
        incoming.invalid = str(error)
    return incoming


def _fill(incoming: Incoming, models: Mapping[str, type[Fact]], keyring: Keyring) -> None:
    payload = incoming.payload
    _check_size(payload)
    extra = dict(payload.headers)
    incoming.envelope, value = _opened(payload, extra)
    envelope = incoming.envelope
    if envelope.type in LETTER_TYPES and envelope.connector != HUB:
        message = f"{envelope.type} is a letter between homes; only the hub itself writes those"
        raise InvalidEventError(message)
    if envelope.type in VOUCHED_TYPES:
        given = extra.get(VOUCHED, b"")
        if not keyring.vouches(given, envelope.tenant, *_said(envelope, value or b"")):
            message = (
                f"{envelope.type} says what somebody did, and no door of the hub vouches for him; "
                "do it over the HTTP API"
            )
            raise InvalidEventError(message)
    incoming.request = _id(REQUEST, extra.get(REQUEST))
    incoming.wake = WAKE in extra
    if value is None:
        message = "the record has no value; an intake topic knows no tombstones"
        raise InvalidEventError(message)
    fact = _fact(envelope, value, models)
    customer = payload.customer
    if customer is None and (fact.SPEAKS or getattr(fact, "customer", None) is not None):
        fact, incoming.contact = _without_contact(fact, envelope, keyring)
        customer = incoming.contact.customer if incoming.contact else None
    incoming.hops = _small(HOPS, extra.get(HOPS))
    received_at = payload.received_at
    if RECEIVED_AT in extra:
        # A forward carries the first receipt along; nobody can claim a later one than Kafka's.
        received_at = min(received_at, _instant(extra[RECEIVED_AT]))
    event = Event(
        id=envelope.id,
        type=envelope.type,
        tenant=envelope.tenant,
        connector=envelope.connector,
        time=envelope.time,
        received_at=received_at,
        fact=fact,
        customer=customer,
        subject=envelope.subject,
        correlationid=envelope.correlationid,
        traceparent=envelope.traceparent,
        body_hash=payload.body_hash or _id(EDITED, extra.get(EDITED)) or hashed(envelope, value),
        edited_hash=payload.edited_hash or (hashed(envelope, value) if EDITED in extra else ""),
        raw=_id(RAW, extra.get(RAW)),
        revision=_small(REVISION, extra.get(REVISION)),
    )
    incoming.arrival = Arrival(event, incoming.offset, incoming.request)


def vouched(keyring: Keyring, envelope: Envelope, value: bytes) -> bytes:
    """What stands in the header `hub-vouched` of what somebody did at a door of ours, or was granted for it."""
    return keyring.vouched(envelope.tenant, *_said(envelope, value))


def _said(envelope: Envelope, value: bytes) -> tuple[bytes, ...]:
    texts = (envelope.type, envelope.source, envelope.id, envelope.time.isoformat())
    return *(text.encode() for text in texts), value


def opened(payload: Payload) -> tuple[Envelope, bytes | None]:
    """The envelope and the body, whichever mode it came in.

    Raises:
        InvalidEventError: it cannot be read.
        EnvelopeError: its envelope is none.

    """
    return _opened(payload, dict(payload.headers))


def _opened(payload: Payload, extra: Mapping[str, bytes]) -> tuple[Envelope, bytes | None]:
    if UNREADABLE in extra:
        message = "the record cannot be read: a header name in its batch is not UTF-8"
        raise InvalidEventError(message)
    if extra.get("content-type", b"").startswith(STRUCTURED):
        headers, value = _unfold(payload.headers, payload.value)
        return from_headers(dict(headers)), value
    return from_headers(extra), payload.value


def hashed(envelope: Envelope, value: bytes | None) -> str:
    """The hash of a body, keyed by its type, so that equal hashes mean the same event again."""
    return blake2b(value or b"", digest_size=12, salt=_salt(envelope.type)).hexdigest()


def _check_size(payload: Payload) -> None:
    if payload.value is not None and len(payload.value) > MAX_VALUE:
        message = f"the value has {len(payload.value)} bytes; an event may have {MAX_VALUE}"
        raise InvalidEventError(message)
    headers = 0
    for name, value in payload.headers:
        headers += len(name) + len(value)
    if headers > MAX_HEADERS:
        # They travel on with the event and would no longer fit the next topic.
        message = f"the record has {headers} bytes of headers; an event may have {MAX_HEADERS}"
        raise InvalidEventError(message)


@lru_cache(maxsize=256)
def _salt(kind: str) -> bytes:
    return blake2b(kind.encode(), digest_size=16).digest()


def _fact(envelope: Envelope, value: bytes, models: Mapping[str, type[Fact]]) -> Fact:
    model = models.get(envelope.type)
    if model is None:
        raise InvalidEventError(unknown(envelope.type, models))
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        raise InvalidEventError(explained(envelope.type, error)) from error


def _without_contact(
    fact: Fact, envelope: Envelope, keyring: Keyring
) -> tuple[Fact, SealedContact | None]:
    contact = getattr(fact, "customer", None)
    if isinstance(contact, str):
        # A letter between homes already carries a reference instead of a contact.
        return fact, None
    taken: dict[str, None] = {} if contact is None else {"customer": None}
    if fact.SPEAKS and (words := getattr(fact, "words", None)):
        told = contact.model_dump() if contact else {}
        contact = Statement(**told, words=words)
        taken["words"] = None
    sealed = None
    if contact and any((contact.email, contact.phone, contact.name, "words" in taken)):
        nameless = fact.speaks_of(envelope.connector) or envelope.id
        sealed = keyring.seal_contact(envelope.tenant, contact, nameless)
    return (fact.model_copy(update=taken) if taken else fact), sealed


def _unfold(headers: Headers, value: bytes | None) -> tuple[Headers, bytes]:
    """A structured-mode CloudEvent as if it had come in binary mode."""
    try:
        event = msgspec.json.decode(value or b"", type=dict[str, msgspec.Raw])
        attributes = {
            name: msgspec.json.decode(raw, type=str)
            for name, raw in event.items()
            if name not in ("data", "data_base64")
        }
        unfolded = [
            (name if name == "traceparent" else f"ce_{name}", text.encode())
            for name, text in attributes.items()
        ]
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        message = f"not a structured CloudEvent: {error}"
        raise InvalidEventError(message) from error
    return [*unfolded, *(h for h in headers if h[0].startswith("hub-"))], bytes(
        event.get("data", b"null")
    )


def _small(header: str, text: bytes | None) -> int:
    if text is None:
        return 0
    if not text.isdigit() or len(text) > MAX_DIGITS:
        message = f"header {header} is no small number"
        raise InvalidEventError(message)
    return int(text)


def _id(header: str, text: bytes | None) -> str | None:
    if text is None:
        return None
    if len(text) > MAX_ID or not text.isascii() or b"\x00" in text:
        message = f"header {header} is no id"
        raise InvalidEventError(message)
    return text.decode()


def _instant(text: bytes) -> datetime:
    try:
        instant = datetime.fromisoformat(text.decode())
    except ValueError as error:
        message = f"header {RECEIVED_AT} is not an RFC 3339 instant"
        raise InvalidEventError(message) from error
    if instant.year < FIRST_YEAR:
        message = f"header {RECEIVED_AT} lies before {FIRST_YEAR}, when there was no hub"
        raise InvalidEventError(message)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def forwarded(incoming: Incoming) -> list[tuple[str, bytes]]:
    """The headers of a record on its way to another partition: same event, one hop more."""
    kept = [h for h in incoming.payload.headers if h[0] not in (HOPS, RECEIVED_AT)]
    received_at = (
        incoming.arrival.event.received_at if incoming.arrival else incoming.payload.received_at
    )
    return [
        *kept,
        (HOPS, b"%d" % (incoming.hops + 1)),
        (RECEIVED_AT, received_at.isoformat().encode()),
    ]


_letters = msgspec.msgpack.Decoder(tuple[bytes, bytes | None, list[tuple[str, bytes]]])
unpack_letter = _letters.decode
