"""Homes, places and ids: how a key decides where its events live, for ever.

A *home* is 16 base32 characters (80 bits) of SHA-256 over the key. Every id carries its home, so
whoever holds an id or an order reference can compute the partition.
"""

from base64 import b32encode
from functools import lru_cache
from hashlib import sha256

SEPARATOR = "\x1f"
HOME_LENGTH = 16
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
"""From base32's alphabet to the digits that `int` reads; far cheaper than decoding bytes."""


def home(*key: str) -> str:
    """The home of a key, e.g. `home(tenant, "order", namespace, reference)`."""
    digest = sha256(SEPARATOR.join(key).encode()).digest()
    return b32encode(digest[:10]).decode().lower()


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


def warranty_id(home: str, number: int) -> str:
    """The id of the `number`th unit born in a home, counted from 1."""
    return f"wty_{home}_{number}"


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
    return len(text) == HOME_LENGTH and all(c in _ALPHABET for c in text)


def derived_id(prefix: str, *cause: str) -> str:
    """An id that the same cause always derives again, so that a repeat is recognised."""
    return f"{prefix}_{sha256(SEPARATOR.join(cause).encode()).hexdigest()[:32]}"
