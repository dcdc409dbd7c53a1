"""What a person reads of one line."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.sdk import Fault, FileRecord, Translated
from hub.intake.files.reading import Reading
from hub.intake.files.wording import LineAnswer, answered, decided, unreadable, would_send
from hub.ledger.submit import Answer
from hub.sdk.events import Outcome
from schemas.base import Fact
from schemas.events.parts import Order, Product
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleLine, SaleRecorded, SaleReturned

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
ORDER = Order(namespace="till", reference="R-1")
SALE = SaleRecorded(
    order=ORDER,
    sold_at=AT,
    zone="UTC",
    lines=tuple(
        SaleLine(line=line, product=Product(code="TV"), quantity=int(line)) for line in ("1", "2")
    ),
)


def event(fact: Fact = SALE, **changes: Any) -> Translated:
    lines: tuple[tuple[str | None, int], ...] = changes.pop("lines", (("1", 4), ("2", 5)))
    return Translated("e", AT, fact, "home", lines, **changes)


def told(outcome: Outcome | None, answer: object, **changes: Any) -> list[str]:
    text = None if answer is None else json.dumps(answer)
    return [str(line) for line in decided(event(**changes), Answer("r", outcome, text))]


def warranty(line: str, number: int, status: str = "covered") -> dict[str, Any]:
    return {
        "line": line,
        "id": f"wty_h_{number}",
        "serial": None,
        "starts_on": "2026-01-31",
        "ends_on": "2028-01-31",
        "status": status,
    }


def test_names_the_warranties_of_each_line() -> None:
    answer = {"warranties": [warranty("1", 1), warranty("2", 2), warranty("2", 3)]}

    assert told(Outcome.APPLIED, answer) == [
        "line 4    accepted   wty_h_1 covered 2026-01-31 … 2028-01-31",
        "line 5    accepted   wty_h_2, wty_h_3 covered 2026-01-31 … 2028-01-31",
    ]


def test_names_what_a_return_ended() -> None:
    assert told(Outcome.APPLIED, {"ended": ["wty_h_1"]}, lines=((None, 9),)) == [
        "line 9    accepted   wty_h_1 return ends this"
    ]
    assert told(Outcome.APPLIED, {"ended": []}, lines=((None, 9),)) == [
        "line 9    accepted   return ends no warranty"
    ]


def test_gives_the_reason_to_the_line_to_blame_and_points_the_others_there() -> None:
    reason = {"code": "double_entry", "message": "sold before", "line": "2"}

    assert told(Outcome.REJECTED, {"reasons": [reason]}) == [
        "line 4    rejected   with its order, for the reason at line 5",
        "line 5    rejected   double_entry: sold before",
    ]


@pytest.mark.parametrize("line", [None, "99"])
def test_gives_a_reason_that_blames_no_line_of_the_file_to_all(line: str | None) -> None:
    reason = {"code": "order_differs", "message": "other content", "line": line}

    assert [text[21:] for text in told(Outcome.REJECTED, {"reasons": [reason]})] == [
        "order_differs: other content"
    ] * 2


@pytest.mark.parametrize(
    ("outcome", "answer", "said"),
    [
        (None, None, "waiting    no answer yet; give the same file again"),
        (Outcome.EARLY, {"waits_for": "no sale"}, "early      waits: no sale; it is kept"),
        (Outcome.RETRYING, {"reason": "away"}, "waiting    away; it is kept"),
        (
            Outcome.DEAD_LETTERED,
            {"reason": "KeyError"},
            "set aside  KeyError; it is kept: look at it with `hub items",
        ),
        (
            Outcome.GIVEN_UP,
            {"reason": "a test sale"},
            "given up   a person ended it undecided: a test sale",
        ),
        (Outcome.GIVEN_UP, None, "given up   a person ended it undecided"),
        (Outcome.RETRYING, None, "waiting    retrying; it is kept and tried again"),
    ],
)
def test_says_what_to_do_where_nothing_is_decided(
    outcome: Outcome | None, answer: object, said: str
) -> None:
    assert [text[10:].startswith(said) for text in told(outcome, answer)] == [True, True]


def test_tells_a_repeated_line_which_one_it_repeats() -> None:
    answer = {"warranties": [warranty("1", 1), warranty("2", 2)]}

    assert told(Outcome.APPLIED, answer, repeats={6: 4})[-1] == (
        "line 6    duplicate  says again what line 4 says"
    )


def test_a_line_that_became_several_events_is_told_once() -> None:
    body = b"{}"
    one, two = event(lines=(("1", 4),)), event(lines=(("1", 4), ("2", 5)))
    reading = Reading(0, FileRecord("R-1", {}, 4), ((one, body), (two, body)))
    reasons = {"reasons": [{"code": "double_entry", "message": "sold before", "line": "1"}]}
    answers = [
        Answer("r", Outcome.APPLIED, json.dumps({"warranties": [warranty("1", 1)]})),
        Answer("q", Outcome.REJECTED, json.dumps(reasons)),
    ]

    assert [str(line) for line in answered(reading, answers)] == [
        "line 4    rejected   wty_h_1 double_entry: covered 2026-01-31 … 2028-01-31; sold before",
        "line 5    rejected   with its order, for the reason at line 4",
    ]


def test_an_unreadable_line_says_why() -> None:
    fault = Fault("date_invalid", "'31.02.2026' is not in the calendar")

    assert unreadable(fault, 7) == LineAnswer(
        7, "unreadable", "'31.02.2026' is not in the calendar", "date_invalid"
    )


def test_a_dry_run_says_what_it_read() -> None:
    returned = SaleReturned(order=ORDER, reference="I-1", returned_at=AT, zone="UTC")
    registered = RegistrationRequested(reference="G-1", registered_at=AT, zone="UTC")

    assert [line.detail for line in would_send(event())] == [
        "sale R-1, line 1: 1 sold at 2026-01-31 12:00:00+00:00",
        "sale R-1, line 2: 2 sold at 2026-01-31 12:00:00+00:00",
    ]
    assert [line.detail for line in would_send(event(returned, lines=((None, 4),)))] == [
        "return under R-1 at 2026-01-31 12:00:00+00:00"
    ]
    assert [line.detail for line in would_send(event(registered, lines=((None, 4),)))] == [
        "registration.requested.v1 at 2026-01-31 12:00:00+00:00"
    ]
