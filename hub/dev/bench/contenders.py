"""The programs that are compared, each in a fresh process on fresh topics and tables."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from hub.dev.bench import topics
from hub.dev.bench.reference import TABLE, Surroundings
from hub.dev.crash.installation import INTAKE, STATUS, Installation, hub
from hub.dev.lifeline import die_with_parent
from hub.registry import topics as topics_of_the_hub
from schemas.topics import raw

PARTITIONS = 4
LOOPS = ("ordinary", "tuned")
WHOLE = "hub_whole"
"""The hub from the payload as it landed, with a translator before the worker."""
_STOP_SECONDS = 20


class ContenderError(RuntimeError):
    """A contender ended by itself; the message holds the end of its log."""


@dataclass(slots=True)
class Stage:
    """Where one contender runs once: its topics, its database, its command."""

    servers: Installation
    name: str
    reads: str
    writes: str
    dsn: str
    log: Path
    commands: list[list[str]]
    env: dict[str, str]

    @property
    def is_hub(self) -> bool:
        return self.name not in LOOPS

    def start(self) -> "Worker":
        """Start its one process of each kind."""
        return Worker([self._spawn(command) for command in self.commands], self.log)

    def _spawn(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    async def fetchval(self, sql: str) -> Any:
        """One value from its database."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()


@dataclass(slots=True)
class Worker:
    """A running contender."""

    processes: "list[subprocess.Popen[bytes]]"
    log: Path

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]

    def check(self) -> None:
        """Raise if it has ended by itself."""
        codes = [code for one in self.processes if (code := one.poll()) is not None]
        if codes:
            code = codes[0]
            end = "\n  ".join(self.log.read_text(errors="replace").splitlines()[-20:])
            raise ContenderError(f"it ended with code {code}. The end of {self.log}:\n  {end}")

    async def stop(self) -> None:
        """End it in good order, or by force when it takes too long."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                await asyncio.to_thread(process.wait, _STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)


@asynccontextmanager
async def stage(servers: Installation, name: str, run: str) -> AsyncIterator[Stage]:
    """Fresh topics and a fresh database, gone afterwards."""
    database = f"bench_{run}"
    await _admin(servers, f"create database {database}")
    made = _loop(servers, name, run) if name in LOOPS else await _hub(servers, name, run)
    try:
        yield made
    finally:
        hubs = (topic.name for topic in topics_of_the_hub())
        await topics.delete(servers.kafka.bootstrap, list({made.reads, made.writes, *hubs}))
        await _admin(servers, f"drop database {database} with (force)")


def _dsn(servers: Installation, run: str) -> str:
    return servers.postgres.dsn.rsplit("/", 1)[0] + f"/bench_{run}"


def _loop(servers: Installation, name: str, run: str) -> Stage:
    place = Surroundings(servers.kafka.bootstrap, _dsn(servers, run), f"{run}.in", f"{run}.out")
    return Stage(
        servers, name, place.reads, place.writes, place.postgres, servers.root / f"{run}.log",
        [[sys.executable, "-m", f"hub.dev.bench.{name}"]], servers.env(**place.env()),
    )  # fmt: skip


async def _hub(servers: Installation, name: str, run: str) -> Stage:
    servers.dsn = _dsn(servers, run)
    await servers.prepare()
    commands, reads = [hub("process")], INTAKE
    if name == WHOLE:
        await servers.give_access()
        commands, reads = [hub("process"), hub("translate", "pos")], raw("pos").name
    return Stage(
        servers, name, reads, STATUS, servers.dsn, servers.root / f"{run}.log",
        commands, servers.env(),
    )  # fmt: skip


async def furnish(made: Stage) -> None:
    """Make what a loop needs; the hub has made its own."""
    if made.is_hub:
        return
    await topics.create(made.servers.kafka.bootstrap, [made.reads, made.writes], PARTITIONS)
    connection = await asyncpg.connect(made.dsn)
    await connection.execute(TABLE)
    await connection.close()


async def _admin(servers: Installation, sql: str) -> None:
    connection = await asyncpg.connect(servers.postgres.dsn)
    await connection.execute(sql)
    await connection.close()
