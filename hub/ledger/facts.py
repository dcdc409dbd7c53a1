"""Why a body is no fact, by field and without the values: they may be personal data."""

from collections.abc import Iterable

from pydantic import ValidationError

from hub.domain.plain import unquoted

MAX_ERRORS = 5


def unknown(kind: str, known: Iterable[str]) -> str:
    """No fact of this type is taken here."""
    return f"unknown event type {kind!r}; this topic takes {', '.join(sorted(known))}"


def explained(kind: str, error: ValidationError) -> str:
    """What is wrong with a body of this type."""
    found = error.errors(include_url=False, include_context=False)
    said = [
        f"{'.'.join(str(part) for part in e['loc']) or 'body'}: {unquoted(e['msg'], e['input'])}"
        for e in found[:MAX_ERRORS]
    ]
    if len(found) > MAX_ERRORS:
        said.append(f"and {len(found) - MAX_ERRORS} more")
    return f"not a valid {kind}: " + "; ".join(said)
