"""Signatures as in Standard Webhooks 1.0: every live secret signs, by `v1` and by `v1a`."""

import hmac
from base64 import b64encode
from collections.abc import Iterable

from hub.delivery.secrets import Secret


def signed(event: str, at: int, body: bytes, secrets: Iterable[Secret]) -> dict[str, str]:
    """The three headers of one attempt. `at` is the attempt's time: receivers refuse what is old."""
    content = b"%s.%d.%s" % (event.encode(), at, body)
    signatures = [
        signature
        for secret in secrets
        for signature in (_v1(secret, content), _v1a(secret, content))
    ]
    return {
        "webhook-id": event,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }


def _v1(secret: Secret, content: bytes) -> str:
    return "v1," + b64encode(hmac.digest(secret.shared, content, "sha256")).decode()


def _v1a(secret: Secret, content: bytes) -> str:
    return "v1a," + b64encode(secret.private.sign(content)).decode()
