"""The rows of a claim and of its effects."""

from collections.abc import Sequence
from datetime import date, datetime
from operator import attrgetter

from hub.domain.claims.life import DECIDED, OPEN
from hub.domain.claims.record import (
    Approval,
    Change,
    EffectState,
    Move,
    Override,
    Piece,
    Posting,
    Said,
    Verdict,
    Verified,
    Weighing,
)
from hub.sdk.decision import Row
from hub.sdk.processor import Column, RowType
from schemas.events.claim import Kind, State


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
    changes: tuple[Change, ...] = ()


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
