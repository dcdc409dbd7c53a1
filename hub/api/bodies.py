"""What may be posted: the facts of the contract, strict, with nothing that is not understood."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from hub.domain.orders import MAX_UNITS
from schemas.envelope import FIRST_YEAR, LAST_YEAR
from schemas.events.parts import Contact, Order, Product, Zone
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleLine, SaleRecorded
from schemas.money import Money

RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
EXAMPLE = "2026-01-31T18:30:00+03:00"
BLANK = r"\s\x00-\x1f\x7f-\x9f\ufeff"
"""In a class of characters: blanks and control characters, whichever engine is asked what a blank is."""
VISIBLE = rf"^[^\x00-\x1f\x7f]*[^{BLANK}][^\x00-\x1f\x7f]*$"
"""No control characters, and something beside blanks."""

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


def _instant(given: object) -> datetime:
    if not isinstance(given, str) or not RFC3339.fullmatch(given):
        raise ValueError(f"this is no instant with an offset; write it like {EXAMPLE}")
    try:
        instant = datetime.fromisoformat(given.upper())
    except ValueError as error:
        raise ValueError(f"there is no such instant ({error}); write it like {EXAMPLE}") from error
    if not FIRST_YEAR < instant.year < LAST_YEAR:
        raise ValueError(f"this is not within the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
    return instant


def _day(given: object) -> date:
    if not isinstance(given, str) or not ISO_DAY.fullmatch(given):
        raise ValueError("this is no day; write it like 2026-01-31")
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise ValueError(f"there is no such day ({error}); write it like 2026-01-31") from error


def whole(given: object) -> object:
    """To JSON, 2 and 2.0 are one number."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


def _named(limit: int) -> Any:
    return StringConstraints(
        min_length=1, max_length=limit, strip_whitespace=True, pattern=VISIBLE, strict=True
    )


At = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": [EXAMPLE]}),
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Quantity = Annotated[int, Field(ge=1, le=MAX_UNITS, strict=True), BeforeValidator(whole)]
Months = Annotated[int, Field(ge=1, le=1200, strict=True), BeforeValidator(whole)]
Text = Annotated[str, _named(200)]
SerialText = Annotated[str, _named(128)]
ZoneName = Annotated[
    Zone, WithJsonSchema({"type": "string", "format": "iana-zone", "maxLength": 64})
]


Unsaid = SkipJsonSchema[None]
"""What the fact has room for, and this API does not take."""


class OrderBody(Order):
    """An order reference, and the namespace in which the merchant counts it."""

    model_config = STRICT

    namespace: Text
    """Who numbers these orders. Sources that share the merchant's order numbers share it."""
    reference: Text
    """The order's number as its namespace writes it."""


class ProductBody(Product):
    """A product by the merchant's code, or by brand and name."""

    model_config = STRICT

    code: Text | None = None
    brand: Text | None = None
    name: Text | None = None


class ContactBody(Contact):
    """How to reach a person. Kept apart and sealed; what is decided names a reference only."""

    model_config = STRICT

    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    email: Annotated[str, StringConstraints(min_length=3, max_length=254)] | None = None
    phone: Annotated[str, StringConstraints(min_length=3, max_length=40)] | None = None
    birth_date: Unsaid = None
    identification: Unsaid = None
    generated: Unsaid = None


class MoneyBody(Money):
    """Minor units: 1999 is 19.99 EUR, and 1999 JPY."""

    model_config = STRICT

    amount: Annotated[int, Field(ge=-(10**15), le=10**15, strict=True), BeforeValidator(whole)]


class SaleLineBody(SaleLine):
    """`quantity` units of one product, of which some, all or none have a serial."""

    model_config = STRICT

    line: Text
    """Names the line in the answer; once in a sale."""
    product: ProductBody
    quantity: Quantity = 1
    serials: Annotated[tuple[SerialText, ...], Field(max_length=MAX_UNITS), FailFast()] = ()
    """Kept as given, leading zeros and all: always a string."""
    coverage_months: Months | None = None
    """The period sold with this line; the merchant's default where it is absent."""
    covered_until: Day | None = None
    """The last covered day, which then counts instead of the period."""
    price: MoneyBody | None = None
    sold_at: At | None = None
    """When this line was sold, where that was not when the sale was."""
    extended: Unsaid = None


class SaleBody(SaleRecorded):
    """A sale took place: each unit is covered from the day of sale in the merchant's zone."""

    model_config = STRICT

    order: OrderBody
    sold_at: At
    zone: ZoneName
    """The IANA name of the merchant's time zone."""
    lines: Annotated[tuple[SaleLineBody, ...], Field(min_length=1, max_length=MAX_UNITS)]
    branch: Text | None = None
    till: Text | None = None
    seller: Text | None = None
    customer: ContactBody | None = None
    undated: Unsaid = None
    remarks: Unsaid = None


class RegistrationBody(RegistrationRequested):
    """Somebody registers a unit, by product, by serial or by both, whether or not it was sold here."""

    model_config = STRICT

    reference: Text
    """Your own reference of this registration."""
    registered_at: At
    zone: ZoneName
    """The IANA name of the merchant's time zone."""
    product: ProductBody | None = None
    serial: SerialText | None = None
    """Kept as given, leading zeros and all: always a string."""
    purchased_on: Day | None = None
    """As the owner states it; the day of registration where absent."""
    coverage_months: Months | None = None
    order: Text | None = None
    """The order as its shop names it to the customer, such as `#1001`: where your policy has registrations
    verified at the shop, this, an e-mail address and the product's code are needed."""
    branch: Text | None = None
    customer: ContactBody | None = None


def _one_of(schema: dict[str, Any]) -> None:
    """Exactly one of the two, and null is as good as absent."""
    names = sorted(schema["properties"])
    schema["oneOf"] = [
        {
            "required": [name],
            "properties": {
                other: {"type": "object" if other == name else "null"} for other in names
            },
        }
        for name in names
    ]


class Activation(BaseModel):
    """A sale or a registration, either of which starts cover."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra=_one_of)

    sale: SaleBody | None = None
    registration: RegistrationBody | None = None

    @model_validator(mode="after")
    def says_one_thing(self) -> Self:
        """One request is decided as a whole, so it tells of one thing."""
        if (self.sale is None) == (self.registration is None):
            raise ValueError('send exactly one of "sale" and "registration"')
        return self

    @property
    def fact(self) -> SaleBody | RegistrationBody:
        """What is reported."""
        told = self.sale or self.registration
        assert told is not None  # noqa: S101 - exactly one is there
        return told


def examples() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, summary and body of requests that are answered 201 when they are new."""
    yield (
        "sale",
        "Two televisions and a cable, one serial known",
        {
            "sale": {
                "order": {"namespace": "webshop", "reference": "10045"},
                "sold_at": EXAMPLE,
                "zone": "Europe/Istanbul",
                "branch": "Kadikoy",
                "lines": [
                    {
                        "line": "1",
                        "product": {"code": "TV-55"},
                        "quantity": 2,
                        "serials": ["0042-A"],
                        "price": {"amount": 1_999_900, "currency": "TRY"},
                    },
                    {"line": "2", "product": {"code": "CABLE-2M"}, "coverage_months": 6},
                ],
                "customer": {"name": "Ayse Yilmaz", "email": "ayse@example.com"},
            }
        },
    )
    yield (
        "smallest-sale",
        "One unit, and no more than must be said",
        {
            "sale": {
                "order": {"namespace": "webshop", "reference": "10046"},
                "sold_at": EXAMPLE,
                "zone": "Europe/Istanbul",
                "lines": [{"line": "1", "product": {"brand": "Acme", "name": "Kettle"}}],
            }
        },
    )
    yield (
        "registration",
        "An owner registers a unit by serial and product",
        {
            "registration": {
                "reference": "app-77120",
                "registered_at": "2026-02-02T09:00:00Z",
                "zone": "Europe/Istanbul",
                "product": {"code": "DRILL-18V"},
                "serial": "000981-77",
                "purchased_on": "2026-01-28",
                "customer": {"email": "mehmet@example.com", "phone": "+90 555 000 00 00"},
            }
        },
    )
    yield (
        "registration-by-serial",
        "An owner knows the serial only: it waits until the sale that names the product",
        {
            "registration": {
                "reference": "app-77121",
                "registered_at": "2026-02-02T09:05:00Z",
                "zone": "Europe/Istanbul",
                "serial": "7700-B",
            }
        },
    )
