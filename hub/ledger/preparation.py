"""Before deciding: load in few round trips what a batch's events will ask for, and place them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hub.ledger.homes import Arrival, waiting_arrivals
from hub.ledger.lookups import Lookups
from hub.ledger.standing import Standing
from hub.sdk.events import Ask, AskTenant, Event
from hub.sdk.failures import DataRefusedError, DecideAgainError, StoreUnavailableError
from hub.sdk.processor import Processor

ROUNDS = 3
STORE = (StoreUnavailableError, DecideAgainError, DataRefusedError)
"""What the store says while events are looked up: it concerns the batch, never one event."""


@dataclass(slots=True)
class Prepared:
    """What was found out about an event before its turn came."""

    asks: Sequence[Ask] = ()
    home: str = ""
    error: Exception | None = None
    """The processor failed to say what it needs or where it lives."""


class Preparation:
    """What is known of the events of one batch."""

    def __init__(self, processor: Processor[Any], lookups: Lookups, standing: Standing) -> None:
        """Know nothing yet."""
        self._processor = processor
        self._lookups = lookups
        self._standing = standing
        self._prepared: dict[int, Prepared] = {}

    async def prepare(self, arrivals: Sequence[Arrival]) -> None:
        """Look up what these events need, and load the homes they live in."""
        known, leads = self._lookups.known, self._processor.leads
        tenants = {arrival.event.tenant for arrival in arrivals}
        await self._lookups.answer(map(AskTenant, sorted(tenants)))
        there = {tenant for tenant in tenants if known.tenant(tenant) is not None}
        events = [arrival.event for arrival in arrivals if arrival.event.tenant in there]
        self._prepared = {id(event): Prepared() for event in events}
        asking = [(event, self._prepared[id(event)]) for event in events]
        for _ in range(ROUNDS):
            for event, prepared in asking:
                self._ask(event, prepared)
            new = known.missing({ask for _, prepared in asking for ask in prepared.asks})
            if not new:
                break
            await self._lookups.answer(new)
            found = {ask for ask in new if (one := known.answers[ask]) and leads(ask, one)}
            if not found:
                break
            asking = [one for one in asking if not found.isdisjoint(one[1].asks)]
        await self.load(self._place(events))

    def _ask(self, event: Event, prepared: Prepared) -> None:
        try:
            prepared.asks = tuple(self._processor.needs(event, self._lookups.known))
        except Exception as error:  # noqa: BLE001 - a fault of ours: kept with the event it belongs to
            prepared.error = error

    def _place(self, events: Iterable[Event]) -> dict[str, str]:
        """The homes in this partition that these events live in, with their tenants."""
        mine: dict[str, str] = {}
        for event in events:
            prepared = self._prepared[id(event)]
            if prepared.error is None:
                try:
                    prepared.home = self._processor.place(event, self._lookups.known)
                except Exception as error:  # noqa: BLE001 - a fault of ours: kept with the event it belongs to
                    prepared.error = error
                else:
                    if self._standing.is_mine(prepared.home):
                        mine[prepared.home] = event.tenant
        return mine

    async def load(self, homes: dict[str, str]) -> None:
        """Load homes, given with their tenants, and what the events that wait in them will ask for."""
        await self._lookups.load(homes)
        waiting = [
            arrival.event
            for home in homes
            if self._lookups.homes[home].inbox.waiting
            for arrival in waiting_arrivals(self._processor, self._lookups.homes[home])
        ]
        await self.answer_all(waiting)

    async def answer_all(self, events: Sequence[Event]) -> None:
        """Look up what these events need by now, whatever they are in as many round trips as one."""
        for _ in range(ROUNDS):
            asks: dict[Ask, None] = {}
            for event in events:
                # One that cannot say what it needs fails again, and is kept, at its turn.
                with suppress(Exception):
                    asks.update(dict.fromkeys(self._processor.needs(event, self._lookups.known)))
            self._lookups.refresh(asks)
            missing = self._lookups.known.missing(asks)
            if not missing:
                break
            await self._lookups.answer(missing)

    async def answer(self, event: Event) -> None:
        """Look up what an event needs by now."""
        for _ in range(ROUNDS):
            asks = tuple(self._processor.needs(event, self._lookups.known))
            self._lookups.refresh(asks)
            missing = self._lookups.known.missing(asks)
            if not missing:
                break
            await self._lookups.answer(missing)

    async def home(self, event: Event) -> str:
        """The home of an event at its turn, after what earlier events of the batch changed."""
        prepared = self._prepared[id(event)]
        if prepared.error is not None:
            raise prepared.error
        if self._lookups.refresh(prepared.asks):
            await self.answer(event)
            prepared.home = self._processor.place(event, self._lookups.known)
            if self._standing.is_mine(prepared.home):
                await self.load({prepared.home: event.tenant})
        return prepared.home
