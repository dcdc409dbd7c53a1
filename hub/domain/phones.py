"""Phone numbers as people write them, told apart by the country they are dialled in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

import msgspec
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    country_code_for_region,
    format_number,
    is_possible_number,
    is_valid_number,
    normalize_digits_only,
    parse,
)

from hub.domain.errors import RejectedError, reject

Country = Literal["TR", "US", "DE", "GB", "AE", "NL", "FR", "UZ"]
COUNTRIES: tuple[Country, ...] = get_args(Country)
HOME: Country = "TR"
"""Where a number is dialled of which nobody says it."""
EXAMPLES: Mapping[Country, str] = MappingProxyType(
    {
        "TR": "+905443332211",
        "US": "+12125550123",
        "DE": "+4915112345678",
        "GB": "+447400123456",
        "AE": "+971501234567",
        "NL": "+31612345678",
        "FR": "+33612345678",
        "UZ": "+998912345678",
    }
)


class Phone(msgspec.Struct, frozen=True, gc=False):
    """A number as it is dialled from anywhere."""

    number: str
    """E.164."""
    elsewhere: bool = False
    """It names another country than its sender did, and what it names itself counts."""


def read_phone(written: str, country: Country | None = None) -> Phone:
    """The number that is meant.

    Whether somebody answers it is nobody's knowledge: a number of a possible length is taken, so
    that a range which was given out last week is no mistake.

    Raises:
        RejectedError: no number can be made out. The message does not repeat it: it is personal.

    """
    region = country or HOME
    try:
        number = _dialled(written, region)
    except NumberParseException as error:
        raise _unreadable(region) from error
    if not is_possible_number(number):
        raise _unreadable(region)
    elsewhere = country is not None and number.country_code != country_code_for_region(country)
    return Phone(format_number(number, PhoneNumberFormat.E164), elsewhere)


def _dialled(written: str, region: Country) -> PhoneNumber:
    """As it is dialled in that country; a whole number that lacks its `+` is taken for one."""
    digits = normalize_digits_only(written)
    if digits.startswith(str(country_code_for_region(region))):
        whole = parse(f"+{digits}", region)
        if is_valid_number(whole):
            return whole
    return parse(written, region)


def _unreadable(region: Country) -> RejectedError:
    return reject(
        "phone_unreadable",
        f"this is no phone number of {region}; write it like {EXAMPLES[region]}, send the "
        f"countryCode it is dialled in ({', '.join(COUNTRIES)}), or leave it out",
    )
