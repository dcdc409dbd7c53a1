"""An RFC 9457 problem: what went wrong at a door, and what the caller can do next."""

from typing import Any

MEDIA_TYPE = "application/problem+json"
URN = "urn:warranty-hub:problem:"
"""What a problem's type begins with; its code follows."""


def problem(status: int, code: str, title: str, detail: str, **extra: Any) -> dict[str, Any]:
    """The document; `title` is the same for every problem of a code, `detail` says what to do next."""
    return {
        "type": f"{URN}{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **extra,
    }
