"""The chain checked by somebody who has read the description alone and shares no code with the hub."""

import hashlib
from datetime import UTC, datetime
from typing import Any

ORDER = [
    "tenant",
    "seq",
    "n",
    "at",
    "added_at",
    "action",
    "subject",
    "by_kind",
    "by_id",
    "by_role",
    "why",
    "origin",
    "correlation",
    "doc",
]


def value_of(row: dict[str, Any], name: str) -> bytes:
    """One value as bytes."""
    value = row[name]
    if isinstance(value, datetime):
        since = value.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        value = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return str(value).encode("utf-8")


def hash_of(prev: bytes, row: dict[str, Any]) -> bytes:
    """The hash that a row should have."""
    values = [value_of(row, name) for name in ORDER]
    told = hashlib.sha256()
    told.update(prev)
    told.update(b"hub.audit.entry/1\x0a")
    for one in values:
        told.update(len(one).to_bytes(4, "big"))
    for one in values:
        told.update(one)
    return told.digest()


def broken(rows: list[dict[str, Any]]) -> list[int]:
    """The places of one tenant's rows at which the chain does not hold, in order of `seq`."""
    prev, wrong = b"\x00" * 32, []
    for place, row in enumerate(rows, 1):
        if row["seq"] != place or row["prev"] != prev or row["hash"] != hash_of(prev, row):
            wrong.append(place)
        prev = row["hash"]
    return wrong
