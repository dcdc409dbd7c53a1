"""Deciding a batch: place, hold or settle each event in order, and gather what to write."""

import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.access.keyring import HUB, Keyring
from hub.domain.errors import HubError
from hub.domain.fate import Retry, fate
from hub.ledger import wire
from hub.ledger.entries import Entry, SaidEntry
from hub.ledger.homes import Arrival, Home, Inbox, Settled, settle, waiting_arrivals
from hub.ledger.lookups import Lookups
from hub.ledger.plan import (
    ItemGone,
    ItemRow,
    LetterRow,
    NameRow,
    PartRow,
    Plan,
    TimerRow,
)
from hub.ledger.wire import Incoming
from hub.sdk.decision import Letter, NameClaim, NameRelease, SetTimer
from hub.sdk.events import Ask, AskTenant, Event, NameHolder, Outcome, TimerDue
from hub.sdk.processor import Processor
from schemas.envelope import Envelope, source_of, to_headers
from schemas.refs import derived_id, place
from schemas.topics import Topic, dead_letters

ROUNDS = 3
MAX_HOPS = 3
HEADER_ROOM = 2048
"""Bytes kept free for headers beside an outgoing event's data."""
TIMER_PAUSE = timedelta(minutes=1)
BREAKER = 20
"""So many faults of ours in a row stop the partition instead of filling the dead letters."""


class OutgoingTooLargeError(HubError):
    """A status event would not fit its topic, so what caused it must not be applied."""


class TooManyHopsError(HubError):
    """An event was forwarded again and again; two rules disagree about its home."""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it stands in the table, due for another try."""

    row: ItemRow
    wanted: str | None
    wanted_why: str | None
    foremost: bool
    """No earlier item of its home is there."""


@dataclass(frozen=True, slots=True)
class StoredTimer:
    """A timer that has come due."""

    home: str
    name: str
    tenant: str
    due_at: datetime
    now: datetime
    """Postgres's clock when it was found due."""


@dataclass(slots=True)
class Standing:
    """What a partition carries from batch to batch, beside the plan in flight."""

    part: int
    partitions: int
    seq: int
    next_offset: int
    letter: int
    """The number of the last letter written."""
    held: Counter[str] = field(default_factory=Counter)
    """How many items each home has; while it has any, its events wait behind them."""
    loose: set[str] = field(default_factory=set)
    """Homes whose foremost item was settled, so that the next one may be tried."""
    faults: int = 0
    """Faults of ours in a row."""
    poison: dict[int, str] = field(default_factory=dict)
    """Offsets whose data Postgres refused, with what it said."""


class BreakerOpenError(HubError):
    """Too many faults of ours in a row; the partition stops before this event."""


@dataclass(slots=True)
class Batch:
    """One batch being decided."""

    processor: Processor[Any]
    keyring: Keyring
    lookups: Lookups
    standing: Standing
    plan: Plan
    faulty: bool = False
    """The breaker is open: what comes next is not part of this batch."""
    asks: dict[str, list[Ask]] = field(default_factory=dict)
    """What each event of the batch asked for when it was prepared, by event id."""
    timer_failures: list[tuple[StoredTimer, Exception]] = field(default_factory=list)

    async def take(self, incoming: Sequence[Incoming]) -> None:
        """Decide records in the order of their offsets."""
        await self._prepare([one.arrival for one in incoming if one.arrival is not None])
        for one in incoming:
            try:
                await self._record(one)
            except BreakerOpenError:
                self.faulty = True
                return
            self.plan.to_offset = one.offset + 1

    async def retry(self, items: Sequence[tuple[StoredItem, Incoming]], loose: set[str]) -> None:
        """Try due items again. In a home, one follows another only where `loose` gave them all."""
        await self._prepare([one.arrival for _, one in items if one.arrival is not None])
        open_homes: set[str | None] = set()
        for item, one in items:
            home = item.row.home
            if item.wanted == "give_up":
                self._give_up(item, one)
            elif item.foremost or home in open_homes:
                await self._item(item, one)
                settled = isinstance(self.plan.items[item.row.offset], ItemGone)
                if settled and home in loose:
                    open_homes.add(home)
                else:
                    open_homes.discard(home)

    async def fire(self, timers: Sequence[StoredTimer]) -> None:
        """Let due timers decide, each in its home."""
        await self.lookups.load({timer.home: timer.tenant for timer in timers})
        arrivals = [_timer_arrival(timer) for timer in timers]
        await self.lookups.answer(AskTenant(timer.tenant) for timer in timers)
        for timer, arrival in zip(timers, arrivals, strict=True):
            if not self.standing.held[timer.home]:
                await self._timer(timer, arrival)

    # Before deciding

    async def _prepare(self, arrivals: Sequence[Arrival]) -> None:
        """Load in few round trips what these events will ask for."""
        known = self.lookups.known
        await self.lookups.answer(AskTenant(arrival.event.tenant) for arrival in arrivals)
        arrivals = [a for a in arrivals if known.tenant(a.event.tenant) is not None]
        for _ in range(ROUNDS):
            for arrival in arrivals:
                self.asks[arrival.event.id] = list(self.processor.needs(arrival.event, known))
            asks = [ask for asks in self.asks.values() for ask in asks]
            if not known.missing(asks):
                break
            await self.lookups.answer(asks)
        mine = {}
        for arrival in arrivals:
            home = self.processor.place(arrival.event, known)
            if place(home, self.standing.partitions) == self.standing.part:
                mine[home] = arrival.event.tenant
        await self._load(mine)

    async def _load(self, homes: dict[str, str]) -> None:
        await self.lookups.load(homes)
        waiting = [
            arrival
            for home in homes
            if self.lookups.homes[home].inbox.waiting
            for arrival in waiting_arrivals(self.processor, self.lookups.homes[home])
        ]
        for arrival in waiting:
            await self._answer(arrival.event)

    async def _answer(self, event: Event) -> None:
        for _ in range(ROUNDS):
            missing = self.lookups.known.missing(self.processor.needs(event, self.lookups.known))
            if not missing:
                return
            await self.lookups.answer(missing)

    async def _home(self, event: Event) -> str:
        """The home of an event as things stand at its turn in the batch."""
        if self.lookups.touched and not self.lookups.touched.isdisjoint(
            self.asks.get(event.id, ())
        ):
            await self._answer(event)
        home = self.processor.place(event, self.lookups.known)
        if (
            home not in self.lookups.homes
            and place(home, self.standing.partitions) == self.standing.part
        ):
            await self._load({home: event.tenant})
        return home

    # One event

    async def _record(self, one: Incoming) -> None:
        if one.offset in self.standing.poison:
            self._set_aside(
                one, None, f"Postgres refuses this data: {self.standing.poison[one.offset]}"
            )
        elif one.arrival is None:
            self._set_aside(one, None, one.invalid)
        elif self.lookups.known.tenant(one.arrival.event.tenant) is None:
            self._set_aside(
                one,
                None,
                f"unknown tenant {one.arrival.event.tenant!r}; add it with `hub tenant set`",
            )
        else:
            home = await self._home(one.arrival.event)
            if place(home, self.standing.partitions) != self.standing.part:
                self._forward(one, one.arrival, home)
            elif self.standing.held[home]:
                self._hold(one, one.arrival, home)
            else:
                self._decide(one, one.arrival, home, None)

    async def _item(self, item: StoredItem, one: Incoming) -> None:
        row = item.row
        if row.offset in self.standing.poison:
            reason = f"Postgres refuses this data: {self.standing.poison[row.offset]}"
            self._still_dead(row, reason)
            return
        if one.arrival is None or self.lookups.known.tenant(one.arrival.event.tenant) is None:
            reason = (
                one.invalid or f"unknown tenant {one.envelope.tenant if one.envelope else ''!r}"
            )
            self._still_dead(row, reason)
            return
        home = await self._home(one.arrival.event)
        if place(home, self.standing.partitions) != self.standing.part:
            self._forward(one, one.arrival, home, item)
        else:
            self._decide(one, one.arrival, home, item)

    def _still_dead(self, row: ItemRow, reason: str) -> None:
        self._put_item(
            replace(row, state="dead_lettered", delay=None, reason=reason, attempt=row.attempt + 1),
            row,
        )
        self.plan.counts[row.state] -= 1
        self.plan.counts[Outcome.DEAD_LETTERED] += 1

    def _decide(self, one: Incoming, arrival: Arrival, home: str, item: StoredItem | None) -> None:
        before = self.lookups.homes[home]
        trial = _copy(before)
        try:
            settled = settle(self.processor, trial, arrival, self.lookups.known)
            entries = [self._entry(trial, one_settled) for one_settled in settled]
        except Exception as error:  # noqa: BLE001 - a fault of ours or of the outside: the event is kept, never dropped
            self._failed(one, arrival, home, item, error)
            return
        self.standing.faults = 0
        self._accept(trial, settled, entries)
        self._keep_contact(one, arrival)
        if item is not None:
            self._settle_item(item)
            self.plan.counts[item.row.state] -= 1

    async def _timer(self, timer: StoredTimer, arrival: Arrival) -> None:
        await self._answer(arrival.event)
        trial = _copy(self.lookups.homes[timer.home])
        try:
            settled = settle(self.processor, trial, arrival, self.lookups.known)
            entries = [self._entry(trial, one) for one in settled]
        except Exception as error:  # noqa: BLE001 - the timer is kept and its failure reported
            self.timer_failures.append((timer, error))
            self.plan.timers[timer.home, timer.name] = TimerRow(
                timer.tenant, timer.now + TIMER_PAUSE
            )
            return
        self.plan.timers[timer.home, timer.name] = TimerRow(timer.tenant, None)
        self._accept(trial, settled, entries)

    # What an event leads to

    def _entry(self, home: Home, settled: Settled) -> Entry:
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
            said=tuple(self._said(event, n, settled) for n in range(len(settled.said))),
        )

    def _said(self, event: Event, number: int, settled: Settled) -> SaidEntry:
        said = settled.said[number]
        data = said.fact.__pydantic_serializer__.to_json(said.fact, exclude_none=True)
        if len(data) > self.processor.writes.max_message_bytes - HEADER_ROOM:
            message = (
                f"{said.fact.TYPE} has {len(data)} bytes; "
                f"{self.processor.writes.name} takes {self.processor.writes.max_message_bytes}"
            )
            raise OutgoingTooLargeError(message)
        cause = (event.tenant, event.connector, event.id, event.body_hash, str(number))
        return SaidEntry(
            0, derived_id("evt", *cause), said.fact.TYPE, said.subject, msgspec.Raw(data)
        )

    def _accept(self, home: Home, settled: Sequence[Settled], entries: Sequence[Entry]) -> None:
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
            self._effects(home, one)

    def _effects(self, home: Home, one: Settled) -> None:
        event = one.arrival.event
        for row in one.rows:
            table = self._table(row)
            self.plan.parts.setdefault(table, {})[row.id] = PartRow(
                home.id, home.tenant, home.version, row
            )
            self.lookups.rewritten(table, row)
        for name in one.names:
            self._name(home, name)
        for number, letter in enumerate(one.letters):
            self._letter(event, number, letter)
        for timer in one.timers:
            due_at = timer.due_at if isinstance(timer, SetTimer) else None
            self.plan.timers[home.id, timer.name] = TimerRow(home.tenant, due_at)
        if one.arrival.request:
            self.plan.requests[one.arrival.request] = (one.outcome.value, one.answer)
        if one.error is not None:
            self._dead_letter_waiting(home, one, one.error)

    def _table(self, row: object) -> str:
        for row_type in self.processor.parts:
            if isinstance(row, row_type.row):
                return row_type.table
        message = f"{self.processor.name} decided a row of {type(row).__name__}, which it does not declare"
        raise TypeError(message)

    def _name(self, home: Home, change: NameClaim | NameRelease) -> None:
        key = (change.kind, home.tenant, change.value)
        held = self.lookups.name(*key)
        planned = self.plan.names.get(key)
        was = planned.was if planned is not None else (held.home if held else None)
        released = isinstance(change, NameRelease)
        identifier = change.id if isinstance(change, NameClaim) else (held.id if held else "")
        self.plan.names[key] = NameRow(home.id, identifier, released, was)
        holder = NameHolder(change.kind, change.value, home.id, identifier, released)
        self.lookups.granted(home.tenant, holder)

    def _letter(self, event: Event, number: int, letter: Letter) -> None:
        cause = ("letter", event.tenant, event.connector, event.id, event.body_hash, str(number))
        envelope = Envelope(
            id=derived_id("ltr", *cause),
            source=source_of(event.tenant, HUB),
            type=letter.fact.TYPE,
            time=event.time,
            tenant=event.tenant,
            partitionkey=letter.home,
            correlationid=event.correlationid or event.id,
            causationid=event.id,
            traceparent=event.traceparent,
        )
        data = letter.fact.model_dump_json(exclude_none=True).encode()
        target = place(letter.home, self.standing.partitions)
        self._post(
            self.processor.reads, target, event.tenant, letter.home, to_headers(envelope), data
        )

    def _post(
        self,
        topic: Topic,
        target: int,
        tenant: str,
        key: str,
        headers: list[tuple[str, bytes]],
        value: bytes | None,
    ) -> None:
        self.standing.letter += 1
        body = wire.pack((key.encode(), value, headers))
        sealed = self.keyring.seal(tenant, body)
        self.plan.letters.append(
            LetterRow(self.standing.letter, topic.name, target, tenant, sealed)
        )

    def _forward(
        self, one: Incoming, arrival: Arrival, home: str, item: StoredItem | None = None
    ) -> None:
        if one.hops >= MAX_HOPS:
            message = f"forwarded {one.hops} times and still not at its home {home}"
            self._failed(one, arrival, None, item, TooManyHopsError(message))
            return
        target = place(home, self.standing.partitions)
        self._post(
            self.processor.reads,
            target,
            arrival.event.tenant,
            home,
            wire.forwarded(one),
            one.payload.value,
        )
        self._log(one, home, Outcome.FORWARDED, f"to partition {target}", item)
        if item is not None:
            self._settle_item(item)
            self.plan.counts[item.row.state] -= 1

    # What cannot be decided now

    def _set_aside(self, one: Incoming, home: str | None, reason: str) -> None:
        """A dead letter that holds nothing: it was no valid event."""
        self._put_item(self._item_row(one, home, Outcome.DEAD_LETTERED, reason, None, None), None)
        self._dead_letter_copy(one, reason, 1)
        self._log(one, home or "", Outcome.DEAD_LETTERED, reason)

    def _hold(self, one: Incoming, arrival: Arrival, home: str) -> None:
        reason = "waits behind an earlier event of its home"
        self._put_item(self._item_row(one, home, Outcome.HELD, reason, None, None), None)
        self._log(one, home, Outcome.HELD, reason)
        self._asked(arrival, Outcome.HELD, reason)

    def _failed(
        self,
        one: Incoming,
        arrival: Arrival,
        home: str | None,
        item: StoredItem | None,
        error: Exception,
    ) -> None:
        attempt = item.row.attempt + 1 if item is not None else 1
        destiny = fate(error, attempt)
        reason = f"{type(error).__name__}: {error}"
        if isinstance(destiny, Retry):
            row = self._item_row(one, home, Outcome.RETRYING, reason, None, destiny.delay)
        else:
            if item is None:
                self._count_fault()
            trace = "".join(traceback.format_exception(error))
            row = self._item_row(one, home, Outcome.DEAD_LETTERED, reason, trace, None)
            self._dead_letter_copy(one, reason, attempt)
        self._put_item(replace(row, attempt=attempt), item.row if item is not None else None)
        outcome = Outcome(row.state)
        self._log(one, home or "", outcome, reason, item)
        if item is not None:
            self.plan.counts[item.row.state] -= 1
        self._asked(arrival, outcome, reason)

    def _count_fault(self) -> None:
        if self.standing.faults >= BREAKER:
            message = f"{BREAKER} faults in a row"
            raise BreakerOpenError(message)
        self.standing.faults += 1

    def _asked(self, arrival: Arrival, outcome: Outcome, reason: str) -> None:
        if arrival.request:
            self.plan.requests[arrival.request] = (
                outcome.value,
                msgspec.json.encode({"reason": reason}),
            )

    def _item_row(
        self,
        one: Incoming,
        home: str | None,
        state: Outcome,
        reason: str,
        error: str | None,
        delay: float | None,
    ) -> ItemRow:
        envelope, arrival = one.envelope, one.arrival
        tenant = self._sealing_tenant(one)
        contacts: tuple[str, ...] = ()
        if one.contact is not None:
            customer = one.contact.customer
            contacts = tuple(
                h for h in (customer.ref, customer.email_hash, customer.phone_hash) if h
            )
        return ItemRow(
            offset=one.offset,
            home=home,
            state=state.value,
            tenant=tenant,
            event_id=envelope.id if envelope else "",
            type=envelope.type if envelope else "",
            attempt=1,
            delay=delay,
            reason=_storable(reason),
            error=_storable(error) if error else None,
            sealed=self.keyring.seal(tenant, wire.pack(one.payload)),
            contacts=contacts,
            received_at=arrival.event.received_at if arrival else one.payload.received_at,
        )

    def _sealing_tenant(self, one: Incoming) -> str:
        tenant = one.envelope.tenant if one.envelope else None
        known = tenant is not None and self.lookups.known.answers.get(AskTenant(tenant)) is not None
        return tenant if known and tenant is not None else HUB

    def _put_item(self, row: ItemRow, stored: ItemRow | None) -> None:
        version = stored.version + 1 if stored is not None else 1
        self.plan.items[row.offset] = replace(row, version=version)
        if stored is None and row.home is not None:
            self.standing.held[row.home] += 1

    def _settle_item(self, item: StoredItem) -> None:
        self.plan.items[item.row.offset] = ItemGone(item.row.offset, item.row.version)
        home = item.row.home
        if home is not None:
            self.standing.held[home] -= 1
            self.standing.loose.add(home)
            if not self.standing.held[home]:
                del self.standing.held[home]
                self.standing.loose.discard(home)

    def _give_up(self, item: StoredItem, one: Incoming) -> None:
        self._settle_item(item)
        self.plan.counts[item.row.state] -= 1
        reason = item.wanted_why or "given up"
        self._log(one, item.row.home or "", Outcome.GIVEN_UP, reason, item)
        if one.arrival is not None:
            self._asked(one.arrival, Outcome.GIVEN_UP, reason)

    def _dead_letter_copy(self, one: Incoming, reason: str, attempts: int) -> None:
        """A copy for whoever watches the `.dlq` topic; its body is sealed, its headers say why."""
        topic = dead_letters(self.processor.reads)
        kept = [h for h in one.payload.headers if h[0].startswith("ce_")]
        tenant = self._sealing_tenant(one)
        headers = [
            *kept,
            ("hub-original-topic", self.processor.reads.name.encode()),
            ("hub-original-partition", b"%d" % self.standing.part),
            ("hub-original-offset", b"%d" % one.offset),
            ("hub-reason", reason.encode()[:4096]),
            ("hub-attempts", b"%d" % attempts),
            ("hub-sealed-for", tenant.encode()),
        ]
        value = None if one.payload.value is None else self.keyring.seal(tenant, one.payload.value)
        self._post(topic, self.standing.part, tenant, f"{one.offset}", headers, value)

    def _dead_letter_waiting(self, home: Home, settled: Settled, error: Exception) -> None:
        """An early event met a fault of ours when its turn came."""
        event = settled.arrival.event
        envelope = Envelope(
            id=event.id,
            source=source_of(event.tenant, event.connector),
            type=event.type,
            time=event.time,
            tenant=event.tenant,
            subject=event.subject,
            correlationid=event.correlationid,
            traceparent=event.traceparent,
        )
        headers = to_headers(envelope)
        if settled.arrival.request:
            headers.append((wire.REQUEST, settled.arrival.request.encode()))
        value = event.fact.model_dump_json(exclude_none=True).encode()
        payload = wire.Payload(headers, value, event.received_at, event.customer, event.body_hash)
        one = Incoming(settled.arrival.offset, payload, settled.arrival, envelope=envelope)
        trace = "".join(traceback.format_exception(error))
        self._put_item(
            self._item_row(one, home.id, Outcome.DEAD_LETTERED, settled.reason, trace, None), None
        )
        self._dead_letter_copy(one, settled.reason, 1)

    def _log(
        self,
        one: Incoming,
        home: str,
        outcome: Outcome,
        reason: str,
        item: StoredItem | None = None,
    ) -> None:
        """Note in the decision log, and count, what was not decided inside its home."""
        envelope = one.envelope
        self.plan.counts[outcome] += 1
        self.plan.entries.append(
            Entry(
                offset=one.offset,
                event=envelope.id if envelope else "",
                type=envelope.type if envelope else "",
                tenant=envelope.tenant if envelope else "",
                connector=envelope.connector if envelope else "",
                home=home,
                outcome=outcome.value,
                time=envelope.time if envelope else one.payload.received_at,
                before=item.row.state if item is not None else None,
                reason=reason,
                by=self.processor.name,
            )
        )

    def _keep_contact(self, one: Incoming, arrival: Arrival) -> None:
        if one.contact is not None:
            key = (one.contact.tenant, one.contact.customer.ref)
            self.plan.contacts[key] = (one.contact, arrival.event.received_at)


def _copy(home: Home) -> Home:
    """A home to try a decision on; its state is never changed in place."""
    inbox = Inbox(dict(home.inbox.seen), list(home.inbox.waiting))
    return Home(home.id, home.tenant, home.version, inbox, home.state)


def _storable(text: str) -> str:
    """Text that Postgres takes, whatever the event had in it."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def _timer_arrival(timer: StoredTimer) -> Arrival:
    fact = TimerDue(name=timer.name)
    event = Event(
        id=f"timer/{timer.home}/{timer.name}/{timer.due_at.isoformat()}",
        type=TimerDue.TYPE,
        tenant=timer.tenant,
        connector=HUB,
        time=timer.due_at,
        received_at=timer.due_at,
        fact=fact,
    )
    return Arrival(event, offset=-1)
