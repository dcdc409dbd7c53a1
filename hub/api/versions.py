"""Versions: what is changed is what the caller has seen."""

from starlette.requests import Request

from hub.api.problems import VERSION_NEEDED
from hub.api.reading import invalid

MAX_DIGITS = 18
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of what you have seen, or `*` for whatever is there.",
    "schema": {"type": "string", "pattern": '^(\\*|"[0-9]{1,18}")$'},
}
MAY_MATCH = IF_MATCH | {"required": False}


def seen_version(request: Request, *, needed: bool = True) -> int | None:
    """The version that a caller has seen; None where any will do."""
    given = request.headers.get("if-match", "").strip()
    if not given and needed:
        raise VERSION_NEEDED.error("read it, and send its ETag as If-Match")
    if given in {"", "*"}:
        return None
    number = given.strip('"')
    if not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
        said = "this is no ETag of ours; read it again, and send the one it has"
        raise invalid([{"type": "", "loc": ("header", "If-Match"), "msg": said}])
    return int(number)
