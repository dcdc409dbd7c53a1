"""Pulling: sources that are asked, each by one poller at a time, going on where the last landing stood."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

import httpx
import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_random_exponential,
)

from connectors.sdk import RawRecord, SourceUnavailableError
from connectors.sdk import refused as refused_by
from hub.access.sources import Source
from hub.adapters.postgres.leases import Lease, LeaseLostError, Leases
from hub.audit.refusals import Refusals, refused
from hub.domain.errors import HubError
from hub.intake.checkpoints import Checkpoints
from hub.intake.enriching import LONGEST_HOLIDAY, holiday
from hub.intake.landing import MAX_RECORD, Arrival, Lander, UnnamedError, check_ref, size_of
from hub.sdk.ending import is_ending
from hub.sdk.failures import AWAY
from hub.telemetry.metrics import Metrics
from schemas.refs import derived_id

ROUND, ROUND_BYTES = 200, 1024 * 1024
"""What is landed together, at most, before its checkpoint is saved."""
DOOR, TOO_LARGE = "pull", 413
"""As what a refusal is told; nobody waits for an answer."""
LEASE_SECONDS = 30.0
REFRESH = 10.0
"""Seconds until a source that was added or changed is noticed."""
FAULT_PAUSE = 30.0
AWAY_PAUSE = 2.0
LONGEST_BACKOFF = 60.0
HTTP_SECONDS = 30.0

log = structlog.get_logger()


Listed = Callable[[], Awaitable[list[Source]]]


@dataclass(slots=True)
class _Turn:
    """A source as it is asked under one lease."""

    client: httpx.AsyncClient
    source: Source
    lease: Lease
    since: str | None
    """Where it goes on."""


@dataclass(slots=True)
class Poller:
    """Asks every source of a connector."""

    listed: Listed
    lander: Lander
    leases: Leases
    checkpoints: Checkpoints
    refusals: Refusals
    metrics: Metrics
    backoff: float = LONGEST_BACKOFF
    """Seconds between two tries of a source that does not answer, at most."""
    refresh: float = REFRESH
    _running: dict[tuple[str, str], tuple[Source, "asyncio.Task[None]"]] = field(
        default_factory=dict
    )
    _done_at: dict[tuple[str, str], float] = field(default_factory=dict)

    async def run(self) -> None:
        """Ask until cancelled."""
        try:
            while True:
                await self._compare(await self.listed())
                await asyncio.sleep(self.refresh)
        finally:
            await self._end(list(self._running))

    async def _compare(self, sources: list[Source]) -> None:
        wanted = {(one.tenant, one.name): one for one in sources if one.connector.pull}
        await self._end(
            key
            for key, (source, _) in list(self._running.items())
            if key not in wanted or wanted[key].changed_at != source.changed_at
        )
        for key, source in wanted.items():
            if key not in self._running:
                self._done_at[key] = time.monotonic()
                self._running[key] = (source, asyncio.create_task(self._serve(source)))
        self._report()

    async def _end(self, keys: Iterable[tuple[str, str]]) -> None:
        tasks = [self._running.pop(key)[1] for key in keys]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _report(self) -> None:
        late: dict[str, float] = {}
        for key, (source, _) in self._running.items():
            pull = source.connector.pull
            name, every = source.connector.name, pull.every_seconds if pull else 0.0
            since = time.monotonic() - self._done_at[key] - every
            late[name] = max(late.get(name, 0.0), since)
        for name, seconds in late.items():
            self.metrics.pull_late_seconds.labels(name).set(seconds)

    async def _serve(self, source: Source) -> None:
        """One source, until cancelled, whatever happens."""
        while not is_ending():
            pause = self.leases.seconds / 3
            try:
                async with self.leases.held(source.tenant, source.name) as lease:
                    if lease is not None:
                        await self._again_and_again(source, lease)
                self._asked(source)
            except* LeaseLostError:
                self._asked(source)
            except* AWAY as errors:
                self._away(source, errors)
                pause = AWAY_PAUSE
            except* Exception as errors:
                self.metrics.pull_failures.labels(source.connector.name).inc()
                log.exception(
                    "pull.failed", tenant=source.tenant, source=source.name, exc_info=errors
                )
                pause = FAULT_PAUSE
            # What is raised beside a cancellation may have taken its place.
            if not is_ending():
                await asyncio.sleep(pause)

    def _asked(self, source: Source) -> None:
        """To its end, here or elsewhere."""
        self._done_at[source.tenant, source.name] = time.monotonic()

    def _away(self, source: Source, errors: BaseExceptionGroup[HubError]) -> None:
        self.metrics.infrastructure.labels(type(errors.exceptions[0]).__name__).inc()
        log.warning("infrastructure.away", source=source.name, reason=str(errors.exceptions))

    async def _again_and_again(self, source: Source, lease: Lease) -> None:
        pull = source.connector.pull
        every = pull.every_seconds if pull else REFRESH
        since = await self.checkpoints.load(lease)
        async with httpx.AsyncClient(timeout=HTTP_SECONDS) as client:
            turn = _Turn(client, source, lease, since)
            while not is_ending():
                done = False
                while not done and not is_ending():
                    async for attempt in self._patiently(source):
                        with attempt:
                            done = await self._ask(turn)
                self._asked(source)
                await asyncio.sleep(every)

    def _patiently(self, source: Source) -> AsyncRetrying:
        def note(state: RetryCallState) -> None:
            self.metrics.pull_failures.labels(source.connector.name).inc()
            error = state.outcome.exception() if state.outcome else None
            log.info(
                "pull.waited", source=source.name, attempt=state.attempt_number, reason=str(error)
            )

        backing_off = wait_random_exponential(multiplier=0.5, max=self.backoff)

        def pause(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = holiday(error) if error else 0.0
            return max(backing_off(state), min(asked, LONGEST_HOLIDAY))

        return AsyncRetrying(
            retry=retry_if_exception_type(SourceUnavailableError),
            wait=pause,
            stop=lambda _: is_ending(),
            reraise=True,
            before_sleep=note,
        )

    async def _ask(self, turn: _Turn) -> bool:
        """Land all that is new; False where the source broke off after it had said something."""
        pull = turn.source.connector.pull
        assert pull is not None  # noqa: S101 - others are not asked
        begun, batch, size = turn.since, list[RawRecord](), 0
        try:
            fetched = pull.fetch(turn.client, turn.source.settings, turn.since)
            async with aclosing(fetched) as records:  # type: ignore[type-var] # a generator
                async for record in records:
                    batch.append(record)
                    size += len(record.payload)
                    if len(batch) >= ROUND or size >= ROUND_BYTES:
                        await self._keep(turn, batch)
                        batch, size = [], 0
        except (SourceUnavailableError, httpx.HTTPStatusError, httpx.RequestError) as error:
            await self._keep(turn, batch)
            said = _said(error)
            if turn.since == begun or not isinstance(said, SourceUnavailableError):
                raise said from error
            return False
        await self._keep(turn, batch)
        return True

    async def _keep(self, turn: _Turn, batch: list[RawRecord]) -> None:
        """Land, and only then remember where to go on."""
        if not batch:
            return
        records = [_named(record) for record in batch]
        fitting = [record for record in records if size_of(record) <= MAX_RECORD]
        if fitting:
            await self.lander.land(turn.source, fitting, Arrival(datetime.now(UTC)))
        for record in records:
            if size_of(record) > MAX_RECORD:
                self._refuse(turn.source, record)
        points = [record.checkpoint for record in batch if record.checkpoint is not None]
        if points:
            await self.checkpoints.save(turn.lease, points[-1])
            turn.since = points[-1]

    def _refuse(self, source: Source, record: RawRecord) -> None:
        """Pass over what Kafka would never take: with it everything after it would wait for ever."""
        refusal = refused(
            DOOR,
            f"/sources/{source.name}/{source.tenant}",
            TOO_LARGE,
            f"{record.ref} has {size_of(record)} bytes; a record may have {MAX_RECORD}",
            record.payload,
            tenant=source.tenant,
            principal=source.name,
        )
        self.refusals.note(refusal)
        log.warning(
            "record.refused",
            tenant=source.tenant,
            source=source.name,
            size=refusal.size,
            reason=refusal.reason,
        )


def _said(error: Exception) -> Exception:
    """What a fetch means that was answered otherwise than it hoped for, or not at all."""
    if isinstance(error, httpx.HTTPStatusError):
        return refused_by(error.response)
    if isinstance(error, httpx.RequestError):
        return SourceUnavailableError(f"{type(error).__name__}: {error}".removesuffix(": "))
    return error


def _named(record: RawRecord) -> RawRecord:
    """A record whose reference can be kept; one that cannot is known by what it says."""
    try:
        check_ref(record.ref)
    except UnnamedError:
        return replace(record, ref=derived_id("ref", sha256(record.payload).hexdigest()))
    return record
