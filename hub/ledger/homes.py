"""A home, the ids it has seen, and what waits in it: the part of a decision all processors share.

Pure. Whatever it raises (`UnavailableError`, or a fault of ours) it raises before the home changed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.domain.errors import RejectedError, TooEarlyError, reject
from hub.domain.fate import Retry, fate
from hub.ledger.early import Kept, NotRestoredError, kept, restored
from hub.sdk.decision import (
    ClearTimer,
    Decision,
    Letter,
    NameClaim,
    NameRelease,
    Row,
    Said,
    SetTimer,
)
from hub.sdk.events import Event, Known, Outcome, TimerDue
from hub.sdk.processor import Processor

REPLAY_WINDOW = timedelta(days=90)
"""For so long a source may repeat an event and get its first answer again."""
FEW_SEEN = 20
"""Below so many it is not worth looking for what may be forgotten."""
AHEAD = timedelta(hours=24)
"""How far an event's own time may run before its receipt: clocks drift, years do not."""
WAITING_TIMER = "waiting"
DECIDED = (Outcome.APPLIED, Outcome.DEDUPLICATED)
"""Either may have changed what others wait for: a second source's report is a repeat, and news."""
TRY_AGAIN = timedelta(days=1)
REUSED = "was used before with another body"

encode = msgspec.json.Encoder(enc_hook=str).encode


class Seen(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One transport id: what its body was and what was answered."""

    body_hash: str
    outcome: str
    at: datetime
    answer: msgspec.Raw
    edited_hash: str = ""
    """Of the body that was decided, where a person had edited it: the source may send that, too."""

    def is_of(self, event: Event) -> bool:
        """Whether this was an answer to the same event, as it came or as it was edited."""
        mine = {self.body_hash, self.edited_hash} - {""}
        return event.body_hash in mine or event.edited_hash in mine


class Inbox(msgspec.Struct, gc=False):
    """What a home remembers of its correspondence."""

    seen: dict[str, Seen] = {}
    waiting: list[Kept] = []


@dataclass(slots=True)
class Home:
    """A home as loaded or as decided so far; `version` is that of the stored head row."""

    id: str
    tenant: str
    version: int
    inbox: Inbox
    state: Any


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """An event with what only the engine needs to know of it."""

    event: Event
    offset: int
    request: str | None = None
    """The request row that waits for the answer."""


class Settled(msgspec.Struct, frozen=True, gc=False):
    """What became of one event. `before` tells where it was counted until now, if anywhere."""

    arrival: Arrival
    outcome: Outcome
    before: Outcome | None = None
    answer: bytes = b"null"
    reason: str = ""
    error: Exception | None = None
    said: tuple[Said, ...] = ()
    rows: tuple[Row, ...] = ()
    names: tuple[NameClaim | NameRelease, ...] = ()
    letters: tuple[Letter, ...] = ()
    timers: tuple[SetTimer | ClearTimer, ...] = ()
    founded: tuple[Row, ...] = ()


def settle(processor: Processor[Any], home: Home, arrival: Arrival, known: Known) -> list[Settled]:
    """Decide an event in its home, then whatever had been waiting there for it."""
    event = arrival.event
    if _timer(event) == WAITING_TIMER:
        return _waiting_timer(processor, home, arrival, known)
    seen = home.inbox.seen.get(_key(event))
    if seen is not None:
        return [_repeat(processor, arrival, seen)]
    settled = _first(processor, home, arrival, known)
    if settled.outcome not in DECIDED or not home.inbox.waiting:
        return [settled]
    moved = _retry_waiting(processor, home, event.received_at, known)
    if not home.inbox.waiting:
        settled = replace(settled, timers=(*settled.timers, ClearTimer(WAITING_TIMER)))
    return [settled, *moved]


def _timer(event: Event) -> str | None:
    # By the type's name first: it is far cheaper than asking a pydantic model's class.
    if event.type == TimerDue.TYPE and isinstance(event.fact, TimerDue):
        return event.fact.name
    return None


def _waiting_timer(
    processor: Processor[Any], home: Home, arrival: Arrival, known: Known
) -> list[Settled]:
    now = arrival.event.time
    moved = _retry_waiting(processor, home, now, known)
    waiting = home.inbox.waiting
    ends = [one.received_at + _patience(one.tenant, known) for one in waiting]
    again = (SetTimer(WAITING_TIMER, min(now + TRY_AGAIN, *ends)),) if waiting else ()
    return [*moved, Settled(arrival, Outcome.APPLIED, timers=again)]


def _patience(tenant: str, known: Known) -> timedelta:
    row = known.tenant(tenant)
    return timedelta(days=row.patience_days if row else 0)


def _key(event: Event) -> str:
    return f"{event.connector}/{event.id}"


def _repeat(processor: Processor[Any], arrival: Arrival, seen: Seen) -> Settled:
    if seen.is_of(arrival.event):
        return Settled(
            arrival, Outcome.DEDUPLICATED, answer=bytes(seen.answer), reason="seen before"
        )
    error = reject("id_reused", f"event id {arrival.event.id!r} {REUSED}")
    return _refused(processor, arrival, error, before=None)


def _first(processor: Processor[Any], home: Home, arrival: Arrival, known: Known) -> Settled:
    event = arrival.event
    try:
        _check_time(event)
        settled = _applied(home, arrival, processor.decide(home.state, event, known), before=None)
    except RejectedError as error:
        settled = _refused(processor, arrival, error, before=None)
    except TooEarlyError as error:
        settled = _wait(home, arrival, str(error))
    if _timer(event) is None:
        _remember(home, settled)
    return settled


def _check_time(event: Event) -> None:
    if event.time > event.received_at + AHEAD:
        message = (
            f"event time {event.time.isoformat()} is more than 24 h after its receipt at "
            f"{event.received_at.isoformat()}; check the publisher's clock"
        )
        raise reject("time_in_future", message)


def _applied(
    home: Home, arrival: Arrival, decision: Decision[Any], *, before: Outcome | None
) -> Settled:
    home.state = decision.state
    return Settled(
        arrival,
        decision.outcome,
        before,
        answer=encode(decision.answer),
        said=decision.said,
        rows=decision.rows,
        names=decision.names,
        letters=decision.letters,
        timers=decision.timers,
        founded=decision.founded,
    )


def _refused(
    processor: Processor[Any], arrival: Arrival, error: RejectedError, *, before: Outcome | None
) -> Settled:
    return Settled(
        arrival,
        Outcome.REJECTED,
        before,
        answer=encode({"reasons": [r.model_dump(exclude_none=True) for r in error.reasons]}),
        reason=str(error),
        said=(processor.refuse(arrival.event, error),),
    )


def _wait(home: Home, arrival: Arrival, reason: str) -> Settled:
    event = arrival.event
    timers: tuple[SetTimer, ...] = ()
    if not home.inbox.waiting:
        timers = (SetTimer(WAITING_TIMER, event.received_at + TRY_AGAIN),)
    home.inbox.waiting.append(kept(event, arrival.offset, arrival.request))
    return Settled(
        arrival, Outcome.EARLY, answer=encode({"waits_for": reason}), reason=reason, timers=timers
    )


def waiting_arrivals(processor: Processor[Any], home: Home) -> list[Arrival]:
    """The early events of a home that can be read, oldest first."""
    return [arrival for arrival, wrong in _restored(processor, home) if wrong is None]


def _restored(
    processor: Processor[Any], home: Home
) -> list[tuple[Arrival, NotRestoredError | None]]:
    models = {fact.TYPE: fact for fact in processor.consumes}
    found = [(one, *restored(one, models)) for one in home.inbox.waiting]
    return [(Arrival(event, one.offset, one.request), wrong) for one, event, wrong in found]


def _retry_waiting(
    processor: Processor[Any], home: Home, now: datetime, known: Known
) -> list[Settled]:
    """Try what waits, again and again until nothing more moves; give up on what waited too long."""
    moved: list[Settled] = []
    waiting: list[Arrival] = []
    for arrival, wrong in _restored(processor, home):
        if wrong is None:
            waiting.append(arrival)
        else:
            moved.append(_lost(home, arrival, wrong))
    progress = True
    while progress:
        found = _one_round(processor, home, waiting, now, known)
        moved += found
        failed = any(one.error is not None for one in found)
        progress = not failed and any(one.outcome in DECIDED for one in found)
    left = {(arrival.event.connector, arrival.event.id) for arrival in waiting}
    home.inbox.waiting = [one for one in home.inbox.waiting if (one.connector, one.id) in left]
    return moved


def _lost(home: Home, arrival: Arrival, wrong: NotRestoredError) -> Settled:
    """It waits no longer, whatever comes; like all that is no valid event, it holds nothing."""
    dead, reason = Outcome.DEAD_LETTERED, str(wrong)
    answer = encode({"reason": reason})
    settled = Settled(arrival, dead, Outcome.EARLY, answer=answer, reason=reason, error=wrong)
    _remember(home, settled)
    return settled


def _one_round(
    processor: Processor[Any], home: Home, waiting: list[Arrival], now: datetime, known: Known
) -> list[Settled]:
    """Try each once, and take out of the list what no longer waits."""
    found: list[Settled] = []
    for arrival in list(waiting):
        settled = _again(processor, home, arrival, now, known)
        if settled is None:
            continue
        waiting.remove(arrival)
        found.append(settled)
        _remember(home, settled)
        if settled.error is not None:
            # It holds the home from now on, so what waits beside it must not overtake it.
            break
    return found


def _again(
    processor: Processor[Any], home: Home, arrival: Arrival, now: datetime, known: Known
) -> Settled | None:
    event = arrival.event
    try:
        return _applied(
            home, arrival, processor.decide(home.state, event, known), before=Outcome.EARLY
        )
    except RejectedError as error:
        return _refused(processor, arrival, error, before=Outcome.EARLY)
    except TooEarlyError as error:
        patience = _patience(event.tenant, known)
        if now < event.received_at + patience:
            return None
        never = reject("never_came", f"{error}; waited {patience.days} days for it")
        return _refused(processor, arrival, never, before=Outcome.EARLY)
    except Exception as error:  # noqa: BLE001 - away, or a fault of ours: this one event becomes an item
        retried = isinstance(fate(error, 1), Retry)
        outcome = Outcome.RETRYING if retried else Outcome.DEAD_LETTERED
        return Settled(arrival, outcome, Outcome.EARLY, reason=repr(error), error=error)


def _remember(home: Home, settled: Settled) -> None:
    event = settled.arrival.event
    if settled.error is not None:
        # Its redrive must be decided, not recognised as a repeat.
        home.inbox.seen.pop(_key(event), None)
        return
    if len(home.inbox.seen) > FEW_SEEN:
        oldest = event.received_at - REPLAY_WINDOW
        home.inbox.seen = {k: seen for k, seen in home.inbox.seen.items() if seen.at >= oldest}
    home.inbox.seen[_key(event)] = Seen(
        event.body_hash,
        settled.outcome.value,
        event.received_at,
        msgspec.Raw(settled.answer),
        event.edited_hash,
    )
