"""The official CloudEvents library reads what our envelope writes, and we what it writes."""

from datetime import UTC, datetime

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent

from schemas.envelope import Envelope, from_headers, source_of, to_headers

ENVELOPE = Envelope(
    id="exp_1",
    source=source_of("acme", "till"),
    type="sale.recorded.v1",
    time=datetime(2026, 1, 31, 10, 15, tzinfo=UTC),
    tenant="acme",
    subject="wty_abcdefghijklmnop_1",
    partitionkey="abcdefghijklmnop",
    correlationid="exp_1",
    causationid="exp_0",
)


def test_the_official_library_reads_our_envelope() -> None:
    message = KafkaMessage(dict(to_headers(ENVELOPE)), b"abcdefghijklmnop", b'{"quantity": 1}')
    event = from_binary_event(message)

    assert event.get_id() == "exp_1"
    assert event.get_source() == "/tenants/acme/sources/till"
    assert event.get_type() == "sale.recorded.v1"
    assert event.get_time() == ENVELOPE.time
    assert event.get_subject() == ENVELOPE.subject
    assert event.get_datacontenttype() == "application/json"
    for name in ("tenant", "partitionkey", "correlationid", "causationid"):
        assert event.get_extension(name) == getattr(ENVELOPE, name)
    assert event.get_data() == {"quantity": 1}


def test_we_read_what_the_official_library_writes() -> None:
    event = CloudEvent(
        attributes={
            "specversion": "1.0",
            "id": "exp_1",
            "source": ENVELOPE.source,
            "type": ENVELOPE.type,
            "time": ENVELOPE.time,
            "subject": ENVELOPE.subject,
            "datacontenttype": "application/json",
            "tenant": "acme",
            "partitionkey": "abcdefghijklmnop",
            "correlationid": "exp_1",
            "causationid": "exp_0",
        },
        data={"quantity": 1},
    )
    message = to_binary_event(event)

    assert from_headers(dict(message.headers)) == ENVELOPE
    assert message.key == ENVELOPE.partitionkey
