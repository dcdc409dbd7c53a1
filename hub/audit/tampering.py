"""What happened to a chain that does not hold, told from the rows around the first that does not fit.

A row remembers the hash before it and its own; whoever alters one alters what these say. So a row that was
moved, or stands lower because another was taken out, still hashes to what it says, at the place it had.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from hub.audit.canonical import digest

Kind = Literal["changed", "deleted", "reordered", "inserted", "truncated", "head"]
NEAR = 1_000
"""So many rows on either side are looked at."""


class Linked(NamedTuple):
    """A row with its place; `columns` are those of `canonical`."""

    seq: int
    prev: bytes
    hash: bytes
    columns: Sequence[Any]

    @property
    def n(self) -> int:
        """Its number in the log."""
        return int(self.columns[1])

    def fits(self, seq: int) -> bool:
        """Whether it is as it was when it was linked at this place."""
        return digest(self.prev, seq, self.columns) == self.hash


class Fault(NamedTuple):
    """The first place where the chain does not hold, and what is wrong there."""

    kind: Kind
    seq: int
    n: int | None
    said: str


def fault(seq: int, prev: bytes, rows: Sequence[Linked], before: Mapping[int, bytes]) -> Fault:
    """What is wrong where row `seq` was expected after the hash `prev`.

    `rows` are those from there on, the first of which does not fit; `before` has hashes by place.
    """
    first = rows[0]
    own = next((one for one in rows if one.prev == prev and one.fits(seq)), None)
    if own is not None and own is not first:
        return _displaced(seq, first, own, rows)
    was = _earlier_place(seq, first, before)
    if was is not None:
        return Fault(
            "inserted", was, None, f"{seq - was} rows stand at {was} that were never linked there"
        )
    if first.seq > seq:
        return Fault("deleted", seq, None, f"row {seq} is missing; the next one is {first.seq}")
    return _misfit(seq, first, rows)


def _misfit(seq: int, first: Linked, rows: Sequence[Linked]) -> Fault:
    """No row here was linked at this place."""
    later = next((place for place in range(seq + 1, seq + NEAR) if first.fits(place)), None)
    if later is not None:
        said = f"the row at {seq} was linked at {later}; what stood before it is gone"
        return Fault("deleted", seq, None, said)
    if _belongs_to_another(first, rows):
        return Fault("reordered", seq, first.n, f"the row at {seq} was linked further on")
    if first.fits(seq):
        return Fault("changed", seq - 1, None, f"the row at {seq - 1} was changed and hashed anew")
    return Fault("changed", seq, first.n, f"the row at {seq} is not what was linked")


def _belongs_to_another(row: Linked, rows: Sequence[Linked]) -> bool:
    """Whether the hash of another place is that of what stands in this row."""
    return any(digest(one.prev, one.seq, row.columns) == one.hash for one in rows[1:])


def _displaced(seq: int, first: Linked, own: Linked, rows: Sequence[Linked]) -> Fault:
    """The row of this place stands further on: rows were put before it, or it was moved."""
    is_at_home = any(first.fits(one.seq) for one in rows) or first.seq > seq
    if is_at_home or _belongs_to_another(first, rows):
        return Fault("reordered", seq, own.n, f"the row of place {seq} stands at {own.seq}")
    return Fault(
        "inserted",
        seq,
        first.n,
        f"the row at {seq} was never linked there; {seq} stands at {own.seq}",
    )


def _earlier_place(seq: int, row: Linked, before: Mapping[int, bytes]) -> int | None:
    """Where this row was linked before others were put in front of it."""
    for place in range(seq - 1, max(0, seq - NEAR), -1):
        if before.get(place - 1) == row.prev and row.fits(place):
            return place
    return None
