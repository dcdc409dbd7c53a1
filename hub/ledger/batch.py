"""Deciding a batch: each event in order is placed, held, settled in its home, or set aside."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hub.access.keyring import HUB, Keyring
from hub.domain.errors import HubError
from hub.ledger.aside import Aside, BreakerOpenError
from hub.ledger.due import StoredItem, StoredTimer
from hub.ledger.effects import Effects
from hub.ledger.entries import Entry
from hub.ledger.homes import Arrival, Home, Inbox, Settled, settle
from hub.ledger.lookups import Lookups
from hub.ledger.plan import ItemGone, ItemRow, Plan, TimerRow
from hub.ledger.post import Post
from hub.ledger.preparation import STORE, Preparation
from hub.ledger.standing import Standing
from hub.ledger.wire import Incoming
from hub.sdk.events import AskTenant, Event, TimerDue
from hub.sdk.processor import Processor

MAX_HOPS = 3
MOST_ROWS = 5_000
"""A batch that would write more rows ends early: the loop, memory and the statement stay short."""
TIMER_PAUSE = timedelta(minutes=1)


class TooManyHopsError(HubError):
    """An event was forwarded again and again; two rules disagree about its home."""


class TimerRefusedError(HubError):
    """What a timer decides cannot be stored; it is put off until the code is mended."""


class Batch:
    """One batch being decided."""

    def __init__(
        self,
        processor: Processor[Any],
        keyring: Keyring,
        lookups: Lookups,
        standing: Standing,
        plan: Plan,
    ) -> None:
        """Begin with nothing decided."""
        self.plan = plan
        self.faulty = False
        """The breaker is open: what comes next is not part of this batch."""
        self.timer_failures: list[tuple[StoredTimer, Exception]] = []
        self._processor = processor
        self._lookups = lookups
        self._standing = standing
        post = Post(processor.reads, keyring, standing, plan)
        self._effects = Effects(processor, lookups, post, plan)
        self._aside = Aside(processor.name, keyring, lookups, post, standing, plan)
        self._preparation = Preparation(processor, lookups, standing)

    async def take(self, incoming: Sequence[Incoming]) -> None:
        """Decide records in the order of their offsets."""
        # Of what is no valid event too, so that its own tenant's key seals it.
        envelopes = [one.envelope for one in incoming if one.envelope is not None]
        await self._lookups.answer(AskTenant(envelope.tenant) for envelope in envelopes)
        await self._preparation.prepare(
            [one.arrival for one in incoming if one.arrival is not None]
        )
        for one in incoming:
            try:
                await self._record(one)
            except BreakerOpenError:
                self.faulty = True
                return
            self.plan.to_offset = one.offset + 1
            if one.wake and one.request is not None:
                self.plan.wakes.append(one.request)
            if sum(map(len, self.plan.parts.values())) > MOST_ROWS:
                # A few events can mean very many rows; the rest is read again.
                return

    async def retry(self, items: Sequence[tuple[StoredItem, Incoming]]) -> None:
        """Try due items again. In a home, one is tried only when nothing stands before it."""
        await self._preparation.prepare(
            [one.arrival for _, one in items if one.arrival is not None]
        )
        settled: set[int] = set()
        for item, one in items:
            foremost = item.after is None or item.after in settled
            if item.wanted == "give_up":
                self._aside.give_up(one, item)
            elif foremost:
                await self._item(item, one)
            if foremost and self._makes_way(item):
                settled.add(item.row.offset)

    def _makes_way(self, item: StoredItem) -> bool:
        """Whether the item that follows a foremost one may be tried now."""
        home, standing = item.row.home, self._standing
        gone = isinstance(self.plan.items[item.row.offset], ItemGone)
        # What had waited in the home may have failed when this one came, and is in front now.
        first = gone and not any(
            isinstance(row, ItemRow) and row.home == home for row in self.plan.items.values()
        )
        if home is not None and first and standing.held[home]:
            standing.loose.add(home)
        elif home is not None:
            standing.loose.discard(home)
        return first

    async def fire(self, timers: Sequence[StoredTimer]) -> None:
        """Let due timers decide, each in its home."""
        await self._lookups.answer(AskTenant(timer.tenant) for timer in timers)
        await self._preparation.load({timer.home: timer.tenant for timer in timers})
        for timer in timers:
            if not self._standing.held[timer.home]:
                await self._timer(timer)

    # One event

    async def _record(self, one: Incoming) -> None:
        reason = self._unfit(one)
        if reason or one.arrival is None:
            self._aside.invalid(one, reason)
            return
        try:
            home = await self._preparation.home(one.arrival.event)
        except STORE:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours: the event is kept, never dropped
            self._aside.failed(one, None, None, error)
            return
        if not self._standing.is_mine(home):
            self._forward(one, one.arrival, home, None)
        elif self._is_foreign(one.arrival, home):
            self._aside.invalid(one, f"home {home} belongs to another tenant")
        elif self._standing.held[home]:
            self._aside.hold(one, home)
        else:
            self._decide(one, one.arrival, home, None)

    async def _item(self, item: StoredItem, one: Incoming) -> None:
        if item.wanted == "redrive":
            # Whoever asks again may have mended the code that made it impossible to store.
            self._standing.poison.pop(one.offset, None)
        reason = self._unfit(one)
        if reason or one.arrival is None:
            self._aside.still_dead(one, item, reason)
            return
        try:
            home = await self._preparation.home(one.arrival.event)
        except STORE:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours: the event is kept, never dropped
            self._aside.failed(one, item.row.home, item, error)
            return
        if not self._standing.is_mine(home):
            self._forward(one, one.arrival, home, item)
        elif self._is_foreign(one.arrival, home):
            self._aside.still_dead(one, item, f"home {home} belongs to another tenant")
        else:
            self._decide(one, one.arrival, home, item)

    def _is_foreign(self, arrival: Arrival, home: str) -> bool:
        return self._lookups.homes[home].tenant != arrival.event.tenant

    def _unfit(self, one: Incoming) -> str:
        """Why this is no event that could be decided; empty where it is one."""
        if one.offset in self._standing.poison:
            return f"Postgres refuses this data: {self._standing.poison[one.offset]}"
        if one.arrival is None:
            return one.invalid
        tenant = one.arrival.event.tenant
        if self._lookups.known.tenant(tenant) is None:
            return f"unknown tenant {tenant!r}; add it with `hub tenant set`"
        return ""

    def _forward(self, one: Incoming, arrival: Arrival, home: str, item: StoredItem | None) -> None:
        if one.hops >= MAX_HOPS:
            message = f"forwarded {one.hops} times and still not at its home {home}"
            self._aside.failed(one, None, item, TooManyHopsError(message))
        else:
            self._aside.forwarded(one, arrival.event.tenant, home, item)

    def _decide(self, one: Incoming, arrival: Arrival, home: str, item: StoredItem | None) -> None:
        trial = _copy(self._lookups.homes[home])
        try:
            settled = settle(self._processor, trial, arrival, self._lookups.known)
            entries = [self._effects.entry(trial, each) for each in settled]
            self._effects.check(settled)
        except Exception as error:  # noqa: BLE001 - a fault of ours or of the outside: kept, never dropped
            self._aside.failed(one, home, item, error)
            return
        self._standing.faults = 0
        self._accept(trial, settled, entries)
        if one.contact is not None:
            key = (one.contact.tenant, one.contact.customer.ref)
            self.plan.contacts[key] = (one.contact, arrival.event.received_at)
        if item is not None:
            self._aside.settled(item)

    def _accept(self, trial: Home, settled: Sequence[Settled], entries: Sequence[Entry]) -> None:
        self._effects.accept(trial, settled, entries)
        for each in settled:
            if each.error is not None:
                self._aside.waiting_failed(trial, each, each.error)

    def _check_timer(self, key: tuple[str, str]) -> None:
        if key in self._standing.sick_timers:
            message = "Postgres refuses what this timer decides"
            raise TimerRefusedError(message)

    async def _timer(self, timer: StoredTimer) -> None:
        arrival = _timer_arrival(timer)
        trial = _copy(self._lookups.homes[timer.home])
        key = (timer.home, timer.name)
        try:
            self._check_timer(key)
            await self._preparation.answer(arrival.event)
            settled = settle(self._processor, trial, arrival, self._lookups.known)
            entries = [self._effects.entry(trial, each) for each in settled]
            self._effects.check(settled)
        except STORE:
            raise
        except Exception as error:  # noqa: BLE001 - the timer is kept and its failure reported
            self.timer_failures.append((timer, error))
            self.plan.timers[key] = TimerRow(timer.tenant, timer.now + TIMER_PAUSE)
            return
        self.plan.timers[key] = TimerRow(timer.tenant, None)
        self._accept(trial, settled, entries)


def _copy(home: Home) -> Home:
    """A home to try a decision on; its state is never changed in place."""
    inbox = Inbox(dict(home.inbox.seen), list(home.inbox.waiting))
    return Home(home.id, home.tenant, home.version, inbox, home.state)


def _timer_arrival(timer: StoredTimer) -> Arrival:
    event = Event(
        id=f"timer/{timer.home}/{timer.name}/{timer.due_at.isoformat()}",
        type=TimerDue.TYPE,
        tenant=timer.tenant,
        connector=HUB,
        time=timer.due_at,
        received_at=timer.due_at,
        fact=TimerDue(name=timer.name),
    )
    return Arrival(event, offset=-1)
