"""Runs a demo: the servers, then everyone on them, then the summary."""

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil

from hub import bootstrap
from hub.adapters.kafka import Peek
from hub.dev.demo.crew import Crew, Hub
from hub.dev.demo.figures import Figures, read
from hub.dev.demo.interrupt import exit_on_signals
from hub.dev.demo.place import Place, identity, is_alive
from hub.dev.demo.plan import PORTS, Plan, environment, settings_of
from hub.dev.demo.say import Teller
from hub.dev.demo.servers import servers
from hub.dev.demo.summary import Summary
from hub.dev.demo.where import where
from hub.dev.embedded import EmbeddedError, KafkaServer
from hub.dev.supervisor import supervise
from hub.settings import Settings

REFUSED, INTERRUPTED = 1, 130
GRACE_SECONDS = 20


def demo(state: Path, seconds: float | None, rate: float, hub: Hub) -> int:
    """Run until interrupted, or for so many seconds; gives the exit code."""
    place = Place(state.resolve())
    say = Teller(psutil.Process().create_time())
    run = datetime.now(UTC).strftime("%y%m%d-%H%M%S")
    try:
        with exit_on_signals() as check, place.claimed():
            return _run(place, Plan(seconds, rate, run), hub, say, check)
    except EmbeddedError as problem:
        sys.stderr.write(f"hub dev: {problem}\n")
        return REFUSED


def _run(place: Place, plan: Plan, hub: Hub, say: Teller, check: Callable[[], None]) -> int:
    say(f"the demo keeps its state in {place.root}; make clean-state forgets it")
    ports = place.ports(PORTS)
    place.begin(ports, **identity(psutil.Process().pid))
    summary: Summary | None = None
    try:
        with servers(place, ports, say, check) as kafka:
            settings = settings_of(place)
            place.note(**where(place, plan, settings, ports))
            code = supervise(
                Crew(place, plan, ports, hub).everyone(),
                environment(settings),
                plan.stop_after,
                grace=GRACE_SECONDS,
                started=lambda pids: place.note(processes=pids),
            )
            if place.read()["state"] == "starting":
                return _ended_early(place, kafka, code)
            summary = _summary(place, settings, say)
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


def _summary(place: Place, settings: Settings, say: Teller) -> Summary:
    noted = place.read()
    return Summary(
        before=noted["before"],
        after=asyncio.run(_figures(place, settings)),
        broker_start_s=noted["broker_start_s"],
        first_warranty_s=noted.get("first_warranty_s"),
        seconds=say.seconds,
        shops=place.shops(noted["run"]),
    )


async def _figures(place: Place, settings: Settings) -> Figures:
    async with bootstrap.database(settings, size=1) as db, Peek(settings.kafka_settings()) as peek:
        return await read(db, peek, drop=place.drop, partitions=settings.partitions)
