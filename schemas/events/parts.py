"""The pieces that several facts share."""

from datetime import date, datetime
from functools import lru_cache
from typing import Annotated
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


class Product(Part):
    """A product by the merchant's code, or by brand and name."""

    code: Name | None = None
    brand: Name | None = None
    name: Name | None = None

    @property
    def key(self) -> str:
        """What makes two lines the same product; empty when nothing is known of it."""
        if self.code:
            return self.code
        if self.brand or self.name:
            return f"{self.brand or ''}/{self.name or ''}".casefold()
        return ""


class Contact(Part):
    """How to reach a person. Personal data: it leaves the event before any decision is made."""

    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    email: Annotated[str, StringConstraints(min_length=3, max_length=254)] | None = None
    phone: Annotated[str, StringConstraints(min_length=3, max_length=40)] | None = None


def local_date(instant: datetime, zone: str) -> date:
    """The day the merchant's calendar showed at that instant."""
    return instant.astimezone(zone_info(zone)).date()
