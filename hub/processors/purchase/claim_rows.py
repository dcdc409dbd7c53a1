"""The rows of a claim and of its effects."""

from collections.abc import Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Literal

import msgspec

from hub.domain.claims.life import DECIDED, OPEN
from hub.domain.claims.weighing import Inputs, Ruled
from hub.sdk.decision import Row
from hub.sdk.processor import Column, RowType
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


class Claim(Row, frozen=True, gc=False, omit_defaults=True):
    """A claim, with everything that led to where it stands."""

    number: int
    state: State
    warranty: str
    issue: str
    connector: str
    """The source that filed it first."""
    filed_at: datetime
    zone: str
    product: str
    """The product's key."""
    history: tuple[Move, ...]
    event: str
    """That filed it."""
    source: str = ""
    """Whose reference it is."""
    reference: str | None = None
    incident_on: date | None = None
    serial_norm: str | None = None
    branch: str | None = None
    supplier: str | None = None
    """Whom the product comes from, by the catalogue's code when it was filed."""
    customer: str | None = None
    """A reference: who claims, or where nobody is named, who owned it then."""
    claimant: str | None = None
    """Whoever is named as claiming."""
    preferred: Kind | None = None
    pieces: tuple[Piece, ...] = ()
    said: tuple[Said, ...] = ()
    missing: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    weighings: tuple[Weighing, ...] = ()
    approvals: tuple[Approval, ...] = ()
    """The first of two, until the second decides."""
    verdict: Verdict | None = None
    override: Override | None = None
    costs: tuple[Posting, ...] = ()
    verified: tuple[Verified, ...] = ()
    updated: tuple[tuple[str, str], ...] = ()
    """Later filings under its reference: the event and the hash of its body."""
    expires_at: datetime | None = None
    remind_at: datetime | None = None
    remind_days: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return self.state in OPEN

    @property
    def is_decided(self) -> bool:
        """Whether it is decided and not yet resolved."""
        return self.state in DECIDED


class Effect(Row, frozen=True, gc=False, omit_defaults=True):
    """Something that a decision asked of somebody outside, once: the id is its key."""

    number: int
    state: EffectState
    claim: str
    warranty: str
    kind: Kind
    asked_at: datetime
    event: str
    """Of the decision."""
    product: str
    amount: int | None = None
    currency: str | None = None
    serial: str | None = None
    supplier: str | None = None
    branch: str | None = None
    customer: str | None = None
    stage: str | None = None
    reference: str | None = None
    """Of whoever does it."""
    reason: str | None = None
    """Why it failed."""
    replaced_by: str | None = None
    """The warranty of the new unit."""
    new_serial: str | None = None
    changes: tuple["Change", ...] = ()


class Change(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What was told of an effect."""

    state: EffectState
    at: datetime
    by: By
    stage: str | None
    why: str
    event: str


def _column(name: str, kind: str) -> Column:
    return Column(name, kind, attrgetter(name))


def _codes(claim: Claim) -> str:
    """What keeps it waiting and what it lacks, as Postgres writes a list."""
    found: Sequence[str] = sorted({*claim.blocked, *claim.missing}) if claim.is_open else ()
    return "{" + ",".join(found) + "}"


CLAIMS = RowType(
    table="claim",
    row=Claim,
    columns=(
        _column("state", "text"),
        _column("is_open", "boolean"),
        _column("warranty", "text"),
        _column("issue", "text"),
        _column("product", "text"),
        _column("branch", "text"),
        _column("customer", "text"),
        _column("source", "text"),
        _column("reference", "text"),
        _column("filed_at", "timestamptz"),
        Column("codes", "text[]", _codes),
    ),
)
EFFECTS = RowType(
    table="claim_effect",
    row=Effect,
    columns=(
        _column("state", "text"),
        _column("kind", "text"),
        _column("claim", "text"),
        _column("warranty", "text"),
        _column("branch", "text"),
        _column("asked_at", "timestamptz"),
    ),
)
