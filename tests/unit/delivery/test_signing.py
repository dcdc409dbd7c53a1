"""Signatures that the official library takes, and no other."""

import time
from base64 import b64decode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from hub.delivery.masking import masked
from hub.delivery.secrets import Secret
from hub.delivery.signing import signed

BODY = '{"data":{"id":"wty_1","name":"Müller"}}'.encode()


def now() -> int:
    return int(time.time())


def test_both_secrets_of_a_rotation_verify() -> None:
    old, new = Secret.new(), Secret.new()
    headers = signed("evt_1", now(), BODY, (new, old))

    for secret in (old, new):
        assert Webhook(secret.shown).verify(BODY, headers)["data"]["id"] == "wty_1"
    assert (
        headers["webhook-signature"].count("v1,") == headers["webhook-signature"].count("v1a,") == 2
    )


def test_the_public_key_verifies_v1a() -> None:
    secret, at = Secret.new(), now()
    headers = signed("evt_1", at, BODY, (secret,))
    (given_signature,) = (one for one in headers["webhook-signature"].split() if one[:4] == "v1a,")
    key = Ed25519PublicKey.from_public_bytes(b64decode(secret.public.removeprefix("whpk_")))

    content = b"evt_1.%d.%s" % (at, BODY)
    key.verify(b64decode(given_signature[4:]), content)
    with pytest.raises(InvalidSignature):
        key.verify(b64decode(given_signature[4:]), content + b" ")


@settings(max_examples=300)
@given(st.integers(0, len(BODY) * 8 - 1))
def test_a_flipped_bit_is_refused(bit: int) -> None:
    secret = Secret.new()
    headers = signed("evt_1", now(), BODY, (secret,))
    altered = bytearray(BODY)
    altered[bit // 8] ^= 1 << (bit % 8)

    with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
        Webhook(secret.shown).verify(bytes(altered), headers)


def test_a_secret_is_read_as_it_was_shown() -> None:
    secret = Secret.new()

    assert Secret.read(secret.shown).shared == secret.shared
    for wrong in ("", "secret", "whsec_!"):
        with pytest.raises(ValueError, match=r"whsec_|base64"):
            Secret.read(wrong)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("no customer jane.doe+x@mail.example.com", "no customer …"),
        ("call +90 532 123 45 67 now", "call … now"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: …"),
        ("bad key whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "bad key …"),
        ("token eyJhbGciOiJI.eyJzdWIiOi.abc", "token …"),
        ("order 123 is unknown", "order 123 is unknown"),
        ("a\x00b", "a…b"),
    ],
)
def test_an_answer_is_kept_without_what_is_personal_or_secret(said: str, kept: str) -> None:
    assert masked(said) == kept
