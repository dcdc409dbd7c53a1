"""What a request is answered, from its stored row alone, so that a repeat hears the same bytes.

The words of decided requests are part of what callers compare with the first answer: they stay.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson
from starlette.responses import Response

from hub.api.problems import (
    CONFLICT,
    GIVEN_UP,
    IN_PROGRESS,
    KEY_REUSED,
    NOT_FOUND,
    REJECTED,
    Kind,
    ProblemError,
)
from hub.ledger.ask import State, Told
from hub.sdk.events import Outcome

WAITING = "waiting"
STATES = {
    Outcome.APPLIED: "accepted",
    Outcome.DEDUPLICATED: "repeat",
    Outcome.REJECTED: "rejected",
    Outcome.GIVEN_UP: "given_up",
    Outcome.EARLY: "early",
    Outcome.RETRYING: "retrying",
    Outcome.HELD: "held",
    Outcome.DEAD_LETTERED: "set_aside",
}
"""In the words of whoever asks; anything else is still on its way."""
MESSAGES = {
    WAITING: "it is not decided yet; ask again in a moment. If nobody told you that it was taken in, "
    "repeat it with the same Idempotency-Key",
    "early": "it is kept until what it builds on is reported, and then decided",
    "retrying": "something it needs is away; it is kept and tried again",
    "held": "an earlier report about the same purchase waits; this one is kept and decided after it",
    "set_aside": "it could not be decided, which is a fault of ours; it is kept, and whoever runs the "
    "hub will decide it again",
}
CONFLICTS = frozenset(
    {
        "already_registered",
        "already_returned",
        "deleted_too_often",
        "double_entry",
        "id_reused",
        "movement_differs",
        "order_differs",
        "return_differs",
        "unit_returned",
        "version_exists",
        "already_ended",
        "already_covered",
        "already_settled",
        "already_decided",
        "not_transferable",
        "owner_differs",
        "serial_differs",
        "serial_taken",
        "transfer_differs",
        "already_merged",
        "not_merged",
        "illegal_move",
        "claim_open",
        "claim_differs",
        "approval_differs",
        "effects_open",
        "effect_settled",
        "posting_differs",
    }
)
"""Refusals because of what is known already; any other says that the report is wrong in itself."""
NOT_THERE = frozenset({"unknown_claim", "unknown_effect", "unknown_piece", "unknown_posting"})
"""Refusals because what was named in the path is not there."""
TOLD = (
    *("warranties", "ended", "policy", "live_since"),
    *("product", "category", "movement"),
    *("changed", "proposal", "proof", "override", "transfer", "attached", "merged", "reasons"),
    *("claim", "approval", "effect", "posting"),
)
"""What of a decision its asker is told, under the same names."""
PLACES = (
    ("proposal", "/v1/proposals/{id}"),
    ("proof", "/v1/warranties/{warranty}/proofs"),
    ("posting", "/v1/claims/{claim}/costs"),
    ("claim", "/v1/claims/{id}"),
    ("effect", "/v1/effects/{id}"),
    *(
        (name, "/v1/warranties/{warranty}")
        for name in ("changed", "override", "transfer", "attached")
    ),
    ("policy", "/v1/policies/{name}/versions/{version}"),
    ("merged", "/v1/customers/{customer}"),
    ("product", "/v1/products/{code}"),
    ("category", "/v1/categories/{code}"),
)
"""Where what a request led to can be read, the most telling first."""
SOON, LATER = {"Retry-After": "1"}, {"Retry-After": "3"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is written."""

    status: int
    document: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """The answer itself."""
        return Response(orjson.dumps(self.document), self.status, self.headers, "application/json")


def path_of(request: str) -> str:
    """Where a request can be asked for."""
    return f"/v1/requests/{request}"


def representation(told: Told) -> dict[str, Any]:
    """A request as it stands; once decided, the same for ever."""
    state = STATES.get(told.outcome, WAITING) if told.outcome else WAITING
    document: dict[str, Any] = {"id": told.request, "state": state}
    stored = _stored(told)
    for name in TOLD:
        if name in stored:
            document[name] = stored[name]
    if told.outcome is Outcome.GIVEN_UP:
        document["reasons"] = _ended_by_a_person(stored)
    if state in MESSAGES:
        document["message"] = MESSAGES[state]
    return document


def reply(told: Told) -> Reply:
    """What whoever asked is answered.

    Raises:
        ProblemError: 409 or 422.

    """
    here = {"Location": path_of(told.request)}
    if told.state is State.REUSED:
        detail = "this key came before with another body; send this body with a key of its own"
        raise KEY_REUSED.error(detail, here, request=told.request)
    if told.state is State.IN_FLIGHT:
        detail = f"it was sent a moment ago and is being decided; ask at {here['Location']}"
        raise IN_PROGRESS.error(detail, here | SOON, request=told.request)
    document = representation(told)
    match told.outcome:
        case Outcome.APPLIED:
            return Reply(201, document, {"Location": _led_to(document) or here["Location"]})
        case Outcome.DEDUPLICATED:
            return Reply(200, document, {"Location": _led_to(document) or here["Location"]})
        case Outcome.REJECTED | Outcome.GIVEN_UP:
            raise _refused(told, document["reasons"], here)
        case _:
            return Reply(202, document, here | SOON)


def _refused(told: Told, reasons: list[dict[str, Any]], here: dict[str, str]) -> ProblemError:
    kind = GIVEN_UP
    if told.outcome is Outcome.REJECTED:
        kind = _kind({reason["code"] for reason in reasons})
    detail = "; ".join(reason["message"] for reason in reasons)
    return kind.error(detail, here, request=told.request, reasons=reasons)


def _kind(codes: set[str]) -> Kind:
    if codes <= CONFLICTS:
        return CONFLICT
    return NOT_FOUND if codes <= NOT_THERE else REJECTED


def _ended_by_a_person(stored: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"code": "given_up", "message": str(stored.get("reason") or "no reason was given")}]


def _stored(told: Told) -> dict[str, Any]:
    stored = orjson.loads(told.answer) if told.answer else None
    return stored if isinstance(stored, dict) else {}


def _led_to(document: dict[str, Any]) -> str | None:
    """Where the one thing can be read that a request led to."""
    for kind, path in PLACES:
        if found := document.get(kind):
            return path.format_map(
                {name: quote(str(value), safe="") for name, value in found.items()}
            )
    ids = [one["id"] for one in document.get("warranties", ()) if one["id"]]
    return f"/v1/warranties/{ids[0]}" if len(ids) == 1 else None
