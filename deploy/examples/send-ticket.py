#!/usr/bin/env python3
"""Sign a ticket as Standard Webhooks say, and post it to a till's source.

    WEBHOOK_SECRET=whsec_... python3 send-ticket.py ticket.json https://HUB/sources/pos/TENANT

Beside the demo, after `. .hub/demo.env`, the file is enough. It needs nothing but Python. Sending the
same file again is the same delivery, and counts once.
"""

import base64
import hashlib
import hmac
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def signed(secret: str, body: bytes) -> dict[str, str]:
    """The headers with which the holder of a secret vouches for a body."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    # A till has a counter of its own for this; whatever it takes, a repeat must have the same.
    delivery = "file-" + hashlib.sha256(body).hexdigest()[:32]
    seconds = str(int(time.time()))
    said = f"{delivery}.{seconds}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, said, "sha256")).decode()
    return {
        "content-type": "application/json",
        "webhook-id": delivery,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{signature}",
    }


def main() -> int:
    """Send one file; 0 where it was taken in."""
    told = os.environ
    secret = told.get("WEBHOOK_SECRET") or told.get("HUB_DEMO_SECRET_VOLTAGE", "")
    files, addresses = sys.argv[1:2], sys.argv[2:3]
    if not addresses and "HUB_DEMO_PUSH" in told:
        addresses = [f"{told['HUB_DEMO_PUSH']}/sources/pos/voltage"]
    missing = [
        what
        for given, what in (
            (files, "the file to send"),
            (secret, "the secret: WEBHOOK_SECRET, or HUB_DEMO_SECRET_VOLTAGE of .hub/demo.env"),
            (addresses, "the address, or HUB_DEMO_PUSH of .hub/demo.env"),
        )
        if not given
    ]
    if missing:
        sys.stderr.write(f"{__doc__}\nMissing: {'; '.join(missing)}\n")
        return 2
    address, body = addresses[0], Path(files[0]).read_bytes()
    request = urllib.request.Request(address, body, signed(secret, body), method="POST")  # noqa: S310 - the address is whoever calls's own
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        status, text = refusal.code, refusal.read().decode()
    except OSError as trouble:
        status, text = 0, f"nobody answers at {address}: {trouble}"
    sys.stdout.write(f"{text}\n")
    return 0 if status == 202 else 1  # noqa: PLR2004 - landed


if __name__ == "__main__":
    sys.exit(main())
