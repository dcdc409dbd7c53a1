"""The folder a demo lives in, and its `demo.json`, which says where everything is."""

import fcntl
import json
import os
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from hub.dev.embedded import EmbeddedError
from hub.dev.embedded.server import can_listen, free_port

_PATIENCE_SECONDS = 25


class DemoError(EmbeddedError):
    """The demo cannot run; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Place:
    """`demo.json` counts only while the process it names lives."""

    root: Path

    @property
    def notes(self) -> Path:
        return self.root / "demo.json"

    @property
    def shell(self) -> Path:
        """The same surroundings for a shell: `set -a; . .hub/demo.env; set +a`."""
        return self.root / "demo.env"

    @property
    def simulator_note(self) -> Path:
        return self.root / "simulator.json"

    @property
    def gate(self) -> Path:
        """There once Kafka and Postgres are ready and prepared."""
        return self.root / "gate"

    def read(self) -> dict[str, Any]:
        """What is noted; empty where nothing readable is."""
        try:
            found = json.loads(self.notes.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def note(self, **fields: object) -> None:
        """Add to what is noted; a reader sees the old or the new file, never half of one."""
        unfinished = self.notes.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(self.read() | fields, indent=2) + "\n")
        unfinished.replace(self.notes)
        environment = fields.get("environment")
        if isinstance(environment, dict):
            lines = [f"{name}={shlex.quote(value)}\n" for name, value in environment.items()]
            self.shell.write_text("".join(lines))

    def begin(self, ports: dict[str, int], **identity: object) -> None:
        """Forget the last run."""
        for file in (self.notes, self.gate, self.simulator_note, self.shell):
            file.unlink(missing_ok=True)
        self.note(state="starting", **identity, stop=f"kill {identity['pid']}", ports=ports)

    def end(self, ports: dict[str, int], figures: dict[str, object]) -> None:
        """Nothing runs any more; the next run asks for the same ports."""
        self.gate.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)
        self.shell.unlink(missing_ok=True)
        self.note(state="stopped", ports=ports, figures=figures)

    def port(self, name: str) -> int:
        """The port of the last run if it is free, so that what a person wrote down stays true."""
        kept = self.read().get("ports", {}).get(name)
        return kept if isinstance(kept, int) and can_listen(kept) else free_port()

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep a second demo away; the kernel lets go when this process ends, however it does."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # Postgres runs under an account of its own when root starts it.
            self.root.chmod(0o755)
            lock = (self.root / "demo.lock").open("w")
        except OSError as problem:
            raise DemoError(
                f"{self.root} cannot be used ({problem.strerror}): another account may have made "
                "it. Run as that account, delete the folder, or name another: hub dev --state DIR"
            ) from problem
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DemoError(self._who_runs()) from None
            self._await_orphans()
            yield

    def _who_runs(self) -> str:
        noted = self.read()
        if not is_alive(noted):
            return f"A demo is just starting or ending in {self.root}: try again in a moment."
        since = datetime.fromtimestamp(noted["started_at"]).astimezone().strftime("%H:%M:%S")
        return (
            f"A demo runs already in {self.root}, since {since}, as process {noted['pid']}. "
            f"Stop it with Ctrl-C in its terminal or with: kill {noted['pid']}"
        )

    def _await_orphans(self) -> None:
        """A demo that was killed takes its servers with it, but not within the same instant."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        servers = self.read().get("servers", {}).values()
        while any(is_alive(server) for server in servers):
            if time.monotonic() > deadline:
                pids = " ".join(str(server["pid"]) for server in servers if is_alive(server))
                raise DemoError(f"Servers of an earlier demo still run; end them with: kill {pids}")
            time.sleep(0.1)


def identity(pid: int) -> dict[str, Any]:
    """What tells a process from a later one that was given the same number."""
    return {"pid": pid, "started_at": psutil.Process(pid).create_time()}


def is_alive(noted: dict[str, Any]) -> bool:
    """Whether the very process that was noted still lives."""
    try:
        process = psutil.Process(int(noted["pid"]))
        # The clock that start times are reckoned by may have been set meanwhile.
        same = abs(process.create_time() - float(noted["started_at"])) < 1
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (KeyError, TypeError, ValueError, psutil.NoSuchProcess):
        return False
