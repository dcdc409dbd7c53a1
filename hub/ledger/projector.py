"""Keep projections up to date: each status event once and in order, whatever the wire does.

A partition begins with the ledger and goes on with Kafka. What comes again is dropped, and whatever
is doubtful (a gap that lasts, a new epoch, another projector) is settled by reading the ledger.
"""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from hub.adapters.kafka import Feed, KafkaSettings
from hub.adapters.postgres import Database
from hub.ledger.progress import Place, Step, Target
from hub.ledger.rebuild import NewerProjectionError, Rebuild
from hub.ledger.steps import WireEvent, continuing, on_the_wire, read_ledger, wire_step
from hub.sdk.failures import BrokerUnavailableError, DecideAgainError, StoreUnavailableError
from hub.sdk.projection import Projection
from hub.telemetry.metrics import Metrics

PATIENCE_SECONDS = 2.0
"""How long a gap on the wire may last before the ledger is asked; its owner repeats events."""
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 15.0)
IDLE_SECONDS = 0.02
LIMIT = 2_000
NOTE_SECONDS = 5.0

AWAY = (StoreUnavailableError, BrokerUnavailableError, DecideAgainError)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class View:
    """One projection on one partition."""

    target: Target
    part: int
    place: Place | None = None
    """Where it stands; None until that was read, and whenever it may have changed."""
    gap_since: float | None = None
    failures: int = 0
    retry_at: float = 0.0

    @property
    def labels(self) -> tuple[str, str]:
        """As the metrics name it."""
        return self.target.projection.name, str(self.part)


@dataclass(slots=True)
class Projector:
    """A member of the projectors' group on one status topic."""

    projections: Sequence[Projection]
    kafka: KafkaSettings
    database: Database
    metrics: Metrics
    ledger_topic: str
    """The intake topic whose ledger the status topic is published from."""
    status_topic: str
    feed: Feed = field(init=False)
    views: dict[int, list[View]] = field(default_factory=dict)
    rebuilds: dict[str, asyncio.Task[int]] = field(default_factory=dict)
    _generation: int = -1
    _offsets: dict[int, int] = field(default_factory=dict)
    _noted: float = 0.0
    _away: int = 0

    def ready(self) -> tuple[bool, list[str]]:
        """Whether every projection follows, and which does not."""
        views = [view for views in self.views.values() for view in views]
        problems = [f"{view.labels[0]} fails on {view.part}" for view in views if view.failures]
        problems += [f"{name} is being rebuilt" for name in self.rebuilds]
        problems += ["Kafka or Postgres is away"] if self._away else []
        return not problems, problems

    async def run(self) -> None:
        """Project until cancelled."""
        self.feed = Feed(self.kafka, self.status_topic, f"projector.{self.status_topic}")
        try:
            await self.feed.start()
            while True:
                await self._turn_or_wait()
        finally:
            for task in self.rebuilds.values():
                task.cancel()
            await asyncio.gather(*self.rebuilds.values(), return_exceptions=True)
            self.rebuilds.clear()
            await self.feed.stop()

    async def _turn_or_wait(self) -> None:
        try:
            moved = await self._turn()
            self._away = 0
        except AWAY as error:
            await self._wait_out(error)
        else:
            if not moved:
                await asyncio.sleep(IDLE_SECONDS)

    async def _wait_out(self, error: Exception) -> None:
        """Kafka or Postgres is away: forget what we believe, wait, look again."""
        self.metrics.infrastructure.labels(type(error).__name__).inc()
        log.warning("projector.waited", reason=str(error), attempt=self._away + 1)
        self.views.clear()
        await asyncio.sleep(BACKOFF_SECONDS[min(self._away, len(BACKOFF_SECONDS) - 1)])
        self._away += 1

    async def _turn(self) -> bool:
        if self.feed.generation != self._generation:
            self._generation = self.feed.generation
            self.views.clear()
            self._offsets.clear()
        self._collect_rebuilds()
        moved = False
        for part in sorted(self.feed.assignment()):
            if part not in self.views:
                await self._begin(part)
            moved |= await self._follow(part)
        await self._note()
        return moved

    async def _begin(self, part: int) -> None:
        """Catch up from the ledger; all that Kafka held before that is then no news."""
        _, end = await self.feed.bounds(part)
        views = [View(Target.live(projection), part) for projection in self.projections]
        for view in views:
            await self._guarded(view, self._catch_up(view))
        if self.feed.seek(part, end):
            self.views[part] = views

    async def _follow(self, part: int) -> bool:
        views = self.views.get(part, [])
        records = await self.feed.read(part, timeout_ms=0, limit=LIMIT) if views else ()
        if self.feed.generation != self._generation or not views:
            return False
        if records:
            self._offsets[part] = records[-1].offset + 1
        events = [event for record in records if (event := on_the_wire(record))]
        now = time.monotonic()
        for view in views:
            if now >= view.retry_at and view.labels[0] not in self.rebuilds:
                await self._guarded(view, self._apply(view, events))
        return bool(records)

    async def _guarded(self, view: View, work: Awaitable[None]) -> None:
        try:
            await work
            view.failures = 0 if view.place else view.failures
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - the other projections go on
            self._set_back(view, error)

    def _set_back(self, view: View, error: Exception) -> None:
        """A projection failed: it stays where it is and is tried again, alone."""
        view.place = None
        delay = BACKOFF_SECONDS[min(view.failures, len(BACKOFF_SECONDS) - 1)]
        view.failures, view.retry_at = view.failures + 1, time.monotonic() + delay
        self.metrics.projection_failures.labels(*view.labels).inc()
        log.error(
            "projection.failed", projection=view.labels[0], partition=view.part, exc_info=error
        )

    async def _apply(self, view: View, events: Sequence[WireEvent]) -> None:
        if view.place is None:
            await self._catch_up(view)
        if view.place is None or not events:
            await self._end_gap(view)
            return
        projection = view.target.projection
        run, doubtful = continuing(view.place, events)
        if run and not await self._take(view, view.place, wire_step(projection, view.place, run)):
            await self._catch_up(view)
        elif doubtful == "epoch":
            # Somebody else owns the partition now; the ledger knows whether Postgres went back.
            await self._catch_up(view)
        elif doubtful == "gap":
            view.gap_since = view.gap_since or time.monotonic()
        await self._end_gap(view)

    async def _end_gap(self, view: View) -> None:
        if view.gap_since is not None and time.monotonic() - view.gap_since > PATIENCE_SECONDS:
            log.warning("gap.lasted", projection=view.labels[0], partition=view.part)
            await self._catch_up(view)

    async def _take(self, view: View, place: Place, step: Step) -> bool:
        async with self.database.transaction() as tx:
            taken = await view.target.take(tx, view.part, place, step)
        view.place = step.to if taken else None
        if taken:
            view.gap_since = None
            self.metrics.projection_seq.labels(*view.labels).set(step.to.seq)
        return taken

    async def _catch_up(self, view: View) -> None:
        """Read where the table stands, and the ledger from there to its end."""
        projection = view.target.projection
        while True:
            if view.place is None:
                view.place = await self._stored(view)
            if view.place is None:
                return
            step = await read_ledger(
                self.database, projection, self.ledger_topic, view.part, view.place
            )
            if step is None:
                view.gap_since = None
                return
            if step.jumped and not projection.kept:
                self._rebuild(view, "postgres went back")
                return
            await self._take(view, view.place, step)

    async def _stored(self, view: View) -> Place | None:
        """The stored place; None where the table must be rebuilt, or is newer code's."""
        projection = view.target.projection
        places = await view.target.places(self.database)
        if places.version > projection.version:
            message = (
                f"projection {projection.name} is version {places.version}; run the newer code"
            )
            raise NewerProjectionError(message)
        if places.version < projection.version or view.part not in places.at:
            if projection.kept:
                await view.target.begin(self.database, view.part)
                return (await view.target.places(self.database)).at[view.part]
            self._rebuild(view, f"version {places.version} became {projection.version}")
            return None
        return places.at[view.part]

    def _rebuild(self, view: View, why: str) -> None:
        view.place = None
        projection = view.target.projection
        if projection.name not in self.rebuilds:
            log.warning("rebuild.started", projection=projection.name, reason=why)
            partitions = self.feed.partition_count()
            rebuild = Rebuild(self.database, projection, self.ledger_topic, partitions)
            self.rebuilds[projection.name] = asyncio.create_task(rebuild.run(anew=False))

    def _collect_rebuilds(self) -> None:
        for name, task in list(self.rebuilds.items()):
            if not task.done():
                continue
            del self.rebuilds[name]
            error = task.exception()
            if isinstance(error, AWAY):
                raise error
            for view in (v for views in self.views.values() for v in views if v.labels[0] == name):
                view.place, view.gap_since = None, None
                if isinstance(error, Exception):
                    self._set_back(view, error)
            if error is None:
                self.metrics.projection_rebuilds.labels(name).inc()
                log.info("rebuild.finished", projection=name, total=task.result())

    async def _note(self) -> None:
        """Tell Kafka's lag tools how far we read; nothing of ours depends on it."""
        if self._offsets and self.feed.settled and time.monotonic() - self._noted > NOTE_SECONDS:
            self._noted = time.monotonic()
            with suppress(BrokerUnavailableError):
                await self.feed.note_progress(self._offsets)
