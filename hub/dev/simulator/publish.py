"""`python -m hub.dev.simulator`: stand at every door until told to stop; with `--for` fall silent before."""

import argparse
import asyncio
import json
import random
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hub.dev.simulator.doors import Doors, Way
from hub.dev.simulator.feed import Feed
from hub.dev.simulator.receivers import receiving
from hub.dev.simulator.stories import Teller
from hub.settings import Settings
from hub.telemetry.logging import configure_logging

_LAST_WORDS_SECONDS = 5


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.simulator", description=__doc__)
    parser.add_argument("--run", required=True, help="what this run's order numbers begin with")
    parser.add_argument("--doors", type=Path, required=True, help="JSON: where they are, with keys")
    parser.add_argument("--rate", type=float, default=20, help="things said a second")
    parser.add_argument("--for", dest="seconds", type=float, help="then fall silent")
    parser.add_argument("--note", type=Path, help="a file to write once everything is at its door")
    chosen = parser.parse_args(arguments)
    settings = Settings()
    configure_logging(settings.log_level, "simulator")
    noted = json.loads(chosen.doors.read_text())
    asyncio.run(
        _simulate(_way(settings, noted), chosen, noted.get("ports", {}).get("receivers", 0))
    )


def _way(settings: Settings, noted: Mapping[str, Any]) -> Way:
    return Way(
        kafka=settings.kafka_settings(),
        partitions=settings.partitions,
        api=noted["api"],
        push=noted["push"],
        drop=Path(noted["drop"]),
        keys=noted["private"]["keys"],
        secrets=noted["private"]["secrets"],
        password=noted["private"]["password"],
    )


async def _simulate(way: Way, chosen: argparse.Namespace, receivers: int) -> None:
    silent, stopped = _asked_to_end(chosen.seconds)
    # A demo need not be repeatable: the wall clock is in it already.
    chance = random.Random()  # noqa: S311
    async with receiving(receivers, chance), Doors(way, chosen.run, chance) as doors:
        feed = Feed(doors, Teller(chosen.run, chance), chosen.rate, chance)
        telling = asyncio.create_task(feed.run(silent))
        await asyncio.wait(
            [telling, asyncio.create_task(stopped.wait())], return_when="FIRST_COMPLETED"
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(telling, _LAST_WORDS_SECONDS)
        if chosen.note:
            said = {"run": chosen.run, "silent": telling.done() and not telling.cancelled()}
            chosen.note.write_text(json.dumps(said | {"said": feed.said, "heard": doors.heard}))
        await stopped.wait()


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
