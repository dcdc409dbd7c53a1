"""What a person decided of a unit, as its home keeps it."""

from datetime import date

import msgspec


class Decided(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Something that a person decided of a unit by hand."""

    change: str
    """`end`, `reinstate` or `extend`."""
    on: date
    by_kind: str
    by_id: str
    by_role: str
    why: str
    proposal: str | None = None
    override: str | None = None
    """The override without which a rule would have said no."""
    until: date | None = None
