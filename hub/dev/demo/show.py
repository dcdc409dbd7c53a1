"""One line a second of what happens, and the end of a timed run."""

import asyncio
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime

from hub import bootstrap
from hub.adapters.kafka import Peek
from hub.adapters.postgres import Database
from hub.dev.demo.figures import Figures, read
from hub.dev.demo.line import HEADER_EVERY, header, line
from hub.dev.demo.place import Place
from hub.dev.demo.plan import DRAIN_SECONDS
from hub.dev.demo.window import Window
from hub.dev.simulator.stories import first_home
from hub.sdk.failures import BrokerUnavailableError, StoreUnavailableError
from hub.settings import Settings

AWAY = (BrokerUnavailableError, StoreUnavailableError)
FIRST = "select exists (select 1 from unit where home = $1)"
PATIENCE_SECONDS = 15
"""After so long everybody starts, whether or not there is a warranty."""
_LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Board:
    """Looks once a second; SIGTERM ends it at once, for it keeps nothing."""

    settings: Settings
    place: Place
    run: str
    deadline: float | None
    """On the monotonic clock."""
    address: str
    """Of the page, with a key."""
    window: Window = field(init=False)
    _is_told: bool = False
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
                    group.create_task(self._let_the_others_in())
                    group.create_task(self._page())
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
        self.place.second_gate.touch()

    async def _let_the_others_in(self) -> None:
        await asyncio.sleep(PATIENCE_SECONDS)
        self.place.second_gate.touch()

    async def _page(self) -> None:
        """Say where to look as soon as somebody answers there."""
        port = self.place.read()["ports"]["api"]
        while not self._is_told:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                writer.close()
                self._is_told = True
        _say("watch it in a browser, at this address:")
        _say(self.address)

    async def _every_second(self, database: Database, peek: Peek) -> None:
        while True:
            await asyncio.sleep(1 - time.time() % 1)
            figures = await read(
                database, peek, drop=self.place.drop, partitions=self.settings.partitions
            )
            await self._show(figures)
            if self.deadline is not None and time.monotonic() > self.deadline:
                self._end_if_drained(figures, self.deadline)

    async def _show(self, figures: Figures) -> None:
        now, accepted = time.monotonic(), figures["accepted"]
        then, before = self._before or (now - 1, accepted)
        self._before = now, accepted
        if self._lines % HEADER_EVERY == 0:
            _say(header(self.address if self._is_told else None))
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
        return bool(self.place.shops(self.run).get("silent"))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
