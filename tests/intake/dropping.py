"""A drop folder that is watched, and what lies in it afterwards."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.sdk import Connector
from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.adapters.kafka import Outlet
from hub.adapters.postgres import BY_INDEX, connect
from hub.adapters.postgres.leases import Leases
from hub.intake.files.desk import Tools
from hub.intake.files.flight import LANES, Gate
from hub.intake.files.publish import Open
from hub.intake.files.watch import Lanes, Watch
from hub.ledger.submit import Submitter
from hub.registry import connector
from hub.telemetry.metrics import Metrics
from schemas.topics import Topic
from tests.intake.conftest import PARTITIONS, TENANT, Installation

HEAD = "order;sold_at;product_code;serials;quantity\n"
SETTINGS = {"zone": "Europe/Istanbul", "currency": "TRY", "namespace": "till"}
SOURCE = "till-7"
STILL = 0.1
LONGEST_WAIT = 30.0
PATIENCE = 5.0
REST = 0.5


def row(order: int | str, serial: str = "", quantity: int | str = 1) -> str:
    """A line of an export."""
    return f"R-{order};31.01.2026 10:15;TV;{serial};{quantity}\n"


def rows(*orders: int) -> str:
    """Lines of an export, each an order of its own with a serial of its own."""
    return "".join(row(n, f"S{n:06}") for n in orders)


class Turnstile:
    """A gate at which the test decides how many windows may leave."""

    def __init__(self, passes: int = 0) -> None:
        self._passes = asyncio.Semaphore(passes)
        self._open = asyncio.Event()
        self.reached = asyncio.Event()

    def open(self) -> None:
        """Let everything pass from now on."""
        self._open.set()
        self._passes.release()

    async def wait(self) -> None:
        """Wait until the test lets one more pass."""
        if self._passes.locked():
            self.reached.set()
        await self._passes.acquire()
        if self._open.is_set():
            self._passes.release()


@dataclass(slots=True)
class DropBox:
    """The folder of one source, and the hub that watches it."""

    root: Path
    hub: Installation
    connectors: dict[str, Connector[Any]] = field(default_factory=lambda: {"pos": connector("pos")})
    metrics: Metrics = field(default_factory=Metrics)
    source: str = SOURCE
    elsewhere: Mapping[str, Topic] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the till puts its files."""
        return self.root / TENANT / self.source

    async def add_source(self, name: str = SOURCE, spoken: str = "pos", **more: Any) -> None:
        """Make the source known."""
        store = SourceStore(self.connectors, Keyring(b"k" * 32))
        await store.put(self.hub.database, TENANT, name, spoken, SETTINGS | more)

    @asynccontextmanager
    async def watched(
        self, *, gate: Gate | None = None, lanes: int = LANES, lease: float = 2.0
    ) -> AsyncIterator[Watch]:
        """Watch the folder while the block runs; what goes wrong in the process is raised."""
        outlet = Outlet(self.hub.settings)
        database = await connect(self.hub.dsn, size=6, settings=BY_INDEX)
        submitter = Submitter(database, outlet, self.hub.intake, PARTITIONS, self.elsewhere)
        gate = gate or Open()
        leases = Leases(database, "files", lease, "test")
        tools = Tools(
            database, submitter, gate, lambda: lanes, self.metrics, leases, PATIENCE, REST
        )
        store = SourceStore(self.connectors, Keyring(b"k" * 32))
        watch = Watch(self.root, STILL, store, tools, Lanes())
        task = asyncio.create_task(watch.run())
        try:
            yield watch
        finally:
            task.cancel()
            await asyncio.wait([task])
            await outlet.stop()
            await database.close()
        if not task.cancelled():
            task.result()

    def drop(self, name: str, content: str | bytes) -> Path:
        """Put a file there at once, as a careful program does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        half = self.folder / ".half"
        half.write_bytes(content if isinstance(content, bytes) else content.encode())
        half.rename(path)
        return path

    async def ended(self, name: str, where: str = "done") -> dict[str, Any]:
        """The summary of a file, once it is there."""
        path = self.folder / where / f"{name}.result.json"
        async with asyncio.timeout(LONGEST_WAIT):
            while not path.exists() or list((self.folder / ".working").iterdir()):  # noqa: ASYNC110 - a folder says nothing by itself
                await asyncio.sleep(0.02)
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found

    def result(self, name: str, where: str = "done") -> list[dict[str, str]]:
        """The rows of a result, as a spreadsheet would read them."""
        raw = (self.folder / where / f"{name}.result.csv").read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        text = raw.decode("utf-8-sig")
        delimiter = text.splitlines()[0][4]
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))

    def words(self, name: str, where: str = "done") -> dict[int, str]:
        """What became of each line."""
        found = self.result(name, where)
        words = {int(one["line"]): one["status"] for one in found}
        assert len(words) == len(found), "a line is told twice"
        return words

    def names(self, where: str = "") -> set[str]:
        """What people see there."""
        return {path.name for path in (self.folder / where).iterdir()} - {".working"}

    async def progress(self) -> list[dict[str, Any]]:
        """The rows about files."""
        found = await self.hub.database.fetch("select * from file_progress order by begun_at")
        return [dict(one) for one in found]

    def counted(self, name: str, **labels: str) -> float:
        """What a counter of the process says."""
        return self.metrics.registry.get_sample_value(name, labels) or 0

    async def units(self) -> int:
        """How many units the hub knows."""
        found: int = await self.hub.database.fetchval("select count(*)::int from unit")
        return found
