"""`python -m hub.dev.simulator`: publish until told to stop; with `--for` fall silent before."""

import argparse
import asyncio
import json
import random
import signal
from contextlib import suppress
from pathlib import Path

from hub.adapters.kafka import Outlet
from hub.dev.simulator.feed import Feed
from hub.dev.simulator.stories import Teller
from hub.settings import Settings
from hub.telemetry.logging import configure_logging

_LAST_WORDS_SECONDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.simulator", description=__doc__)
    parser.add_argument("--run", required=True, help="what this run's order numbers begin with")
    parser.add_argument("--rate", type=float, default=20, help="events a second")
    parser.add_argument("--for", dest="seconds", type=float, help="then fall silent")
    parser.add_argument("--note", type=Path, help="a file to write once the last event has landed")
    chosen = parser.parse_args()
    settings = Settings()
    configure_logging(settings.log_level, "simulator")
    asyncio.run(_simulate(settings, chosen))


async def _simulate(settings: Settings, chosen: argparse.Namespace) -> None:
    silent, stopped = _asked_to_end(chosen.seconds)
    # A demo need not be repeatable: the wall clock is in it already.
    chance = random.Random()  # noqa: S311
    outlet = Outlet(settings.kafka_settings())
    feed = Feed(outlet, Teller(chosen.run, chance), settings.partitions, chosen.rate, chance)
    telling = asyncio.create_task(feed.run(silent))
    try:
        await asyncio.wait(
            [telling, asyncio.create_task(stopped.wait())], return_when="FIRST_COMPLETED"
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(telling, _LAST_WORDS_SECONDS)
            if chosen.note:
                chosen.note.write_text(json.dumps({"run": chosen.run, "sent": feed.sent}))
        await stopped.wait()
    finally:
        await outlet.stop()


def _asked_to_end(seconds: float | None) -> tuple[asyncio.Event, asyncio.Event]:
    """Set when nothing new is to be told, and when the process is to end."""
    silent, stopped = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        silent.set()
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if seconds is not None:
        loop.call_later(seconds, silent.set)
    return silent, stopped


if __name__ == "__main__":
    main()
