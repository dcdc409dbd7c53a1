"""The due timers of a partition, in their order and past those whose home holds something back."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hub.access.keyring import HUB
from hub.adapters.postgres import Database
from hub.ledger.homes import Arrival
from hub.ledger.plan import Plan
from hub.sdk.events import Event, TimerDue

# Not `clock_timestamp()`, which moves while a statement runs: no index is asked for it, and every
# timer that is still to come would be read.
NEXT = """
select home, name, tenant, due_at, statement_timestamp() as now from timer
 where topic = $1 and part = $2 and due_at <= statement_timestamp() and (due_at, home, name) > ($3, $4, $5)
 order by due_at, home, name limit $6"""
OF_HOMES = """
select home, name, tenant, due_at, statement_timestamp() as now from timer
 where topic = $1 and part = $2 and home = any($3::text[]) and due_at <= statement_timestamp()
 order by due_at, home, name limit $4"""


@dataclass(frozen=True, slots=True)
class StoredTimer:
    """A timer that has come due."""

    home: str
    name: str
    tenant: str
    due_at: datetime
    now: datetime
    """Postgres's clock when it was found due."""


def arrival_of(timer: StoredTimer) -> Arrival:
    """A due timer as what its home is told."""
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


@dataclass(slots=True)
class Timers:
    """Reads on from where it stood, so that what must wait is not read again at every look.

    Nothing may be in flight while it reads: each timer stands in the table until the batch that fired
    it is committed.
    """

    more: bool = False
    """Whether another look would find something at once."""
    _after: tuple[datetime, str, str] = (datetime.min.replace(tzinfo=UTC), "", "")
    _passed: set[str] = field(default_factory=set)
    """Homes with a timer before that place which is still to fire."""
    _page: list[StoredTimer] = field(default_factory=list)
    """What was found at the last look."""

    async def due(
        self, database: Database, topic: str, part: int, held: Counter[str], limit: int
    ) -> list[StoredTimer]:
        """Timers to fire now, each of a home that holds nothing back."""
        free = [home for home in self._passed if not held[home]][:limit]
        if free:
            rows = await database.fetch(OF_HOMES, topic, part, free, limit)
        else:
            rows = await database.fetch(NEXT, topic, part, *self._after, limit)
        found = [StoredTimer(**dict(row)) for row in rows]
        # Where there are more than so many, those of these homes are looked for again.
        if len(found) < limit:
            self._passed.difference_update(free)
        if found and not free:
            self._after = (found[-1].due_at, found[-1].home, found[-1].name)
        self.more = bool(free) or len(found) == limit
        self._page = [timer for timer in found if not held[timer.home]]
        self.later(timer.home for timer in found if held[timer.home])
        return self._page

    def later(self, homes: Iterable[str]) -> None:
        """Come back to the timers of these homes once nothing holds them."""
        self._passed.update(homes)

    def started(self, plan: Plan) -> None:
        """Note timers that a batch sets to a time that was already looked at."""
        until = self._after[0]
        self.later(
            home
            for (home, _), row in plan.timers.items()
            if row.due_at is not None and row.due_at <= until
        )

    def undone(self) -> None:
        """What was found last did not fire after all."""
        self.later(timer.home for timer in self._page)
        self.more = True
