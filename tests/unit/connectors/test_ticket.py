"""What a ticket of a till means."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from connectors.pos import CONNECTOR
from connectors.sdk import MeaninglessError, RawRecord, UntranslatableError
from hub.sdk.events import Outcome
from schemas.refs import order_home
from tests.unit.connectors.tickets import (
    NOW,
    ORIGIN,
    Doc,
    a_line,
    a_return,
    a_ticket,
    posted,
    refusal,
    returned,
    sale,
    settings,
    told,
)
from tests.unit.story import Story, an_event


def test_tells_a_sale_with_all_a_ticket_says() -> None:
    line = {
        "line": "7",
        "product": {"code": "TV-55", "brand": "Acme", "name": "TV 55"},
        "quantity": 2,
        "serials": ["0001", "0002"],
        "price": "32499.90",
        "months": 24,
        "covered_until": "2028-01-31",
    }
    customer = {"name": "A Person", "email": "person@example.org", "phone": ""}
    one = told(a_ticket(line, type="sale", seller="S3", customer=customer))

    assert one.fact.model_dump(exclude_none=True) == {
        "order": {"namespace": "till", "reference": "B1/T2/2026-01-31/000117"},
        "sold_at": datetime(2026, 1, 31, 7, 15, tzinfo=UTC),
        "zone": "Europe/Istanbul",
        "lines": (
            {
                "line": "7",
                "product": {"code": "TV-55", "brand": "Acme", "name": "TV 55"},
                "quantity": 2,
                "serials": ("0001", "0002"),
                "coverage_months": 24,
                "covered_until": date(2028, 1, 31),
                "price": {"amount": 3_249_990, "currency": "TRY"},
            },
        ),
        "branch": "B1",
        "till": "T2",
        "seller": "S3",
        "customer": {"name": "A Person", "email": "person@example.org"},
    }
    assert one.time == datetime(2026, 1, 31, 7, 15, tzinfo=UTC)
    assert one.home == order_home("acme", "till", "B1/T2/2026-01-31/000117")


def test_counts_lines_and_units_where_a_ticket_does_not() -> None:
    lines = sale(a_ticket(a_line(serials=["1", "2"]), a_line(serials=[]), a_line(serial="3"))).lines

    assert [line.line for line in lines] == ["1", "2", "3"]
    assert [line.quantity for line in lines] == [2, 1, 2]
    assert lines[2].serials == ("3", "00012345")


def test_reads_what_people_put_in_tickets() -> None:
    fact = sale(
        a_ticket(
            a_line(serials=['="00042"', " 7 ", ""], price=None, quantity=2),
            till=2,
            number=117,
            at="31.01.2026 10:15",
            date="31.01.2026",
            zone="Europe/Berlin",
            type="SATI\u015e",
            colour="unheard of",
        )
    )

    assert fact.order.reference == "B1/2/2026-01-31/117"
    assert fact.sold_at == datetime(2026, 1, 31, 9, 15, tzinfo=UTC)
    assert (fact.zone, fact.lines[0].serials) == ("Europe/Berlin", ("00042", "7"))


@pytest.mark.parametrize(
    ("price", "currency", "amount"),
    [
        ("32499.90", "TRY", 3_249_990),
        (32499.9, "TRY", 3_249_990),
        (1.299, "KWD", 1299),
        (0, "JPY", 0),
    ],
)
def test_reads_prices_exactly(price: Any, currency: str, amount: int) -> None:
    (line,) = sale(a_ticket(a_line(price=price), currency=currency)).lines

    assert line.price is not None
    assert (line.price.amount, line.price.currency) == (amount, currency)


def test_takes_the_day_from_the_time_where_the_till_names_none() -> None:
    after_midnight = a_ticket(date=..., at="2026-01-31T23:30:00Z")

    assert sale(after_midnight).order.reference == "B1/T2/2026-02-01/000117"


def test_names_an_order_as_its_settings_say() -> None:
    ticket = a_ticket(till=..., date=...)
    web = a_ticket(branch=..., till=..., number=..., order=1001)

    assert sale(ticket, order_parts=["number", "branch"]).order.reference == "000117/B1"
    assert sale(web, namespace="web").order.model_dump() == {
        "namespace": "web",
        "reference": "1001",
    }


def test_tells_a_return_under_the_order_that_it_takes_back() -> None:
    fact = returned(a_return(a_line(line=3, quantity=-1)))

    assert fact.order.reference == "B1/T2/2026-01-31/000117"
    assert fact.reference == "B1/T2/2026-02-02/000200"
    assert fact.returned_at == datetime(2026, 2, 2, 6, tzinfo=UTC)
    (line,) = fact.lines
    assert (line.line, line.quantity, line.serials) == ("3", 1, ("00012345",))


def test_tells_a_return_of_everything_and_of_a_line_alone() -> None:
    assert returned(a_return(lines="all")).lines == ()
    (line,) = returned(a_return({"line": "2"}, original=1001)).lines
    assert (line.line, line.product, line.quantity) == ("2", None, 1)


@pytest.mark.parametrize("word", ["heartbeat", "Test", "opening", "closing"])
def test_lands_what_says_nothing_and_says_so(word: str) -> None:
    with pytest.raises(MeaninglessError, match="no sale and no return"):
        told({"type": word})


@pytest.mark.parametrize("ticket", [a_ticket(lines=[]), a_return(lines=[])])
def test_finds_no_meaning_in_a_ticket_without_lines(ticket: Doc) -> None:
    with pytest.raises(MeaninglessError, match="without lines"):
        told(ticket)


@pytest.mark.parametrize(
    ("ticket", "code", "said"),
    [
        (a_ticket(a_line(serials=[12345])), "serial_not_text", r"lines\[0\].serials\[0\].*as text"),
        (a_ticket(a_line(serial=12345)), "serial_not_text", "send serials as text"),
        (a_ticket(a_line(serials=["1,23E+12"])), "serial_damaged", "line 1: a spreadsheet"),
        (a_ticket(a_line(quantity=0)), "quantity_invalid", "send what comes back as a return"),
        (a_ticket(a_line(quantity=-1, line="A")), "quantity_invalid", "line “A”: a sale of -1"),
        (a_ticket(a_line(quantity=1.5)), "field_invalid", "quantity"),
        (a_ticket(a_line(quantity=2_000_000)), "field_invalid", "lines.0.quantity"),
        (a_ticket({"quantity": 1}), "product_missing", "neither product nor serial"),
        (a_ticket({"product": {"code": " "}}), "product_missing", "neither"),
        (a_ticket(a_line(price="1.299,90")), "field_invalid", r"price: Invalid decimal"),
        (a_ticket(a_line(price="NaN")), "amount_invalid", "is no amount"),
        (a_ticket(a_line(price="1E+999999999")), "amount_invalid", "is no amount"),
        (a_ticket(a_line(price="1E-999999999")), "amount_invalid", "is no amount"),
        (a_ticket(a_line(price="9" * 40)), "amount_invalid", "is no amount"),
        (a_ticket(a_line(price=1.005)), "amount_too_fine", "finer than TRY"),
        (a_ticket(a_line(months=0)), "field_invalid", "coverage_months"),
        (a_ticket(a_line(covered_until="soon")), "date_unknown_form", "soon"),
        (a_ticket(lines=...), "lines_missing", "list what was sold"),
        (a_ticket(lines="all"), "lines_missing", "lists what was sold"),
        (a_ticket(lines="some"), "field_invalid", "lines"),
        (a_ticket(lines=None), "lines_missing", "list what was sold"),
        (a_ticket(at=...), "at_missing", "when was it"),
        (a_ticket(at="noon"), "date_unknown_form", "noon"),
        (a_ticket(zone="Atlantis/City"), "zone_unknown", "Europe/Istanbul"),
        (a_ticket(zone="/etc/passwd"), "zone_unknown", "Europe/Istanbul"),
        (a_ticket(number="9" * 300), "field_invalid", "order.reference"),
        (a_ticket(number="1\u00002"), "field_invalid", "order.reference"),
        (a_ticket(type="payment"), "type_unknown", "quiet_words"),
        (a_ticket(customer={"email": 3}), "field_invalid", "customer.email"),
        (a_return(a_line(quantity=0)), "quantity_invalid", "nothing came back"),
        (a_return({"quantity": 1}), "product_missing", "neither line, product nor serial"),
        (a_return(number=...), "number_missing", "identifies the receipt"),
        (a_return(lines=...), "lines_missing", "came back"),
    ],
)
def test_says_what_is_wrong_with_a_ticket(ticket: Doc, code: str, said: str) -> None:
    (fault,) = refusal(ticket)

    assert fault.code == code
    assert re.search(said, fault.message), fault.message


def test_tells_a_sale_with_several_bad_lines_every_one_of_them() -> None:
    faults = refusal(a_ticket(a_line(quantity=0), a_line(), a_line(serials=["1e+5"])))

    assert [fault.code for fault in faults] == ["quantity_invalid", "serial_damaged"]
    assert [fault.message[:6] for fault in faults] == ["line 1", "line 3"]


def test_understands_other_words_once_they_are_named() -> None:
    assert refusal(a_ticket(type="invoice"))[0].code == "type_unknown"
    assert sale(a_ticket(type="Invoice"), sale_words=["invoice"]).till == "T2"


@pytest.mark.parametrize("payload", [b"", b"{", b'{"a": "\xff"}{', b"[" * 100_000])
def test_says_that_a_payload_is_no_ticket(payload: bytes) -> None:
    assert CONNECTOR.translate is not None
    with pytest.raises(UntranslatableError, match="JSON"):
        CONNECTOR.translate(RawRecord("1", payload), settings(), ORIGIN)


def test_quotes_no_more_of_a_ticket_than_a_person_needs() -> None:
    long = "x" * 100_000
    for ticket in (
        a_ticket(type=long),
        a_ticket(zone=long),
        a_ticket(at=long),
        a_ticket(lines=long),
        a_ticket(a_line(price="9" * 10_000)),
        a_ticket(a_line(line=long, quantity=0)),
    ):
        assert all(len(fault.message) < 400 for fault in refusal(ticket))


def test_meets_the_row_of_the_tills_own_export(tmp_path: Path) -> None:
    export = tmp_path / "night.csv"
    export.write_text(
        "Şube;Kasa;Tarih;Saat;No;Ürün;Adet;Seri;Ay\n"
        "B1;T2;31.01.2026;10:15:40;000117;TV-55;1;00012345;24\n",
        encoding="cp1254",
    )
    columns = {
        "order": ["Şube", "Kasa", "Tarih", "No"],
        "sold_at": ["Tarih", "Saat"],
        "product_code": "Ürün",
        "quantity": "Adet",
        "serials": "Seri",
        "months": "Ay",
    }
    plan = settings(columns=columns)
    assert CONNECTOR.file is not None
    (row,) = CONNECTOR.file.records(export, plan)
    (exported,) = CONNECTOR.file.translate(row, plan, ORIGIN)
    ticket = told(a_ticket(a_line(months=24), seller="S3"), columns=columns)

    assert ticket.home == exported.home
    story = Story()
    for fact in (ticket.fact, exported.fact):
        story.given(an_event(fact, by="pos", day=NOW.date()))
    assert story.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED]
    assert story.answers[0] == story.answers[1]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@hypothesis.settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*a_return(), "zone", "customer", "order"]), JSON))
def test_tells_each_ticket_or_says_why_not_whatever_stands_in_it(more: Doc) -> None:
    plan = settings()
    assert CONNECTOR.translate is not None
    for ticket in (a_ticket(**more), a_return(**more)):
        (item,) = posted([ticket], plan)
        if isinstance(item, RawRecord):
            with suppress(UntranslatableError, MeaninglessError):
                assert len(list(CONNECTOR.translate(item, plan, ORIGIN))) == 1
