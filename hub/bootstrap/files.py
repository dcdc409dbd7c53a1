"""The process that works dropped files."""

from contextlib import AsyncExitStack
from pathlib import Path

from hub import registry
from hub.access.sources import SourceStore
from hub.adapters.kafka import Outlet, Peek
from hub.adapters.postgres import BY_INDEX
from hub.adapters.postgres.leases import Leases
from hub.bootstrap.parts import check_production, database, keys_followed
from hub.bootstrap.running import Serve, run_until_stopped
from hub.intake.files.desk import LEASE_SECONDS, Tools
from hub.intake.files.publish import partitions_of
from hub.intake.files.watch import Lanes, Watch
from hub.intake.gate import Gate
from hub.ledger.submit import Submitter
from hub.settings import Settings
from hub.telemetry.metrics import Metrics
from schemas.topics import WARRANTY_INTAKE


async def files(settings: Settings) -> None:
    """Watch the drop folders until asked to stop."""
    metrics, kafka = Metrics(), settings.kafka_settings()
    lanes = Lanes()

    async def work(serve: Serve) -> None:
        async with AsyncExitStack() as stack:
            db = await stack.enter_async_context(database(settings, session=BY_INDEX))
            await check_production(settings, db)
            keys = await stack.enter_async_context(keys_followed(settings, db))
            store = SourceStore(registry.connectors(), keys)
            peek = await stack.enter_async_context(Peek(kafka))
            outlet = Outlet(kafka)
            stack.push_async_callback(outlet.stop)
            partitions = await partitions_of(kafka, WARRANTY_INTAKE)
            tools = Tools(
                database=db,
                submitter=Submitter(db, outlet, WARRANTY_INTAKE, partitions, registry.intakes()),
                gate=Gate(WARRANTY_INTAKE.name, db, peek, metrics),
                lanes=lanes.each,
                metrics=metrics,
                leases=Leases(db, "files", LEASE_SECONDS),
            )
            still = settings.drop_still_seconds
            watch = Watch(_root(settings), still, store, tools, lanes)
            serve(watch.ready)
            await watch.run()

    await run_until_stopped(settings, "files", metrics, work)


def _root(settings: Settings) -> Path:
    return Path(settings.drop_folder).absolute()
