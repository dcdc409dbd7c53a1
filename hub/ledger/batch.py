"""Deciding a batch: each event in order is placed, held, settled in its home, or set aside."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hub.access.keyring import Keyring, SealedContact
from hub.domain.errors import HubError
from hub.ledger.aside import Aside, BreakerOpenError
from hub.ledger.due import StoredItem
from hub.ledger.effects import Effects
from hub.ledger.entries import Entry
from hub.ledger.homes import Arrival, Home, Inbox, Settled, settle
from hub.ledger.items import ItemGone, ItemRow
from hub.ledger.lookups import Lookups
from hub.ledger.outside import Outside
from hub.ledger.patience import Patience
from hub.ledger.plan import Plan, TimerRow
from hub.ledger.post import Post
from hub.ledger.preparation import STORE, Preparation
from hub.ledger.queues import Turns, stands_behind
from hub.ledger.standing import Standing
from hub.ledger.timers import StoredTimer, arrival_of
from hub.ledger.wire import Incoming
from hub.sdk.asking import UnansweredError
from hub.sdk.events import AskTenant, Outcome, Tenant
from hub.sdk.processor import Processor
from schemas.refs import place

MAX_HOPS = 3
MOST_ROWS = 5_000
"""A batch that would write more rows ends early: the loop, memory and the statement stay short."""
NOT_TAKEN = frozenset({Outcome.REJECTED, Outcome.DEDUPLICATED})
TIMER_PAUSE = timedelta(minutes=1)


class TooManyHopsError(HubError):
    """An event was forwarded again and again; two rules disagree about its home."""


class TimerRefusedError(HubError):
    """What a timer decides cannot be stored; it is put off until the code is mended."""


class Batch:
    """One batch being decided."""

    def __init__(  # noqa: PLR0913, PLR0917 - a partition's parts, each named
        self,
        processor: Processor[Any],
        keyring: Keyring,
        lookups: Lookups,
        standing: Standing,
        plan: Plan,
        patience: Patience,
        outside: Outside,
    ) -> None:
        """Begin with nothing decided."""
        self.plan = plan
        self.faulty = False
        """The breaker is open: what comes next is not part of this batch."""
        self.timer_failures: list[tuple[StoredTimer, Exception]] = []
        self._processor = processor
        self._lookups = lookups
        self._standing = standing
        self._patience = patience
        self._outside = outside
        post = Post(processor.reads, processor.letters, keyring, standing, plan)
        self._effects = Effects(processor, lookups, post, plan)
        self._aside = Aside(processor.name, keyring, lookups, post, standing, plan, patience)
        self._preparation = Preparation(processor, lookups, standing)

    async def take(self, incoming: Sequence[Incoming]) -> None:
        """Decide records in the order of their offsets."""
        # Of what is no valid event too, so that its own tenant's key seals it.
        tenants = {one.envelope.tenant for one in incoming if one.envelope is not None}
        await self._lookups.answer(map(AskTenant, sorted(tenants)))
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
            if self._is_full:
                return

    async def retry(self, items: Sequence[tuple[StoredItem, Incoming]], most: int) -> None:
        """Try at most so many due items again. In a home, one is tried only when nothing stands before it."""
        await self._preparation.prepare(
            [one.arrival for _, one in items if one.arrival is not None]
        )
        turns, left = Turns(self._standing.queues), most
        for item, one in items:
            has_come = turns.has_come(item)
            if not has_come and item.wanted != "give_up":
                continue
            if not left or self._is_full:
                return
            left -= 1
            if item.wanted == "give_up":
                self._aside.give_up(one, item)
            else:
                await self._item(item, one)
                self._patience.answered(item.row, self.plan.items[item.row.offset])
            if has_come:
                turns.end(item, makes_way=self._makes_way(item))

    def _makes_way(self, item: StoredItem) -> bool:
        """Whether what follows a foremost item may be tried now."""
        # What had waited in the home may have failed when this one came, and is in front now.
        home = item.row.home
        return home is None or all(_home_of(row) != home for row in self.plan.items.values())

    async def fire(self, timers: Sequence[StoredTimer]) -> Sequence[StoredTimer]:
        """Let due timers decide, each in its home; gives those whose turn did not come."""
        arrivals = [arrival_of(timer) for timer in timers]
        await self._lookups.answer(AskTenant(timer.tenant) for timer in timers)
        await self._preparation.load({timer.home: timer.tenant for timer in timers})
        await self._preparation.answer_all([arrival.event for arrival in arrivals])
        left: list[StoredTimer] = []
        for n, timer in enumerate(timers):
            if self._is_full:
                return [*left, *timers[n:]]
            if self._standing.queues.holds(timer.home):
                # What waited in the home failed when the timer before this one let it go.
                left.append(timer)
            else:
                await self._timer(timer, arrivals[n])
        return left

    @property
    def _is_full(self) -> bool:
        """A few events can mean very many rows; the rest is read again."""
        return sum(map(len, self.plan.parts.values())) > MOST_ROWS

    # One event

    async def _record(self, one: Incoming) -> None:
        if self._is_of_erased(one):
            self._aside.refused(one)
            return
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
        elif self._standing.queues.holds(home):
            self._aside.hold(one, home)
        else:
            self._decide(one, one.arrival, home, None)

    async def _item(self, item: StoredItem, one: Incoming) -> None:
        refused = self._standing.poison.get(one.offset)
        if item.wanted == "redrive" and refused and refused.version != item.row.version:
            # Whoever asks again may have mended the code that made it impossible to store.
            del self._standing.poison[one.offset]
        if self._is_of_erased(one):
            self._aside.refused(one, item)
            return
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
        elif await self._stands_behind(item, home):
            self._aside.hold(one, home, item)
        else:
            self._decide(one, one.arrival, home, item)

    async def _stands_behind(self, item: StoredItem, home: str) -> bool:
        """Whether earlier events wait in the home that an item turns out to have."""
        if home == item.row.home or not self._standing.queues.holds(home):
            return False
        topic, part = self._processor.reads.name, place(home, self._standing.partitions)
        return await stands_behind(
            self._lookups.database, topic, part, home, item.row.offset, self.plan.items
        )

    def _is_foreign(self, arrival: Arrival, home: str) -> bool:
        return self._lookups.homes[home].tenant != arrival.event.tenant

    def _is_of_erased(self, one: Incoming) -> bool:
        """Whether its merchant left: nothing of it is looked at or kept."""
        asked = AskTenant(one.envelope.tenant) if one.envelope else None
        tenant = self._lookups.known.answers.get(asked) if asked else None
        return isinstance(tenant, Tenant) and tenant.is_erased

    def _unfit(self, one: Incoming) -> str:
        """Why this is no event that could be decided; empty where it is one."""
        if one.offset in self._standing.poison:
            return f"Postgres refuses this data: {self._standing.poison[one.offset].reason}"
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
            # An item that is tried while what it needs is away is there to find out whether it is back.
            self._aside.failed(one, home, item, self._heard(error, insists=item is not None))
            return
        if item is None:
            self._standing.decided()
        self._accept(trial, settled, entries)
        if one.contact is not None and _is_kept(one.contact, settled[0]):
            key = (one.contact.tenant, one.contact.kept)
            self.plan.contacts[key] = (one.contact, arrival.event.received_at)
        if item is not None:
            self._aside.settled(item)

    def _accept(self, trial: Home, settled: Sequence[Settled], entries: Sequence[Entry]) -> None:
        self._effects.accept(trial, settled, entries)
        for each in settled:
            if each.error is not None:
                error = self._heard(each.error, insists=False)
                self._aside.waiting_failed(trial, each, error)

    def _heard(self, error: Exception, *, insists: bool) -> Exception:
        """What stands in the way of an event: of what was not asked yet, what is heard of it."""
        if not isinstance(error, UnansweredError):
            return error
        return self._outside.heard(error, insists=insists)

    def _check_timer(self, key: tuple[str, str]) -> None:
        if key in self._standing.sick_timers:
            message = "Postgres refuses what this timer decides"
            raise TimerRefusedError(message)

    async def _timer(self, timer: StoredTimer, arrival: Arrival) -> None:
        trial = _copy(self._lookups.homes[timer.home])
        key = (timer.home, timer.name)
        tenant = self._lookups.known.tenant(timer.tenant)
        if tenant is not None and tenant.is_erased:
            self.plan.timers[key] = TimerRow(timer.tenant, None)
            return
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


def _is_kept(contact: SealedContact, settled: Settled) -> bool:
    """What is known by no address, nobody would ever find again beside an event that was not taken."""
    customer = contact.customer
    named = customer.email_hash is not None or customer.phone_hash is not None
    return named or settled.outcome not in NOT_TAKEN


def _home_of(row: ItemRow | ItemGone | None) -> str | None:
    """Where an item waits as this batch leaves it."""
    return row.home if isinstance(row, ItemRow) else None


def _copy(home: Home) -> Home:
    """A home to try a decision on; its state is never changed in place."""
    inbox = Inbox(dict(home.inbox.seen), list(home.inbox.waiting))
    return Home(home.id, home.tenant, home.version, inbox, home.state)
