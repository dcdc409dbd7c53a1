"""What the records of a file say: read in windows, each record an event or the reason it is none."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import structlog

from connectors.sdk import (
    Connector,
    Fault,
    FileRecord,
    MeaninglessError,
    Origin,
    SettingsError,
    Translated,
    UntranslatableError,
)
from hub.domain.errors import HubError
from hub.ledger.wire import MAX_VALUE

log = structlog.get_logger(__name__)

WINDOW = 500
"""Records read, sent and asked for together, at most."""
ROWS = 2_000
"""Rows of the file in them, at most, unless one record alone has more."""
CHARACTERS = 4 * 1024 * 1024
"""Of the file in them, at most, with the same exception."""
MEANINGLESS = "says nothing that a warranty depends on"


class FileRefusedError(HubError):
    """The file cannot be read any further; whatever was read until then is answered."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file, and on whose behalf it is read."""

    path: Path
    connector: Connector[Any]
    settings: Any
    """What the connector made of the source's settings."""
    origin: Origin
    scope: str
    """Within it, a line names one request: whoever repeats the job hears the first answer."""
    digest: str
    """Of the content, SHA-256, hex."""
    received_at: datetime
    revision: int
    """Of what is said of its records."""

    @property
    def log(self) -> str:
        """The name of its landing log."""
        return f"file:{self.origin.tenant}/{self.origin.source}/{self.digest[:12]}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One record: what it means, or why it means nothing."""

    number: int
    """In the file, from 0."""
    record: FileRecord
    events: tuple[tuple[Translated, bytes], ...] = ()
    """With the body of each."""
    faults: tuple[Fault, ...] = ()
    meaningless: str = ""
    """Why it is well-formed and gives no event all the same."""

    @property
    def rows(self) -> int:
        """How many rows of the file it speaks of."""
        told = sum(len(event.lines) + len(event.repeats) for event, _ in self.events)
        return told + len(self.faults) + bool(self.meaningless)


def windows(job: Job, *, skip: int = 0) -> Iterator[list[Reading]]:
    """Read the file once, front to back, without its first `skip` records.

    Raises:
        FileRefusedError: with what to change, after everything before it was given.

    """
    readings = _readings(job, skip)
    refusal: FileRefusedError | None = None
    while refusal is None:
        window: list[Reading] = []
        rows = characters = 0
        try:
            while len(window) < WINDOW and rows < ROWS and characters < CHARACTERS:
                reading = next(readings, None)
                if reading is None:
                    break
                window.append(reading)
                rows += reading.rows
                characters += reading.record.size
        except FileRefusedError as error:
            refusal = error
        if not window:
            break
        yield window
    if refusal is not None:
        raise refusal


def _readings(job: Job, skip: int) -> Iterator[Reading]:
    file = job.connector.file
    if file is None:
        raise FileRefusedError(f"connector {job.connector.name} reads no files")
    records = _guarded(job, file.records)
    yield from (_read(job, number, record) for number, record in islice(records, skip, None))


def _guarded(
    job: Job, open_file: Callable[[Path, Any], Iterator[FileRecord]]
) -> Iterator[tuple[int, FileRecord]]:
    """Every failure of a connector's reader is the file's, not the process's."""
    try:
        yield from enumerate(open_file(job.path, job.settings))
    except SettingsError as error:
        raise FileRefusedError(str(error).replace(str(job.path), job.path.name)) from error
    except Exception as error:
        log.exception("file.reader_failed", connector=job.connector.name)
        # Without what it says, which may quote the file.
        message = f"the reader of {job.connector.name} failed: {type(error).__name__}; report it"
        raise FileRefusedError(message) from error


def _read(job: Job, number: int, record: FileRecord) -> Reading:
    try:
        events = tuple(_with_body(event) for event in _translate(job, record))
    except UntranslatableError as error:
        return Reading(number, record, faults=_by_line(error, record))
    except MeaninglessError as error:
        return Reading(number, record, meaningless=str(error))
    return Reading(number, record, events, meaningless="" if events else MEANINGLESS)


def _translate(job: Job, record: FileRecord) -> Iterator[Translated]:
    assert job.connector.file is not None  # noqa: S101 - `_readings` has looked
    try:
        for event in job.connector.file.translate(record, job.settings, job.origin):
            yield event if event.lines else replace(event, lines=((None, record.line),))
    except (UntranslatableError, MeaninglessError):
        raise
    except Exception as error:
        # A fault of the connector's: this record is set aside, and the log says where to look.
        log.exception("file.translation_failed", connector=job.connector.name, count=record.line)
        fault = Fault("not_translated", f"the connector failed: {type(error).__name__}; report it")
        raise UntranslatableError(fault) from error


def _with_body(event: Translated) -> tuple[Translated, bytes]:
    body = event.fact.model_dump_json(exclude_none=True).encode()
    if len(body) > MAX_VALUE:
        message = f"an event of {len(body)} bytes; at most {MAX_VALUE}: split the order"
        raise UntranslatableError(Fault("too_large", message))
    return event, body


def _by_line(error: UntranslatableError, record: FileRecord) -> tuple[Fault, ...]:
    """One fault for each line, in the order of the file."""
    found: defaultdict[int, list[Fault]] = defaultdict(list)
    for fault in error.faults:
        found[fault.line or record.line].append(fault)
    return tuple(
        Fault(faults[0].code, "; ".join(fault.message for fault in faults), line)
        for line, faults in sorted(found.items())
    )
