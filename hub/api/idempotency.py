"""The Idempotency-Key: given by the caller, or made by the door and told back."""

import re
import secrets
from collections.abc import Sequence

from hub.api.problems import BAD_KEY

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY = re.compile(r"[\x20-\x7e]{1,200}")
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
PATTERN = r'^([!#-~]([ -~]{0,198}[!-~])?|"([ !#-\[\]-~]|\\["\\]){1,200}")$'
"""As the API's description says it: as it is, or as a structured field's string."""
WHAT = 'send 1 to 200 printable ASCII characters, such as an UUID, as they are or as a "string"'


def key_of(given: Sequence[str]) -> str:
    """The key, without the quotes of a structured field.

    Raises:
        ProblemError: it cannot be a key.

    """
    if not given:
        return secrets.token_hex(16)
    if len(given) > 1:
        raise BAD_KEY.error(f"there are {len(given)} keys; send one")
    text = given[0].strip()
    if text.startswith('"'):
        quoted = QUOTED.fullmatch(text)
        if quoted is None:
            raise BAD_KEY.error(f"the quotes are not closed; {WHAT}")
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    if not KEY.fullmatch(text):
        raise BAD_KEY.error(f"this cannot be a key; {WHAT}")
    return text


def as_header(key: str) -> str:
    """How a key is told back: as it is, or as a string where it could not be read again otherwise."""
    if key == key.strip() and not key.startswith('"'):
        return key
    return '"' + re.sub(r'(["\\])', r"\\\1", key) + '"'
