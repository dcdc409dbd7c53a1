"""`python -m hub.dev.demo.board`: prepares, lets everyone in, and shows what happens."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from hub.dev.demo.place import DemoError, Place, is_alive
from hub.dev.demo.plan import BOARD
from hub.dev.demo.say import Teller
from hub.dev.demo.stopwatch import Stopwatch

_LOOK_SECONDS = 0.02


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.demo.board", description=__doc__)
    parser.add_argument("--run", required=True, help="what this run's order numbers begin with")
    parser.add_argument("--for", dest="seconds", type=float, help="then drain and end the demo")
    parser.add_argument("--state", type=Path, required=True, help="where demo.json is")
    chosen = parser.parse_args(arguments)
    place = Place(chosen.state)
    noted = place.read()
    broker = Stopwatch(noted["ports"]["kafka"], noted["broker_spawned_at"])
    asyncio.run(_board(place, broker, chosen))


async def _board(place: Place, broker: Stopwatch, chosen: argparse.Namespace) -> None:
    # The broker is timed while these are imported.
    from hub.dev.demo.prepare import prepare_database, prepare_topics  # noqa: PLC0415
    from hub.dev.demo.show import Board  # noqa: PLC0415
    from hub.dev.demo.where import with_keys  # noqa: PLC0415
    from hub.settings import Settings  # noqa: PLC0415
    from hub.telemetry.logging import configure_logging  # noqa: PLC0415

    settings, say = Settings(), Teller(place.read()["started_at"])
    configure_logging(settings.log_level, BOARD)
    before, private = await prepare_database(settings, place)
    address = with_keys(place, settings, private)
    say(f"Postgres is ready; it holds {before['activated']} warranties of earlier runs")
    seconds = await _started(place, broker)
    say(f"Kafka is ready; the broker itself took {seconds:.1f} s")
    try:
        await prepare_topics(settings)
    except DemoError as problem:
        sys.exit(str(problem))
    place.note(state="running", before=before.as_json(), broker_start_s=round(seconds, 2))
    place.gate.touch()
    say(f"everything starts; where it is: {place.notes}")
    deadline = None if chosen.seconds is None else time.monotonic() + chosen.seconds
    await Board(settings, place, chosen.run, deadline, address).show()


async def _started(place: Place, broker: Stopwatch) -> float:
    while broker.seconds is None:
        if not is_alive(place.read()["servers"]["kafka"]):
            sys.exit("Kafka ended while it started")
        await asyncio.sleep(_LOOK_SECONDS)
    return broker.seconds


if __name__ == "__main__":
    main()
