"""`hub files`: watches the drop folder of every source whose connector reads files."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.access.sources import Source, SourceStore, sources_of
from hub.intake.files.desk import Desk, Tools
from hub.intake.files.flight import LANES
from hub.intake.files.folder import Folder
from hub.intake.files.stillness import Stillness

REFRESH_SECONDS = 10.0
"""How soon a new source, or new settings of one, are noticed."""

Key = tuple[str, str]


@dataclass(slots=True)
class Lanes:
    """Divides the windows that may be in flight between the desks at work."""

    busy: int = 0

    def each(self) -> int:
        """How many windows one of them may have in flight."""
        return max(1, LANES // max(1, self.busy))


@dataclass(slots=True)
class Watch:
    """Looks into every folder, and lets those desks work that have something to do."""

    root: Path
    still_seconds: float
    store: SourceStore
    tools: Tools
    lanes: Lanes
    _desks: dict[Key, Desk] = field(default_factory=dict)
    _busy: "dict[Key, asyncio.Task[None]]" = field(default_factory=dict)
    _refreshed: float = 0.0

    def ready(self) -> tuple[bool, Sequence[str]]:
        """Whether the folders are being looked at."""
        return (True, []) if self._refreshed else (False, ["reading sources"])

    async def run(self) -> None:
        """Watch until cancelled.

        Raises:
            StoreUnavailableError, BrokerUnavailableError: begin again; nothing is lost.

        """
        pause = min(1.0, self.still_seconds / 2)
        async with asyncio.TaskGroup() as group:
            while True:
                if time.monotonic() >= self._refreshed + REFRESH_SECONDS:
                    await self._refresh()
                await self._look(group)
                await asyncio.sleep(pause)

    async def _refresh(self) -> None:
        found: dict[Key, Source] = {}
        for name, connector in self.store.connectors.items():
            if connector.file is not None:
                for source in await sources_of(self.tools.database, self.store, name):
                    found[source.tenant, source.name] = source
        self._desks = {key: self._desk(key, source) for key, source in found.items()}
        self._refreshed = time.monotonic()

    def _desk(self, key: Key, source: Source) -> Desk:
        desk = self._desks.get(key)
        if desk is None:
            tenant, name = key
            stillness = Stillness(self.still_seconds)
            return Desk(source, Folder(self.root / tenant / name), stillness, self.tools)
        if key not in self._busy:
            # A file that is being read is read to its end as it was begun.
            desk.source = source
        return desk

    async def _look(self, group: asyncio.TaskGroup) -> None:
        self._busy = {key: task for key, task in self._busy.items() if not task.done()}
        self.lanes.busy = len(self._busy)
        idle = [(key, desk) for key, desk in self._desks.items() if key not in self._busy]
        having = await asyncio.to_thread(lambda: [key for key, desk in idle if desk.has_work()])
        for key in having:
            self._busy[key] = group.create_task(_worked(self._desks[key]))
        self.lanes.busy = len(self._busy)


async def _worked(desk: Desk) -> None:
    """Raise what went wrong itself, not the group of tasks in which it did."""
    try:
        await desk.work()
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from group
