"""The envelope as headers: what is written is read again, what is malformed is said."""

import pytest

from schemas.envelope import MAX_ID, EnvelopeError, from_headers

HEADERS = {
    "ce_specversion": b"1.0",
    "ce_id": b"1",
    "ce_source": b"/tenants/acme/sources/till",
    "ce_type": b"sale.recorded.v1",
    "ce_time": b"2026-01-31T10:15:00Z",
    "ce_tenant": b"acme",
    "traceparent": b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "hub-request": b"req_1",
}


def test_reads_its_connector_and_trace_and_leaves_strangers_alone() -> None:
    envelope = from_headers(HEADERS)

    assert envelope.connector == "till"
    assert envelope.traceparent == HEADERS["traceparent"].decode()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ce_id", b"", "ce_id is missing"),
        ("ce_id", b"x" * (MAX_ID + 1), "at most"),
        ("ce_id", b"\xff", "not UTF-8"),
        ("ce_specversion", b"0.3", "not 1.0"),
        ("ce_source", b"/elsewhere", "is not like /tenants/"),
        ("ce_source", b"/tenants/other/sources/till", "another tenant than ce_tenant"),
        ("ce_time", b"yesterday", "RFC 3339"),
        ("ce_time", b"2026-01-31T10:15:00", "has no offset"),
    ],
)
def test_says_what_is_wrong_with_an_envelope(name: str, value: bytes, said: str) -> None:
    with pytest.raises(EnvelopeError, match=said):
        from_headers(HEADERS | {name: value})


def test_says_which_header_is_missing() -> None:
    with pytest.raises(EnvelopeError, match="ce_id is missing"):
        from_headers({name: value for name, value in HEADERS.items() if name != "ce_id"})
