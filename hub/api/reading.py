"""Reading a body: plain JSON, of bounded size, in bounded time; what is wrong is said by place."""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from hub.api.problems import (
    INVALID,
    NOT_FOUND,
    NOT_JSON,
    NOT_POSSIBLE,
    TOO_LARGE,
    TOO_SLOW,
    UNSUPPORTED,
    ProblemError,
)
from hub.domain.plain import unquoted

MAY_READ = (NOT_JSON, TOO_SLOW, TOO_LARGE, UNSUPPORTED, INVALID)
"""What a route that reads a body may answer."""
MAY_ACT = (NOT_FOUND, NOT_POSSIBLE, *MAY_READ)
"""What one may answer that reads what to do about something there is."""
MAX_BODY = 2 * 1024 * 1024
DRAINED = 4
"""So many times what is taken is still read: who is busy sending does not hear an answer."""
JSON = ("application/json",)
SECONDS = 30.0
MAX_ERRORS, NAMED = 20, 3
"""So many errors are listed, and so many of their places stand in the detail."""
MAX_PART = 100
UNKNOWN = "the name of a query parameter"

WORDS = {
    "missing": "is missing; send it",
    "extra_forbidden": "there is no such field; leave it out, or correct its name",
    "model_type": "send an object, in braces",
    "tuple_type": "send a list, in brackets",
    "too_short": "send at least {min_length}",
    "too_long": "send {max_length} at most",
    "string_type": "send a string, in quotes",
    "string_too_short": "send some text: {min_length} characters or more",
    "string_too_long": "send {max_length} characters at most",
    "string_pattern_mismatch": "send some text, without control characters",
    "int_type": "send a whole number",
    "int_parsing": "send a whole number",
    "int_from_float": "send a whole number",
    "greater_than_equal": "send {ge} or more",
    "less_than_equal": "send {le} or less",
    "literal_error": "send {expected}",
}
"""What the reader of bodies finds wrong, by its own names, in plain words."""
SERIALS = frozenset({"serial", "serials"})
SERIAL = "a serial is a string, in quotes: a number loses its leading zeros"
SHAPES = {
    ("path", "warranty"): "that is no warranty id; one looks like wty_q5xi4o4sijxnpjh7_1",
    ("path", "proof"): "that is no proof id; one looks like prf_q5xi4o4sijxnpjh7_1",
    ("path", "claim"): "that is no claim id; one looks like clm_q5xi4o4sijxnpjh7_1",
    ("path", "effect"): "that is no effect id; one looks like eff_q5xi4o4sijxnpjh7_1",
    ("path", "piece"): "that is no piece of evidence; its number stands in the claim",
    ("path", "posting"): "that is no posting; its number stands among the costs of the claim",
    ("path", "media"): "that is no id of a file; one looks like med_ and 32 hexadecimal digits",
    ("path", "proposal"): "that is no proposal id; one looks like prp_q5xi4o4sijxnpjh7_1",
    ("path", "request"): "that is no request id; one looks like req_ and 32 hexadecimal digits",
    ("query", "customer"): "that is no customer reference; one looks like cus_q5xi4o4sijxnpjh7",
    ("query", "cursor"): "that is no cursor; give back that of the page before, or begin without",
}

M = TypeVar("M", bound=BaseModel)


async def read(request: Request, model: type[M]) -> M:
    """The body as this model.

    Raises:
        ProblemError: 400, 408, 413, 415 or 422, with what to do.

    """
    body = await read_bytes(request)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False)
        if found[0]["type"] == "json_invalid":
            said = f"{found[0]['msg']}; send one JSON object in UTF-8"
            raise NOT_JSON.error(said) from error
        raise invalid(found) from error


async def read_bytes(request: Request) -> bytes:
    """The body as it came.

    Raises:
        ProblemError: 408, 413 or 415, with what to do.

    """
    _check_kind(request, JSON)
    return await _body(request, MAX_BODY)


async def read_file(request: Request, kinds: Sequence[str], most: int) -> bytes:
    """A file as it came, of one of these kinds by its own account, of so many bytes at most.

    Raises:
        ProblemError: 408, 413 or 415, with what to do.

    """
    _check_kind(request, kinds)
    return await _body(request, most)


def invalid(found: Sequence[Any]) -> ProblemError:
    """A problem that names every place, without quoting what stood there."""
    found = [one for one in found if not _follows(one, found)]
    shown = found[:MAX_ERRORS]
    errors = [{"pointer": _where(one), "message": _message(one)} for one in shown]
    if len(found) == 1 and tuple(found[0]["loc"]) in SHAPES:
        return INVALID.error(errors[0]["message"], errors=errors)
    places = list(dict.fromkeys(_place(one) for one in shown))
    detail = f"correct {', '.join(places[:NAMED])}"
    if len(places) > NAMED or len(found) > MAX_ERRORS:
        detail += f" and more, {len(found)} places in all"
    return INVALID.error(f"{detail}; `errors` says how", errors=errors)


def _follows(one: Any, found: Sequence[Any]) -> bool:
    """A list is too short only because what is in it is wrong."""
    place = tuple(one["loc"])
    deeper = (other["loc"] for other in found if len(other["loc"]) > len(place))
    return one["type"] == "too_short" and any(tuple(o[: len(place)]) == place for o in deeper)


def _message(found: Any) -> str:
    kind, place = found["type"], tuple(found["loc"])
    if kind.startswith("string_") and place in SHAPES:
        return SHAPES[place]
    if kind == "string_type" and SERIALS & set(place[-2:]):
        return SERIAL
    if kind in WORDS:
        return WORDS[kind].format(**found.get("ctx") or {})
    return unquoted(str(found["msg"]).removeprefix("Value error, "), found.get("input"))


def _place(found: Any) -> str:
    """Without the name of a field that we do not know: this text is kept by whoever audits."""
    place = found["loc"]
    if found["type"] != "extra_forbidden":
        return _pointer(place)
    return UNKNOWN if place[0] == "query" else _pointer(place[:-1])


def _where(found: Any) -> str:
    """A field that we do not know is named if its name can be one: it may be somebody's."""
    place, name = found["loc"], str(found["loc"][-1]) if found["loc"] else ""
    named = found["type"] != "extra_forbidden" or (name.isascii() and name.isidentifier())
    return _pointer(place if named else (*place[:-1], "…"))


def _pointer(place: Sequence[int | str]) -> str:
    """A JSON pointer into the body, `?name` of the query, `{name}` of the path, `Name:` of a header."""
    match place:
        case ("query", *rest):
            return "?" + ".".join(map(str, rest))
        case ("header", name):
            return f"{name}:"
        case ("path", *rest):
            return "{" + ".".join(map(str, rest)) + "}"
        case _:
            return "#" + "".join("/" + _escaped(str(part)) for part in place)


def _escaped(part: str) -> str:
    return part[:MAX_PART].replace("~", "~0").replace("/", "~1")


def _check_kind(request: Request, kinds: Sequence[str]) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in kinds:
        said = "that is another Content-Type" if kind else "there is no Content-Type"
        raise UNSUPPORTED.error(f"{said}; send `Content-Type: {' or '.join(kinds)}`")
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise UNSUPPORTED.error("there is a Content-Encoding; send the body as it is, uncompressed")


async def _body(request: Request, most: int) -> bytes:
    """The body, of which what was read is kept for whoever takes note of a refusal."""
    announced = request.headers.get("content-length", "")
    request.state.body = body = bytearray()
    request.state.size = size = 0
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if len(body) <= most:
                    body += chunk
                if size > DRAINED * most:
                    break
    except TimeoutError as error:
        detail = f"the body did not arrive within {SECONDS:g} s; send it again"
        raise TOO_SLOW.error(detail) from error
    except ClientDisconnect as error:
        raise TOO_SLOW.error("the connection ended in the middle of the body") from error
    if size > most:
        request.state.size = max(size, int(announced) if announced.isdigit() else 0)
        detail = f"a body may have {most} bytes; send less in one request"
        raise TOO_LARGE.error(detail)
    return bytes(body)
