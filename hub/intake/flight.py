"""A file on its way through the hub: windows of it, bounded, each line answered in file order."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from connectors.sdk import Connector, Origin, SettingsError, Translated, UntranslatableError
from hub.domain.serials import normalise
from hub.intake.wording import LineAnswer, decided, unreadable
from hub.ledger.submit import Answer, Submission, Submitter
from hub.sdk.events import Outcome
from schemas.envelope import Envelope, source_of
from schemas.events.sale import SaleRecorded, SaleReturned

WINDOW = 500
"""Records read, sent and asked for together."""
WINDOWS = 4
"""So many windows may wait for their answers: 2,000 records, whatever the size of the file."""
DONE, NOT_ALL, STOPPED = 0, 1, 2
WELL = frozenset({Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.REJECTED, Outcome.EARLY})
"""What a publisher need not come back for: final, or kept until what it waits for comes."""

Outlook = list[Translated | LineAnswer]


class Screen(Protocol):
    """Where answers and progress are shown."""

    def line(self, answer: LineAnswer) -> None: ...
    def progress(self, lines: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """One file to publish, and on whose behalf."""

    path: Path
    connector: Connector[Any]
    settings: Any
    """What the connector made of the map and the options."""
    origin: Origin
    patience: float = 60.0
    """Seconds for which the answers of a window are waited for."""
    warning: str = ""
    """What a person should know before the first line."""


@dataclass(slots=True)
class Tally:
    """What the last line says of a whole run."""

    lines: int = 0
    unreadable: int = 0
    repeated_lines: int = 0
    events: int = 0
    replayed: int = 0
    waiting: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    error: str = ""

    def json(self) -> str:
        """One line of JSON, every figure by a plain name."""
        figures: dict[str, object] = {
            "lines": self.lines,
            "unreadable": self.unreadable,
            "repeated_lines": self.repeated_lines,
            "events": self.events,
            "accepted": sum(self.outcomes.values()),
            **{outcome.value: self.outcomes[outcome] for outcome in Outcome},
            "waiting": self.waiting,
            "replayed": self.replayed,
        }
        return json.dumps(figures | ({"error": self.error} if self.error else {}))

    @property
    def exit_code(self) -> int:
        """0 where every line was decided or is early, 1 where some is not, 2 where the run stopped."""
        if self.error:
            return STOPPED
        decided = all(outcome in WELL for outcome, count in self.outcomes.items() if count)
        return DONE if decided and not self.unreadable and not self.waiting else NOT_ALL


@dataclass(frozen=True, slots=True)
class Flight:
    """Events that were sent and whose answers are awaited."""

    outlook: Outlook
    answers: asyncio.Task[list[Answer]]
    serials: dict[str, str]


async def stream(job: Job, submitter: Submitter, screen: Screen, tally: Tally) -> None:
    """Publish window after window, while earlier ones wait for their answers.

    A serial that is in flight under another order is waited for: homes are decided side by side,
    and which of two sales of one unit came first is what the file says.
    """
    flying: deque[Flight] = deque()
    waiting = windows(job, tally)
    try:
        while (outlook := await asyncio.to_thread(next, waiting, None)) is not None:
            for part, serials in _apart(outlook):
                while len(flying) >= WINDOWS or any(_meet(f.serials, serials) for f in flying):
                    await _show(flying.popleft(), screen, tally)
                sent = await submitter.send([_submission(job, event) for event in _events(part)])
                answers = asyncio.create_task(submitter.answers(sent, within=job.patience))
                flying.append(Flight(part, answers, serials))
        while flying:
            await _show(flying.popleft(), screen, tally)
    finally:
        for flight in flying:
            flight.answers.cancel()
        await asyncio.gather(*(flight.answers for flight in flying), return_exceptions=True)


def _events(outlook: Outlook) -> Iterator[Translated]:
    return (item for item in outlook if isinstance(item, Translated))


def _apart(outlook: Outlook) -> Iterator[tuple[Outlook, dict[str, str]]]:
    """Cut a window wherever a serial comes again under another order."""
    part: Outlook = []
    serials: dict[str, str] = {}
    for item in outlook:
        found = _serials(item) if isinstance(item, Translated) else {}
        if _meet(serials, found):
            yield part, serials
            part, serials = [], {}
        part.append(item)
        serials |= found
    yield part, serials


def _meet(before: dict[str, str], after: dict[str, str]) -> bool:
    return any(before.get(serial, home) != home for serial, home in after.items())


def _serials(event: Translated) -> dict[str, str]:
    """Every serial an event names, with its home."""
    if not isinstance(event.fact, SaleRecorded | SaleReturned):
        return {}
    return {normalise(serial): event.home for line in event.fact.lines for serial in line.serials}


async def _show(flight: Flight, screen: Screen, tally: Tally) -> None:
    answers = iter(await flight.answers)
    for item in flight.outlook:
        if isinstance(item, LineAnswer):
            screen.line(item)
            continue
        answer = next(answers)
        if answer.outcome is None:
            tally.waiting += 1
        else:
            tally.outcomes[answer.outcome] += 1
        tally.replayed += answer.replayed
        for line in decided(item, answer):
            screen.line(line)
    screen.progress(tally.lines)


def _submission(job: Job, event: Translated) -> Submission:
    """The scope is the line, so that a receipt that stands twice in a file is answered twice."""
    origin = job.origin
    envelope = Envelope(
        id=event.id,
        source=source_of(origin.tenant, origin.source),
        type=event.fact.TYPE,
        time=event.time,
        tenant=origin.tenant,
        partitionkey=event.home,
        correlationid=event.id,
    )
    body = event.fact.model_dump_json(exclude_none=True).encode()
    scope = f"publish/{origin.source}/{job.path.name}/{event.lines[0][1]}"
    return Submission(scope, envelope, event.home, body)


def windows(job: Job, tally: Tally) -> Iterator[Outlook]:
    file = job.connector.file
    if file is None:
        raise SettingsError(f"connector {job.connector.name} reads no files")
    records = file.records(job.path, job.settings)
    while window := list(islice(records, WINDOW)):
        outlook: Outlook = []
        for record in window:
            try:
                events = list(file.translate(record, job.settings, job.origin))
            except UntranslatableError as error:
                faults = sorted(error.faults, key=lambda fault: fault.line or record.line)
                outlook += [unreadable(fault, record.line) for fault in faults]
                tally.unreadable += len(faults)
                tally.lines += len(faults)
                continue
            outlook += events
            tally.events += len(events)
            tally.lines += sum(len(event.lines) + len(event.repeats) for event in events)
            tally.repeated_lines += sum(len(event.repeats) for event in events)
        yield outlook
