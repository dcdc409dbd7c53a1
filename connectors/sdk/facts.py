"""From cells to facts: what readers of every source have in common."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.sdk.connector import Fault, UntranslatableError, untranslatable
from connectors.sdk.values import quoted
from schemas.base import Fact

F = TypeVar("F", bound=Fact)

SPREADSHEET_NUMBER = re.compile(r"^\d(?:[.,]\d+)?[eE]\+\d+$")


def read_serial(text: str) -> str:
    """A serial as it was written, freed from what exports wrap it in."""
    serial = text.strip()
    if serial.startswith('="') and serial.endswith('"'):
        # How exports make a spreadsheet keep leading zeros.
        serial = serial[2:-1]
    if SPREADSHEET_NUMBER.match(serial):
        message = f"a spreadsheet turned the serial into {quoted(serial)}; send it as text"
        raise untranslatable("serial_damaged", message)
    return serial


def built(model: type[F], fact: Mapping[str, Any], remedy: str) -> F:
    """The fact, or every reason why it can be none, and what to do about them."""
    try:
        return model.model_validate(fact)
    except ValidationError as error:
        found = error.errors(include_url=False)
        reasons = "; ".join(f"{'.'.join(map(str, one['loc']))}: {_said(one)}" for one in found)
        raise untranslatable("field_invalid", f"{reasons}; {remedy}") from error


def _said(found: ErrorDetails) -> str:
    """What is wrong, with a validator's own words about a value marked as quoted."""
    given, message = found["input"], found["msg"].removeprefix("Value error, ")
    if isinstance(given, str) and given:
        return message.replace(repr(given), quoted(given)).replace(given, quoted(given))
    return message


@contextmanager
def of_field(name: str) -> Iterator[None]:
    """Say of which field the reasons speak that are raised within."""
    try:
        yield
    except UntranslatableError as error:
        faults = (Fault(f.code, f"{name}: {f.message}", f.line) for f in error.faults)
        raise UntranslatableError(*faults) from error
