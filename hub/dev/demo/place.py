"""The folder a demo lives in, and its `demo.json`, which says where everything is."""

import fcntl
import json
import os
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping
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
    """`demo.json` counts only while the process it names lives; it holds keys."""

    root: Path

    @property
    def notes(self) -> Path:
        return self.root / "demo.json"

    @property
    def shell(self) -> Path:
        """The same surroundings for a shell: `. .hub/demo.env`."""
        return self.root / "demo.env"

    @property
    def drop(self) -> Path:
        """Where files are dropped, in a folder for each tenant and source."""
        return self.root / "drop"

    @property
    def simulator_note(self) -> Path:
        return self.root / "simulator.json"

    @property
    def book(self) -> Path:
        """What the receivers of this run took."""
        return self.root / "taken.txt"

    @property
    def mail(self) -> Path:
        """Mails to people, such as invitations."""
        return self.root / "mail"

    @property
    def gate(self) -> Path:
        """There once Kafka and Postgres are ready and prepared."""
        return self.root / "gate"

    @property
    def second_gate(self) -> Path:
        """There once those are at work who are needed for a first warranty."""
        return self.root / "gate.2"

    def read(self) -> dict[str, Any]:
        """What is noted; empty where nothing readable is."""
        try:
            found = json.loads(self.notes.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def note(self, **fields: object) -> None:
        """Add to what is noted; a reader sees the old or the new file, never half of one."""
        self._write(self.notes, json.dumps(self.read() | fields, indent=2) + "\n")

    def tell_shells(self, environment: Mapping[str, str]) -> None:
        """Let a shell know what every process of the demo is told, and the keys of its tenants."""
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()]
        self._write(self.shell, "".join(lines))

    def begin(self, ports: dict[str, int], **identity: object) -> None:
        """Forget the last run, but for the keys that were given out."""
        self._forget(ports=ports, state="starting", **identity, stop=f"kill {identity['pid']}")

    def end(self, ports: dict[str, int], figures: dict[str, object]) -> None:
        """Nothing runs any more; the next run asks for the same ports."""
        self._forget(ports=ports, state="stopped", figures=figures)

    def _forget(self, **fields: object) -> None:
        for file in (self.gate, self.second_gate, self.shell):
            file.unlink(missing_ok=True)
        kept = {"private": self.read().get("private", {})}
        self._write(self.notes, json.dumps(fields | kept, indent=2) + "\n")

    def _write(self, path: Path, text: str) -> None:
        """A reader sees the old or the new file, never half of one; nobody else may read it."""
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
        ) as file:
            file.write(text)
        unfinished.replace(path)

    def shops(self, run: str) -> dict[str, Any]:
        """What the shops of this run sent and heard; empty where they have not said it."""
        try:
            found = json.loads(self.simulator_note.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found if found.get("run") == run else {}

    def ports(self, names: Iterable[str]) -> dict[str, int]:
        """Those of the last run if they are free, so that what a person wrote down stays true."""
        kept: dict[str, object] = self.read().get("ports", {})
        found: dict[str, int] = {}
        for name in names:
            port = kept.get(name)
            while not isinstance(port, int) or port in found.values() or not can_listen(port):
                port = free_port()
            found[name] = port
        return found

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
