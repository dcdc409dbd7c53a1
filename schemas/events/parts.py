"""The pieces that several facts share."""

from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from schemas.base import PRINTABLE, Name, Part


@lru_cache(maxsize=1024)
def zone_info(zone: str) -> ZoneInfo:
    """The zone of that IANA name.

    Raises:
        ValueError: there is no such zone.

    """
    try:
        return ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as error:
        msg = f"unknown time zone {zone!r}; use an IANA name such as Europe/Istanbul"
        raise ValueError(msg) from error


def _known_zone(zone: str) -> str:
    zone_info(zone)
    return zone


Zone = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_known_zone)]
"""The IANA name of the merchant's zone: dates of coverage are dates there."""

Instant = AwareDatetime
Serial = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=PRINTABLE),
]
"""Kept as given, leading zeros and all; never read as a number."""

Months = Annotated[int, Field(ge=1, le=1200)]
Quantity = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class Order(Part):
    """An order reference and the namespace in which it is unique for the merchant."""

    namespace: Name
    reference: Name


def bare_key(brand: str | None, name: str | None) -> str:
    """What makes two lines without a code the same product; empty when nothing is known of it."""
    return f"{brand or ''}/{name or ''}".casefold() if brand or name else ""


class Product(Part):
    """A product by the merchant's code, or by brand and name."""

    code: Name | None = None
    brand: Name | None = None
    name: Name | None = None

    @property
    def key(self) -> str:
        """What makes two lines the same product; empty when nothing is known of it."""
        return self.code or bare_key(self.brand, self.name)


class Extension(Part):
    """What an owner's registration extends a sold period to, from the same day on."""

    months: int
    type: str
    ends_on: date


class RuledBy(Part):
    """Which version of which policy, product or category decided a period: what went in and came out."""

    policy: Name
    version: int
    at: Instant
    """The moment at which it was asked what is in force."""
    product: Name | None = None
    rule: str
    """The part of the document that fitted, such as `by_product/drill`."""
    months: int
    type: str
    ends_on: date
    extended: Extension | None = None
    catalogue: dict[str, int] | None = None
    """The versions of the product and its category that were looked at."""


class VerifiedBy(Part):
    """The shop that confirmed a registration, under which version of which policy it was asked, and what it said."""

    policy: Name
    version: int
    at: Instant
    """The moment at which it was asked what is in force."""
    source: Name
    order: Name
    product: Name
    asked_at: Instant
    payment: Name
    units: int
    """Of that product in the order, neither refunded nor removed when the shop was asked."""


class Contact(Part):
    """How to reach a person. Personal data: it leaves the event before any decision is made."""

    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    email: Annotated[str, StringConstraints(min_length=3, max_length=254)] | None = None
    phone: Annotated[str, StringConstraints(min_length=3, max_length=40)] | None = None
    birth_date: date | None = None
    identification: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    """The number of a passport, an identity card or the like."""
    generated: tuple[Literal["email", "phone"], ...] | None = None
    """Which of them was made up, as nobody gave any: nothing is ever sent there."""


class Statement(Contact):
    """A contact as it is sealed, with what was written beside it. Personal data like the rest of it."""

    words: str | None = None


class Remark(Part):
    """What its sender should know of a report that was taken all the same."""

    code: Name
    message: str
    line: Name | None = None


class Actor(Part):
    """Who asked for it at a door that had him prove it. An id, never a name: this stands in the open."""

    kind: Literal["person", "key", "operator", "system"]
    id: Name
    role: Name


class DecidedBy(Part):
    """Who decided by hand, why, and on what ground."""

    by: Actor
    why: str
    proposal: str | None = None
    """The proposal that was approved."""
    override: str | None = None
    """The override without which a rule would have said no."""


def local_date(instant: datetime, zone: str) -> date:
    """The day the merchant's calendar showed at that instant."""
    return instant.astimezone(zone_info(zone)).date()
