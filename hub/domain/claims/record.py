"""What happened to a claim and to its effects, as their rows keep it and whoever explains them reads it."""

from datetime import datetime
from typing import Literal

import msgspec

from hub.domain.claims.weighing import Inputs, Ruled
from schemas.events.claim import CostKind, Denial, Kind, State

EffectState = Literal["waiting", "requested", "acknowledged", "done", "failed"]
"""`waiting`: for stock, before anything is asked of anybody."""
SETTLED: frozenset[EffectState] = frozenset({"done", "failed"})


class By(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Who did something: a person or key that a door vouches for, a source, or the hub by a rule."""

    kind: Literal["person", "key", "operator", "system", "source", "hub"]
    id: str
    role: str = ""


class Move(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """That a claim came to a state: when, by whom, why, and by which event."""

    before: State | None
    after: State
    at: datetime
    by: By
    reason: str
    """A code, or empty."""
    why: str
    event: str


class Piece(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A piece of evidence that was shown with the claim."""

    id: str
    """Its number in the claim, from 1."""
    kind: Literal["photo", "invoice", "serial", "incident", "words"]
    value: str
    """Id of a file, reference, serial, day, or where the words are kept."""
    by: By
    at: datetime
    event: str
    withdrawn_by: By | None = None
    withdrawn_why: str = ""


class Said(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Words in a claim; they are kept sealed, and only where is told here."""

    kind: Literal["description", "question", "answer", "note"]
    """A note is internal and never leaves."""
    words: str
    """The contact under which they are kept."""
    by: By
    at: datetime
    event: str


class Granted(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One thing that an approval leads to."""

    kind: Kind
    amount: int | None = None
    currency: str | None = None


class Approval(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """That somebody approves: enough by itself, or the first of two."""

    by: By
    at: datetime
    why: str
    granted: tuple[Granted, ...]
    partial: bool
    event: str
    notify: bool | None = None
    """Whether the customer is to hear of it, where whoever approved said so."""


class Verdict(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What was decided, by whom or by which rule, under which version, and why."""

    state: Literal["approved", "partially_approved", "denied"]
    at: datetime
    by: By
    why: str
    event: str
    granted: tuple[Granted, ...] = ()
    reason: Denial | None = None
    ruled: tuple[Ruled, ...] = ()
    """The limits that let whoever decided do so, or the rules by which the hub did."""
    approvals: tuple[Approval, ...] = ()
    """All of those who approved, where it took two."""
    override: str | None = None


class Posting(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a claim cost or brought back. It is never changed; a correction is another one."""

    id: str
    kind: CostKind
    amount: int
    currency: str
    source: str
    reference: str
    by: By
    at: datetime
    event: str
    corrects: str | None = None
    effect: str | None = None
    why: str = ""


class Verified(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """That somebody else than who posted it found a posting right."""

    posting: str
    by: By
    at: datetime
    why: str


class Weighing(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What rules looked at and said, each time that it was something new."""

    at: datetime
    event: str
    inputs: Inputs
    ruled: tuple[Ruled, ...]
    missing: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    then: str = "review"


class Override(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An allowance that is asked for, or that was granted, to lift what blocks a claim."""

    id: str
    by: By
    at: datetime
    why: str
    amount: int | None = None
    """What it may cost, in minor units; whoever granted it spent that of his allowance."""
    currency: str | None = None


class Change(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What was told of an effect."""

    state: EffectState
    at: datetime
    by: By
    stage: str | None
    why: str
    event: str
