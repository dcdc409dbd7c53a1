"""Deliveries signed as in Standard Webhooks 1.0, with a shared secret (`v1`, HMAC-SHA256).

Written by hand because the official library compares with the clock of whoever runs it and raises
errors of its own for headers it cannot split; the tests sign and verify with that library.
"""

import hmac
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime

from connectors.sdk.connector import Delivery, Fault, SignatureError, UnreadableError

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_SECONDS = 300
"""How far a timestamp may lie before or after the moment of arrival."""
PREFIX = "whsec_"
SECRET_BYTES = 32
MAX_ID = 128

_ID = re.compile(rf"[!-\-/-~]{{1,{MAX_ID}}}")
"""Printable, and no full stop: it is what parts the id from the rest of what is signed."""
_SECONDS = re.compile(r"[0-9]{1,12}")


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Check that one of the secrets signed this delivery, and signed it just now.

    Raises:
        SignatureError: with what to change at the sender.

    """
    headers = delivery.headers
    message, stamp, given = (
        _header(headers.get(name), name) for name in (ID, TIMESTAMP, SIGNATURE)
    )
    if not _ID.fullmatch(message):
        raise SignatureError(
            f"{ID} is not 1 to {MAX_ID} printable ASCII characters without a full stop: "
            "send another id"
        )
    _check_time(stamp, delivery.received_at)
    signatures = [part[3:].encode() for part in given.split() if part.startswith("v1,")]
    if not signatures:
        raise SignatureError(f"{SIGNATURE} holds no v1 signature: send v1,<base64 of HMAC-SHA256>")
    signed = f"{message}.{stamp}.".encode() + delivery.body
    for secret in secrets:
        expected = _signature(secret, signed)
        for signature in signatures:
            if hmac.compare_digest(expected, signature):
                return
    raise SignatureError(
        "no signature matches: check the secret, and that the body is sent exactly as it was signed"
    )


def sign(secret: str, message: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers with which a sender vouches for a body."""
    stamp = str(int(at.timestamp()))
    signature = _signature(secret, f"{message}.{stamp}.".encode() + body)
    return {ID: message, TIMESTAMP: stamp, SIGNATURE: f"v1,{signature.decode()}"}


def new_secret() -> str:
    """A secret to share with a sender; asked for when a source is set up, never while it is read."""
    return PREFIX + b64encode(os.urandom(SECRET_BYTES)).decode()


def message_id(delivery: Delivery) -> str:
    """What the sender calls a delivery, the same when it sends it again.

    Raises:
        UnreadableError: it has no name, which happens only where nobody verified it.

    """
    try:
        return delivery.headers[ID]
    except KeyError as error:
        fault = Fault("id_missing", f"{ID} is missing: send it, the same when sending again")
        raise UnreadableError(fault) from error


def _header(value: str | None, name: str) -> str:
    if not value:
        raise SignatureError(
            f"{name} is missing: sign as Standard Webhooks say, with {ID}, {TIMESTAMP}, {SIGNATURE}"
        )
    return value


def _check_time(stamp: str, received_at: datetime) -> None:
    if not _SECONDS.fullmatch(stamp):
        raise SignatureError(f"{TIMESTAMP} is no whole number of seconds since 1970")
    late = received_at.timestamp() - int(stamp)
    if abs(late) > TOLERANCE_SECONDS:
        when = "before" if late > 0 else "after"
        raise SignatureError(
            f"signed {abs(late):.0f} s {when} it arrived, and {TOLERANCE_SECONDS} s are believed: "
            "check the sender's clock, and sign anew when sending again"
        )


def _signature(secret: str, signed: bytes) -> bytes:
    return b64encode(hmac.digest(_key(secret), signed, "sha256"))


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise SignatureError(f"a secret of this source is not like {PREFIX}<base64>: set it again")
    return key
