"""What products and categories share: of two descriptions the later one counts, whichever comes last."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from hub.domain.errors import reject
from hub.domain.moments import check_moment
from hub.processors.catalog.state import CategoryRow, ProductRow
from hub.sdk.events import Event
from schemas.events.product import CategoryDescribed, ProductDescribed

HOW = {"code", "described_at", "expects_version"}
"""What of a description is not content of it."""


class Told(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What whoever described something is told, and is told again at every repeat."""

    id: str
    code: str
    version: int
    stale: bool = False
    """A later description was known already; it stays."""


class Verdict(Enum):
    """What a description means beside what stands."""

    NEW = auto()
    SAME = auto()
    STALE = auto()


class Description(NamedTuple):
    """What is said, in the one form by which it is compared."""

    said: dict[str, Any]
    hash: str
    at: datetime


def description_of(fact: ProductDescribed | CategoryDescribed, event: Event) -> Description:
    """The content of a fact.

    Raises:
        RejectedError: it describes what is still to come.

    """
    at = fact.described_at or event.time
    check_moment("described", at, event.received_at)
    said = fact.model_dump(mode="json", exclude=HOW, exclude_defaults=True)
    return Description(said, _hash(said), at)


def _hash(said: Mapping[str, Any]) -> str:
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def compared(
    row: ProductRow | CategoryRow | None, told: Description, expects: int | None
) -> Verdict:
    """Whether a description changes what stands; the end is the same in whatever order they come.

    Raises:
        RejectedError: its author has not seen the version that it would replace.

    """
    if row is not None and row.described_at is not None and row.hash == told.hash:
        return Verdict.SAME
    current = row.number if row else 0
    if expects is not None and expects != current:
        message = (
            f"the last version is {current}, not {expects}; read it, and say what you mean "
            "on top of it"
        )
        raise reject("version_exists" if expects < current else "version_unknown", message)
    stands = row.described_at if row else None
    if row is not None and stands is not None and (told.at, told.hash) < (stands, row.hash):
        return Verdict.STALE
    return Verdict.NEW


def later(row: ProductRow | CategoryRow, at: datetime) -> datetime:
    """Until when what stands is known to hold, once it was said again."""
    return max(at, row.described_at or at)
