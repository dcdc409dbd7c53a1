"""Numbers, money and times as people write them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connectors.sdk import UntranslatableError
from connectors.sdk.values import (
    Mark,
    SlashDates,
    read_count,
    read_day,
    read_instant,
    read_money,
    read_number,
)


def code_of(error: pytest.ExceptionInfo[UntranslatableError]) -> str:
    (fault,) = error.value.faults
    return fault.code


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1.299,90", ",", "1299.90"),
        ("1299,90", ",", "1299.90"),
        ("1,299.90", ".", "1299.90"),
        ("1.299", ",", "1299"),
        ("1.299", ".", "1.299"),
        ("1.299,90", None, "1299.90"),
        ("1,299.90", None, "1299.90"),
        ("1299,9", None, "1299.9"),
        ("1.299.000", None, "1299000"),
        ("0,125", None, "0.125"),
        ("12 499,90", ",", "12499.90"),
        ("12\u00a0499,90", ",", "12499.90"),
        ("12'499.90", ".", "12499.90"),
        ("-3", None, "-3"),
        ("\u22123", None, "-3"),
        ("12,00-", ",", "-12.00"),
        ("+7", None, "7"),
    ],
)
def test_reads_a_number_exactly(text: str, mark: Mark | None, value: str) -> None:
    assert read_number(text, mark) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["abc", "", "1.29,90", "1,2,3.4", "12.34.5", ",5,", "1.299,9,0", "½", "--1", "٣"]
)
def test_refuses_what_is_no_number(text: str) -> None:
    with pytest.raises(UntranslatableError) as error:
        read_number(text, None)

    assert code_of(error) == "number_invalid"


def test_asks_for_the_decimal_mark_where_a_number_can_be_read_two_ways() -> None:
    with pytest.raises(UntranslatableError, match=r"1\.299 or 1299") as error:
        read_number("1,299", None)

    assert code_of(error) == "number_ambiguous"


def test_refuses_half_a_unit() -> None:
    with pytest.raises(UntranslatableError) as error:
        read_count("1,5", ",")

    assert code_of(error) == "not_whole"


def test_reads_a_quantity_that_a_till_writes_with_decimals() -> None:
    assert read_count("2,00", ",") == 2


@pytest.mark.parametrize(
    ("text", "mark", "currency", "amount", "code"),
    [
        ("1.299,90", ",", "EUR", 129990, "EUR"),
        ("0,10", ",", "TRY", 10, "TRY"),
        ("1.299,90 TL", ",", "EUR", 129990, "TRY"),
        ("€ 5", None, None, 500, "EUR"),
        ("1999", None, "JPY", 1999, "JPY"),
        ("1.250", ".", "KWD", 1250, "KWD"),
        ("12,3400", ",", "EUR", 1234, "EUR"),
        ("-4,50", ",", "EUR", -450, "EUR"),
        ("9.999.999.999.999,99", ",", "TRY", 999999999999999, "TRY"),
    ],
)
def test_reads_money_into_minor_units(
    text: str, mark: Mark | None, currency: str | None, amount: int, code: str
) -> None:
    money = read_money(text, mark, currency)

    assert (money.amount, money.currency) == (amount, code)


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("12,345", "EUR", "amount_too_fine"),
        ("1,5", "JPY", "amount_too_fine"),
        ("12,00", None, "currency_missing"),
        ("12,00 bucks", "EUR", "currency_missing"),
        ("free", "EUR", "amount_invalid"),
        ("12345678901234,56", "TRY", "amount_too_large"),
        ("0,10000000000000000000000000000001", "TRY", "number_invalid"),
    ],
)
def test_refuses_money_that_is_not_clear(text: str, currency: str | None, code: str) -> None:
    with pytest.raises(UntranslatableError) as error:
        read_money(text, ",", currency)

    assert code_of(error) == code


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("31.01.2026 10:15", "Europe/Istanbul", datetime(2026, 1, 31, 7, 15, tzinfo=UTC)),
        ("31-01-2026 10:15", "Europe/Istanbul", datetime(2026, 1, 31, 7, 15, tzinfo=UTC)),
        ("2026-01-31 10:15", "Europe/Istanbul", datetime(2026, 1, 31, 7, 15, tzinfo=UTC)),
        ("2026-01-31T10:15:30", "Europe/Berlin", datetime(2026, 1, 31, 9, 15, 30, tzinfo=UTC)),
        ("2026-01-31T10:15:30.250Z", "Asia/Tokyo", datetime(2026, 1, 31, 10, 15, 30, tzinfo=UTC)),
        ("2026-01-31T10:15-0530", "Asia/Tokyo", datetime(2026, 1, 31, 15, 45, tzinfo=UTC)),
        ("2026-01-31 10:15 +03:00", "Asia/Tokyo", datetime(2026, 1, 31, 7, 15, tzinfo=UTC)),
        ("1.2.2026", "Europe/Istanbul", datetime(2026, 2, 1, 9, tzinfo=UTC)),
    ],
)
def test_reads_an_instant(text: str, zone: str, instant: datetime) -> None:
    assert read_instant(text, zone) == instant


def test_reads_a_time_that_the_clock_change_skips_one_hour_later() -> None:
    assert read_instant("29.03.2026 02:30", "Europe/Berlin") == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )


def test_reads_a_time_that_the_clock_change_repeats_as_the_first_of_the_two() -> None:
    assert read_instant("25.10.2026 02:30", "Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("03/04/2026", "day_first", date(2026, 4, 3)),
        ("03/04/2026 10:00", "month_first", date(2026, 3, 4)),
        ("03.04.2026", "month_first", date(2026, 4, 3)),
    ],
)
def test_reads_slashes_only_as_told(text: str, order: SlashDates, day: date) -> None:
    assert read_day(text, order) == day


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("31.02.2026 12:30", "date_invalid"),
        ("2026-13-01", "date_invalid"),
        ("31.01.2026 25:00", "date_invalid"),
        ("01.01.0001 00:00", "date_invalid"),
        ("31.01.26", "date_unknown_form"),
        ("yesterday", "date_unknown_form"),
        ("20260131", "date_unknown_form"),
        ("03/04/2026", "date_ambiguous"),
    ],
)
def test_refuses_a_time_that_is_not_in_the_calendar(text: str, code: str) -> None:
    with pytest.raises(UntranslatableError) as error:
        read_instant(text, "Europe/Istanbul")

    assert code_of(error) == code


def test_refuses_a_day_that_is_not_in_the_calendar() -> None:
    with pytest.raises(UntranslatableError) as error:
        read_day("30.02.2026")

    assert code_of(error) == "date_invalid"
