"""The crew at work on the servers, and what came of it."""

import asyncio
from collections.abc import Mapping

from hub import bootstrap
from hub.adapters.kafka import Peek
from hub.dev.demo.crew import Crew
from hub.dev.demo.figures import Figures, read
from hub.dev.demo.place import Place
from hub.dev.demo.plan import Hub, Plan
from hub.dev.demo.say import Teller
from hub.dev.demo.summary import Summary
from hub.dev.demo.surroundings import environment, settings_of
from hub.dev.demo.told import Told, read_told
from hub.dev.demo.where import where
from hub.dev.supervisor import supervise
from hub.settings import Settings

GRACE_SECONDS = 20


def play(place: Place, plan: Plan, ports: Mapping[str, int], hub: Hub) -> int:
    """Run everyone until somebody ends; gives the supervisor's exit code."""
    settings = settings_of(place)
    place.note(**where(place, plan, settings, ports))
    return supervise(
        Crew(place, plan, ports, hub).everyone(),
        environment(settings),
        plan.stop_after,
        grace=GRACE_SECONDS,
        started=lambda pids: place.note(processes=pids),
    )


def summed_up(place: Place, say: Teller) -> Summary:
    """What came of it, as the servers say while they still run."""
    noted = place.read()
    after, receivers = asyncio.run(_figures(place, settings_of(place)))
    return Summary(
        before=noted["before"],
        after=after,
        receivers=receivers,
        broker_start_s=noted["broker_start_s"],
        first_warranty_s=noted.get("first_warranty_s"),
        seconds=say.seconds,
        shops=place.shops(noted["run"]),
    )


async def _figures(place: Place, settings: Settings) -> tuple[Figures, Mapping[str, Told]]:
    async with bootstrap.database(settings, size=1) as db, Peek(settings.kafka_settings()) as peek:
        figures = await read(db, peek, drop=place.drop, partitions=settings.partitions)
        return figures, await read_told(db, place.read()["told"], place.book)
