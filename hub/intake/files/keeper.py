"""Keeps what a dropped file's lines were told: first in its result, then on record."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

import structlog

from hub.intake.files.flight import Part
from hub.intake.files.progress import Found, Progress, Step
from hub.intake.files.reading import Job
from hub.intake.files.results import Results
from hub.intake.files.tally import Tally
from hub.ledger.submit import Answer
from hub.telemetry.metrics import Metrics

NOTED_EVERY = 10.0
"""Seconds between two lines of the log about one file."""

log = structlog.get_logger(__name__)


class Keeper:
    """The sink of a dropped file."""

    def __init__(
        self, job: Job, progress: Progress, results: Results, found: Found, metrics: Metrics
    ) -> None:
        """Go on from what is on record."""
        self._metrics = metrics
        self._job = job
        self._progress = progress
        self._results = results
        self._found = found
        self._records = found.records
        self._tally = Tally.of(found.figures)
        self._seconds = float(found.figures.get("seconds", 0))
        self._moved = self._noted = time.monotonic()

    async def leaving(self, part: Part) -> None:
        """Nothing is known of a part before it is answered."""

    async def answered(self, part: Part, answers: Sequence[Answer]) -> None:
        """Write the result, wait for the disk, and only then say so."""
        lines = self._tally.add(part.readings, answers)
        await asyncio.to_thread(self._results.append, lines)
        now = time.monotonic()
        self._seconds += now - self._moved
        self._moved = now
        step = Step(
            from_record=self._records,
            to_record=part.end,
            rows=self._tally.lines,
            line=max(line.line for line in lines),
            result_bytes=self._results.size,
            figures=self._tally.figures() | {"seconds": round(self._seconds, 3)},
            landings=part.landings,
            requests=[answer.request for answer in answers],
        )
        await self._progress.move(self._job, step)
        self._records = part.end
        for word, count in Counter(line.word for line in lines).items():
            self._metrics.file_rows.labels(word).inc(count)
        self._note(step)

    def _note(self, step: Step) -> None:
        now = time.monotonic()
        if now - self._noted >= NOTED_EVERY:
            self._noted = now
            log.info(
                "file.progressed",
                tenant=self._job.origin.tenant,
                source=self._job.origin.source,
                name=self._found.name,
                done=step.line,
                total=self._found.lines,
                rate=round(step.rows / max(self._seconds, 0.001), 1),
            )
