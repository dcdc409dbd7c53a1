"""Claims and effects as their rows have them: what of a document is read here."""

from datetime import date, datetime
from typing import Any

import msgspec

from hub.domain.claims.weighing import Ruled
from schemas.events.claim import Kind, State


class By(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Who did something."""

    kind: str
    id: str
    role: str = ""


class Move(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """That a claim came to a state."""

    before: State | None
    after: State
    at: datetime
    by: By
    reason: str
    why: str
    event: str


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A piece of evidence."""

    id: str
    kind: str
    value: str
    by: By
    at: datetime
    event: str
    withdrawn_by: By | None = None
    withdrawn_why: str = ""


class Said(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Words, and where they are kept sealed."""

    kind: str
    words: str
    by: By
    at: datetime
    event: str


class Granted(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One thing that an approval leads to."""

    kind: Kind
    amount: int | None = None
    currency: str | None = None


class Approval(msgspec.Struct, frozen=True, gc=False):
    """That somebody approves: enough by itself, or the first of two."""

    by: By
    at: datetime
    why: str
    granted: tuple[Granted, ...]
    partial: bool
    event: str


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What was decided."""

    state: str
    at: datetime
    by: By
    why: str
    event: str
    granted: tuple[Granted, ...] = ()
    reason: str | None = None
    ruled: tuple[Ruled, ...] = ()
    approvals: tuple[Approval, ...] = ()
    override: str | None = None


class Posting(msgspec.Struct, frozen=True, gc=False):
    """What a claim cost or brought back."""

    id: str
    kind: str
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
    """That somebody found a posting right."""

    posting: str
    by: By
    at: datetime
    why: str


class Weighing(msgspec.Struct, frozen=True, gc=False):
    """What rules looked at and said."""

    at: datetime
    event: str
    inputs: dict[str, Any]
    ruled: tuple[Ruled, ...]
    missing: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    then: str = "review"


class Override(msgspec.Struct, frozen=True, gc=False):
    """An allowance that lifts what blocks a claim."""

    id: str
    by: By
    at: datetime
    why: str


class Line(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What lists show of a claim; the rest of a document is skipped, however long its history is."""

    id: str
    state: State
    warranty: str
    issue: str
    connector: str
    filed_at: datetime
    product: str
    source: str = ""
    reference: str | None = None
    incident_on: date | None = None
    branch: str | None = None
    customer: str | None = None
    missing: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class Claim(Line, frozen=True, gc=False, kw_only=True):
    """A claim."""

    zone: str
    history: tuple[Move, ...]
    event: str
    serial_norm: str | None = None
    preferred: Kind | None = None
    pieces: tuple[Piece, ...] = ()
    said: tuple[Said, ...] = ()
    weighings: tuple[Weighing, ...] = ()
    approvals: tuple[Approval, ...] = ()
    verdict: Verdict | None = None
    override: Override | None = None
    costs: tuple[Posting, ...] = ()
    verified: tuple[Verified, ...] = ()
    expires_at: datetime | None = None

    def lacked(self, move: Move) -> tuple[str, ...]:
        """What was missing when it came to that state."""
        found = (one.missing for one in self.weighings if one.event == move.event)
        return next(found, self.missing if move is self.history[-1] else ())


class Change(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What was told of an effect."""

    state: str
    at: datetime
    by: By
    stage: str | None
    why: str
    event: str


class Effect(msgspec.Struct, frozen=True, gc=False):
    """Something that a decision asked of somebody outside, once."""

    id: str
    state: str
    claim: str
    warranty: str
    kind: str
    asked_at: datetime
    event: str
    product: str
    amount: int | None = None
    currency: str | None = None
    serial: str | None = None
    supplier: str | None = None
    branch: str | None = None
    customer: str | None = None
    stage: str | None = None
    reference: str | None = None
    reason: str | None = None
    replaced_by: str | None = None
    new_serial: str | None = None
    changes: tuple[Change, ...] = ()


claim = msgspec.json.Decoder(Claim).decode
line = msgspec.json.Decoder(Line).decode
effect = msgspec.json.Decoder(Effect).decode
