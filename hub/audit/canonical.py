r"""The bytes of an entry that its hash is made of: every column, in one form that anybody can make again.

    canonical = "hub.audit.entry/1\n" + 14 lengths + 14 values
    hash      = SHA-256(hash of the row before + canonical)

The values, in this order: tenant, seq, n, at, added_at, action, subject, by_kind, by_id, by_role, why,
origin, correlation, doc, and nothing else. Each is UTF-8; a number is written in decimal digits, an
instant as the microseconds since 1970-01-01T00:00:00Z, doc as the text that the column holds. A length
is the number of bytes of its value, as 4 bytes with the highest first. Before the first row of a tenant
stand 32 zero bytes. Whoever changes this form gives it the next number, so that old rows keep theirs.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

FORM = b"hub.audit.entry/1\n"
START = bytes(32)
"""What stands where the hash before the first row would."""
FIELDS = "tenant, n, at, added_at, action, subject, by_kind, by_id, by_role, why, origin, correlation, doc"
"""The columns that `canonical` takes, in the order in which it takes them."""
COUNT = 14

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_lengths = struct.Struct(f">{COUNT}I").pack


def canonical(seq: int, row: Sequence[Any]) -> bytes:
    """The bytes of a row, whose columns are `FIELDS`, at its place in the chain."""
    tenant, n, at, added_at, *texts = row
    values = [
        part.encode() for part in (tenant, str(seq), str(n), micros(at), micros(added_at), *texts)
    ]
    return b"".join((FORM, _lengths(*map(len, values)), *values))


def digest(prev: bytes, seq: int, row: Sequence[Any]) -> bytes:
    """The hash that links a row to the one before it."""
    return sha256(prev + canonical(seq, row)).digest()


def micros(instant: datetime) -> str:
    """The microseconds since 1970, in digits."""
    return str((instant - _EPOCH) // _MICROSECOND)


def packed(form: bytes, *texts: str) -> bytes:
    """Some texts in the same way: a form's name, their lengths, themselves."""
    values = [text.encode() for text in texts]
    return b"".join((form, struct.pack(f">{len(values)}I", *map(len, values)), *values))
