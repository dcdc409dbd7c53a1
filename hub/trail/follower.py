"""Keep the trail up to date with its logs; several may do it at once."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

import structlog

from hub.adapters.kafka import KafkaSettings
from hub.adapters.postgres import Database
from hub.domain.errors import HubError
from hub.sdk.failures import BrokerUnavailableError, DecideAgainError, StoreUnavailableError
from hub.telemetry.metrics import Metrics
from hub.trail import logs
from hub.trail.doors import Doors
from hub.trail.marks import Marks
from hub.trail.rows import LANDING, LEDGER, Place
from hub.trail.silence import Silence
from hub.trail.store import put
from schemas.topics import AUDIT

BUSY_SECONDS, IDLE_SECONDS = 0.05, 0.25
WIDE_SECONDS = 60.0
"""How often every partition at work is looked at, not only those with new numbers."""
WALK_SECONDS = 3600.0
"""How often every place there ever was is, each file among them: a page of them a turn."""
PAUSE_SECONDS = 2.0
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 15.0)
LATE_SECONDS = 30.0
AWAY = (StoreUnavailableError, BrokerUnavailableError, DecideAgainError)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class TrailFollower:
    """Shows what stands in the logs. Each step is fenced, so that a second one does no harm."""

    database: Database
    kafka: KafkaSettings
    metrics: Metrics
    audit_topic: str = AUDIT.name
    _open: dict[Place, float] = field(default_factory=dict)
    """Where more is known to be, and how old it is; a hint, for what is true is read each time."""
    _failing: dict[Place, tuple[int, float]] = field(default_factory=dict)
    _wide_at: float = 0.0
    _walk_at: float = 0.0
    _walks: dict[str, logs.Spot] = field(default_factory=dict)
    """Of a walk that is under way, the logs that are left and how far it is in each."""
    _page: int = logs.PAGE
    _away: int = 0
    _doors: Doors = field(init=False)
    _marks: Marks = field(init=False)
    _silence: Silence = field(init=False)

    def __post_init__(self) -> None:
        """Follow the doors beside the logs, and note what is published and projected."""
        self._marks = Marks(self.database)
        self._silence = Silence(self.database, self.metrics)
        self._doors = Doors(self.database, self.kafka, self.metrics, self.audit_topic)

    def ready(self) -> tuple[bool, list[str]]:
        """Whether the trail keeps up, and where it does not."""
        problems = [f"the trail fails at {_said(place)}" for place in self._failing]
        problems += [
            f"the trail is {seconds:.0f} s behind the {name} log"
            for name in (LANDING, LEDGER)
            if (seconds := self._lag(name)) > LATE_SECONDS
        ]
        problems += ["Postgres is away"] if self._away else []
        problems += self._doors.problems()
        return not problems, problems

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._doors.run())
            while True:
                await self._turn_or_wait()

    async def _turn_or_wait(self) -> None:
        try:
            moved = await self.turn()
            self._away = 0
        except AWAY as error:
            self.metrics.infrastructure.labels(type(error).__name__).inc()
            log.warning("trail.waited", reason=str(error), attempt=self._away + 1)
            await asyncio.sleep(BACKOFF_SECONDS[min(self._away, len(BACKOFF_SECONDS) - 1)])
            self._away += 1
            # More may have been written meanwhile than is among the newest numbers.
            self._wide_at = self._walk_at = 0.0
            self._walks.clear()
        else:
            await asyncio.sleep(
                0 if self._open else BUSY_SECONDS if moved or self._walks else IDLE_SECONDS
            )

    async def turn(self) -> bool:
        """Look for news once and take some of it everywhere; False where there was none."""
        for name in (LANDING, LEDGER):
            self._open |= await logs.recent(self.database, name)
        await self._look_wide()
        await self._marks.note()
        moved = False
        for place in self._due():
            moved |= await self._guarded(place, self._step(place))
        for name in (LANDING, LEDGER):
            self.metrics.trail_lag.labels(name).set(self._lag(name))
        await self._silence.tell(self._lag(LANDING))
        return moved

    async def _look_wide(self) -> None:
        """Look where nothing is among the newest; a look that takes too long keeps nobody waiting."""
        now = time.monotonic()
        try:
            if now >= self._wide_at:
                self._wide_at = now + WIDE_SECONDS
                for name in (LANDING, LEDGER):
                    self._open |= await logs.at_work(self.database, name)
            if now >= self._walk_at:
                await self._walk_on()
        except StoreUnavailableError as error:
            self._page = max(1, self._page // 2)
            self._walk_at = now + PAUSE_SECONDS
            log.warning("trail.look_failed", reason=str(error), places=self._page)

    async def _walk_on(self) -> None:
        self._walks = self._walks or {LANDING: logs.START, LEDGER: logs.START}
        for name, after in list(self._walks.items()):
            found, onwards = await logs.walk(self.database, name, after, self._page)
            self._open |= found
            del self._walks[name]
            if onwards is not None:
                self._walks[name] = onwards
        self._page = min(logs.PAGE, self._page + 1)
        if not self._walks:
            self._walk_at = time.monotonic() + WALK_SECONDS

    def _lag(self, name: str) -> float:
        return max((age for place, age in self._open.items() if place.log == name), default=0.0)

    def _due(self) -> Sequence[Place]:
        now = time.monotonic()
        return [p for p in self._open if p not in self._failing or now >= self._failing[p][1]]

    async def _step(self, place: Place) -> bool:
        step = await logs.read(self.database, place)
        if step is None:
            self._open.pop(place, None)
            return False
        if await put(self.database, place, step.was, step.to, step.rows, audited=step.audited):
            self.metrics.trail_rows.labels(place.log).inc(len(step.rows))
        if step.ended:
            self._open.pop(place, None)
        else:
            self._open[place] = step.age
        return True

    async def _guarded(self, place: Place, work: Awaitable[bool]) -> bool:
        try:
            moved = await work
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - the other partitions go on
            self._set_back(place, error)
            return False
        self._failing.pop(place, None)
        return moved

    def _set_back(self, place: Place, error: Exception) -> None:
        """A partition cannot be shown: it stays where it is and is tried again, alone."""
        failures = self._failing.get(place, (0, 0.0))[0]
        delay = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
        self._failing[place] = failures + 1, time.monotonic() + delay
        self._open.setdefault(place, 0.0)
        self.metrics.trail_failures.labels(place.log).inc()
        shown = None if isinstance(error, HubError) else error
        log.error("trail.failed", place=_said(place), reason=str(error), exc_info=shown)


def _said(place: Place) -> str:
    return f"{place.log} {place.topic}[{place.part}]"
