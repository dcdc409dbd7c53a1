"""How serial numbers are compared: case and blanks do not count, everything else does."""

from datetime import datetime

import msgspec

from schemas.refs import SEPARATOR

KIND = "serial"
"""The kind of name under which a unit is found by its serial."""
WAITING = SEPARATOR
"""No product has this key: under it, a registration waits for whatever product has its serial."""


class Attachment(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Who attached a serial that no report of the unit had told."""

    connector: str
    event: str
    at: datetime


def normalise(serial: str) -> str:
    """The form two spellings of one serial share; leading zeros stay, for it is no number.

    It never contains the separator, which Python counts among the blanks.
    """
    return "".join(serial.split()).casefold()


def name_prefix(norm: str) -> str:
    """What the names of all products with that serial begin with."""
    return norm + SEPARATOR


def name_value(norm: str, product: str) -> str:
    """The name of the one unit of a product that has that serial."""
    return norm + SEPARATOR + product
