"""What a decision leads to: its line in the log, its events, rows, names, letters and timers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.domain.errors import HubError
from hub.ledger.entries import NO_BODY, Entry, SaidEntry
from hub.ledger.homes import Home, Settled
from hub.ledger.lookups import Lookups
from hub.ledger.naming import APPLIED, names_of
from hub.ledger.plan import NOBODY, NameRow, PartRow, Plan, Reply, TimerRow
from hub.ledger.post import Post
from hub.ledger.wire import ACTED_TYPES
from hub.sdk.decision import NameClaim, NameRelease, SetTimer
from hub.sdk.events import Event, NameHolder
from hub.sdk.processor import Processor
from schemas.refs import derived_id, home_of

HEADER_ROOM = 4096
"""Bytes kept free for headers beside an outgoing event's data."""


class OutgoingTooLargeError(HubError):
    """A status event would not fit its topic, so what caused it must not be applied."""


@dataclass(slots=True)
class Effects:
    """Gathers in the plan what the decisions of one batch lead to."""

    processor: Processor[Any]
    lookups: Lookups
    post: Post
    plan: Plan
    tables: dict[type, str] = field(init=False)
    others: dict[type, str] = field(init=False)

    def __post_init__(self) -> None:
        """Know a row's table by its class."""
        self.tables = {part.row: part.table for part in self.processor.parts}
        self.others = {other.row: other.table for other in self.processor.others}

    def entry(self, home: Home, settled: Settled) -> Entry:
        """The line of the log, its events not numbered yet.

        Raises:
            OutgoingTooLargeError: an event does not fit its topic.

        """
        event = settled.arrival.event
        tenant = self.lookups.known.tenant(event.tenant)
        return Entry(
            offset=settled.arrival.offset,
            event=event.id,
            type=event.type,
            tenant=event.tenant,
            connector=event.connector,
            home=home.id,
            outcome=settled.outcome.value,
            time=event.time,
            before=settled.before.value if settled.before else None,
            reason=settled.reason,
            tenant_version=tenant.version if tenant else 0,
            correlationid=event.correlationid or "",
            traceparent=event.traceparent,
            by=self.processor.name,
            hash=event.body_hash,
            raw=event.raw,
            body=_redacted(event, settled),
            names=() if settled.outcome in APPLIED else names_of(_json(event)),
            said=tuple([self._said(event, n, settled) for n in range(len(settled.said))]),
        )

    def _said(self, event: Event, number: int, settled: Settled) -> SaidEntry:
        said = settled.said[number]
        # `model_dump_json` without its dozen options; there is one of these for nearly every event.
        data = said.fact.__pydantic_serializer__.to_json(said.fact, exclude_none=True)
        kind = said.fact.TYPE
        if len(data) > self.processor.writes.max_message_bytes - HEADER_ROOM:
            topic = self.processor.writes
            message = (
                f"{kind} has {len(data)} bytes; {topic.name} takes {topic.max_message_bytes} "
                "with its headers"
            )
            raise OutgoingTooLargeError(message)
        cause = (event.tenant, event.connector, event.id, event.body_hash, str(number))
        return SaidEntry(0, derived_id("evt", *cause), kind, said.subject, msgspec.Raw(data))

    def check(self, settled: Sequence[Settled]) -> None:
        """Raise, while nothing has changed yet, what could not be written or sent later."""
        for one in settled:
            for row in one.rows:
                if type(row) not in self.tables:
                    message = f"{self.processor.name} declares no table for {type(row).__name__}"
                    raise TypeError(message)
            for row in one.founded:
                if type(row) not in self.others:
                    message = f"{self.processor.name} may found no {type(row).__name__}"
                    raise TypeError(message)
                home_of(row.id)
            for letter in one.letters:
                self.post.check(letter)

    def accept(self, home: Home, settled: Sequence[Settled], entries: Sequence[Entry]) -> None:
        """Make a decision part of the batch."""
        plan = self.plan
        if home.id not in plan.homes:
            home.version += 1
        self.lookups.homes[home.id] = plan.homes[home.id] = home
        for one, entry in zip(settled, entries, strict=True):
            for said in entry.said:
                plan.seq += 1
                said.seq = plan.seq
            plan.entries.append(entry)
            if one.arrival.offset >= 0:
                plan.counts[one.outcome] += 1
                if one.before is not None:
                    plan.counts[one.before] -= 1
            self._write(home, one)

    def _write(self, home: Home, one: Settled) -> None:
        event = one.arrival.event
        for row in one.rows:
            table = self.tables[type(row)]
            part = PartRow(home.id, home.tenant, home.version, row)
            self.plan.parts.setdefault(table, {})[row.id] = part
            self.lookups.rewritten(table, row)
        for row in one.founded:
            table = self.others[type(row)]
            part = PartRow(home_of(row.id), home.tenant, 0, row)
            self.plan.founded.setdefault(table, {}).setdefault(row.id, part)
            self.lookups.rewritten(table, row)
        for name in one.names:
            self._name(home, name)
        for number, letter in enumerate(one.letters):
            self.post.letter(event, number, letter)
        for timer in one.timers:
            due_at = timer.due_at if isinstance(timer, SetTimer) else None
            self.plan.timers[home.id, timer.name] = TimerRow(home.tenant, due_at)
        if one.arrival.request is not None:
            reply = Reply(event.tenant, event.id, one.outcome.value, one.answer)
            self.plan.reply(one.arrival.request, reply)

    def _name(self, home: Home, change: NameClaim | NameRelease) -> None:
        key = (change.kind, home.tenant, change.value)
        held, stem = self.lookups.name(key)
        planned = self.plan.names.get(key)
        was = planned.was if planned is not None else (held.home if held else None)
        released = isinstance(change, NameRelease)
        if released and held is not None and held.home != home.id:
            # Somebody else holds it by now; only its holder may let go of a name.
            return
        owner, leads_to = held.id if held else "", home.id
        if isinstance(change, NameClaim):
            owner, leads_to = change.id, change.home or home.id
            was = NOBODY if change.free else was
        self.plan.names[key] = NameRow(leads_to, owner, released, was)
        holder = NameHolder(change.kind, change.value, leads_to, owner, released)
        self.lookups.granted(stem, holder)


def _redacted(event: Event, settled: Settled) -> msgspec.Raw:
    """What was decided on, once: a translated event's payload stands in the landing log.

    What somebody did stands in every line of it, however long it waited before: it names him.
    """
    if event.type in ACTED_TYPES:
        return msgspec.Raw(_json(event))
    if event.raw is not None or settled.before is not None or settled.arrival.offset < 0:
        return NO_BODY
    return msgspec.Raw(_json(event))


def _json(event: Event) -> bytes:
    return event.fact.__pydantic_serializer__.to_json(event.fact, exclude_none=True)
