"""Whether a document is a policy: every fault by its place in the document."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from schemas.policies import MODELS
from schemas.policies.parts import Policy

MAX_DOCUMENT = 256 * 1024
"""Bytes: every version is looked up by whoever decides by it."""
MAX_FAULTS = 20
WORDS = {
    "missing": "is missing; write it",
    "extra_forbidden": "there is no such field; leave it out, or correct its name",
}


class Fault(NamedTuple):
    """Something wrong, at a JSON pointer into the document."""

    pointer: str
    message: str

    def __str__(self) -> str:
        """As a line for people."""
        return f"{self.pointer or 'the document'}: {self.message}"


class NotAPolicyError(ValueError):
    """The document cannot be published as it stands."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep every fault."""
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def parse(name: str, document: object) -> Policy:
    """The document as the policy of that name.

    Raises:
        NotAPolicyError: with all that is wrong.

    """
    model = MODELS.get(name)
    if model is None:
        raise _wrong(f"there is no policy {name!r}; there are {', '.join(MODELS)}")
    try:
        text = json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _wrong("it is nested too deeply, or not JSON") from error
    if len(text) > MAX_DOCUMENT:
        raise _wrong(f"it has {len(text)} bytes; a policy may have {MAX_DOCUMENT}")
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        faults = [_fault(one) for one in found if not _follows(one, found)]
        raise NotAPolicyError(faults[:MAX_FAULTS]) from error


def canonical(document: Policy) -> bytes:
    """The same bytes for the same meaning: what a hash is taken of."""
    told = document.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _wrong(message: str) -> NotAPolicyError:
    return NotAPolicyError([Fault("", message)])


def _pointer(place: tuple[int | str, ...]) -> str:
    steps = (str(part) for part in place if part != "[key]")
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def _fault(found: Any) -> Fault:
    pointer = found.get("ctx", {}).get("pointer") or _pointer(found["loc"])
    said = WORDS.get(found["type"])
    return Fault(pointer, said or str(found["msg"]).removeprefix("Value error, "))


def _follows(one: Any, found: Sequence[Any]) -> bool:
    """A list is too short only because what is in it is wrong."""
    place = tuple(one["loc"])
    deeper = (other["loc"] for other in found if len(other["loc"]) > len(place))
    return one["type"] == "too_short" and any(tuple(o[: len(place)]) == place for o in deeper)
