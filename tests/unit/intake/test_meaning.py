"""What a landed record means: whatever a connector does, it is events, nothing, or kept with a reason."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.sdk import (
    Canonical,
    Connector,
    MeaninglessError,
    Origin,
    RawRecord,
    UntranslatableError,
    untranslatable,
)
from hub.access.sources import Source
from hub.audit.landings import Became
from hub.audit.redaction import HIDDEN
from hub.intake.landing import Arrival, message, raw_id
from hub.intake.meaning import Landed, Meaning, Target, read, shown, translate
from hub.ledger.wire import EDITED, Payload
from schemas.envelope import from_headers
from schemas.events.sale import SaleReturned
from schemas.refs import derived_id, order_home

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TARGETS = {SaleReturned.TYPE: Target("intake", 6)}
Translate = Callable[[RawRecord, Any, Origin], Iterable[Canonical]]


def a_fact(reference: str = "R-1") -> Canonical:
    fact = SaleReturned.model_validate(
        {
            "order": {"namespace": "till", "reference": "A-1"},
            "reference": reference,
            "returned_at": NOON,
            "zone": "UTC",
        }
    )
    return Canonical(NOON, fact, order_home("acme", "till", "A-1"))


def a_source(tells: Translate | None, *, revision: int = 1, version: int = 1) -> Source:
    connector: Connector[Any] = Connector(
        name="till", revision=revision, configure=dict, translate=tells, shown=frozenset({"order"})
    )
    return Source("acme", "pos", connector, {}, (), version, NOON)


def landed(source: Source, payload: bytes = b"{}", **headers: str) -> Landed:
    """A record as the door lands it and a translator reads it."""
    record = RawRecord("msg/0", payload, headers=headers)
    arrival = Arrival(NOON, b"application/json", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01")
    made = message(source, record, raw_id(source, record.ref), arrival, "home")
    return read(7, Payload(made.headers, made.value, NOON))


def meaning(tells: Translate | None, **source: int) -> Meaning:
    ours = a_source(tells, **source)
    return translate(landed(ours), ours, "till", TARGETS)


def test_each_event_has_an_id_of_its_record_its_revision_and_its_place() -> None:
    def tells(_record: RawRecord, _settings: Any, _origin: Origin) -> Iterator[Canonical]:
        yield a_fact("R-1")
        yield a_fact("R-2")

    found = meaning(tells, revision=3, version=2)

    raw = derived_id("raw", "acme", "pos", "msg/0")
    assert (found.outcome, found.revision) == ("translated", 4)
    assert [one.id for one in found.events] == [derived_id("evt", raw, "4", n) for n in "01"]
    (_, told), _ = found.messages
    envelope = from_headers(dict(told.headers))
    assert (envelope.correlationid, envelope.causationid) == (raw, raw)
    assert envelope.traceparent is not None
    assert dict(told.headers)["hub-received-at"] == NOON.isoformat().encode()


def test_a_connector_sees_the_record_and_the_headers_it_asked_for() -> None:
    seen: list[RawRecord] = []

    def tells(record: RawRecord, _settings: Any, _origin: Origin) -> list[Canonical]:
        seen.append(record)
        return [a_fact()]

    source = a_source(tells)
    translate(landed(source, b'{"a":1}', topic="orders/paid"), source, "till", TARGETS)

    assert seen == [RawRecord("msg/0", b'{"a":1}', headers={"topic": "orders/paid"})]


def says_nothing(*_: object) -> list[Canonical]:
    return []


def is_meaningless(*_: object) -> list[Canonical]:
    raise MeaninglessError("a heartbeat of ada@example.org")


def faultless(*_: object) -> list[Canonical]:
    raise UntranslatableError


def quotes(*_: object) -> list[Canonical]:
    raise untranslatable("phone\x00bad", "+90 532 000 00 00 is no phone\x00 \ud800")


def breaks(*_: object) -> list[Canonical]:
    raise KeyError("Ada Lovelace")


def breaks_late(*_: object) -> Iterator[Canonical]:
    yield a_fact()
    raise RecursionError


def has_no_offset(*_: object) -> list[Canonical]:
    return [replace(a_fact(), time=NOON.replace(tzinfo=None))]


def has_no_home(*_: object) -> list[Canonical]:
    return [replace(a_fact(), home="!")]


@pytest.mark.parametrize(
    ("tells", "outcome", "code"),
    [
        (says_nothing, "meaningless", ""),
        (is_meaningless, "meaningless", ""),
        (faultless, "parked", "untranslatable"),
        (quotes, "parked", "phone\ufffdbad"),
        (breaks, "parked", "translator_failed"),
        (breaks_late, "parked", "translator_failed"),
        (has_no_offset, "parked", "translator_failed"),
        (has_no_home, "parked", "translator_failed"),
        (None, "parked", "translator_missing"),
    ],
)
def test_whatever_a_connector_does_has_an_outcome(
    tells: Translate | None, outcome: str, code: str
) -> None:
    found = meaning(tells)

    assert (found.outcome, found.code) == (outcome, code)
    assert found.messages == ()
    for secret in ("ada@example.org", "532", "Ada Lovelace", "\x00", "\ud800"):
        assert secret not in found.reason


def test_a_fault_of_ours_keeps_its_traceback_apart_from_its_reason() -> None:
    found = meaning(breaks)

    assert found.reason.startswith("KeyError in breaks, line ")
    assert "Ada Lovelace" in found.error


def test_what_is_no_envelope_is_kept_under_the_hubs_own_name() -> None:
    stray = read(0, Payload([("ce_id", b"x")], None, NOON))
    found = translate(stray, None, "till", TARGETS)

    assert (stray.tenant, stray.source) == ("hub", "hub")
    assert (found.outcome, found.code) == ("parked", "unreadable")


def test_a_source_that_is_gone_or_changed_parks_what_it_landed() -> None:
    source = a_source(says_nothing)

    assert translate(landed(source), None, "till", TARGETS).code == "source_missing"
    assert translate(landed(source), source, "other", TARGETS).code == "source_changed"


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        (b'{"order": "A-1", "name": "Ada"}', b'{"order":"A-1","name":"' + HIDDEN.encode() + b'"}'),
        (b"not json", b'"' + HIDDEN.encode() + b'"'),
        (b"[" * 5_000, b'"' + HIDDEN.encode() + b'"'),
        (b'"Ada"', b'"' + HIDDEN.encode() + b'"'),
    ],
)
def test_shows_of_a_payload_only_what_its_connector_lists(payload: bytes, kept: bytes) -> None:
    source = a_source(says_nothing)
    meaning = Meaning("translated", 1, events=(Became("evt_1", "sale.recorded.v1", "home"),))

    assert bytes(shown(landed(source, payload), source, meaning)) == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [("A-1/2026-01-31", "A-1/2026-01-31"), ("Ada Lovelace", HIDDEN), ("欧阳", HIDDEN)],
)
def test_of_what_it_could_not_read_it_shows_codes_alone(said: str, kept: str) -> None:
    source = a_source(says_nothing)
    payload = json.dumps({"order": said}).encode()

    found = shown(landed(source, payload), source, Meaning("parked", 1, "type_unknown"))

    assert json.loads(bytes(found)) == {"order": kept}


@pytest.mark.parametrize("said", [b"\xff", b"a\x00b", b"", b"not a digest"])
def test_what_a_stranger_says_about_an_edit_is_no_digest(said: bytes) -> None:
    ours = landed(a_source(None))
    claimed = Payload([*ours.payload.headers, (EDITED, said)], ours.payload.value, NOON)

    assert read(7, claimed).digest == ours.digest
