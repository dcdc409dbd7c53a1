"""Puts the tally into an installation: topics, a table, an entry point, and the world outside it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hub.adapters.kafka import KafkaSettings, apply_topics
from hub.adapters.postgres import Database, connect
from hub.dev.crash.installation import Installation
from hub.dev.crash.tally.processor import TABLE, TOPICS, WORLD

KIND, NOTICES = "tally", "notices"
_METADATA = "Metadata-Version: 2.1\nName: tally\nVersion: 1\n"
_ENTRY = """[hub.processors]
tally = hub.dev.crash.tally.processor:PROCESSOR
[hub.connectors]
notices = hub.dev.crash.tally.notices:CONNECTOR
"""


@dataclass(frozen=True, slots=True)
class World:
    """What stands outside the processor, for all its workers at once."""

    folder: Path

    def take(self, what: str) -> None:
        """From now on it is away, or broken."""
        (self.folder / what).touch()

    def give_back(self, what: str) -> None:
        """It is well again."""
        with suppress(FileNotFoundError):
            (self.folder / what).unlink()


@asynccontextmanager
async def database(place: Installation) -> AsyncIterator[Database]:
    """One session, to look and to ask with."""
    db = await connect(place.dsn, size=1)
    try:
        yield db
    finally:
        await db.close()


async def furnish(place: Installation) -> World:
    """Make ready what `hub process tally` needs, beside the hub's own."""
    world, package = place.root / "world", place.root / "plugins" / "tally-1.dist-info"
    world.mkdir()
    package.mkdir(parents=True)
    (package / "METADATA").write_text(_METADATA)
    (package / "entry_points.txt").write_text(_ENTRY)
    settings = KafkaSettings(place.kafka.bootstrap)
    await apply_topics(settings, TOPICS, partitions=place.partitions, replication=1)
    async with database(place) as db:
        await db.execute(TABLE)
    return World(world)


def environment(place: Installation) -> dict[str, str]:
    """What a process of the tally is told beside what every process is."""
    found = [str(place.root / "plugins"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(found), WORLD: str(place.root / "world")}
