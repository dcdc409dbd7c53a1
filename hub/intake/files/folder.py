"""The drop folder of one source: what lies in it, what is being worked, and where it ends."""

import errno
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Self

from hub.intake.files.names import RESULT, SUMMARY, free_name

WORKING, DONE, REFUSED = ".working", "done", "refused"
UNFINISHED = (".part", ".tmp", ".filepart")
CHUNK = 1024 * 1024
PRIVATE = 0o700
OPEN = Path("/proc/self/fd")
THE_FOLDER_ITSELF = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Stamp(NamedTuple):
    """What changes when a file does."""

    inode: int
    size: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """That of the file itself, never of what a link points to; None where it is gone."""
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            return None
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)


class Content(NamedTuple):
    """What a file holds."""

    digest: str
    lines: int


@dataclass(frozen=True, slots=True)
class Taking:
    """Something that was taken out of the drop folder, in a folder of its own."""

    place: Path

    @property
    def id(self) -> str:
        """Takings sort by it in the order in which they were taken."""
        return self.place.name

    @property
    def original(self) -> Path | None:
        """What was dropped; None where somebody has taken it away."""
        for entry in self.place.iterdir():
            if not entry.name.startswith("."):
                return entry
        return None

    def result(self, epoch: int) -> Path:
        """Where the holder of a lease writes. Whoever held an earlier one cannot spoil it."""
        return self.place / f".result.{epoch:012d}.csv"

    def results(self) -> list[Path]:
        """Those of every lease, the last one last."""
        return sorted(self.place.glob(".result.*.csv"))


@dataclass(frozen=True, slots=True)
class Working:
    """The folder of what was taken, held open."""

    path: Path

    def take(self, drop: Path) -> Taking | None:
        """Move it out of everybody's way; None where it is gone."""
        taking = Taking(self.path / f"{time.time_ns():020d}")
        taking.place.mkdir(mode=0o700)
        try:
            drop.rename(taking.place / drop.name)
        except OSError as error:
            taking.place.rmdir()
            if isinstance(error, FileNotFoundError):
                return None
            raise
        sync_folders(taking.place, self.path, drop.parent)
        return taking

    def takings(self) -> list[Taking]:
        """What was taken and has not ended, oldest first."""
        return [Taking(path) for path in sorted(self.path.iterdir())]


@dataclass(frozen=True, slots=True)
class Folder:
    """`<drop>/<tenant>/<source>`, where whoever drops files may rename and replace what he likes.

    So what is ours in it is opened before it is used, without following a link, and reached through
    what is open: a name that leads elsewhere by then changes nothing.
    """

    inbox: Path

    def prepare(self) -> None:
        """Make what is missing.

        Raises:
            OSError: it cannot be made, or something else than a folder of ours stands there.

        """
        self.inbox.mkdir(parents=True, exist_ok=True)
        # Whoever drops files shall not be able to put something else in the place of one taken.
        for name, mode in ((WORKING, PRIVATE), (DONE, 0o777), (REFUSED, 0o777)):
            (self.inbox / name).mkdir(mode=mode, exist_ok=True)
            with self._held(name):
                pass

    def drops(self) -> Iterator[Path]:
        """What lies in the inbox and is not marked as unfinished."""
        with os.scandir(self.inbox) as entries:
            for entry in entries:
                name = entry.name
                ours = name.startswith(".") or name in {DONE, REFUSED}
                if not ours and not name.lower().endswith(UNFINISHED):
                    yield self.inbox / name

    @contextmanager
    def working(self) -> Iterator[Working]:
        """What was taken, for as long as the block runs."""
        with self._held(WORKING) as path:
            yield Working(path)

    def free_name(self, name: str, end: str) -> str:
        """A name under which the file and its results can be kept."""
        with self._held(end) as target:
            return free_name(name, lambda other: os.path.lexists(target / other))

    def end(self, taking: Taking, end: str, kept: str, summary: bytes) -> None:
        """Put original, result and summary where people look for them. Can be begun again."""
        with self._held(end) as target:
            written = taking.results()
            if written:
                written[-1].replace(target / (kept + RESULT))
            _write(taking.place / ".summary", summary)
            (taking.place / ".summary").replace(target / (kept + SUMMARY))
            if (original := taking.original) is not None:
                original.rename(target / kept)
            sync_folders(target)
        self.forget(taking)

    def forget(self, taking: Taking) -> None:
        """Take its folder away."""
        shutil.rmtree(taking.place, ignore_errors=True)

    @contextmanager
    def _held(self, name: str) -> Iterator[Path]:
        """A path that leads to one of our folders whatever becomes of its name meanwhile."""
        descriptor = self._open(name)
        try:
            if name == WORKING:
                _check_private(self.inbox / name, os.fstat(descriptor))
            # Elsewhere than on Linux nothing leads back to what is open, and the name must do.
            yield OPEN / str(descriptor) if OPEN.is_dir() else self.inbox / name
        finally:
            os.close(descriptor)

    def _open(self, name: str) -> int:
        path = self.inbox
        try:
            inbox = os.open(path, THE_FOLDER_ITSELF)
            try:
                path /= name
                return os.open(name, THE_FOLDER_ITSELF, dir_fd=inbox)
            finally:
                os.close(inbox)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                message = f"{path} is no folder; the hub follows no links"
                raise NotADirectoryError(message) from error
            raise


def _check_private(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & ~PRIVATE:
        message = f"{path} is not the hub's alone; remove it, and the hub makes another"
        raise PermissionError(message)


def kind_of(path: Path) -> str:
    """What it is in a word: `file`, or what a file is not."""
    mode = os.lstat(path).st_mode
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    return "folder" if stat.S_ISDIR(mode) else "device or pipe"


def content_of(path: Path) -> Content:
    """Digest and number of lines, holding one chunk at a time."""
    digest, lines, last = sha256(), 0, b"\n"
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(path, flags), "rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return Content(digest.hexdigest(), lines + (last != b"\n"))


def sync_folders(*paths: Path) -> None:
    """Have the disk keep which names stand in these folders."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            with suppress(OSError):
                # Some network file systems know no such thing and need none.
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
