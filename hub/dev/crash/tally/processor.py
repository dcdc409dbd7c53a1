"""Adds up per key, as a third party would write it; found by entry point like any other processor.

What stands outside is a folder: while a file `away` lies there, events that need it cannot be decided;
while `broken` lies there, this code fails on those that need it mended.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from hub.domain.errors import RejectedError, UnavailableError
from hub.sdk.decision import Decision, Row, Said
from hub.sdk.events import Ask, AskTenant, Event, Known
from hub.sdk.processor import Column, Processor, RowType
from schemas.base import Fact
from schemas.refs import home
from schemas.topics import DAY_MS, MIB, Topic, dead_letters

WORLD = "TALLY_WORLD"
"""The variable that names the folder."""
AWAY, BROKEN = "away", "broken"
TABLE = """
create table tally (
  id text primary key, tenant text not null, version bigint not null,
  note text, doc json, inbox json not null);
grant all on tally to hub_engine"""
INTAKE = Topic(
    "tally.intake.v1", "Counts", "a long run", "the tally", DAY_MS, MIB, log_append_time=True
)
STATUS = Topic("tally.status.v1", "Where each key stands", "the tally", "a long run", DAY_MS, MIB)
TOPICS = (INTAKE, STATUS, dead_letters(INTAKE))


class Added(Fact):
    """The `n`th event of a key."""

    TYPE: ClassVar[str] = "tally.added.v1"

    key: str
    n: int
    needs: Literal["", "away", "broken"] = ""
    note: str = ""
    """Kept in a column: Postgres refuses a NUL there."""


class Stands(Fact):
    """The `n`th event of a key has taken effect, as its `count`th."""

    TYPE: ClassVar[str] = "tally.stands.v1"

    key: str
    n: int
    count: int


class Refused(Fact):
    """No event of a long run is refused by a rule."""

    TYPE: ClassVar[str] = "tally.refused.v1"

    reason: str


class Tally(Row, frozen=True, gc=False):
    """A key as stored."""

    count: int
    note: str


def home_of(key: str) -> str:
    """Where a key lives."""
    return home("acme", "tally", key)


def _needs(event: Event, _known: Known) -> Iterable[Ask]:
    yield AskTenant(event.tenant)


def _place(event: Event, _known: Known) -> str:
    return home_of(event.fact.key) if isinstance(event.fact, Added) else home_of(event.id)


def _assemble(head: Row | None, _parts: Sequence[Row]) -> Tally | None:
    return head if isinstance(head, Tally) else None


def _take_apart(state: Tally | None) -> Row | None:
    return state


def _decide(state: Tally | None, event: Event, _known: Known) -> Decision[Tally | None]:
    fact = event.fact
    if not isinstance(fact, Added):
        raise TypeError(event.type)
    if fact.needs and (Path(os.environ[WORLD]) / fact.needs).exists():
        if fact.needs == AWAY:
            raise UnavailableError("the counting house is away", "the counting house")
        raise ZeroDivisionError(f"nobody can count {fact.key} today")
    new = Tally(fact.key, (state.count if state else 0) + 1, fact.note)
    said = Said(Stands(key=fact.key, n=fact.n, count=new.count), fact.key)
    return Decision(new, answer={"count": new.count}, said=(said,))


def _refuse(event: Event, error: RejectedError) -> Said:
    return Said(Refused(reason=str(error)), event.id)


PROCESSOR = Processor(
    name="tally",
    reads=INTAKE,
    writes=STATUS,
    consumes=(Added,),
    code_version=1,
    head=RowType("tally", Tally, (Column("note", "text", lambda row: row.note),)),
    parts=(),
    needs=_needs,
    place=_place,
    assemble=_assemble,
    take_apart=_take_apart,
    decide=_decide,
    refuse=_refuse,
)
