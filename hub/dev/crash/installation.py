"""A Kafka, a Postgres and the variables that point the hub at them, in a folder of their own."""

import asyncio
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from hub.dev.embedded import KafkaServer, PostgresServer

TENANT = "acme"
INTAKE = "warranty.intake.v1"
STATUS = "warranty.status.v1"


class PreparationError(RuntimeError):
    """The hub could not be prepared; the message holds what it said."""


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
            "PYTHONUNBUFFERED": "1",
            **more,
        }

    async def prepare(self) -> None:
        """Make topics, tables and the tenant."""
        await self.run("migrate")
        await self.run("topics", "apply")
        await self.run("tenant", "set", TENANT, "--coverage-months", "24")

    async def run(self, *words: str) -> str:
        """Run a command of the hub to its end.

        Raises:
            PreparationError: it failed.

        """
        process = await asyncio.create_subprocess_exec(
            *hub(*words),
            env=self.env(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise PreparationError(f"hub {' '.join(words)} failed:\n{said.decode()}")
        return said.decode()


def hub(*words: str) -> list[str]:
    """The command line of the hub under the interpreter that runs now."""
    return [sys.executable, "-m", "hub.main", *words]
