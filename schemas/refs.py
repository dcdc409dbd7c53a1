"""Homes, places and ids: how a key decides where its events live, for ever.

A *home* is 16 base32 characters (80 bits) of SHA-256 over the key. Every id carries its home, so
whoever holds an id or an order reference can compute the partition.
"""

from functools import lru_cache
from hashlib import sha256

SEPARATOR = "\x1f"
HOME_LENGTH = 16
CUSTOMER = "cus_"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
"""From base32's alphabet to the digits that `int` reads; far cheaper than decoding bytes."""
_PAIRS = tuple(one + other for one in _ALPHABET for other in _ALPHABET)
"""Base32 of ten bits each: a home is made several times for every event."""


def home(*key: str) -> str:
    """The home of a key, e.g. `home(tenant, "order", namespace, reference)`."""
    digest = sha256(SEPARATOR.join(key).encode()).digest()
    a, b, two = int.from_bytes(digest[:5], "big"), int.from_bytes(digest[5:10], "big"), _PAIRS
    return (
        f"{two[a >> 30]}{two[a >> 20 & 1023]}{two[a >> 10 & 1023]}{two[a & 1023]}"
        f"{two[b >> 30]}{two[b >> 20 & 1023]}{two[b >> 10 & 1023]}{two[b & 1023]}"
    )


@lru_cache(maxsize=16384)
def place(home: str, partitions: int) -> int:
    """The partition of a home: the home as an integer, modulo the partition count."""
    return int(home.translate(_DIGITS), 32) % partitions


def order_home(tenant: str, namespace: str, reference: str) -> str:
    """The home of a purchase that is known by its order reference."""
    return home(tenant, "order", namespace, reference)


def serial_home(tenant: str, serial: str) -> str:
    """The home of a registration whose sale is unknown; `serial` is already normalised."""
    return home(tenant, "serial", serial)


def reference_home(tenant: str, source: str, reference: str) -> str:
    """The home of a registration without a serial."""
    return home(tenant, "reference", source, reference)


def product_home(tenant: str, code: str) -> str:
    """The home of a product that has a code."""
    return home(tenant, "product", code)


def named_product_home(tenant: str, key: str) -> str:
    """The home of a product that is known by brand and name alone; `key` is already normalised."""
    return home(tenant, "product name", key)


def category_home(tenant: str, code: str) -> str:
    """The home of a category."""
    return home(tenant, "category", code)


def movement_home(tenant: str, source: str, reference: str) -> str:
    """The home of a movement of stock, under its source's own reference."""
    return home(tenant, "movement", source, reference)


def product_id(home: str) -> str:
    """The id of the product of a home."""
    return f"prd_{home}_1"


def category_id(home: str) -> str:
    """The id of the category of a home."""
    return f"cat_{home}_1"


def movement_id(home: str) -> str:
    """The id of the movement of a home."""
    return f"mov_{home}_1"


def warranty_id(home: str, number: int) -> str:
    """The id of the `number`th unit born in a home, counted from 1."""
    return f"wty_{home}_{number}"


def customer_id(tenant: str, known_by: str) -> str:
    """The id of whoever is first known by that keyed hash of an e-mail address or a phone number."""
    return f"{CUSTOMER}{home(tenant, 'customer', known_by)}"


def customer_home(customer: str) -> str:
    """The home inside the id of a customer.

    Raises:
        ValueError: it is no id of a customer.

    """
    found = customer.removeprefix(CUSTOMER)
    if found == customer or not is_home(found):
        msg = f"{customer!r} is no customer; expected something like cus_<home>"
        raise ValueError(msg)
    return found


def home_of(identifier: str) -> str:
    """The home inside an id.

    Raises:
        ValueError: the text is no id of ours.

    """
    parts = identifier.split("_")
    if len(parts) != 3 or not is_home(parts[1]) or not parts[2].isdigit():  # noqa: PLR2004 - kind, home, number
        msg = f"{identifier!r} is no id of this hub; expected something like wty_<home>_<number>"
        raise ValueError(msg)
    return parts[1]


def is_home(text: str) -> bool:
    """Whether the text has the shape of a home."""
    return len(text) == HOME_LENGTH and not text.strip(_ALPHABET)


def derived_id(prefix: str, *cause: str) -> str:
    """An id that the same cause always derives again, so that a repeat is recognised."""
    return f"{prefix}_{sha256(SEPARATOR.join(cause).encode()).hexdigest()[:32]}"
