"""What is sent: the CloudEvent whole, or thin, with no more than what it takes to ask for the rest."""

from typing import Literal

import orjson

Payload = Literal["thin", "full"]
JSON = "application/cloudevents+json; charset=utf-8"
WARRANTY = "wty_"


def body_of(event: str, payload: Payload) -> bytes:
    """The bytes to send; the same for every attempt."""
    if payload == "full":
        return event.encode()
    whole = orjson.loads(event)
    subject = whole.get("subject", "")
    thin = {"id": subject}
    if subject.startswith(WARRANTY):
        thin["href"] = f"/v1/warranties/{subject}"
    return orjson.dumps(whole | {"data": thin})
