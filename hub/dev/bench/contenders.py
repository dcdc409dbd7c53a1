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

PARTITIONS = 4
DEAD_LETTERS = f"{INTAKE}.dlq"
LOOPS = ("ordinary", "tuned")
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
    command: list[str]
    env: dict[str, str]

    @property
    def is_hub(self) -> bool:
        return self.reads == INTAKE

    def start(self) -> "Worker":
        """Start its one worker."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        return Worker(process, self.log)

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

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def check(self) -> None:
        """Raise if it has ended by itself."""
        code = self.process.poll()
        if code is not None:
            end = "\n  ".join(self.log.read_text(errors="replace").splitlines()[-20:])
            raise ContenderError(f"it ended with code {code}. The end of {self.log}:\n  {end}")

    async def stop(self) -> None:
        """End it in good order, or by force when it takes too long."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self.process.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)


@asynccontextmanager
async def stage(servers: Installation, name: str, run: str) -> AsyncIterator[Stage]:
    """Fresh topics and a fresh database, gone afterwards."""
    database = f"bench_{run}"
    await _admin(servers, f"create database {database}")
    made = _loop(servers, name, run) if name in LOOPS else await _hub(servers, name, run)
    try:
        yield made
    finally:
        await topics.delete(servers.kafka.bootstrap, [made.reads, made.writes, DEAD_LETTERS])
        await _admin(servers, f"drop database {database} with (force)")


def _dsn(servers: Installation, run: str) -> str:
    return servers.postgres.dsn.rsplit("/", 1)[0] + f"/bench_{run}"


def _loop(servers: Installation, name: str, run: str) -> Stage:
    place = Surroundings(servers.kafka.bootstrap, _dsn(servers, run), f"{run}.in", f"{run}.out")
    return Stage(
        servers, name, place.reads, place.writes, place.postgres, servers.root / f"{run}.log",
        [sys.executable, "-m", f"hub.dev.bench.{name}"], servers.env(**place.env()),
    )  # fmt: skip


async def _hub(servers: Installation, name: str, run: str) -> Stage:
    servers.dsn = _dsn(servers, run)
    await servers.prepare()
    return Stage(
        servers, name, INTAKE, STATUS, servers.dsn, servers.root / f"{run}.log",
        hub("process"), servers.env(),
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
