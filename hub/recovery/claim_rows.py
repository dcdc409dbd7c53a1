"""Claims, effects and units as their rows have them: what of a document the hub's own check reads."""

from typing import Any

import msgspec

from schemas.events.claim import Kind, State


class Move(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """That a claim came to a state; more is told of it than is read here."""

    before: State | None
    after: State


class Granted(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One thing that an approval leads to."""

    kind: Kind
    amount: int | None = None
    currency: str | None = None


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What was decided."""

    state: State
    event: str
    granted: tuple[Granted, ...] = ()


class Posting(msgspec.Struct, frozen=True, gc=False):
    """What a claim cost or brought back."""

    id: str
    amount: int
    source: str
    reference: str
    effect: str | None = None


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A claim."""

    id: str
    state: State
    history: tuple[Move, ...]
    source: str = ""
    reference: str | None = None
    verdict: Verdict | None = None
    costs: tuple[Posting, ...] = ()


class Change(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What was told of an effect; more is told of it than is read here."""

    state: str


class Effect(msgspec.Struct, frozen=True, gc=False):
    """What a decision asked of somebody."""

    id: str
    state: str
    claim: str
    warranty: str
    kind: Kind
    event: str
    amount: int | None = None
    currency: str | None = None
    stage: str | None = None
    replaced_by: str | None = None
    changes: tuple[Change, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.state in {"done", "failed"}


class Unit(msgspec.Struct, frozen=True, gc=False):
    """A unit that replaces another one, or was replaced."""

    id: str
    status: str
    replaces: str | None = None
    replaced_by: str | None = None
    decisions: tuple[tuple[Any, ...], ...] = ()

    @property
    def was_reinstated(self) -> bool:
        """Whether somebody said that it is covered after all."""
        return any(one[0] == "reinstate" for one in self.decisions)
