"""The process that lets go of what is too old, and forgets who wants to be forgotten."""

from pathlib import Path

from hub import registry
from hub.bootstrap.parts import check_production, database, keys_followed, today
from hub.bootstrap.running import Serve, run_until_stopped
from hub.privacy.erasing import Eraser
from hub.privacy.keeper import Keeper
from hub.privacy.retention import told
from hub.settings import Settings
from hub.telemetry.metrics import Metrics, from_zero
from schemas.topics import Topic, raw


async def retain(settings: Settings) -> None:
    """Look after what is kept until asked to stop."""
    metrics = Metrics()
    for what in ("erasure", "late", "keys", "key", "file", "policy", "tenant"):
        from_zero(metrics.retention_failures, what)
    defaults = told(settings.retention)

    async def work(serve: Serve) -> None:
        async with database(settings, size=4) as db, keys_followed(settings, db) as keys:
            await check_production(settings, db)
            eraser = Eraser(db, today(keys), as_received())
            serve(lambda: (True, ()))
            await Keeper(db, eraser, defaults, metrics, Path(settings.drop_folder)).run()

    await run_until_stopped(settings, "retain", metrics, work)


def as_received() -> list[Topic]:
    """The topics on which payloads stand as somebody sent them."""
    landing = {raw(name).name for name in registry.connectors()}
    intake = {processor.reads.name for processor in registry.processors().values()}
    return [topic for topic in registry.topics() if topic.name in landing | intake]
