"""A file on its way through the hub: windows of it, bounded, answered in the order of the file."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from connectors.sdk import Translated
from hub.domain.serials import normalise
from hub.intake.files.landings import landings
from hub.intake.files.reading import FileRefusedError, Job, Reading
from hub.intake.files.threads import in_thread
from hub.ledger.submit import Answer, Sent, Submission, Submitter
from hub.ledger.wire import RAW, REVISION
from schemas.envelope import Envelope, source_of
from schemas.events.sale import SaleRecorded, SaleReturned

LANES = 4
"""So many windows may wait for their answers: 2,000 records, whatever the size of the file."""


@dataclass(frozen=True, slots=True)
class Part:
    """Records that are sent and answered together."""

    readings: tuple[Reading, ...]
    submissions: tuple[Submission, ...]
    serials: dict[str, str]
    """Every serial named in them, with its home."""
    landings: bytes
    """Their lines for the landing log."""

    @property
    def end(self) -> int:
        """The number of the record after the last."""
        return self.readings[-1].number + 1


class Gate(Protocol):
    """What a bulk feed waits at while people are waiting."""

    async def wait(self) -> None: ...


class Sink(Protocol):
    """Where the answers go."""

    async def leaving(self, part: Part) -> None: ...
    async def answered(self, part: Part, answers: Sequence[Answer]) -> None: ...


@dataclass(slots=True)
class Flight:
    """Sends part after part, while earlier ones wait for their answers.

    A serial that is in flight under another order is waited for: homes are decided side by side,
    and which of two sales of one unit came first is what the file says.
    """

    submitter: Submitter
    sink: Sink
    gate: Gate
    patience: float
    """Seconds for which the answers of a part are waited for once the gate is open."""
    lanes: Callable[[], int] = lambda: LANES
    _flying: "deque[tuple[Part, asyncio.Task[None]]]" = field(default_factory=deque)

    async def run(self, parts: Iterator[Part]) -> None:
        """Send everything and see it land.

        Raises:
            FileRefusedError: after everything that was read before has landed.

        """
        ahead = _next(parts)
        try:
            while (part := await asyncio.shield(ahead)) is not None:
                ahead = _next(parts)
                await self._send(part)
        except FileRefusedError:
            await self._land()
            raise
        else:
            await self._land()
        finally:
            await self._leave(ahead)

    async def _send(self, part: Part) -> None:
        await self.gate.wait()
        while self._flying and (self._full() or self._flying[0][1].done() or self._meets(part)):
            await self._flying.popleft()[1]
        await self.sink.leaving(part)
        sent = await self.submitter.send(part.submissions)
        before = self._flying[-1][1] if self._flying else None
        self._flying.append((part, asyncio.create_task(self._hear(part, sent, before))))

    def _full(self) -> bool:
        return len(self._flying) >= self.lanes()

    def _meets(self, part: Part) -> bool:
        return any(_meet(flying.serials, part.serials) for flying, _ in self._flying)

    async def _hear(self, part: Part, sent: Sent, before: "asyncio.Task[None] | None") -> None:
        answers = await self.submitter.answers(sent, within=self.patience)
        while any(answer.outcome is None for answer in answers) and await self._held_up():
            answers = await self.submitter.answers(sent, within=self.patience)
        if before is not None:
            await before
        await self.sink.answered(part, answers)

    async def _held_up(self) -> bool:
        """Whether the answers may be late because everything is."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await self.gate.wait()
        return loop.time() - began > 1

    async def _land(self) -> None:
        while self._flying:
            await self._flying.popleft()[1]

    async def _leave(self, ahead: "asyncio.Task[Part | None]") -> None:
        for _, task in self._flying:
            task.cancel()
        # A thread cannot be cancelled; it ends with the window that it reads.
        await asyncio.gather(ahead, *(task for _, task in self._flying), return_exceptions=True)


def _next(parts: Iterator[Part]) -> "asyncio.Task[Part | None]":
    return asyncio.create_task(in_thread(next, parts, None))


def parts(job: Job, windows: Iterable[Sequence[Reading]]) -> Iterator[Part]:
    """Cut a window wherever a serial comes again under another order."""
    for window in windows:
        for readings, serials in _apart(window):
            yield Part(
                tuple(readings),
                tuple(_submissions(job, readings)),
                serials,
                landings(job, readings),
            )


def _apart(window: Sequence[Reading]) -> Iterator[tuple[list[Reading], dict[str, str]]]:
    readings: list[Reading] = []
    serials: dict[str, str] = {}
    for reading in window:
        found = {serial: home for event, _ in reading.events for serial, home in _serials(event)}
        if _meet(serials, found):
            yield readings, serials
            readings, serials = [], {}
        readings.append(reading)
        serials |= found
    yield readings, serials


def _meet(before: dict[str, str], after: dict[str, str]) -> bool:
    return any(before.get(serial, home) != home for serial, home in after.items())


def _serials(event: Translated) -> Iterator[tuple[str, str]]:
    if isinstance(event.fact, SaleRecorded | SaleReturned):
        for line in event.fact.lines:
            for serial in line.serials:
                yield normalise(serial), event.home


def _submissions(job: Job, readings: Iterable[Reading]) -> Iterator[Submission]:
    """The scope is the line, so that a receipt that stands twice in a file is answered twice."""
    source = source_of(job.origin.tenant, job.origin.source)
    revision = (REVISION, b"%d" % job.revision)
    for reading in readings:
        for event, body in reading.events:
            raw = reading.events[0][0].id
            envelope = Envelope(
                id=event.id,
                source=source,
                type=event.fact.TYPE,
                time=event.time,
                tenant=job.origin.tenant,
                partitionkey=event.home,
                correlationid=raw,
            )
            scope = f"{job.scope}/{reading.record.line}"
            headers = ((RAW, raw.encode()), revision)
            yield Submission(scope, envelope, event.home, body, headers)
