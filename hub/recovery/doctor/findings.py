"""What is found of an installation, and what must be known of it to look."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.adapters.kafka import KafkaSettings
from schemas.topics import Topic

ASKING_SECONDS = 15.0


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `next` says what to do unless it is well."""

    level: Level
    what: str
    next: str = ""

    def __str__(self) -> str:
        """As a line for people."""
        return f"{self.level}: {self.what}" + (f" -> {self.next}" if self.next else "")


@dataclass(frozen=True, slots=True)
class Installation:
    """What the doctor must know of the settings."""

    kafka: KafkaSettings
    postgres: str
    keyring: Keyring
    partitions: int
    topics: Sequence[Topic]
    intake: Sequence[Topic]
    """The topics that a processor reads."""
    sources: SourceStore | None = None
    """With the connectors that are installed here."""
    replication: int = 1
    production: bool = False
    allow_asynchronous_postgres: bool = False


def well(what: str) -> Finding:
    return Finding(Level.OK, what)


def warn(what: str, then: str) -> Finding:
    return Finding(Level.WARNING, what, then)


def bad(what: str, then: str) -> Finding:
    return Finding(Level.PROBLEM, what, then)


async def soon(work: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(work, ASKING_SECONDS)
