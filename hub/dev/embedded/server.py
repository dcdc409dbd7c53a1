"""One server process: started, stopped, killed, and started again on the same port."""

import os
import random
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from hub.dev.lifeline import die_with_parent

_POLL_SECONDS = 0.02
_STOP_SECONDS = 20
_LOG_LINES = 15


class EmbeddedError(RuntimeError):
    """An embedded server cannot run; the message says what to do about it."""


class Server(ABC):
    """Subclasses say how to prepare, launch and recognise their server.

    `start` is `spawn` then `wait_ready`: inside an event loop call `spawn` on the main thread and
    `wait_ready` in any thread.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    user: int | None = None

    def __init__(self, root: Path, port: int | None = None) -> None:
        self.root = root.resolve()
        self.port = port or free_port()
        self.log = self.root / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._spawned_before = False

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder ready; called before every start."""

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def is_ready(self) -> bool: ...

    @property
    def pid(self) -> int:
        return self._running().pid

    def start(self, timeout: float = 60) -> Self:
        self.spawn()
        self.wait_ready(timeout)
        return self

    def spawn(self) -> None:
        if self._process and self._process.poll() is None:
            raise RuntimeError(f"{self.name} runs already as process {self._process.pid}")
        if not can_listen(self.port):
            raise EmbeddedError(
                f"Port {self.port}, wanted for {self.name}, is taken: "
                "stop what listens there or choose another port."
            )
        self.prepare()
        # A first start begins a new log; a restart adds to the story of the crash.
        with self.log.open("ab" if self._spawned_before else "wb") as log:
            # A session of its own keeps a Ctrl-C in the terminal from stopping the servers
            # before the programs that use them.
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.root,
                start_new_session=True,
                preexec_fn=die_with_parent(self.stop_signal),
                user=self.user,
                group=self.user,
                extra_groups=self._no_groups(),
            )
        self._spawned_before = True

    def wait_ready(self, timeout: float = 60) -> None:
        process, deadline = self._running(), time.monotonic() + timeout
        while not self.is_ready() or process.poll() is not None:
            if process.poll() is not None:
                raise EmbeddedError(self._said(f"ended with code {process.returncode}"))
            if time.monotonic() > deadline:
                self.kill()
                raise EmbeddedError(self._said(f"was not ready after {timeout:.0f} s"))
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        self._end(self.stop_signal)

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        self._end(signal.SIGKILL)

    def send_signal(self, signum: signal.Signals) -> None:
        """SIGSTOP and SIGCONT make a server hang and wake; it hangs once this returns."""
        running = self._running()
        running.send_signal(signum)
        if signum == signal.SIGSTOP:
            # On a busy machine it takes a while until the first of its threads sees the signal and stops all others.
            os.waitpid(running.pid, os.WUNTRACED)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _end(self, signum: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(signum)
        # A suspended server hears nothing until it is woken.
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _no_groups(self) -> list[int] | None:
        """Whoever gives up root gives up its groups too."""
        return None if self.user is None else []

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._process

    def _said(self, what: str) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "\n  ".join([f"{self.name} {what}. The end of {self.log}:", *lines])


def free_port() -> int:
    """A port below the range from which the kernel serves outgoing connections.

    A client that retries against a stopped server can otherwise be given the server's own port,
    connect to itself, and keep the server from coming back.
    """
    ports = random.sample(range(20_000, 32_000), k=100)
    return next(port for port in ports if can_listen(port))


def can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
