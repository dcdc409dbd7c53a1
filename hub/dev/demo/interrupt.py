"""Ctrl-C and SIGTERM while servers start, without losing one."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def exit_on_signals() -> Iterator[Callable[[], None]]:
    """Turns both signals into SystemExit; gives a check to make after each start of a process.

    Python runs hooks when it forks, and an exception that a signal raises in one of them is lost:
    the check raises it again.
    """
    asked: list[int] = []

    def leave(signum: int, _frame: FrameType | None) -> None:
        asked.append(signum)
        sys.exit(128 + signum)

    def check() -> None:
        if asked:
            sys.exit(128 + asked[0])

    watched = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(each, leave) for each in watched]
    try:
        yield check
    finally:
        for each, handler in zip(watched, previous, strict=True):
            signal.signal(each, handler)
