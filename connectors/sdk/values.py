"""Numbers, money and times as people and spreadsheets write them, read exactly or not at all."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from pydantic import ValidationError

from connectors.sdk.connector import UntranslatableError, untranslatable
from schemas.events.parts import zone_info
from schemas.money import Money

Mark = Literal[",", "."]
SlashDates = Literal["day_first", "month_first"]

NO_MINOR_UNIT = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THREE_DIGITS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
SYMBOLS = {"€": "EUR", "₺": "TRY", "TL": "TRY", "$": "USD", "£": "GBP", "¥": "JPY"}
GROUP = 3
EXACT = 28
"""Digits that decimal arithmetic keeps; what is longer is no amount, and would be rounded."""
NOON = time(12)
RECENT = 16
"""Times that are remembered: the rows of a receipt share theirs, and each is asked for three times."""
QUOTED = 60

_QUOTES = str.maketrans("“”", '""')
_QUOTE = re.compile("“[^”]*(?:”|$)")
_BLANKS = str.maketrans("", "", " \u00a0\u202f'\u2019")
_AMOUNT = re.compile(r"^(?P<before>[^\d+\-\u2212.,]*)(?P<number>.*?\d[-\u2212]?)(?P<after>[^\d]*)$")
_WHEN = re.compile(
    r"^(?:(?P<a>\d{1,2})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<year>\d{4})"
    r"|(?P<iso_year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2}))"
    r"(?:[T ]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?)?$"
)


def quoted(text: str) -> str:
    """As much of a source's own words as a person needs to find them.

    They may be somebody's name in the wrong place, so whatever keeps a reason keeps it `unquoted`.
    """
    short = text if len(text) <= QUOTED else f"{text[:QUOTED]}…"
    return f"“{repr(short)[1:-1].translate(_QUOTES)}”"


def unquoted(reason: str) -> str:
    """A reason without the words of the source that are quoted in it."""
    return _QUOTE.sub("“…”", reason)


def read_number(text: str, mark: Mark | None) -> Decimal:
    """A number with that decimal mark; without one, the mark is seen from the number itself."""
    bare = text.strip().replace("\u2212", "-").translate(_BLANKS)
    if bare.endswith("-"):
        bare = "-" + bare[:-1]
    sign, digits = (bare[0], bare[1:]) if bare[:1] in {"-", "+"} else ("", bare)
    decimal = mark or _mark(text, digits)
    whole, _, fraction = digits.partition(decimal)
    groups = whole.split("." if decimal == "," else ",")
    grouped = len(groups) == 1 or all(len(group) == GROUP for group in groups[1:])
    plain = "".join(groups)
    readable = grouped and groups[0] and _digits(plain + fraction)
    if not readable or len(plain + fraction) > EXACT:
        other = "." if decimal == "," else ","
        hint = f"write it like 1{other}299{decimal}90 or 1299{decimal}90"
        raise untranslatable("number_invalid", f"{quoted(text)} is no number; {hint}")
    return Decimal(f"{sign}{plain}.{fraction or 0}")


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _mark(text: str, digits: str) -> Mark:
    comma, dot = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and dot >= 0:
        return "," if comma > dot else "."
    found: Mark = "," if comma >= 0 else "."
    whole, _, tail = digits.rpartition(found)
    if found in whole:
        return "." if found == "," else ","
    if len(tail) == GROUP and whole.lstrip("0"):
        message = (
            f"{quoted(text)} can be {whole}.{tail} or {whole}{tail}; say which mark is the decimal one "
            'with decimal = "," or decimal = "."'
        )
        raise untranslatable("number_ambiguous", message)
    return found


def read_count(text: str, mark: Mark | None) -> int:
    """A whole number, negative ones included."""
    number = read_number(text, mark)
    if number != number.to_integral_value():
        raise untranslatable("not_whole", f"{quoted(text)} is not a whole number; correct the cell")
    return int(number)


def read_money(text: str, mark: Mark | None, currency: str | None) -> Money:
    """An amount in minor units, exact. A currency beside the amount counts before `currency`."""
    parts = _AMOUNT.match(text.strip())
    if parts is None:
        raise untranslatable("amount_invalid", f"{quoted(text)} is no amount; correct the cell")
    beside = (parts["before"] + parts["after"]).strip().upper()
    code = SYMBOLS.get(beside, beside) or (currency or "").strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        message = f"{quoted(text)} has no currency that is known; say currency = an ISO 4217 code"
        raise untranslatable("currency_missing", message)
    minor = read_number(parts["number"], mark).scaleb(minor_digits(code))
    if minor != minor.to_integral_value():
        message = f"{quoted(text)} is finer than {code} can be; check the decimal mark"
        raise untranslatable("amount_too_fine", message)
    try:
        return Money.model_validate({"amount": int(minor), "currency": code})
    except ValidationError as error:
        message = f"{quoted(text)} is larger than any price; check the decimal mark"
        raise untranslatable("amount_too_large", message) from error


def minor_digits(currency: str) -> int:
    """How many decimal digits a currency has, as ISO 4217 lists them."""
    if currency in NO_MINOR_UNIT:
        return 0
    return 3 if currency in THREE_DIGITS else 2


@lru_cache(maxsize=RECENT)
def read_instant(text: str, zone: str, slash_dates: SlashDates | None = None) -> datetime:
    """An instant in UTC, of a local time in `zone` unless the text has an offset of its own.

    A local time that a clock change skips is read with the offset before the change, so 02:30
    becomes 03:30; one that it repeats is the first of the two. A day without a time is its noon.
    """
    parts = _parts(text, slash_dates)
    try:
        day = _day(parts, slash_dates)
        hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
        local = datetime.combine(day, NOON if parts["hour"] is None else time(hour, minute, second))
        offset = parts["offset"]
        aware = local.replace(tzinfo=_offset(offset) if offset else zone_info(zone), fold=0)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _no_such_time(text) from error


@lru_cache(maxsize=RECENT)
def read_day(text: str, slash_dates: SlashDates | None = None) -> date:
    """A day of the calendar; a time beside it is not looked at."""
    try:
        return _day(_parts(text, slash_dates), slash_dates)
    except ValueError as error:
        raise _no_such_time(text) from error


def _no_such_time(text: str) -> UntranslatableError:
    message = f"{quoted(text)} is not in the calendar; correct the cell and publish the file again"
    return untranslatable("date_invalid", message)


def _parts(text: str, slash_dates: SlashDates | None) -> re.Match[str]:
    parts = _WHEN.match(text.strip())
    if parts is None:
        hint = "write DD.MM.YYYY HH:MM, YYYY-MM-DD HH:MM or an ISO 8601 instant"
        raise untranslatable(
            "date_unknown_form", f"{quoted(text)} is no date that is understood; {hint}"
        )
    if parts["mark"] == "/" and slash_dates is None:
        hint = 'say slash_dates = "day_first" or "month_first"'
        raise untranslatable("date_ambiguous", f"{quoted(text)} can be read two ways; {hint}")
    return parts


def _day(parts: re.Match[str], slash_dates: SlashDates | None) -> date:
    if parts["iso_year"]:
        return date(int(parts["iso_year"]), int(parts["month"]), int(parts["day"]))
    day, month = int(parts["a"]), int(parts["b"])
    if parts["mark"] == "/" and slash_dates == "month_first":
        day, month = month, day
    return date(int(parts["year"]), month, day)


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if text[0] == "-" else ahead)
