"""A hub as it is run: its own broker, a database, and processes that can be killed."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from hub.dev.embedded.server import free_port
from hub.dev.lifeline import die_with_parent


@dataclass(slots=True)
class Installed:
    """Commands and processes of the hub, as an operator has them."""

    kafka: str
    dsn: str
    folder: Path
    port: int = field(default_factory=free_port)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where `hub serve` answers."""
        return f"http://127.0.0.1:{self.port}"

    def env(self, **more: str) -> dict[str, str]:
        """The environment of a process."""
        inherited = {name: value for name, value in os.environ.items() if name[:4] != "HUB_"}
        return inherited | {
            "HUB_KAFKA": self.kafka,
            "HUB_POSTGRES": self.dsn,
            "HUB_PARTITIONS": "3",
            "HUB_SESSION_TIMEOUT_MS": "6000",
            "HUB_PUBLIC_PORT": str(self.port),
            "HUB_DROP_FOLDER": str(self.folder / "drop"),
            **more,
        }

    async def run(self, *words: str) -> str:
        """Run a command to its end; what it printed."""
        process = await asyncio.create_subprocess_exec(
            *command(*words),
            env=self.env(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, wrong = await process.communicate()
        assert process.returncode == 0, wrong.decode()
        return said.decode().strip()

    def start(self, *words: str, **env: str) -> "subprocess.Popen[bytes]":
        """Start a process that runs until it is stopped."""
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                command(*words),
                env=self.env(**env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - ties it to this run
            )
        self.processes.append(process)
        return process

    async def answers(self, seconds: float = 30) -> None:
        """Return once `hub serve` does."""
        async with asyncio.timeout(seconds), httpx.AsyncClient(base_url=self.url) as client:
            while True:
                with suppress(httpx.TransportError):
                    await client.get("/openapi.json")
                    return
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Stop everything as SIGTERM does."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            await asyncio.to_thread(process.wait, 20)


def command(*words: str) -> list[str]:
    """The command line of the hub under the interpreter that runs now."""
    return [sys.executable, "-m", "hub.main", *words]
