"""What the home of a customer remembers."""

from datetime import datetime

import msgspec


class Noticed(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """That a customer was given another name, or the phone of somebody else."""

    code: str
    contact: str
    """Where what was given is kept."""
    other: str | None
    at: datetime
    connector: str
    event: str


class MergeNote(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """That somebody said that this customer is another, and perhaps that it is not."""

    into: str
    at: datetime
    by_kind: str
    by_id: str
    by_role: str
    why: str
    undone_at: datetime | None = None
    undone_by: str | None = None
    undone_why: str | None = None


class CustomerState(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What the home of a customer keeps beside the names that lead there."""

    noticed: tuple[Noticed, ...] = ()
    merges: tuple[MergeNote, ...] = ()
