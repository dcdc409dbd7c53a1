"""One line a second of what happens, and the end of a timed run."""

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime

import psutil

from hub import bootstrap
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.dev.demo.crew import BOARD, DRAIN_SECONDS, HUB, SHOPS, SHOW, SIMULATOR
from hub.dev.demo.figures import Figures, read
from hub.dev.demo.line import HEADER, HEADER_EVERY, line
from hub.dev.demo.place import Place
from hub.dev.demo.window import Window
from hub.dev.simulator.stories import first_home
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from hub.settings import Settings

AWAY = (BrokerUnavailableError, StoreUnavailableError)
FIRST = "select exists (select 1 from unit where home = $1)"
_LOOK_SECONDS = 0.05
_NAMES = {SIMULATOR: SHOPS, SHOW: BOARD}


@dataclass(slots=True)
class Board:
    """Looks once a second; SIGTERM ends it at once, for it keeps nothing."""

    settings: Settings
    place: Place
    run: str
    deadline: float | None
    """On the monotonic clock."""
    window: Window = field(init=False)
    _lines: int = 0
    _before: tuple[float, int] | None = None

    def __post_init__(self) -> None:
        self.window = Window(self.place.read().get("ports", {}).get("insight", 0))

    async def show(self) -> None:
        """Until ended; while Kafka or Postgres is away, say so and look again."""
        while True:
            try:
                async with (
                    bootstrap.database(self.settings, size=2) as database,
                    Peek(self.settings.kafka_settings()) as peek,
                    asyncio.TaskGroup() as group,
                ):
                    group.create_task(self._first_warranty(database))
                    group.create_task(self._every_second(database, peek))
            except* AWAY as errors:
                _say(f"waiting: {errors.exceptions[0]}")
            await asyncio.sleep(1)

    async def _first_warranty(self, database: Database) -> None:
        noted = self.place.read()
        if "first_warranty_s" in noted:
            return
        while not await database.fetchval(FIRST, first_home(self.run)):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)
        seconds = time.time() - noted["started_at"]
        times = seconds / noted["broker_start_s"]
        self.place.note(first_warranty_s=round(seconds, 2))
        _say(f"first warranty after {seconds:.1f} s: {times:.1f} x the broker's own start")

    async def _every_second(self, database: Database, peek: Peek) -> None:
        while True:
            await asyncio.sleep(1 - time.time() % 1)
            figures = await read(database, peek)
            await self._show(figures)
            if self._lines == 1:
                self.place.note(processes=_processes())
            if self.deadline is not None and time.monotonic() > self.deadline:
                self._end_if_drained(figures, self.deadline)

    async def _show(self, figures: Figures) -> None:
        now, accepted = time.monotonic(), figures["accepted"]
        then, before = self._before or (now - 1, accepted)
        self._before = now, accepted
        if self._lines % HEADER_EVERY == 0:
            _say(HEADER)
        self._lines += 1
        clock = datetime.now().astimezone().strftime("%H:%M:%S")
        rate = (accepted - before) / (now - then)
        _say(line(clock, rate, await self.window.read(), figures))

    def _end_if_drained(self, figures: Figures, deadline: float) -> None:
        late = time.monotonic() > deadline + DRAIN_SECONDS
        drained = self._shops_are_silent() and figures.is_settled(self.settings.partitions)
        if drained or late:
            _say("everything is decided" if drained else f"not drained within {DRAIN_SECONDS} s")
            self.deadline = None
            os.kill(os.getppid(), signal.SIGTERM)

    def _shops_are_silent(self) -> bool:
        try:
            said = json.loads(self.place.simulator_note.read_text())
        except (FileNotFoundError, ValueError):
            return False
        return bool(said["run"] == self.run)


def _processes() -> dict[str, int]:
    """The process ids of everyone under the same supervisor, by name."""
    found = {}
    for child in psutil.Process(os.getppid()).children():
        words = child.cmdline()
        # A verb of the hub follows the module; the others are modules of their own.
        names = [name for module, name in _NAMES.items() if module in words]
        names += [words[words.index(HUB) + 1]] if HUB in words else []
        found.update(dict.fromkeys(names, child.pid))
    return found


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
