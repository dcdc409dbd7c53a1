"""Dropped files that were worked: they go after their time, their results after theirs."""

import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from schemas.policies.retention import Kind

ENDED = ("done", "refused")
WORKING = ".working"
RESULTS = (".result.csv", ".result.json")
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
DAY = 86_400


def clear(root: Path, tenant: str, days: Mapping[Kind, int | None], most: int) -> int:
    """Remove a tenant's files that are too old, at most so many; gives how many. No link is followed."""
    gone = 0
    with suppress(OSError), _folder(root / tenant) as sources:
        for source in sorted(os.listdir(sources)):  # noqa: PTH208 - by descriptor
            for name in ENDED:
                with suppress(OSError), _folder(source, sources) as here, _folder(name, here) as fd:
                    gone += _clear(fd, days, most - gone)
    return gone


def clear_all(root: Path, tenant: str) -> int:
    """Remove every file that a tenant has dropped, worked or not; gives how many. No link is followed."""
    gone = 0
    with suppress(OSError), _folder(root / tenant) as sources:
        for source in sorted(os.listdir(sources)):  # noqa: PTH208 - by descriptor
            with suppress(OSError), _folder(source, sources) as here:
                for name in (*ENDED, WORKING, "."):
                    with suppress(OSError), _folder(name, here) as fd:
                        gone += _empty(fd)
    return gone


@contextmanager
def _folder(path: Path | str, inside: int | None = None) -> Iterator[int]:
    fd = os.open(path, FOLDER, dir_fd=inside)
    try:
        yield fd
    finally:
        os.close(fd)


def _clear(folder: int, days: Mapping[Kind, int | None], most: int) -> int:
    gone, now = 0, time.time()
    for name in os.listdir(folder):
        if gone >= most:
            break
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        most_days = days["results" if name.endswith(RESULTS) else "files"]
        if most_days is None or not stat.S_ISREG(found.st_mode):
            continue
        if found.st_mtime < now - most_days * DAY:
            os.unlink(name, dir_fd=folder)
            gone += 1
    return gone


def _empty(folder: int) -> int:
    gone = 0
    for name in os.listdir(folder):
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(found.st_mode):
            os.unlink(name, dir_fd=folder)
            gone += 1
    return gone
