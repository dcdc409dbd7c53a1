"""What a landed record means: events, nothing with a reason, or no more than that it is kept. Pure."""

import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import msgspec
import orjson

from connectors.sdk import (
    Canonical,
    MeaninglessError,
    Origin,
    RawRecord,
    UntranslatableError,
    unquoted,
    untranslatable,
)
from hub.access.keyring import HUB
from hub.access.sources import Source
from hub.adapters.kafka import UNREADABLE, Message, Record
from hub.audit.landings import Became, Outcome
from hub.audit.redaction import HIDDEN, redacted
from hub.domain.errors import UnavailableError
from hub.intake.landing import HEADER, REF
from hub.ledger.wire import EDITED, RAW, RECEIVED_AT, REVISION, Payload
from hub.telemetry.logging import presentable
from schemas.envelope import Envelope, EnvelopeError, from_headers, to_headers
from schemas.refs import derived_id, is_home, place

ERROR = "hub-error"
"""The traceback of our own fault, sealed beside the record that met it."""
KEY = "hub-key"
"""The record's key, sealed beside it: what is parked holds nothing back under it, and may again."""
MAX_ERROR = 8_000
BEHIND = "waits behind an earlier record of its key"
DIGEST = re.compile(rb"[0-9a-f]{64}")
NOT_JSON = orjson.dumps(HIDDEN)

Lane = tuple[str, int]
Lanes = dict[Lane, list[Message]]


@dataclass(frozen=True, slots=True)
class Target:
    """The intake topic that a kind of fact goes to."""

    topic: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Missing:
    """What a record needs beyond what it says was not to be had."""

    error: Exception
    counts: bool = True
    """Whether it was asked for; not so while it is known to be away."""
    pause: float = 0.0
    """Seconds for which the source wants to be left alone."""
    asked: bool = True
    """Whether its turn to ask has come at all."""


@dataclass(slots=True)
class Landed:
    """A record of a raw topic. `envelope` is None where it cannot be read."""

    offset: int
    payload: Payload
    envelope: Envelope | None
    headers: Mapping[str, bytes]
    invalid: str = ""
    key: str = ""
    """Of Kafka: records of one key stay in order. Empty: it stands alone."""
    enriched: bytes = b""
    """What was fetched for it."""
    lacks: Missing | None = None
    is_erased: bool = False
    """Whether its merchant was erased: nothing of it is kept."""

    @property
    def tenant(self) -> str:
        """Whose it is; the hub's own where nobody can tell."""
        return self.envelope.tenant if self.envelope else HUB

    @property
    def source(self) -> str:
        """The name of its source."""
        return self.envelope.connector if self.envelope else HUB

    @property
    def raw_id(self) -> str:
        """The same however often its source sends it."""
        return self.envelope.id if self.envelope else derived_id("raw", HUB, self.digest)

    @property
    def digest(self) -> str:
        """SHA-256 of the payload as it came, hex."""
        came_as = self.headers.get(EDITED, b"")
        # A stranger may send that header, too, and anything in it.
        is_one = DIGEST.fullmatch(came_as) is not None
        return came_as.decode() if is_one else sha256(self.payload.value or b"").hexdigest()


@dataclass(slots=True)
class Meaning:
    """What became of a landed record."""

    outcome: Outcome
    revision: int
    code: str = ""
    reason: str = ""
    error: str = ""
    """The traceback, where our code is at fault."""
    attempt: int = 1
    delay: float | None = None
    """Seconds until it is tried again; None: not by itself."""
    dependency: str | None = None
    """What did not answer."""
    events: tuple[Became, ...] = ()
    messages: tuple[tuple[Lane, Message], ...] = ()


def read(offset: int, payload: Payload, key: str = "") -> Landed:
    """A record and its envelope; what is wrong with it stands in `invalid`, never in an exception."""
    landed = Landed(offset, payload, None, dict(payload.headers), key=key)
    if UNREADABLE in landed.headers:
        landed.invalid = "a header name in its batch is not UTF-8"
        return landed
    try:
        landed.envelope = from_headers(landed.headers)
    except EnvelopeError as error:
        landed.invalid = str(error)
    return landed


def kept_key(payload: Payload) -> str:
    """The key of a record that has waited."""
    return dict(payload.headers).get(KEY, b"").decode()


def key_of(record: Record) -> str:
    """What a landed record stays in order with; a stranger's key may be anything."""
    key = (record.key or b"").decode("utf-8", "replace")
    return key if is_home(key) else ""


def translate(
    landed: Landed, source: Source | None, connector: str, targets: Mapping[str, Target]
) -> Meaning:
    """What it means by the source's settings of today."""
    revision = source.revision if source else 0
    try:
        return _said(landed, _speaking(landed, source, connector), targets)
    except MeaninglessError as error:
        return Meaning("meaningless", revision, reason=_told(str(error)))
    except UntranslatableError as error:
        code = error.faults[0].code if error.faults else "untranslatable"
        return _parked(code, str(error), revision)
    except UnavailableError as error:
        meaning = _parked("source_away", str(error), revision)
        meaning.dependency = error.dependency
        return meaning
    except Exception as error:  # noqa: BLE001 - whatever a connector raises is parked with its trace
        return _failed(error, revision)


def waiting(source: Source | None) -> Meaning:
    """It waits its turn: nobody has looked yet what it means."""
    revision = source.revision if source else 0
    return Meaning("held", revision, "held", BEHIND, attempt=0)


def delayed(
    error: UnavailableError, source: Source | None, delay: float | None, attempt: int
) -> Meaning:
    """What it needs is away: it is tried again."""
    revision, code = source.revision if source else 0, type(error).__name__
    reason, away = _told(str(error)), error.dependency
    return Meaning(
        "retrying", revision, code, reason, attempt=attempt, delay=delay, dependency=away
    )


def _speaking(landed: Landed, source: Source | None, connector: str) -> Source:
    """The source it came from, where that still speaks by this connector."""
    if landed.envelope is None:
        raise untranslatable("unreadable", landed.invalid)
    if landed.is_erased:
        raise MeaninglessError("its merchant was erased; nothing of it is kept")
    if source is None:
        name = landed.envelope.connector
        message = f"{landed.tenant} has no usable source {name!r}; set it, then retry"
        raise untranslatable("source_missing", message)
    if source.connector.name != connector:
        message = f"source {source.name!r} speaks by connector {source.connector.name!r} now"
        raise untranslatable("source_changed", message)
    return source


def _said(landed: Landed, source: Source, targets: Mapping[str, Target]) -> Meaning:
    tells = source.connector.translate
    if tells is None:
        raise untranslatable("translator_missing", "its connector translates nothing")
    if landed.lacks is not None:
        raise landed.lacks.error
    origin, revision = Origin(source.tenant, source.name), source.revision
    said = list(tells(record_of(landed), source.settings, origin))
    if not said:
        raise MeaninglessError("its connector made no event of it")
    events = [_event(one, n, landed, revision, targets) for n, one in enumerate(said)]
    became, messages = zip(*events, strict=True)
    return Meaning("translated", revision, events=became, messages=messages)


def _failed(error: Exception, revision: int) -> Meaning:
    """Our fault: the log has where it happened, the sealed record has all of it."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    reason = f"{type(error).__name__} in {where.name}, line {where.lineno}; mend it, then retry"
    meaning = _parked("translator_failed", reason, revision)
    meaning.error = "".join(traceback.format_exception(error))[-MAX_ERROR:]
    return meaning


def _parked(code: str, reason: str, revision: int) -> Meaning:
    return Meaning("parked", revision, presentable(code), _told(reason))


def _told(reason: str) -> str:
    """A reason as tables and logs have it: what it quotes may be somebody's name in the wrong place."""
    return presentable(unquoted(reason))


def record_of(landed: Landed) -> RawRecord:
    """What its connector sees of it."""
    headers = landed.headers
    received = {
        name.removeprefix(HEADER): value.decode("utf-8", "replace")
        for name, value in headers.items()
        if name.startswith(HEADER)
    }
    ref = headers.get(REF, b"").decode("utf-8", "replace")
    return RawRecord(ref, landed.payload.value or b"", headers=received, enriched=landed.enriched)


def _event(
    one: Canonical, number: int, landed: Landed, revision: int, targets: Mapping[str, Target]
) -> tuple[Became, tuple[Lane, Message]]:
    """An event as it goes to its intake topic; its id derives from the record and the revision."""
    envelope = landed.envelope
    assert envelope is not None  # noqa: S101 - what has none is never translated
    if one.time.tzinfo is None:
        message = "the time of an event needs an offset"
        raise TypeError(message)
    target = targets[one.fact.TYPE]
    raw = envelope.id
    event = Envelope(
        derived_id("evt", raw, str(revision), str(number)),
        envelope.source,
        one.fact.TYPE,
        one.time,
        envelope.tenant,
        None,
        one.home,
        envelope.correlationid or raw,
        raw,
        envelope.traceparent,
    )
    headers = to_headers(event)
    headers.append((RAW, raw.encode()))
    headers.append((REVISION, b"%d" % revision))
    headers.append((RECEIVED_AT, landed.headers["ce_time"]))
    body = one.fact.model_dump_json(exclude_none=True).encode()
    lane = (target.topic, place(one.home, target.partitions))
    message_ = Message(one.home.encode(), body, headers)
    return Became(event.id, event.type, one.home), (lane, message_)


def shown(landed: Landed, source: Source | None, meaning: Meaning) -> msgspec.Raw:
    """The payload for the landing log: nothing of it but what its connector lists."""
    if source is None:
        return msgspec.Raw(NOT_JSON)
    try:
        document = orjson.loads(landed.payload.value or b"")
    except orjson.JSONDecodeError:
        return msgspec.Raw(NOT_JSON)
    listed = source.connector.shown
    return msgspec.Raw(redacted(document, listed, doubtful=not meaning.events))
