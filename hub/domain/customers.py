"""Whose an e-mail address and a phone number are, when they were given together."""

import msgspec

from schemas.refs import SEPARATOR

CALLED, ADDRESSED, INTO, FROM = "name", "email", "into", "from"
"""What is known of a customer: a keyed hash of the name, that an address came later, and merges."""


def trait(customer: str, *name: str) -> str:
    """The value of the name under which something is known of a customer."""
    return SEPARATOR.join((customer, *name))


class Given(msgspec.Struct, frozen=True, gc=False):
    """What somebody gave, and who is known by it already."""

    own: str
    """Who it would be if nobody were known by either."""
    has_email: bool
    by_email: str | None = None
    by_phone: str | None = None
    phone_is_all: bool = False
    """Whoever is known by the phone has no e-mail address yet."""


class Match(msgspec.Struct, frozen=True, gc=False):
    """Who it is; `other` is somebody else who is known by the phone."""

    customer: str
    other: str | None = None


def match(given: Given) -> Match:
    """Who is meant: whoever both lead to, else whoever the e-mail address leads to.

    An address that nobody has yet completes a customer who is known by phone alone, and is somebody
    new where the phone is of a customer with another address. Two who are known are never merged here.
    """
    if not given.has_email:
        return Match(given.by_phone or given.own)
    customer = given.by_email
    if customer is None and given.by_phone is not None and given.phone_is_all:
        customer = given.by_phone
    customer = customer or given.own
    return Match(customer, given.by_phone if given.by_phone != customer else None)
