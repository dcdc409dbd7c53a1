"""The hub's processes: started, killed, frozen, thawed, and asked whether they are ready."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hub.dev.crash.installation import WORDS, Installation, hub
from hub.dev.embedded.server import free_port
from hub.dev.lifeline import die_with_parent

_STOP_SECONDS = 15
_ASK = b"GET /readyz HTTP/1.1\r\nHost: hub\r\n\r\n"


@dataclass(slots=True)
class Member:
    """One process and its successors in the same place."""

    kind: str
    number: int
    port: int
    door: int
    """Where it answers others than its operators, if it does."""
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    frozen: bool = False
    unasked: int = 0
    """How often it ended without being killed."""

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.number}"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    async def is_ready(self) -> bool:
        """Whether it says that it does its work."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    writer.write(_ASK)
                    return b" 200 " in await reader.readline()
                finally:
                    writer.close()
        return False


@dataclass(slots=True)
class Fleet:
    """All members. Only the main thread spawns, so that none outlives this process."""

    place: Installation
    told: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Variables that only a kind of process is given."""
    members: list[Member] = field(default_factory=list)

    def add(self, kind: str, count: int) -> None:
        """Place and start `count` members of a kind."""
        for number in range(1, count + 1):
            log = self.place.root / f"{kind}-{number}.log"
            member = Member(kind, number, free_port(), free_port(), log)
            self.members.append(member)
            self.spawn(member)

    def of(self, kind: str) -> Sequence[Member]:
        """The members of a kind."""
        return [member for member in self.members if member.kind == kind]

    async def ready(self, seconds: float = 60) -> None:
        """Wait until every member says that it does its work.

        Raises:
            TimeoutError: one does not; the message says where to read why.

        """
        until = time.monotonic() + seconds
        while late := [m.log for m in self.members if not await m.is_ready()]:
            if time.monotonic() > until:
                raise TimeoutError(f"not ready after {seconds:g} s; read {late}")
            await asyncio.sleep(0.2)

    def spawn(self, member: Member) -> None:
        """Start a member."""
        with member.log.open("ab") as log:
            member.process = subprocess.Popen(
                hub(*WORDS.get(member.kind, (member.kind,))),
                env=self.place.env(
                    HUB_HTTP_PORT=str(member.port),
                    HUB_PUBLIC_PORT=str(member.door),
                    **self.told.get(member.kind, {}),
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def restart(self, member: Member) -> None:
        """Kill -9 and start anew."""
        self.end(member, signal.SIGKILL)
        self.spawn(member)

    def revive(self) -> None:
        """Start again whoever ended by itself, as a supervisor would, and count it."""
        for member in self.members:
            if not member.running:
                member.unasked += 1
                self.spawn(member)

    def freeze(self, member: Member) -> None:
        """Stop its clock: to Kafka it is dead, it does not know."""
        member.frozen = True
        self._signal(member, signal.SIGSTOP)

    def thaw(self, member: Member) -> None:
        """Let a frozen member go on as if nothing had happened."""
        self._signal(member, signal.SIGCONT)
        member.frozen = False

    def end(self, member: Member, signum: signal.Signals) -> None:
        """End one member and reap it."""
        self._signal(member, signum)
        if member.process is not None:
            try:
                member.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()

    def end_all(self) -> None:
        """Nobody is left behind."""
        for member in self.members:
            self._signal(member, signal.SIGCONT)
            self._signal(member, signal.SIGTERM)
        for member in self.members:
            self.end(member, signal.SIGTERM)

    def _signal(self, member: Member, signum: signal.Signals) -> None:
        if member.process is not None and member.process.poll() is None:
            member.process.send_signal(signum)
