"""Runs a demo: the servers first, then everything else that there is to import."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil

from hub.dev.demo.interrupt import exit_on_signals
from hub.dev.demo.place import Place, identity, is_alive
from hub.dev.demo.plan import PORTS, Hub, Plan
from hub.dev.demo.say import Teller
from hub.dev.demo.servers import servers
from hub.dev.embedded import EmbeddedError, KafkaServer

REFUSED, INTERRUPTED = 1, 130


def demo(state: Path, seconds: float | None, rate: float, load: Callable[[], Hub]) -> int:
    """Run until interrupted, or for so many seconds; gives the exit code."""
    place = Place(state.resolve())
    say = Teller(psutil.Process().create_time())
    run = datetime.now(UTC).strftime("%y%m%d-%H%M%S")
    try:
        with exit_on_signals() as check, place.claimed():
            return _run(place, Plan(seconds, rate, run), load, say, check)
    except EmbeddedError as problem:
        sys.stderr.write(f"hub dev: {problem}\n")
        return REFUSED


def _run(
    place: Place,
    plan: Plan,
    load: Callable[[], Hub],
    say: Teller,
    check: Callable[[], None],
) -> int:
    say(f"the demo keeps its state in {place.root}; make clean-state forgets it")
    ports = place.ports(PORTS)
    place.begin(ports, **identity(psutil.Process().pid))
    summary = None
    try:
        with servers(place, ports, say, check) as (kafka, postgres):
            hub = load()
            # The servers come up while this is imported.
            from hub.dev.demo.play import play, summed_up  # noqa: PLC0415

            postgres.wait_ready()
            code = play(place, plan, ports, hub)
            if place.read()["state"] == "starting":
                return _ended_early(place, kafka, code)
            summary = summed_up(place, say)
            say("stopping Kafka and Postgres")
    finally:
        place.end(ports, {} if summary is None else summary.as_json())
    summary.show()
    # Whoever ends a demo by hand asked for no warranty.
    return code or (0 if summary.holds or (plan.seconds is None and summary.adds_up) else REFUSED)


def _ended_early(place: Place, kafka: KafkaServer, code: int) -> int:
    if not is_alive(place.read()["servers"]["kafka"]):
        # It died: this raises the end of its log.
        kafka.wait_ready()
    return code or INTERRUPTED
