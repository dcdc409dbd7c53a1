"""Order references: what a ticket and an export of the same till call an order."""

import re

from connectors.sdk import UntranslatableError
from connectors.sdk.values import SlashDates, read_day

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
