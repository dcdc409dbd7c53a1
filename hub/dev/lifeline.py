"""Ties child processes to their parent, so that nothing outlives a development session."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel signal the child when its parent dies, even by kill -9.

    The kernel watches the thread that spawned the child, so only the main thread may spawn.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "Spawn from the main thread: the child would be killed when this thread ends. "
            "Waiting for it may happen in any thread."
        )
    if _LIBC is None:
        return None
    libc, parent = _LIBC, os.getpid()

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, death_signal)
        # The parent may have died before the kernel was asked.
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Turns SIGTERM into SystemExit, so that context managers stop what they started."""

    def leave(signum: int, _frame: FrameType | None) -> None:
        sys.exit(128 + signum)

    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
