"""The desk of one source: looks into its drop folder and works what lies there, one after the other."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from hub.access.sources import Source
from hub.adapters.postgres import Database
from hub.adapters.postgres.leases import Lease, LeaseLostError, Leases
from hub.intake.files.flight import Gate
from hub.intake.files.folder import Folder, Taking, Working
from hub.intake.files.names import readable
from hub.intake.files.progress import Progress
from hub.intake.files.stillness import Stillness
from hub.intake.files.threads import in_thread
from hub.intake.files.work import DELETED, PATIENCE, Work
from hub.ledger.submit import Submitter
from hub.sdk.failures import AWAY, DecideAgainError
from hub.telemetry.metrics import Metrics

LEASE_SECONDS = 10.0
REST_SECONDS = 10.0
"""So long a folder is left alone that did not answer as needed."""
LONGEST_REST = 300.0
"""So long at most one is left alone whose work fails again and again."""
AGAIN_SECONDS = 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every desk works with."""

    database: Database
    submitter: Submitter
    gate: Gate
    lanes: Callable[[], int]
    metrics: Metrics
    leases: Leases
    patience: float = PATIENCE
    rest: float = REST_SECONDS


@dataclass(slots=True)
class Desk:
    """Files of a source are worked in the order in which they were written, by one process at a time."""

    source: Source
    folder: Folder
    stillness: Stillness
    tools: Tools
    _fresh: bool = True
    """What an earlier process left is not looked at yet."""
    _rest_until: float = 0.0
    _failures: int = 0
    """In a row."""

    def has_work(self) -> bool:
        """Whether something waits here that could be worked now."""
        if time.monotonic() < self._rest_until:
            return False
        try:
            self.folder.prepare()
            settled = self.stillness.settled(self.folder.drops())
            with self.folder.working() as working:
                return self._fresh or bool(settled) or bool(working.takings())
        except OSError as error:
            self._unusable(error)
        except Exception:
            log.exception("files.failed", seconds=self._failed(), **self._fields)
        return False

    async def work(self) -> None:
        """Work off what lies here, unless somebody else does.

        Raises:
            StoreUnavailableError, BrokerUnavailableError: begin again; nothing is lost.

        """
        try:
            async with self.tools.leases.held(self.source.tenant, self.source.name) as lease:
                if lease is not None:
                    await self._under(lease)
            self._failures = 0
        except* LeaseLostError as errors:
            log.warning("files.fenced", reason=str(errors.exceptions[0]), **self._fields)
        except* OSError as errors:
            self._unusable(errors.exceptions[0])
        except* DecideAgainError as errors:
            self._again(errors.exceptions[0])
        except* AWAY:
            raise
        except* Exception as errors:
            # A fault of ours: it costs this folder time, and no other anything.
            log.exception("files.failed", seconds=self._failed(), exc_info=errors, **self._fields)

    async def _under(self, lease: Lease) -> None:
        tools = self.tools
        progress = Progress(tools.database, lease)
        work = Work(
            self.source,
            self.folder,
            progress,
            tools.submitter,
            tools.gate,
            tools.lanes,
            tools.metrics,
            tools.patience,
        )
        with self.folder.working() as working:
            left = working.takings()
            if self._fresh:
                await progress.lost([taking.id for taking in left], DELETED)
            for taking in left:
                await work.run(taking)
            self._fresh = False
            while taken := await in_thread(self._take, working):
                for taking in taken:
                    await work.run(taking)

    def _take(self, working: Working) -> list[Taking]:
        """The next one alone: until its turn comes, a file is its owner's."""
        for path in self.stillness.settled(self.folder.drops()):
            try:
                taking = working.take(path)
            except OSError as error:
                name = readable(path.name)
                log.warning("file.not_taken", name=name, reason=error.strerror, **self._fields)
                self.stillness.stuck(path)
                continue
            if taking is not None:
                return [taking]
        return []

    @property
    def _fields(self) -> dict[str, str]:
        return {"tenant": self.source.tenant, "source": self.source.name}

    def _unusable(self, error: BaseException) -> None:
        seconds = self.tools.rest
        self._rest(seconds)
        reason = readable(str(error))
        log.warning("folder.unusable", reason=reason, seconds=seconds, **self._fields)

    def _again(self, error: BaseException) -> None:
        self._rest(AGAIN_SECONDS)
        self.tools.metrics.infrastructure.labels(DecideAgainError.__name__).inc()
        log.warning("infrastructure.away", reason=str(error), seconds=AGAIN_SECONDS, **self._fields)

    def _failed(self) -> float:
        """Rest twice as long as the last time; for how many seconds."""
        seconds: float = min(LONGEST_REST, self.tools.rest * 2 ** min(self._failures, 10))
        self._failures += 1
        self._rest(seconds)
        self.tools.metrics.file_failures.labels(self.source.connector.name).inc()
        return seconds

    def _rest(self, seconds: float) -> None:
        self._rest_until = time.monotonic() + seconds
