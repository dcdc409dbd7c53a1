"""What the push door answers when it does not take a delivery, and what became of each item when it does."""

from collections.abc import Sequence
from typing import Any

from connectors.sdk import Fault, RawRecord
from hub.domain.problems import MEDIA_TYPE, problem

RETRY_AFTER = (b"retry-after", b"5")
CLOSE = (b"connection", b"close")
PROBLEM = (b"content-type", MEDIA_TYPE.encode())
DELIVERY_ID = "webhook-id"


class Turned(Exception):  # noqa: N818 - it is no error of ours
    """The delivery is not taken."""

    def __init__(
        self, status: int, code: str, title: str, detail: str, *headers: tuple[bytes, bytes]
    ) -> None:
        """Keep what the caller is told."""
        super().__init__(detail)
        self.status = status
        self.headers = [PROBLEM, *headers]
        self.document: dict[str, Any] = problem(status, code, title, detail)
        self.reason = f"{code}: {detail}"
        """For the audit, where it may say more than the caller is told."""


def unknown_path() -> Turned:
    return Turned(404, "not-found", "Nothing is there", "post to /sources/{source}/{tenant}")


def wrong_method() -> Turned:
    allow = (b"allow", b"POST")
    return Turned(
        405, "method-not-allowed", "Only POST is known here", "post deliveries to it", allow
    )


def internal() -> Turned:
    detail = "it is written down; send the same again later"
    return Turned(500, "internal", "A fault of ours", detail)


def too_slow(seconds: float) -> Turned:
    detail = f"the body did not arrive within {seconds:g} s; send it faster"
    return Turned(408, "too-slow", "The body did not arrive", detail, CLOSE)


def too_large(limit: int) -> Turned:
    detail = f"send at most {limit} bytes at a time; split the delivery"
    return Turned(413, "too-large", "The body is too large", detail, CLOSE)


def busy() -> Turned:
    detail = "too much is being sent at once; send it again later"
    return Turned(503, "busy", "Too much at once", detail, RETRY_AFTER, CLOSE)


def store_away() -> Turned:
    detail = "signatures cannot be checked just now; send it again later"
    title = "Nothing can be taken in just now"
    return Turned(503, "store-unavailable", title, detail, RETRY_AFTER)


def unusable() -> Turned:
    """Without the reason, which is for whoever runs the hub."""
    title = "This source cannot be used now"
    detail = "whoever runs the hub finds the reason with `hub doctor`; send it again later"
    return Turned(503, "source-unusable", title, detail, RETRY_AFTER)


def erased() -> Turned:
    """No signature could be checked any more; whoever names both merchant and source is told to stop."""
    detail = (
        "its merchant was erased here, for good; stop sending, nothing of it will ever be taken in"
    )
    return Turned(410, "tenant-erased", "This merchant was erased", detail)


def broker_away() -> Turned:
    title, detail = "Nothing can be taken in just now", "send the same again later"
    return Turned(503, "broker-unavailable", title, detail, RETRY_AFTER)


def outcome_unknown() -> Turned:
    title = "It may have been taken in"
    detail = f"send the same again under the same {DELIVERY_ID}: it counts once"
    return Turned(503, "outcome-unknown", title, detail, RETRY_AFTER)


def unsigned(reason: str) -> Turned:
    """The same for whoever has no secret, so that nobody learns which sources there are."""
    detail = (
        "check source and tenant in the address, the secret, the clock (five minutes are allowed), "
        "and that the body is sent exactly as it was signed"
    )
    title = "The signature is not that of this source"
    turned = Turned(401, "unsigned", title, detail, (b"www-authenticate", b"Webhook-Signature"))
    turned.reason = reason
    return turned


def unreadable(fault: Fault) -> Turned:
    if fault.code == "not_json":
        return Turned(400, "not-json", "The body is not JSON", fault.message)
    code = fault.code.replace("_", "-")
    return Turned(422, code, "It is no delivery of this source", fault.message)


def nothing_landed(delivery: str, items: Sequence[RawRecord | Fault]) -> Turned:
    detail = "`tickets` says of each why it cannot be taken in; correct it and send it again"
    turned = Turned(422, "nothing-landed", "Nothing of it can be taken in", detail)
    turned.document |= {"delivery": delivery, "tickets": told(delivery, items, ())}
    codes = dict.fromkeys(item.code for item in items if isinstance(item, Fault))
    turned.reason = f"nothing-landed: {', '.join(codes)}"
    return turned


def told(
    delivery: str, items: Sequence[RawRecord | Fault], ids: Sequence[str]
) -> list[dict[str, str]]:
    """What a sender is told of each item, in the order sent; `ids` are those of the landed."""
    answers: list[dict[str, str]] = []
    landed = iter(ids)
    for number, item in enumerate(items):
        if isinstance(item, RawRecord):
            id_ = next(landed)
            trace = f"/v1/trace/{id_}"
            answers.append({"ref": item.ref, "status": "landed", "id": id_, "trace": trace})
        else:
            fault = {"code": item.code, "message": item.message}
            answers.append({"ref": f"{delivery}/{number}", "status": "refused", **fault})
    return answers
