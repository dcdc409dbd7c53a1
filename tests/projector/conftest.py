"""What the tests of the projector share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace

import pytest

from hub.adapters.kafka import KafkaSettings, Outlet, apply_topics
from hub.adapters.postgres import Database
from hub.ledger.progress import Place
from hub.ledger.projector import Projector
from hub.sdk.projection import Projection
from hub.telemetry.metrics import Metrics
from schemas.topics import WARRANTY_STATUS, Topic
from tests.projector.desk import HEARD, PARTITIONS, Desk, eventually


@pytest.fixture
async def status(kafka: str, topic_prefix: str) -> Topic:
    topic = replace(WARRANTY_STATUS, name=f"{topic_prefix}status")
    await apply_topics(KafkaSettings(kafka), [topic], partitions=PARTITIONS, replication=1)
    return topic


@pytest.fixture
async def desk(kafka: str, database: Database, status: Topic) -> AsyncIterator[Desk]:
    await database.execute("create table heard (w text primary key, n int not null)")
    outlet = Outlet(KafkaSettings(kafka))
    yield Desk(database, outlet, "intake", status)
    await outlet.stop()


Heard = Callable[[], Awaitable[dict[str, int]]]


@pytest.fixture
def heard(database: Database) -> Heard:
    """What the projection's table holds."""

    async def read() -> dict[str, int]:
        rows = await database.fetch("select w, n from heard order by w")
        return {row["w"]: row["n"] for row in rows}

    return read


Until = Callable[[dict[str, int]], Awaitable[None]]


@pytest.fixture
def until(heard: Heard) -> Until:
    """Wait until the table holds exactly this."""

    async def wait(wanted: dict[str, int]) -> None:
        async def holds() -> bool:
            return await heard() == wanted

        await eventually(holds)
        assert await heard() == wanted

    return wait


@pytest.fixture
def projector(kafka: str, desk: Desk) -> Callable[..., Projector]:
    def build(*projections: Projection) -> Projector:
        settings = KafkaSettings(kafka, session_timeout_ms=6_000)
        return Projector(
            projections or (HEARD,),
            settings,
            desk.database,
            Metrics(),
            desk.ledger,
            desk.status.name,
        )

    return build


@asynccontextmanager
async def at_work(projector: Projector) -> AsyncIterator[Projector]:
    """The projector, running while the block does."""
    task = asyncio.create_task(projector.run())
    try:
        yield projector
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


Working = Callable[..., AbstractAsyncContextManager[Projector]]


@pytest.fixture
def working(projector: Callable[..., Projector]) -> Working:
    """A running projector of the given projections."""
    return lambda *projections: at_work(projector(*projections))


async def follows(projector: Projector, *, seq: int) -> None:
    """Wait until it has the wire alone to go by."""

    async def holds() -> bool:
        views = projector.views.get(0, [])
        return bool(views) and all(view.place == Place(seq, 1) for view in views)

    await eventually(holds)


async def rebuilt(projector: Projector, *, times: int) -> None:
    """It has rebuilt so often; the first start is the first time."""

    async def holds() -> bool:
        return not projector.rebuilds

    await eventually(holds)
    name = "hub_projection_rebuilds_total"
    assert projector.metrics.registry.get_sample_value(name, {"projection": "heard"}) == times
