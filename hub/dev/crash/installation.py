"""A Kafka, a Postgres and the variables that point the hub at them, in a folder of their own."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.dev.embedded import KafkaServer, PostgresServer

TENANT = "acme"
INTAKE = "warranty.intake.v1"
STATUS = "warranty.status.v1"
ZONE = "Europe/Istanbul"
A_MINUTE = "1000000"
WORDS = {
    "translate": ("translate", "pos"),
    "catalog": ("process", "catalog"),
    "tally": ("process", "tally"),
    "notices": ("translate", "notices"),
}
"""The command of a kind of process, where it is more than the kind itself."""


class PreparationError(RuntimeError):
    """The hub could not be prepared; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class Access:
    """What outside systems were given."""

    secret: str
    """The till vendor signs with it."""
    key: str
    """A partner's key of the API."""
    drop: Path


@dataclass(slots=True)
class Installation:
    """Two servers and how the hub reaches them. Durable: what was committed survives a crash."""

    root: Path
    partitions: int = 6
    session_timeout_ms: int = 3000
    kafka: KafkaServer = field(init=False)
    postgres: PostgresServer = field(init=False)
    dsn: str = field(init=False)

    def __post_init__(self) -> None:
        # Postgres runs under an account of its own when root starts it.
        self.root.chmod(0o755)
        self.kafka = KafkaServer(self.root / "kafka")
        self.postgres = PostgresServer(self.root / "postgres", durable=True)
        self.dsn = self.postgres.dsn

    def start(self) -> None:
        """Start both servers, side by side."""
        self.kafka.spawn()
        self.postgres.spawn()
        self.postgres.wait_ready()
        self.kafka.wait_ready()

    def stop(self) -> None:
        """Stop both servers."""
        self.kafka.stop()
        self.postgres.stop()

    def env(self, **more: str) -> dict[str, str]:
        """The environment of a process of the hub; nothing of the caller's `HUB_*` leaks in."""
        inherited = {name: value for name, value in os.environ.items() if name[:4] != "HUB_"}
        return inherited | {
            "HUB_KAFKA": self.kafka.bootstrap,
            "HUB_POSTGRES": self.dsn,
            "HUB_PARTITIONS": str(self.partitions),
            "HUB_SESSION_TIMEOUT_MS": str(self.session_timeout_ms),
            "HUB_HTTP_PORT": "0",
            "HUB_DROP_FOLDER": str(self.drop),
            "PYTHONUNBUFFERED": "1",
            **more,
        }

    async def prepare(self) -> None:
        """Make topics, tables and the tenant."""
        await self.run("migrate")
        await self.run("topics", "apply")
        await self.run("tenant", "set", TENANT, "--coverage-months", "24")
        # Load is what these installations are for.
        await self.run("tenant", "limits", TENANT, "--read", A_MINUTE, "--write", A_MINUTE)

    @property
    def drop(self) -> Path:
        """Where files are put."""
        return self.root / "drop"

    async def give_access(self) -> Access:
        """Make a pushing source, one that leaves files, and a partner's key."""
        said = ["zone=" + ZONE, "namespace=" + TENANT]
        settings = [word for one in said for word in ("--option", one)]
        pushed = await self.run("source", "set", TENANT, "pos", "--connector", "pos", *settings)
        await self.run("source", "set", TENANT, "files", "--connector", "pos", *settings)
        issued = await self.run("key", "create", TENANT, "partner")
        return Access(_word(pushed, "whsec_"), _word(issued, "whk_"), self.drop)

    async def run(self, *words: str, more: Mapping[str, str] | None = None) -> str:
        """Run a command of the hub to its end; `more` is told to it alone.

        Raises:
            PreparationError: it failed.

        """
        code, said = await self._ended(words, more or {})
        if code:
            raise PreparationError(f"hub {' '.join(words)} failed:\n{said.decode()}")
        return said.decode()

    async def run_anyhow(self, *words: str, told: bytes = b"") -> bytes:
        """Run a command of the hub to its end, whatever that is; gives all that it said."""
        return (await self._ended(words, {}, told))[1]

    async def _ended(
        self, words: Sequence[str], more: Mapping[str, str], told: bytes = b""
    ) -> tuple[int | None, bytes]:
        process = await asyncio.create_subprocess_exec(
            *hub(*words),
            env=self.env(**more),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate(told)
        return process.returncode, said


def _word(said: str, begins: str) -> str:
    """The one word of a command's answer that is a secret."""
    return next(word for word in said.split() if word.startswith(begins))


def hub(*words: str) -> list[str]:
    """The command line of the hub under the interpreter that runs now."""
    return [sys.executable, "-m", "hub.main", *words]
