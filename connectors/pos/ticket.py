"""A ticket as a till posts it: one sale or one return, told whole.

    {
      "type": "sale",                    the words for a sale, a return or neither are settings
      "branch": "B1", "till": "T2", "number": "000117",
      "date": "2026-01-31",              the till's day; the local day of `at` where absent
      "at": "2026-01-31T10:15:00+03:00", a local time of the zone where it has no offset
      "zone": "Europe/Istanbul",         the source's zone where absent
      "seller": "S3", "currency": "TRY", both optional
      "customer": {"name": …, "email": …, "phone": …},
      "lines": [
        {"line": "1", "product": {"code": "TV-55", "brand": …, "name": …}, "quantity": 1,
         "serials": ["00012345"], "price": "32499.90", "months": 24, "covered_until": "2028-01-31"}
      ]
    }

Branch, till, date and number joined with "/" are the order reference (`B1/T2/2026-01-31/000117`):
it is unique although receipt numbers restart daily. An export of the same till meets its tickets
when `columns.order` maps the same parts in the same order; `order_parts` leaves out what the export
lacks. A ticket with an `order` of its own (a web order's number) goes under that one alone.

A return has `type` "return", a number of its own, and `original`: the sale that it takes back, as
an object of the same parts or as the text of its `order`. `"lines": "all"` takes all of it back.

Serials are text: a JSON number is refused, for it has lost its zeros. `line` is counted, `quantity`
is 1 or the number of serials where they are absent. Prices have a decimal point. Fields that are
not named here are kept with the ticket and not looked at.
"""

from decimal import Decimal
from typing import Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from connectors.pos.settings import OrderPart, Settings, comparable
from connectors.sdk import untranslatable
from connectors.sdk.facts import of_field
from connectors.sdk.values import quoted, read_day, read_instant
from schemas.events.parts import local_date, zone_info

Text = str | int | None
"""A label or a number that a till counts; serials are never read this way."""
Kind = Literal["sale", "return", "quiet"]
REMEDY = "correct the ticket and send it again"
MAX_MESSAGE = 200
ENUM = "Invalid enum value"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

S = TypeVar("S", bound=Struct)


class Parts(Struct, frozen=True):
    """What makes a receipt unique."""

    branch: Text = None
    till: Text = None
    date: str | None = None
    number: Text = None


class Head(Parts, frozen=True):
    """As much of a ticket as its identity takes."""

    type: str | None = None
    order: Text = None
    original: str | int | Parts | None = None
    at: str | None = None
    zone: str | None = None


class Product(Struct, frozen=True):
    code: Text = None
    brand: str | None = None
    name: str | None = None


class Line(Struct, frozen=True):
    line: Text = None
    product: Product | None = None
    quantity: int | None = None
    serial: str | None = None
    """For tills that know one a line."""
    serials: tuple[str, ...] | None = None
    price: Decimal | None = None
    months: int | None = None
    covered_until: str | None = None


class Customer(Struct, frozen=True):
    name: str | None = None
    email: str | None = None
    phone: str | None = None


class Ticket(Head, frozen=True):
    """All that is looked at."""

    seller: Text = None
    currency: str | None = None
    customer: Customer | None = None
    lines: tuple[Line, ...] | Literal["all"] | None = None


def read(payload: bytes | Raw, shape: type[S]) -> S:
    """A ticket or its head.

    Raises:
        UntranslatableError: it is no JSON object, or a field is not what it must be.

    """
    if isinstance(payload, bytes):
        payload = payload.removeprefix(BYTE_ORDER_MARK)
    try:
        return msgspec.json.decode(payload, type=shape)
    except msgspec.ValidationError as error:
        raise untranslatable(*_misshapen(str(error))) from error
    except (ValueError, RecursionError) as error:
        raise untranslatable("not_json", f"{error}; send a ticket as JSON in UTF-8") from error


def _misshapen(message: str) -> tuple[str, str]:
    what, _, where = message.rpartition(" - at `$")
    if not what:
        return "not_an_object", f"{message}; send each ticket as a JSON object"
    # Of a word that is none of those wanted, msgspec would quote it.
    what = "it is none of the words wanted here" if what.startswith(ENUM) else what[:MAX_MESSAGE]
    where = where.strip(".`")
    if "serial" in where:
        return "serial_not_text", f"{where}: {what}; numbers lose their zeros: send serials as text"
    return "field_invalid", f"{where}: {what}; {REMEDY}"


def kind_of(head: Head, settings: Settings) -> Kind:
    """Whether it is a sale, a return, or nothing a warranty depends on."""
    word = comparable(head.type or "")
    if not word or word in settings.sales:
        return "sale"
    if word in settings.returns:
        return "return"
    if word in settings.quiet:
        return "quiet"
    message = (
        f"type {quoted(head.type or '')} is neither a sale nor a return; "
        "name it in sale_words, return_words or quiet_words"
    )
    raise untranslatable("type_unknown", message)


def own_reference(head: Head, settings: Settings) -> str:
    """The order reference of the ticket itself, whatever its kind."""
    return text(head.order) or _reference(head, head, settings)


def sold_reference(head: Head, kind: Kind, settings: Settings) -> str:
    """The order reference of the sale that it speaks of: on a return, of what comes back."""
    if kind != "return":
        return own_reference(head, settings)
    if isinstance(head.original, Parts):
        return _reference(head.original, None, settings)
    if found := text(head.original):
        return found
    message = f"original is missing: a return names the sale that it takes back; {REMEDY}"
    raise untranslatable("original_missing", message)


def _reference(parts: Parts, head: Head | None, settings: Settings) -> str:
    return "/".join([_part(parts, name, head, settings) for name in settings.order_parts])


def _part(parts: Parts, name: OrderPart, head: Head | None, settings: Settings) -> str:
    if name == "date":
        return _day(parts, head, settings)
    found = text(getattr(parts, name))
    if not found:
        where = name if head else f"original.{name}"
        message = f"{where} is missing, and identifies the receipt; {REMEDY}, or set order_parts"
        raise untranslatable(f"{name}_missing", message)
    return found


def _day(parts: Parts, head: Head | None, settings: Settings) -> str:
    if parts.date:
        with of_field("date" if head else "original.date"):
            return read_day(parts.date, settings.slash_dates).isoformat()
    if head is None or not head.at:
        where = "date and at are" if head else "original.date is"
        message = f"{where} missing, and a day identifies the receipt; {REMEDY}"
        raise untranslatable("date_missing", message)
    zone = zone_of(head, settings)
    with of_field("at"):
        at = read_instant(head.at, zone, settings.slash_dates)
    return local_date(at, zone).isoformat()


def zone_of(head: Head, settings: Settings) -> str:
    """The zone of the ticket's local times."""
    if not head.zone:
        return settings.zone
    try:
        zone_info(head.zone)
    except ValueError as error:
        message = f"zone {quoted(head.zone)} is no IANA zone such as Europe/Istanbul; {REMEDY}"
        raise untranslatable("zone_unknown", message) from error
    return head.zone


def text(value: Text) -> str:
    """A label as text; empty where nothing is said."""
    return "" if value is None else str(value).strip()
