"""One row for each line of a log, always the same."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from hub.audit.landings import encode_lines as landing_lines
from hub.audit.refusals import encode, refused
from hub.ledger.entries import encode_lines
from hub.trail.rows import Blob, door_row, landing_rows, ledger_rows
from tests.trail.logs import entry, landing, said

AT = datetime(2026, 2, 1, tzinfo=UTC)


def blob(body: bytes) -> Blob:
    return Blob(7, "warranty.intake.v1", 2, 5, AT, body)


@pytest.mark.parametrize(
    ("outcome", "stage"),
    [
        ("applied", "decided"),
        ("deduplicated", "decided"),
        ("rejected", "decided"),
        ("early", "decided"),
        ("given_up", "decided"),
        ("forwarded", "placed"),
        ("retrying", "set_aside"),
        ("held", "set_aside"),
        ("dead_lettered", "set_aside"),
    ],
)
def test_says_at_which_stage_an_outcome_stands(outcome: str, stage: str) -> None:
    (row,) = ledger_rows(blob(encode_lines([entry("e", outcome)])))

    assert (row.stage, row.status) == (stage, outcome)


def test_a_line_of_the_ledger_becomes_a_row() -> None:
    lines = [entry("e-1"), entry("e-2", correlationid="raw_1", said=(said(3, "e-2"),))]
    first, second = ledger_rows(blob(encode_lines(lines)))

    assert (first.n, first.line, second.line) == (7, 0, 1)
    assert (first.correlation, second.correlation) == ("e-1", "raw_1")
    assert (second.tenant, second.source, second.event_id, second.at) == ("acme", "till", "e-2", AT)
    doc = json.loads(second.doc)
    assert (doc["topic"], doc["part"], doc["epoch"]) == ("warranty.intake.v1", 2, 5)
    assert doc["said"][0]["seq"] == 3
    assert "body" not in doc


def test_what_was_no_event_is_the_hubs_own_and_known_by_its_place() -> None:
    line = entry("", "dead_lettered", tenant="", connector="", home="", offset=41)
    (row,) = ledger_rows(blob(encode_lines([line])))

    assert (row.tenant, row.correlation) == ("hub", "warranty.intake.v1/2/41")
    assert (row.event_id, row.home) == (None, None)


def test_a_body_is_kept_where_the_ledger_has_it() -> None:
    (row,) = ledger_rows(blob(encode_lines([entry("e", body=msgspec.Raw(b'{"a":1}'))])))

    assert json.loads(row.doc)["body"] == {"a": 1}


def test_a_payload_becomes_a_row_dated_by_its_receipt() -> None:
    (row,) = landing_rows(blob(landing_lines([landing("raw_1")])))

    assert (row.stage, row.status, row.correlation) == ("landed", "translated", "raw_1")
    assert row.at < AT
    doc = json.loads(row.doc)
    assert (doc["payload"], doc["translated_at"]) == ({"till": "4"}, "2026-02-01T00:00:00Z")
    assert doc["events"][0]["id"] == "evt-raw_1"


def test_a_refusal_becomes_a_row_known_by_its_id() -> None:
    one = refused("push", "/sources/pos/acme", 413, "too large", b"x", tenant="acme")
    row = door_row(12, 0, AT, encode(one))

    assert (row.n, row.line, row.tenant, row.status) == (12, 0, "acme", "413")
    assert (row.correlation, row.source, row.reason) == (one.id, "push", "too large")


@pytest.mark.parametrize(
    "value", [b"", b"[]", b"\xff", b'{"id":1}', b'{"id":"\xff"}', b'{"x":' + b"[" * 5_000]
)
def test_what_is_no_refusal_is_shown_all_the_same(value: bytes) -> None:
    row = door_row(12, 3, AT, value)

    assert (row.tenant, row.correlation, row.status) == ("hub", "3/12", "0")
    assert "is no refusal" in row.reason
