"""A processor: keyed state and a pure `decide`, as a value that an entry point names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from hub.domain.errors import RejectedError
from hub.sdk.decision import Decision, Row, Said
from hub.sdk.events import Ask, Event, Known
from schemas.base import Fact
from schemas.topics import Topic

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that can be queried: its Postgres type and how it is read off a row."""

    name: str
    type: str
    value: Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class RowType:
    """Where rows of one kind are kept. Every such table has `id home tenant version doc` too."""

    table: str
    row: type[Row]
    columns: tuple[Column, ...]


def anything(_ask: Ask, _answer: object) -> bool:
    """Whatever was found may lead further."""
    return True


@dataclass(frozen=True, slots=True)
class Processor(Generic[S]):
    """Reads one intake topic, writes one status topic, owns the rows of its homes.

    `head` is the row type of the one row each home has; the engine keeps the home's version,
    the ids it has seen and its waiting list beside it. A home whose first event was refused or
    is early has a head row without a document.
    """

    name: str
    reads: Topic
    writes: Topic
    consumes: tuple[type[Fact], ...]
    code_version: int
    """Raised when rows are written that older code must not touch."""
    head: RowType
    parts: tuple[RowType, ...]
    needs: Callable[[Event, Known], Iterable[Ask]]
    """Pure; asked until it asks nothing new, at most three times. What an ask found may lead to a
    further ask; an ask that found nothing may not."""
    place: Callable[[Event, Known], str]
    """The home of an event, once `needs` is answered."""
    assemble: Callable[[Row | None, Sequence[Row]], S]
    """The state of a home from its stored rows; `None` where the head has no document yet."""
    take_apart: Callable[[S], Row | None]
    """The head row of a state."""
    decide: Callable[[S, Event, Known], Decision[S]]
    refuse: Callable[[Event, RejectedError], Said]
    """The fact that tells the world of a refusal."""
    names: frozenset[str] | None = None
    """The kinds of names that its homes hold; None where no other processor holds any."""
    others: tuple[RowType, ...] = ()
    """Rows of other processors that `needs` may ask for. A decision may found one that is not there,
    and never changes one that is."""
    leads: Callable[[Ask, object], bool] = anything
    """Whether what an ask found may lead to a further ask of the same event: where nothing does, it is
    not asked again."""
    letters: Mapping[str, Topic] = field(default_factory=dict)
    """The intake topics of other processors, by the type of the letters that go there; all others
    go to its own."""
    ahead: frozenset[str] = frozenset()
    """The kinds of names that other homes write, too: where they lead, nothing may have been heard yet."""
