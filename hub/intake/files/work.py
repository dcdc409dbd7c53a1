"""One taken file, from whatever point it has reached to its end."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from connectors.sdk import Origin, unquoted
from hub.access.sources import Source
from hub.intake.files.flight import Flight, Gate, parts
from hub.intake.files.folder import DONE, REFUSED, Folder, Stamp, Taking, content_of, kind_of
from hub.intake.files.keeper import Keeper
from hub.intake.files.names import readable
from hub.intake.files.progress import Found, Progress
from hub.intake.files.reading import FileRefusedError, Job, Reading, windows
from hub.intake.files.results import Results, separator_of
from hub.intake.files.threads import in_thread
from hub.ledger.submit import Submitter
from hub.telemetry.logging import presentable
from hub.telemetry.metrics import Metrics

PATIENCE = 60.0
"""Seconds for which the answers of a window are waited for while the processor keeps up."""
RECOGNISED = "rows already accepted are recognised"
CHANGED = f"was still being written; drop it again when it is complete; {RECOGNISED}"
DELETED = f"was deleted before it was read to its end; drop it again; {RECOGNISED}"
NO_CONTENT = "none-"
"""What has no content to digest is known by its taking."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it was before its first record was read."""

    path: Path
    stamp: Stamp
    digest: str
    lines: int

    def check(self) -> None:
        """Raise where it is no longer what was looked at."""
        now = Stamp.of(self.path)
        if now != self.stamp:
            raise FileRefusedError(DELETED if now is None else CHANGED)


@dataclass(frozen=True, slots=True)
class Work:
    """Works what was taken from one source's folder, under one lease."""

    source: Source
    folder: Folder
    progress: Progress
    submitter: Submitter
    gate: Gate
    lanes: Callable[[], int]
    metrics: Metrics
    patience: float = PATIENCE

    async def run(self, taking: Taking) -> None:
        """Go on with it and see it to its end.

        Raises:
            LeaseLostError: somebody else works this folder by now.
            StoreUnavailableError, BrokerUnavailableError: begin again later, from what is on record.
            OSError: the folder itself does not answer.

        """
        found = await self.progress.of_taking(taking.id)
        if found is None and taking.original is None:
            self.folder.forget(taking)
            return
        if found is None or found.state == "working":
            found = await self._finish(taking, found)
        await in_thread(self._put_away, taking, found)
        rows = found.figures.get("lines", 0)
        log.info("file.ended", name=found.name, state=found.state, count=rows, **self._fields)

    @property
    def _fields(self) -> dict[str, str]:
        return {"tenant": self.source.tenant, "source": self.source.name}

    @property
    def _reading(self) -> str:
        """As what the file is read; numbers of records mean nothing under another."""
        return f"{self.source.connector.name}/{self.source.revision}"

    async def _finish(self, taking: Taking, found: Found | None) -> Found:
        reason = ""
        try:
            look = await in_thread(_look, taking, found)
            if found is None or not self._can_go_on(taking, found):
                found = await self._begin(taking, look)
            await self._stream(taking, look, found)
            # The last part may have waited for long since it was read.
            await in_thread(look.check)
        except FileRefusedError as error:
            # The table keeps what no row is quoted in; beside the file it may say more.
            reason = readable(str(error))
        found = await self.progress.of_taking(taking.id) or await self._begin(taking, None)
        end = REFUSED if reason else DONE
        await in_thread(self._settle_result, taking, found)
        kept = self.folder.free_name(found.name, end)
        ended = await self.progress.end(found, end, kept, presentable(unquoted(reason)))
        self.metrics.files_ended.labels(end).inc()
        return replace(ended, reason=reason)

    async def _begin(self, taking: Taking, look: Look | None) -> Found:
        original = taking.original
        # Some name a file after a person; it lies in `done` under this name, too.
        name = presentable(readable(original.name if original else ""))
        if look is None:
            return await self.progress.begin(
                NO_CONTENT + taking.id, name, taking.id, self._reading, 0, 0
            )
        log.info("file.taken", name=name, size=look.stamp.size, **self._fields)
        return await self.progress.begin(
            look.digest, name, taking.id, self._reading, look.stamp.size, look.lines
        )

    async def _stream(self, taking: Taking, look: Look, found: Found) -> None:
        source = self.source
        job = Job(
            path=look.path,
            connector=source.connector,
            settings=source.settings,
            origin=Origin(source.tenant, source.name),
            scope=f"file/{source.name}/{look.digest}",
            digest=look.digest,
            received_at=found.begun_at,
            revision=source.revision,
        )
        separator = await in_thread(separator_of, look.path)
        epoch = self.progress.lease.epoch
        with await in_thread(Results, taking, epoch, found.result_bytes, separator) as results:
            keeper = Keeper(job, self.progress, results, found, self.metrics)
            flight = Flight(self.submitter, keeper, self.gate, self.patience, self.lanes)
            await flight.run(parts(job, _unchanged(windows(job, skip=found.records), look)))

    def _can_go_on(self, taking: Taking, found: Found) -> bool:
        """Whether the numbers of records still mean the same, and the result is still there."""
        written = taking.results()
        there = written[-1].stat().st_size if written else 0
        return found.reading == self._reading and there >= found.result_bytes

    def _settle_result(self, taking: Taking, found: Found) -> None:
        """Leave of the result exactly what is on record: nothing, where no line was told anything."""
        written = taking.results()
        epoch = self.progress.lease.epoch
        if found.rows and written and written[-1] != taking.result(epoch):
            with Results(taking, epoch, found.result_bytes, ","):
                pass
        for path in written if not found.rows else ():
            path.unlink()

    def _put_away(self, taking: Taking, found: Found) -> None:
        self.folder.end(taking, found.state, found.kept, _summary(found))


def _look(taking: Taking, found: Found | None) -> Look:
    """Look at the whole of it, which must still be what was found before.

    Raises:
        FileRefusedError: it is nothing that could be read.

    """
    path = taking.original
    stamp = Stamp.of(path) if path else None
    if path is None or stamp is None:
        raise FileRefusedError(DELETED)
    kind = kind_of(path)
    if kind != "file":
        raise FileRefusedError(f"is a {kind}, and the hub follows none; drop the file itself")
    if not stamp.size:
        raise FileRefusedError("is empty; drop it again when it has rows")
    try:
        content = content_of(path)
    except PermissionError as error:
        message = "may not be read by the hub; give it the right to read the file and drop it again"
        raise FileRefusedError(message) from error
    look = Look(path, stamp, content.digest, content.lines)
    look.check()
    if found is not None and found.digest != look.digest:
        raise FileRefusedError(CHANGED)
    return look


def _unchanged(read: Iterator[list[Reading]], look: Look) -> Iterator[list[Reading]]:
    """Give a window only if, after it was read, the file was still the one that was looked at."""
    try:
        for window in read:
            look.check()
            yield window
    except FileRefusedError:
        look.check()
        raise
    look.check()


def _summary(found: Found) -> bytes:
    """What the file beside the result says of the whole."""
    told = {
        "file": found.name,
        "state": found.state,
        "reason": found.reason,
        "rows": found.figures.get("lines", 0),
        **found.figures.get("rows", {}),
        "bytes": found.size,
        "sha256": found.digest if not found.digest.startswith(NO_CONTENT) else "",
        "begun_at": found.begun_at.isoformat(),
        "ended_at": found.changed_at.isoformat(),
    }
    return json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"
