"""A home, the ids it has seen, and what waits in it: the part of a decision all processors share.

Pure. Whatever it raises (`UnavailableError`, or a fault of ours) it raises before the home changed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.domain.errors import RejectedError, TooEarlyError, reject
from hub.domain.fate import Retry, fate
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
from hub.sdk.events import CustomerRef, Event, Known, Outcome, TimerDue
from hub.sdk.processor import Processor
from schemas.base import Fact

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

encode = msgspec.json.Encoder(enc_hook=str).encode


class Seen(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One transport id: what its body was and what was answered."""

    body_hash: str
    outcome: str
    at: datetime
    answer: msgspec.Raw


class Kept(msgspec.Struct, gc=False):
    """An early event as it waits: without personal data, its contact already sealed elsewhere."""

    id: str
    type: str
    tenant: str
    connector: str
    time: datetime
    received_at: datetime
    fact: msgspec.Raw
    body_hash: str
    offset: int
    request: str | None = None
    customer: CustomerRef | None = None
    subject: str | None = None
    correlationid: str | None = None
    traceparent: str | None = None
    raw: str | None = None
    revision: int = 0


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
    return [settled, *_retry_waiting(processor, home, event.received_at, known)]


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
    again = (SetTimer(WAITING_TIMER, now + TRY_AGAIN),) if home.inbox.waiting else ()
    return [*moved, Settled(arrival, Outcome.APPLIED, timers=again)]


def _key(event: Event) -> str:
    return f"{event.connector}/{event.id}"


def _repeat(processor: Processor[Any], arrival: Arrival, seen: Seen) -> Settled:
    if seen.body_hash == arrival.event.body_hash:
        return Settled(
            arrival, Outcome.DEDUPLICATED, answer=bytes(seen.answer), reason="seen before"
        )
    error = reject("id_reused", f"event id {arrival.event.id!r} was used before with another body")
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
    home.inbox.waiting.append(
        Kept(
            id=event.id,
            type=event.type,
            tenant=event.tenant,
            connector=event.connector,
            time=event.time,
            received_at=event.received_at,
            fact=msgspec.Raw(event.fact.model_dump_json(exclude_none=True).encode()),
            body_hash=event.body_hash,
            offset=arrival.offset,
            request=arrival.request,
            customer=event.customer,
            subject=event.subject,
            correlationid=event.correlationid,
            traceparent=event.traceparent,
            raw=event.raw,
            revision=event.revision,
        )
    )
    return Settled(
        arrival, Outcome.EARLY, answer=encode({"waits_for": reason}), reason=reason, timers=timers
    )


def waiting_arrivals(processor: Processor[Any], home: Home) -> list[Arrival]:
    """The early events of a home, oldest first."""
    models = {fact.TYPE: fact for fact in processor.consumes}
    return [_restore(models[kept.type], kept) for kept in home.inbox.waiting]


def _restore(model: type[Fact], kept: Kept) -> Arrival:
    return Arrival(
        Event(
            id=kept.id,
            type=kept.type,
            tenant=kept.tenant,
            connector=kept.connector,
            time=kept.time,
            received_at=kept.received_at,
            fact=model.model_validate_json(bytes(kept.fact)),
            customer=kept.customer,
            subject=kept.subject,
            correlationid=kept.correlationid,
            traceparent=kept.traceparent,
            body_hash=kept.body_hash,
            raw=kept.raw,
            revision=kept.revision,
        ),
        kept.offset,
        kept.request,
    )


def _retry_waiting(
    processor: Processor[Any], home: Home, now: datetime, known: Known
) -> list[Settled]:
    """Try what waits, again and again until nothing more moves; give up on what waited too long."""
    moved: list[Settled] = []
    waiting = waiting_arrivals(processor, home)
    progress = True
    while progress:
        progress = False
        for arrival in list(waiting):
            settled = _again(processor, home, arrival, now, known)
            if settled is not None:
                waiting.remove(arrival)
                moved.append(settled)
                _remember(home, settled)
                progress = progress or settled.outcome in DECIDED
    left = {(arrival.event.connector, arrival.event.id) for arrival in waiting}
    home.inbox.waiting = [kept for kept in home.inbox.waiting if (kept.connector, kept.id) in left]
    return moved


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
        tenant = known.tenant(event.tenant)
        patience = timedelta(days=tenant.patience_days if tenant else 0)
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
    )
