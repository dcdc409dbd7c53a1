"""What `decide` gives back: the new state, what to say, and which rows and names change."""

from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from hub.sdk.events import Outcome
from schemas.base import Fact

S = TypeVar("S")


class Row(msgspec.Struct, frozen=True, gc=False):
    """A stored row. Fields become its document; `RowType.columns` what one can query by."""

    id: str


class Said(msgspec.Struct, frozen=True, gc=False):
    """A fact for the status topic, and the entity it is about."""

    fact: Fact
    subject: str


class NameClaim(msgspec.Struct, frozen=True, gc=False):
    """This home wants to hold a value; a holder that released it is replaced."""

    kind: str
    value: str
    id: str
    home: str | None = None
    """Where it leads, if not to this home."""
    free: bool = False
    """Nobody may hold it by then, not even that home: whoever claims it second decides again."""


class NameRelease(msgspec.Struct, frozen=True, gc=False):
    """This home lets go of a value: late events still find it, the next claim takes it over."""

    kind: str
    value: str


class Letter(msgspec.Struct, frozen=True, gc=False):
    """A fact for another home's intake; `Processor.letters` says of which processor."""

    fact: Fact
    home: str


class SetTimer(msgspec.Struct, frozen=True, gc=False):
    """Wake this home at that time with `TimerDue(name)`; the same name again moves it."""

    name: str
    due_at: datetime


class ClearTimer(msgspec.Struct, frozen=True, gc=False):
    """That timer is no longer needed."""

    name: str


class Decision(msgspec.Struct, Generic[S], frozen=True, gc=False):
    """What an event leads to. `outcome` is APPLIED or, for a business repeat, DEDUPLICATED."""

    state: S
    outcome: Outcome = Outcome.APPLIED
    answer: object = None
    """What the sender is told, now and at every repeat; anything msgspec can encode as JSON."""
    said: tuple[Said, ...] = ()
    rows: tuple[Row, ...] = ()
    """Rows that changed, beside the head row, which is always written."""
    names: tuple[NameClaim | NameRelease, ...] = ()
    letters: tuple[Letter, ...] = ()
    timers: tuple[SetTimer | ClearTimer, ...] = ()
    founded: tuple[Row, ...] = ()
    """Rows of another processor's homes, at ids that carry them, for where nobody has them yet. Their
    homes hear of them by letter; what they make of them counts from then on."""
