"""A small processor as a third party would write it: it counts, and fails in every way there is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from hub.domain.errors import RejectedError, TooEarlyError, UnavailableError, reject
from hub.sdk.decision import Decision, Letter, NameClaim, NameRelease, Row, Said, SetTimer
from hub.sdk.events import Ask, AskName, AskTenant, Event, Known, TimerDue
from hub.sdk.processor import Column, Processor, RowType
from schemas.base import Fact
from schemas.refs import home
from schemas.topics import MIB, Topic

TABLE = """
create table counter (
  id text primary key, tenant text not null, version bigint not null,
  total bigint, note text, doc json, inbox json not null)"""
KIND = "nick"
VENDOR = "vendor:"
"""What stands before the name of something that has a breaker."""


class Counted(Fact):
    """Add `by` to the counter `key`, and do what else is asked."""

    TYPE: ClassVar[str] = "counter.counted.v1"

    key: str
    by: int = 1
    at_least: int = 0
    """Too early while the counter is below this."""
    needs: str = ""
    """Something outside, which may be away or make the code break."""
    words: int = 0
    """Bytes to say beside the total."""
    note: str = ""
    nick: str = ""
    """A name to claim."""
    drop: str = ""
    """A name to let go of."""
    of: str = ""
    """The name under which the counter is meant, instead of `key`."""
    lives: str = ""
    """A home to believe in, as in an id of ours."""
    wake: datetime | None = None
    pass_on: str = ""
    """Another counter to tell by letter."""
    customer: str | None = Field(default=None)


class Total(Fact):
    """What a counter stands at now."""

    TYPE: ClassVar[str] = "counter.total.v1"

    total: int
    words: str = ""


class Refused(Fact):
    """A count that was refused."""

    TYPE: ClassVar[str] = "counter.refused.v1"

    reason: str


class CounterRow(Row, frozen=True, gc=False):
    """The counter as stored; `seen` is the order in which events were applied."""

    total: int
    seen: tuple[str, ...]
    note: str = ""


@dataclass(slots=True)
class World:
    """What stands outside the processor: tests take parts of it away and give them back."""

    away: set[str] = field(default_factory=set)
    broken: dict[str, Exception] = field(default_factory=dict)
    unplaceable: set[str] = field(default_factory=set)
    tries: list[str] = field(default_factory=list)
    """The ids of events in the order in which `decide` was asked."""


def counter(prefix: str, world: World) -> Processor[CounterRow | None]:
    """The processor on topics of its own."""
    return Processor(
        name=f"{prefix}counter".replace(".", "-"),
        reads=topic(f"{prefix}intake", 12 * MIB, stamped=True),
        writes=topic(f"{prefix}status", MIB, stamped=False),
        consumes=(Counted,),
        code_version=1,
        head=RowType(
            "counter",
            CounterRow,
            (Column("total", "bigint", _total), Column("note", "text", _note)),
        ),
        parts=(),
        needs=_needs,
        place=_place(world),
        assemble=_assemble,
        take_apart=_take_apart,
        decide=_decide(world),
        refuse=_refuse,
    )


def topic(name: str, size: int, *, stamped: bool) -> Topic:
    """A topic of one test."""
    return Topic(name, "a test", "tests", "tests", 7 * 86_400_000, size, log_append_time=stamped)


def home_of(key: str, tenant: str = "acme") -> str:
    """Where a counter lives."""
    return home(tenant, "counter", key)


def _total(row: CounterRow) -> int:
    return row.total


def _note(row: CounterRow) -> str:
    return row.note


def _needs(event: Event, known: Known) -> Iterable[Ask]:
    yield AskTenant(event.tenant)
    if isinstance(event.fact, Counted):
        for nick in (event.fact.nick, event.fact.drop, event.fact.of):
            if nick:
                yield AskName(event.tenant, KIND, nick)


def _place(world: World) -> Callable[[Event, Known], str]:
    def place(event: Event, known: Known) -> str:
        fact = event.fact
        assert isinstance(fact, Counted)
        if fact.key in world.unplaceable:
            raise LookupError(f"nobody knows where {fact.key} lives")
        if fact.lives:
            return fact.lives
        if fact.of:
            for holder in known.names(AskName(event.tenant, KIND, fact.of)):
                return holder.home
        return home_of(fact.key, event.tenant)

    return place


def _assemble(head: Row | None, parts: Sequence[Row]) -> CounterRow | None:
    assert head is None or isinstance(head, CounterRow)
    return head


def _take_apart(state: CounterRow | None) -> Row | None:
    return state


def _decide(
    world: World,
) -> Callable[[CounterRow | None, Event, Known], Decision[CounterRow | None]]:
    def decide(state: CounterRow | None, event: Event, known: Known) -> Decision[CounterRow | None]:
        fact = event.fact
        if isinstance(fact, TimerDue):
            fact = Counted(key="", by=100)
            return _add(state, event, fact)
        assert isinstance(fact, Counted)
        world.tries.append(event.id)
        total = state.total if state else 0
        if total < fact.at_least:
            raise TooEarlyError(f"waits until the counter stands at {fact.at_least}")
        if fact.needs in world.away:
            vendor = fact.needs if fact.needs.startswith(VENDOR) else None
            raise UnavailableError(f"{fact.needs} is away", vendor)
        if fact.needs in world.broken:
            raise world.broken[fact.needs]
        if fact.by < 0:
            raise reject("negative", "a counter only goes up")
        if fact.nick:
            for holder in known.names(AskName(event.tenant, KIND, fact.nick)):
                if not holder.released and holder.home != home_of(fact.key, event.tenant):
                    raise reject("taken", f"{fact.nick} is taken")
        return _add(state, event, fact)

    return decide


def _add(state: CounterRow | None, event: Event, fact: Counted) -> Decision[CounterRow | None]:
    old = state or CounterRow(event.id, 0, ())
    # The head row's id is the home's, which the engine writes; the document keeps the first event.
    new = CounterRow(old.id, old.total + fact.by, (*old.seen, event.id), fact.note or old.note)
    names: list[NameClaim | NameRelease] = []
    if fact.nick:
        names.append(NameClaim(KIND, fact.nick, event.id))
    if fact.drop:
        names.append(NameRelease(KIND, fact.drop))
    letters = []
    if fact.pass_on:
        told = Counted(key=fact.pass_on, by=fact.by)
        letters.append(Letter(told, home_of(fact.pass_on, event.tenant)))
    return Decision(
        new,
        answer={"total": new.total},
        said=(Said(Total(total=new.total, words="w" * fact.words), event.id),),
        names=tuple(names),
        letters=tuple(letters),
        timers=(SetTimer("wake", fact.wake),) if fact.wake else (),
    )


def _refuse(event: Event, error: RejectedError) -> Said:
    return Said(Refused(reason=str(error)), event.id)


def newer(processor: Processor[Any], version: int) -> Processor[Any]:
    """The same processor in a later release."""
    return replace(processor, code_version=version)
