"""Deliveries signed as in Standard Webhooks, checked against the official library."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from connectors.sdk import Delivery, SignatureError, UnreadableError
from connectors.sdk.webhooks import message_id, new_secret, sign, verify

NOW = datetime(2026, 11, 22, 12, 0, 0, 400_000, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - a secret of the tests alone
BODY = '{"branch": "Köln"}'.encode()


def delivery(headers: Mapping[str, str], body: bytes = BODY, *, after: float = 0.0) -> Delivery:
    at = NOW + timedelta(seconds=after)
    return Delivery(headers, body, "https://hub.example/sources/pos/acme", at)


def signed(secret: str = SECRET) -> dict[str, str]:
    return sign(secret, "msg_1", NOW, BODY)


def test_believes_what_the_official_library_signs() -> None:
    signature = Webhook(SECRET).sign("msg_1", NOW, BODY.decode())
    stamp = str(int(NOW.timestamp()))

    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": stamp,
        "webhook-signature": signature,
        "content-type": "application/json",
    }
    verify(delivery(headers), [SECRET])


def test_signs_what_the_official_library_believes() -> None:
    secret = new_secret()
    headers = sign(secret, "msg_1", datetime.now(UTC), BODY)

    assert Webhook(secret).verify(BODY, headers) == {"branch": "Köln"}


def test_believes_any_of_several_signatures_and_any_of_several_secrets() -> None:
    old, new = new_secret(), new_secret()
    several = " ".join(["v1a,AAAA", "v1,AAAA", "", signed(old)["webhook-signature"]])

    verify(delivery(signed(old)), [new, old])
    verify(delivery(signed(new)), [new, old])
    verify(delivery(signed() | {"webhook-signature": several}), [new, old])


@pytest.mark.parametrize("seconds", [-300, 0, 299])
def test_believes_a_clock_that_is_minutes_off(seconds: float) -> None:
    verify(delivery(signed(), after=seconds), [SECRET])


@pytest.mark.parametrize(
    ("seconds", "said"), [(301, "before"), (86_400, "before"), (-302, "after")]
)
def test_refuses_what_was_signed_long_before_or_after_it_arrived(seconds: float, said: str) -> None:
    with pytest.raises(SignatureError, match=f"signed [0-9]+ s {said} it arrived.*sign anew"):
        verify(delivery(signed(), after=seconds), [SECRET])


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("left", [None, ""])
def test_says_which_header_is_missing(name: str, left: str | None) -> None:
    headers = signed()
    del headers[name]
    if left is not None:
        headers[name] = left

    with pytest.raises(SignatureError, match=f"{name} is missing"):
        verify(delivery(headers), [SECRET])


@pytest.mark.parametrize(
    ("header", "value", "said"),
    [
        ("webhook-id", "msg_2", "no signature matches"),
        ("webhook-id", "msg.1", "without a full stop"),
        ("webhook-id", "msg 1", "printable"),
        ("webhook-id", "é", "printable"),
        ("webhook-id", "m" * 129, "1 to 128"),
        ("webhook-timestamp", "1e3", "whole number"),
        ("webhook-timestamp", "-1", "whole number"),
        ("webhook-timestamp", "\u0661\u0662", "whole number"),
        ("webhook-timestamp", "9" * 30, "whole number"),
        ("webhook-signature", "v1,", "no signature matches"),
        ("webhook-signature", "v1", "no v1 signature"),
        ("webhook-signature", "v2,AAAA", "no v1 signature"),
        ("webhook-signature", "v1,é", "no signature matches"),
    ],
)
def test_says_what_is_wrong_with_a_header(header: str, value: str, said: str) -> None:
    with pytest.raises(SignatureError, match=said):
        verify(delivery(signed() | {header: value}), [SECRET])


def test_refuses_a_body_that_was_changed_by_a_blank() -> None:
    with pytest.raises(SignatureError, match="exactly as it was signed"):
        verify(delivery(signed(), BODY + b" "), [SECRET])


def test_refuses_another_timestamp_under_the_same_signature() -> None:
    later = str(int(NOW.timestamp()) + 1)

    with pytest.raises(SignatureError, match="no signature matches"):
        verify(delivery(signed() | {"webhook-timestamp": later}), [SECRET])


def test_refuses_everything_while_there_is_no_secret() -> None:
    with pytest.raises(SignatureError):
        verify(delivery(signed()), [])


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64", "whsec_é"])
def test_says_that_a_secret_is_none(secret: str) -> None:
    with pytest.raises(SignatureError, match="is not like whsec_"):
        verify(delivery(signed()), [secret])


def test_takes_a_secret_without_its_prefix() -> None:
    verify(delivery(signed()), [SECRET.removeprefix("whsec_")])


def test_makes_secrets_that_nobody_guesses() -> None:
    first, second = new_secret(), new_secret()

    assert first != second
    assert len(first) == len("whsec_") + len(b64encode(bytes(32)))


def test_a_delivery_without_an_id_is_no_payload() -> None:
    assert message_id(delivery(signed())) == "msg_1"
    with pytest.raises(UnreadableError, match="webhook-id is missing"):
        message_id(delivery({}))
