"""Runs the processes of the hub side by side in one terminal and ends them together."""

import math
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import IO, Protocol, cast

from hub.dev.forking import CAN_FORK, Forked
from hub.dev.lifeline import die_with_parent

_LAST_WORDS_SECONDS = 2
_LOOK_SECONDS = 0.1
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process: the name its lines begin with, and its command as a list."""

    name: str
    argv: Sequence[str]
    call: Callable[[], object] | None = None
    """The same as `argv`, for a copy of this process where there can be one: it starts at once."""
    env: Mapping[str, str] = field(default_factory=dict)
    """What it alone is told."""


def supervise(
    processes: Sequence[ProcessSpec],
    env: Mapping[str, str] | None = None,
    stop_after: float | None = None,
    *,
    grace: float = 10,
    started: Callable[[Mapping[str, int]], None] = lambda _: None,
) -> int:
    """Runs until a signal, until `stop_after` seconds have passed or until one process ends.

    `env` is added to the environment. `started` is told the process ids by name. The answer is an
    exit code: 0 for an end that was asked for; the code of the process that ended by itself (1 if
    that was 0); 1 if one had to be killed. SIGTERM ends a process; SIGKILL does after `grace`
    seconds or at a second signal.
    """
    deadline = time.monotonic() + (math.inf if stop_after is None else stop_after)
    with _counted_signals() as signals:
        crew = _Crew(max(len(spec.name) for spec in processes), grace)
        try:
            for spec in processes:
                if not signals:
                    crew.start(spec, env or {})
            started(crew.pids)
            return crew.run(signals, deadline)
        finally:
            crew.bury()


@contextmanager
def _counted_signals() -> Iterator[list[int]]:
    """Keeps SIGINT and SIGTERM for the loop to see, from before the first process starts."""
    seen: list[int] = []
    watched = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(each, lambda signum, _frame: seen.append(signum)) for each in watched]
    try:
        yield seen
    finally:
        for each, handler in zip(watched, previous, strict=True):
            signal.signal(each, handler)


class _Process(Protocol):
    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    def wait(self) -> int: ...


class _Child:
    def __init__(self, spec: ProcessSpec, env: Mapping[str, str], label: str) -> None:
        self.name = spec.name
        self.label = label
        self.unfinished = b""
        self.process = _begun(spec, env)
        self.output = cast("IO[bytes]", self.process.stdout)

    def has_ended(self) -> bool:
        """Leaves the process unreaped, so that its group keeps its number until it is buried."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        reaped = self.process.returncode is not None
        return reaped or os.waitid(os.P_PID, self.process.pid, flags) is not None

    def send(self, signum: signal.Signals) -> None:
        if self.process.returncode is None:
            os.kill(self.process.pid, signum)

    def bury(self) -> int:
        """Kills the process with whatever it started itself, and gives its exit code."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        return 128 - code if code < 0 else code


def _begun(spec: ProcessSpec, env: Mapping[str, str]) -> _Process:
    if spec.call is not None and CAN_FORK:
        return Forked(spec.call, {**env, **spec.env})
    return subprocess.Popen(
        list(spec.argv),
        env={**os.environ, "PYTHONUNBUFFERED": "1", **env, **spec.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # A Ctrl-C reaches the supervisor alone, which then ends everyone in good order.
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )


class _Crew:
    def __init__(self, width: int, grace: float) -> None:
        self._grace = grace
        self._children: list[_Child] = []
        self._outputs = selectors.DefaultSelector()
        self._width = width
        self._colours = cycle(_COLOURS if _wants_colour() else [0])

    def start(self, spec: ProcessSpec, env: Mapping[str, str]) -> None:
        child = _Child(spec, env, _label(spec.name, self._width, next(self._colours)))
        self._children.append(child)
        self._outputs.register(child.output, selectors.EVENT_READ, child)

    @property
    def pids(self) -> dict[str, int]:
        return {child.name: child.process.pid for child in self._children}

    def run(self, signals: list[int], deadline: float) -> int:
        while not signals and time.monotonic() < deadline:
            self._pass_on_output(_LOOK_SECONDS)
            ended = next((child for child in self._children if child.has_ended()), None)
            if ended:
                code = ended.bury()
                self._say(f"{ended.name} ended by itself with code {code}: stopping the others")
                self._stop(signals)
                return code or 1
        self._say("stopping")
        return self._stop(signals)

    def bury(self) -> None:
        for child in self._children:
            child.bury()
        # What was still in the pipes is said before they close.
        until = time.monotonic() + _LAST_WORDS_SECONDS
        while self._outputs.get_map() and time.monotonic() < until:
            self._pass_on_output(_LOOK_SECONDS)
        for child in self._children:
            child.output.close()
        self._outputs.close()

    def _stop(self, signals: list[int]) -> int:
        for child in self._children:
            child.send(signal.SIGTERM)
        until, so_far = time.monotonic() + self._grace, len(signals)
        while self._alive() and time.monotonic() < until and len(signals) == so_far:
            self._pass_on_output(_LOOK_SECONDS)
        late = self._alive()
        for child in late:
            self._say(f"{child.name} did not stop and is killed")
        return 1 if late else 0

    def _alive(self) -> list[_Child]:
        return [child for child in self._children if not child.has_ended()]

    def _pass_on_output(self, seconds: float) -> None:
        if not self._outputs.get_map():
            time.sleep(seconds)
        for key, _ in self._outputs.select(seconds):
            child: _Child = key.data
            read = os.read(key.fd, 2**16)
            *lines, child.unfinished = (child.unfinished + read).split(b"\n")
            if not read:
                self._outputs.unregister(key.fileobj)
                lines = [child.unfinished] if child.unfinished else []
            for line in lines:
                _write(child.label, line.decode(errors="replace"))

    def _say(self, text: str) -> None:
        _write(_label("hub", self._width, 1 if _wants_colour() else 0), text)


def _wants_colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _label(name: str, width: int, colour: int) -> str:
    padded = f"{name:<{width}} |"
    return f"\033[{colour}m{padded}\033[0m" if colour else padded


def _write(label: str, line: str) -> None:
    sys.stdout.write(f"{label} {line}\n")
    sys.stdout.flush()
