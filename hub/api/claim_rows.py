"""Claims and effects as their rows have them: what of a document is read here."""

from datetime import date, datetime

import msgspec

from hub.domain.claims.record import (
    Approval,
    Change,
    Move,
    Override,
    Piece,
    Posting,
    Said,
    Verdict,
    Verified,
    Weighing,
)
from schemas.events.claim import Kind, State


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
