"""A process that begins as a copy of this one: everything is imported, and its memory is shared."""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import NoReturn

from hub.dev.lifeline import die_with_parent

CAN_FORK = sys.platform == "linux"
"""Elsewhere libraries of the system may not survive it."""
_MANY = 65_536


class Forked:
    """As much of `subprocess.Popen` as a supervisor needs; its output is both of its streams."""

    def __init__(self, call: Callable[[], object], env: Mapping[str, str]) -> None:
        """Begin; from the main thread of a process that has no other and runs no event loop."""
        tie = die_with_parent(signal.SIGKILL)
        read, write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        # What is never collected is never touched, and so stays shared.
        gc.freeze()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _become(call, env, write, tie)
        os.close(write)
        self.stdout = os.fdopen(read, "rb", buffering=0)

    def wait(self) -> int:
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _become(
    call: Callable[[], object],
    env: Mapping[str, str],
    output: int,
    tie: Callable[[], None] | None,
) -> NoReturn:
    code = 1
    try:
        if tie:
            tie()
        _stand_alone(output)
        os.environ.update(env)
        call()
        code = 0
    except SystemExit as end:
        code = _code_of(end)
    except BaseException:  # noqa: BLE001 - nothing of this process may go on in the parent's frames
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _stand_alone(output: int) -> None:
    """Keep nothing of the parent's signals and files."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for kept, instead in ((0, nothing), (1, output), (2, output)):
        os.dup2(instead, kept)
    os.closerange(3, _MANY)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _code_of(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    sys.stderr.write(f"{end.code}\n")
    return 1
