"""Processes that read dropped files are killed and frozen, servers go away: each line is told once."""

import asyncio
import json
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.adapters.postgres import Database, connect
from hub.dev.crash.installation import TENANT, Installation
from hub.dev.prove.account import audit, compare
from hub.dev.prove.export import SETTINGS, Export, Till
from hub.dev.prove.reader import Reader
from hub.sdk.failures import StoreUnavailableError
from hub.settings import DEVELOPMENT_KEY

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

SOURCE = "till-7"
MEGABYTES = 0.5
PATIENCE = 100.0


@pytest.fixture(scope="module")
def place(server_root: Path) -> Iterator[Installation]:
    root = server_root / "files"
    root.mkdir()
    place = Installation(root)
    place.start()
    yield place
    place.stop()


@pytest.fixture(scope="module")
async def prepared(place: Installation) -> Installation:
    await place.prepare()
    database = await connect(place.dsn, size=1)
    store = SourceStore(registry.connectors(), Keyring(DEVELOPMENT_KEY.encode()))
    await store.put(database, TENANT, SOURCE, "pos", SETTINGS)
    await database.close()
    return place


@dataclass(slots=True)
class Scene:
    """An export on its way through an installation, and its readers."""

    place: Installation
    database: Database
    export: Export
    name: str
    readers: tuple[Reader, ...]

    @property
    def folder(self) -> Path:
        return self.place.drop / TENANT / SOURCE

    async def until(self, share: float) -> None:
        """Wait until so much of the file is told, or it has ended."""
        deadline = time.monotonic() + PATIENCE
        sql = "select line, state from file_progress where name = $1"
        while True:
            try:
                row = await self.database.fetchrow(sql, self.name)
            except StoreUnavailableError:
                row = None
            reached = row is not None and row["line"] >= share * len(self.export.told)
            if reached and (share < 1 or row["state"] == "done"):
                return
            assert time.monotonic() < deadline, f"at {row and dict(row)}: {self.log()[-2000:]}"
            await asyncio.sleep(0.05)

    def log(self) -> str:
        """What the readers said."""
        return (self.place.root / "files.log").read_text()

    async def account(self) -> tuple[list[str], dict[str, Any]]:
        """What is wrong with the result and the tables, and the summary."""
        path = self.folder / "done" / f"{self.name}.result.json"
        while not path.exists():  # noqa: ASYNC110 - a folder says nothing by itself
            await asyncio.sleep(0.05)
        summary = json.loads(path.read_bytes())
        findings = compare(self.export, path.with_name(self.name))
        return findings + await audit(self.database, self.export, summary["sha256"], 0), summary


@asynccontextmanager
async def scene(place: Installation, name: str) -> AsyncIterator[Scene]:
    """A new export is dropped; one process decides, and nobody reads yet."""
    deciding = Reader(place, "process")
    readers = (Reader(place, "files"), Reader(place, "files"))
    database = await connect(place.dsn, size=2)
    await database.execute("truncate unit, request")
    path = place.root / f"{name}.csv"
    chance = random.Random(7)  # noqa: S311 - a repeatable mixture
    export = Till(name, chance).export(path, MEGABYTES)
    made = Scene(place, database, export, f"{name}.csv", readers)
    made.folder.mkdir(parents=True, exist_ok=True)
    path.rename(made.folder / made.name)
    try:
        deciding.start()
        yield made
    finally:
        for reader in (*readers, deciding):
            if reader.process is not None and reader.process.poll() is None:
                reader.process.send_signal(signal.SIGCONT)
            reader.end(signal.SIGKILL)
        await database.close()


async def test_one_host_takes_over_from_another_that_is_frozen_or_killed(
    prepared: Installation,
) -> None:
    async with scene(prepared, "crash") as made:
        first, second = made.readers
        first.start()
        await made.until(0.1)
        assert first.process is not None
        first.process.send_signal(signal.SIGSTOP)
        second.start()
        await made.until(0.4)
        # The one that was frozen goes on as if nothing had happened, and finds that it may not.
        first.process.send_signal(signal.SIGCONT)
        await made.until(0.6)
        second.end(signal.SIGKILL)
        await made.until(1)
        findings, summary = await made.account()

    # Who was frozen may have reserved once more what was told meanwhile; nobody reads that.
    assert [text for text in findings if "request rows" not in text] == []
    assert summary["rows"] == len(made.export.told)
    assert "files.fenced" in made.log()


async def test_postgres_and_kafka_go_away_in_the_middle_and_nothing_is_lost(
    prepared: Installation,
) -> None:
    async with scene(prepared, "away") as made:
        reader, _ = made.readers
        reader.start()
        await made.until(0.1)
        await asyncio.to_thread(prepared.postgres.stop_immediate)
        await asyncio.sleep(1)
        prepared.postgres.spawn()
        await asyncio.to_thread(prepared.postgres.wait_ready)
        await made.until(0.4)
        await asyncio.to_thread(prepared.kafka.kill)
        await asyncio.sleep(1)
        prepared.kafka.spawn()
        await asyncio.to_thread(prepared.kafka.wait_ready)
        await made.until(1)
        findings, _ = await made.account()
        reader.look()

    assert findings == []
    assert "infrastructure.away" in made.log()
