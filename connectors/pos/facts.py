"""What a ticket and an export have in common: serials, order references and the facts they become."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.sdk import UntranslatableError, untranslatable
from connectors.sdk.values import SlashDates, read_day
from schemas.base import Fact

F = TypeVar("F", bound=Fact)

SPREADSHEET_NUMBER = re.compile(r"^\d(?:[.,]\d+)?[eE]\+\d+$")
_DAY = re.compile(r"^\d{1,2}([./-])\d{1,2}\1\d{4}$")


def joined(parts: list[str], slash_dates: SlashDates | None) -> str:
    """An order reference of several parts, which is how a number that restarts daily is unique.

    A day among them is written as in ISO 8601, so that a till and its export meet however each of
    them writes it. Empty where one of the parts is.
    """
    return "/".join([_part(part, slash_dates) for part in parts]) if all(parts) else ""


def _part(text: str, slash_dates: SlashDates | None) -> str:
    if not _DAY.match(text):
        return text
    try:
        return read_day(text, slash_dates).isoformat()
    except UntranslatableError:
        return text


def read_serial(text: str) -> str:
    """A serial as it was written, freed from what exports wrap it in."""
    serial = text.strip()
    if serial.startswith('="') and serial.endswith('"'):
        # How exports make a spreadsheet keep leading zeros.
        serial = serial[2:-1]
    if SPREADSHEET_NUMBER.match(serial):
        message = f"a spreadsheet turned the serial into {serial}; send it as text"
        raise untranslatable("serial_damaged", message)
    return serial


def built(model: type[F], fact: Mapping[str, Any], remedy: str) -> F:
    """The fact, or every reason why it can be none, and what to do about them."""
    try:
        return model.model_validate(fact)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        reasons = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
        raise untranslatable("field_invalid", f"{reasons}; {remedy}") from error
