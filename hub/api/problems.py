"""Every problem the API answers with: what went wrong, and what the caller can do next.

A refusal by a rule is repeated byte for byte whenever its request is repeated, so titles and
codes stay as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from hub.domain.problems import MEDIA_TYPE, problem


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self, kind: "Kind", detail: str, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        """Keep what `respond` needs; `extra` are further members of the document."""
        super().__init__(f"{kind.status} {kind.code}: {detail}")
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra

    def response(self) -> Response:
        """The answer, the same bytes for the same problem."""
        kind = self.kind
        document = problem(kind.status, kind.code, kind.title, self.detail, **self.extra)
        return Response(orjson.dumps(document), kind.status, self.headers, MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem. `when` says in the API's description when it is met."""

    status: int
    code: str
    title: str
    when: str
    audited: bool = False
    """Whether it is told to whoever audits: the request was turned away at the door."""

    def error(
        self, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> ProblemError:
        """A problem of this kind; `detail` says what to do next."""
        return ProblemError(self, detail, headers, **extra)


NOT_JSON = Kind(
    400, "not-json", "The body is not JSON", "The body is not JSON in UTF-8.", audited=True
)
BAD_KEY = Kind(
    400,
    "idempotency-key-invalid",
    "The Idempotency-Key cannot be used",
    "The header Idempotency-Key is empty, too long, or not printable ASCII.",
    audited=True,
)
UNAUTHENTICATED = Kind(
    401,
    "unauthenticated",
    "Nobody is known by that",
    "There is no key or token, or it is none of ours, or over.",
    audited=True,
)
FORBIDDEN = Kind(
    403,
    "forbidden",
    "You may not do that",
    "The role or the key lacks the permission.",
    audited=True,
)
LIMITED = Kind(
    429,
    "too-many-requests",
    "Too many requests",
    "A minute's worth is used up; repeat it after Retry-After.",
)
NOT_FOUND = Kind(404, "not-found", "Nothing is there", "Nothing is known by that id or path.")
METHOD_NOT_ALLOWED = Kind(
    405, "method-not-allowed", "The path knows no such method", "See the header Allow."
)
TOO_SLOW = Kind(
    408, "too-slow", "The body did not arrive", "The body did not arrive in time.", audited=True
)
CONFLICT = Kind(
    409,
    "conflict",
    "It contradicts what is known",
    "It contradicts what was reported before; `reasons` says what to do.",
)
IN_PROGRESS = Kind(
    409,
    "request-in-progress",
    "A request with this key is being decided",
    "The same request was made a moment ago; ask at Location, or repeat it after Retry-After.",
)
NOT_POSSIBLE = Kind(
    409,
    "not-possible",
    "It cannot be done as it stands",
    "What was asked cannot be done; `detail` says what can, and `errors` where a body is wrong.",
)
CHANGED = Kind(
    412,
    "changed-meanwhile",
    "It is not what you have seen",
    "The version in If-Match is not the one that stands there; read it again.",
)
TOO_LARGE = Kind(
    413, "too-large", "The body is too large", "It is larger than allowed.", audited=True
)
UNSUPPORTED = Kind(
    415,
    "unsupported-media-type",
    "The body is of a kind that is not taken here",
    "Content-Type is another than is asked for, the body is no such thing, or it is compressed.",
    audited=True,
)
INVALID = Kind(
    422,
    "invalid",
    "The request does not fit its description",
    "`errors` names each place and what is expected there.",
    audited=True,
)
REJECTED = Kind(422, "rejected", "A rule refuses it", "`reasons` says which rule and what to do.")
GIVEN_UP = Kind(
    422,
    "given-up",
    "A person ended it undecided",
    "It could not be decided and an operator ended it, with a reason.",
)
KEY_REUSED = Kind(
    422,
    "idempotency-key-reused",
    "The Idempotency-Key came before with another body",
    "Use a key of its own for each request.",
    audited=True,
)
VERSION_NEEDED = Kind(
    428,
    "version-needed",
    "Say what you have seen",
    "The header If-Match with the ETag of the item is missing.",
)
INTERNAL = Kind(500, "internal", "A fault of ours", "A fault of ours.")
STORE_AWAY = Kind(
    503,
    "store-unavailable",
    "The store does not answer",
    "Nothing was sent; repeat it after Retry-After.",
)
BROKER_AWAY = Kind(
    503,
    "broker-unavailable",
    "Nothing can be taken in just now",
    "Nothing was sent; repeat it after Retry-After.",
)
OUTCOME_UNKNOWN = Kind(
    503,
    "outcome-unknown",
    "It may have been taken in",
    "Repeat it with the same Idempotency-Key: it is the same request, and counts once.",
)

ANYWAY = (LIMITED, STORE_AWAY, INTERNAL)
"""What any route may answer, whoever asks."""
EVERYWHERE = (UNAUTHENTICATED, FORBIDDEN, LIMITED, STORE_AWAY, INTERNAL)
"""What any route that needs a key may answer."""
