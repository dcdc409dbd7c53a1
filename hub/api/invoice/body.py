"""What may be posted: the published names, tolerant of fields that nobody has told us of."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from hub.api.bodies import BLANK, VISIBLE
from hub.api.invoice.faults import Fault, InvoiceError
from hub.domain.orders import MAX_UNITS
from hub.domain.phones import Country

MOST_IN_BULK = 50
MAX_FAULTS = 50
"""So many are listed; whoever mends them hears of the rest."""
BULK = "#"
"""Before the index of an invoice in a bulk."""


SEEN = re.compile(f"[^{BLANK}]")


def _blank_is_absent(given: object) -> object:
    """What nobody would see is absent; a mark of byte order at an end is a blank as others are."""
    if not isinstance(given, str):
        return given
    return given.strip().strip("\ufeff").strip() if SEEN.search(given) else None


def _text(limit: int) -> Any:
    return StringConstraints(min_length=1, max_length=limit, pattern=VISIBLE, strict=True)


Blank = BeforeValidator(_blank_is_absent)
Text = Annotated[str, _text(200), Blank]
Seller = Annotated[str, _text(190), Blank]
"""Shorter, for the namespace of its orders is made of it."""
PersonName = Annotated[str, _text(99), Blank, Field(repr=False)]
Maybe = Annotated[Annotated[str, _text(200)] | None, Blank]
Serial = Annotated[Annotated[str, _text(128)] | None, Blank]
Moment = Annotated[Annotated[str, _text(40)] | None, Blank]
Email = Annotated[Annotated[str, _text(254)] | None, Blank, Field(repr=False)]
Private = Annotated[Annotated[str, _text(64)] | None, Blank, Field(repr=False)]
CountryCode = Annotated[Country | None, Blank]
Price = Annotated[
    Annotated[Decimal, Field(ge=0, lt=10**12, decimal_places=2)] | None, Blank, Field(repr=False)
]


class Published(BaseModel):
    """The published names; what else is sent is left out, and blank is as good as absent."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        alias_generator=to_camel,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class Customer(Published):
    """Whose warranty it is. Nothing of it stands in a log."""

    first_name: PersonName
    last_name: PersonName
    email: Email = None
    phone: Private = None
    country_code: CountryCode = None
    """Where the phone is dialled; Turkey where absent."""
    birth_date: Private = None
    identification_number: Private = None
    """Sensitive: kept sealed with the rest of the contact."""


class Insurance(Published):
    """An extended warranty; without an insuranceId there is none."""

    insurance_id: Maybe = None
    insurance_name: Maybe = None
    insurance_price: Price = None
    store_code: Maybe = None


class Product(Published):
    """A line of the invoice: one unit of a product, by code, or by brand and name."""

    name: Maybe = None
    brand: Maybe = None
    product_code: Maybe = None
    serial_number: Serial = None
    """Kept as given, leading zeros and all: always a string."""
    external_line_id: Maybe = None
    purchase_date: Moment = None
    """DD-MM-YYYY HH:MM; today where absent."""
    warranty_expire_date: Moment = None
    """DD-MM-YYYY HH:MM, the last covered day; by the period of the product where absent."""
    product_price: Price = None
    extended_warranties: tuple[Insurance, ...] | None = None


class Invoice(Published):
    """Products sold under one order."""

    external_order_id: Text
    seller_code: Seller
    customer: Customer
    products: Annotated[tuple[Product, ...], Field(min_length=1, max_length=MAX_UNITS)]


P = TypeVar("P", bound=Published)
WORDS = {
    "missing": "it is missing; send it",
    "string_type": "send a string, in quotes",
    "string_too_long": "send {max_length} characters at most",
    "string_pattern_mismatch": "send some text, without control characters",
    "literal_error": "send {expected}",
    "too_short": "send at least {min_length}",
    "too_long": "send {max_length} at most",
    "tuple_type": "send a list, in brackets",
    "model_type": "send an object, in braces",
    "decimal_parsing": "send a number, such as 1999.90",
    "decimal_type": "send a number, such as 1999.90",
    "decimal_max_places": "send {decimal_places} decimal places at most",
    "greater_than_equal": "send {ge} or more",
    "less_than": "send less than {lt}",
}
SERIAL = "a serial number is a string, in quotes: a number loses its leading zeros"


def read_invoice(body: bytes) -> Invoice:
    """The invoice of a body.

    Raises:
        InvoiceError: it is none.

    """
    return _checked(Invoice, _json(body))


def read_bulk(body: bytes) -> tuple[Invoice, ...]:
    """A list of 1 to 50 invoices, each with e-mail, phone and country.

    Raises:
        InvoiceError: it is none, or one of them is none.

    """
    given = _json(body)
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_IN_BULK:
        message = f"send a list of 1 to {MOST_IN_BULK} invoices"
        raise InvoiceError([Fault(None, "bulk_size", message)], readable=False)
    faults: list[Fault] = []
    invoices: list[Invoice] = []
    for number, one in enumerate(given):
        try:
            invoices.append(_reachable(_checked(Invoice, one)))
        except InvoiceError as error:
            faults += [_of_bulk(fault, number) for fault in error.faults]
    if faults:
        raise InvoiceError(faults[:MAX_FAULTS], readable=False)
    return tuple(invoices)


def _of_bulk(fault: Fault, number: int) -> Fault:
    field = f"{BULK}{number}.{fault.field}" if fault.field else f"{BULK}{number}"
    return Fault(field, fault.code, fault.message, fault.index, fault.line)


def _reachable(invoice: Invoice) -> Invoice:
    customer = invoice.customer
    wanted = {
        "email": customer.email,
        "phone": customer.phone,
        "countryCode": customer.country_code,
    }
    missing = [name for name, value in wanted.items() if value is None]
    if missing:
        raise InvoiceError(
            [Fault(f"customer.{name}", "missing", WORDS["missing"]) for name in missing],
            readable=False,
        )
    return invoice


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = "the body is no JSON in UTF-8; send one JSON document"
        raise InvoiceError([Fault(None, "not_json", message)], readable=False) from error


def _checked(model: type[P], given: object) -> P:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise InvoiceError(list(_faults(errors, given))[:MAX_FAULTS], readable=False) from error


def _faults(errors: Sequence[Any], given: object) -> Iterator[Fault]:
    for error in errors:
        kind, place = error["type"], tuple(error["loc"])
        if kind == "too_short" and any(len(other["loc"]) > len(place) for other in errors):
            # The list is too short only because what is in it is wrong.
            continue
        context = error.get("ctx") or {}
        if kind == "string_type" and _is_absent(place, given):
            kind = "missing"
        message = WORDS[kind].format(**context) if kind in WORDS else str(error["msg"])
        if kind == "string_type" and place[-1] == "serialNumber":
            message = SERIAL
        index = place[1] if len(place) > 1 and place[0] == "products" else None
        field = ".".join(map(str, place[2:] if index is not None else place)) or None
        yield Fault(field, kind, message, index, _line(given, index))


def _at(given: object, place: Sequence[str | int]) -> object:
    for step in place:
        if isinstance(given, dict):
            given = given.get(step)
        elif isinstance(given, list) and isinstance(step, int) and step < len(given):
            given = given[step]
        else:
            return None
    return given


def _is_absent(place: Sequence[str | int], given: object) -> bool:
    found = _at(given, place)
    return found is None or (isinstance(found, str) and not found.strip())


def _line(given: object, index: int | None) -> str | None:
    """The line's own name, where it has one that can be told."""
    if index is None:
        return None
    name = _at(given, ("products", index, "externalLineId"))
    return name[:200] if isinstance(name, str) else None
