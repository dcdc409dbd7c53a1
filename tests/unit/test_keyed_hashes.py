"""Hashes and homes stay what they are, however they are made: rows of years are found by them."""

import hmac
import os
from base64 import b32encode
from hashlib import sha256

from hub.access.keyring import MATCH, Keyring, StoredKey
from schemas.refs import SEPARATOR, home

MASTER = b"m" * 32
KIND, VALUE = "email", "ann@example.com"


def hashed_under(key: bytes) -> str:
    """As RFC 2104 has it, of which the first half is kept."""
    return hmac.digest(key, f"{KIND}:{VALUE}".encode(), "sha256")[:16].hex()


def test_a_value_is_hashed_under_the_key_that_its_merchant_has() -> None:
    keyring = Keyring(MASTER)
    wrapped = keyring.new_key("acme", MATCH)
    key = keyring.unwrap("acme", MATCH, wrapped)
    derived = keyring.hashed("acme", KIND, VALUE)

    keyring.learn([StoredKey("acme", MATCH, wrapped, seals=False)])

    assert derived == hashed_under(key)
    assert keyring.hashed("acme", KIND, VALUE) == derived
    assert keyring.hashed("globex", KIND, VALUE) != derived


def test_hashing_one_value_says_nothing_of_the_next() -> None:
    keyring = Keyring(MASTER)
    once = keyring.hashed("acme", KIND, VALUE)
    keyring.hashed("acme", "phone", "+905443332211")

    assert keyring.hashed("acme", KIND, VALUE) == once


def test_while_the_master_key_changes_values_are_hashed_as_before() -> None:
    before = Keyring(MASTER).hashed("acme", KIND, VALUE)

    assert Keyring(b"n" * 32, old=MASTER).hashed("acme", KIND, VALUE) == before


def test_a_home_is_base32_of_eighty_bits() -> None:
    for _ in range(200):
        key = ("acme", "order", os.urandom(4).hex())
        digest = sha256(SEPARATOR.join(key).encode()).digest()

        assert home(*key) == b32encode(digest[:10]).decode().lower()
