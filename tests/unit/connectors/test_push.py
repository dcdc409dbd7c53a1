"""What a till posts is taken apart into tickets, each exactly as it was sent."""

import json
from typing import Any

import pytest

from connectors.sdk import Fault, RawRecord, UnreadableError
from tests.unit.connectors.tickets import a_return, a_ticket, posted, sale


def test_keeps_a_sale_and_its_return_in_order() -> None:
    first, second = posted([a_ticket(), a_return()])

    assert isinstance(first, RawRecord)
    assert isinstance(second, RawRecord)
    assert first.key == second.key == "B1/T2/2026-01-31/000117"


def test_keeps_each_ticket_exactly_as_it_was_sent() -> None:
    spaced = b'{ "number":1,"at" : "2026-01-31","branch":"\xc3\xb6","till":"\\u00f6"}'
    tickets = [spaced, b'{"type":"test"}']
    batch = b"[\n " + b" ,\t".join(tickets) + b"]\r\n"

    for body in (batch, b'{"v": 1, "tickets":' + batch + b"}", b"\xef\xbb\xbf" + batch):
        records = posted(body)
        assert [one.payload for one in records if isinstance(one, RawRecord)] == tickets
        assert [one.ref for one in records if isinstance(one, RawRecord)] == ["msg_1/0", "msg_1/1"]


def test_keeps_a_single_ticket_with_all_that_stands_around_it() -> None:
    body = b"\xef\xbb\xbf\n" + json.dumps(a_ticket()).encode() + b"\n"

    (record,) = posted(body)

    assert isinstance(record, RawRecord)
    assert (record.ref, record.payload) == ("msg_1/0", body)
    assert sale(body).till == "T2"


def test_lands_five_hundred_tickets_at_a_time() -> None:
    assert len(posted([a_ticket(number=n) for n in range(500)])) == 500


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"till 7, ticket 117", "not_json"),
        (b'{"number": 1', "not_json"),
        (b'[{"number": 1},]', "not_json"),
        (b'{"number": NaN}', "not_json"),
        (b'{"branch": "K\xf6ln"}', "not_json"),
        (b'"ticket"', "not_tickets"),
        (b"117", "not_tickets"),
        (b'{"tickets": {}}', "not_tickets"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b"[]", "empty"),
        (b'{"tickets": []}', "empty"),
        (b"[" + b"{}," * 500 + b"{}]", "too_many"),
    ],
)
def test_refuses_a_delivery_that_is_no_tickets_at_all(body: bytes, code: str) -> None:
    with pytest.raises(UnreadableError) as error:
        posted(body)

    assert error.value.fault.code == code
    assert "send" in error.value.fault.message


@pytest.mark.parametrize(
    ("ticket", "code"),
    [
        (117, "not_an_object"),
        ([a_ticket()], "not_an_object"),
        (None, "not_an_object"),
        ({}, "branch_missing"),
        (a_ticket(till=" "), "till_missing"),
        (a_ticket(number=...), "number_missing"),
        (a_ticket(number=1.5), "field_invalid"),
        (a_ticket(number=True), "field_invalid"),
        (a_ticket(date=..., at=...), "date_missing"),
        (a_ticket(date=..., at="yesterday"), "date_unknown_form"),
        (a_ticket(date=..., zone="Atlantis/City"), "zone_unknown"),
        (a_ticket(date="31/01/2026"), "date_ambiguous"),
        (a_ticket(date="2026-02-30"), "date_invalid"),
        (a_return(original=...), "original_missing"),
        (a_return(original={"branch": "B1", "till": "T2", "number": 7}), "date_missing"),
        (a_return(original={"branch": "B1", "date": "2026-01-31"}), "till_missing"),
    ],
)
def test_refuses_one_ticket_that_cannot_be_told_from_others(ticket: Any, code: str) -> None:
    before, fault, after = posted([a_ticket(), ticket, a_ticket()])

    assert isinstance(fault, Fault)
    assert fault.code == code
    assert isinstance(before, RawRecord)
    assert isinstance(after, RawRecord)
    assert after.ref == "msg_1/2"
