"""The process that asks sources which do not push."""

from hub import registry
from hub.access.sources import SourceStore, sources_of
from hub.adapters.kafka import Outlet, SharedOutlet
from hub.adapters.postgres.leases import Leases
from hub.audit.refusals import Refusals
from hub.bootstrap.parts import check_production, database, keys_followed
from hub.bootstrap.running import Serve, beside, run_until_stopped
from hub.domain.errors import HubError
from hub.intake.checkpoints import Checkpoints
from hub.intake.landing import Lander, raw_partitions
from hub.intake.poller import LEASE_SECONDS, Poller
from hub.settings import Settings
from hub.telemetry.metrics import Metrics
from schemas.topics import AUDIT, raw


class NothingToPullError(HubError):
    """The connector's sources cannot be asked."""


async def pull(settings: Settings, name: str) -> None:
    """Ask a connector's sources until asked to stop."""
    connector, metrics = registry.connector(name), Metrics()
    if connector.pull is None:
        raise NothingToPullError(f"sources of connector {name!r} push; they are not asked")

    async def work(serve: Serve) -> None:
        async with database(settings, size=8) as db, keys_followed(settings, db) as keys:
            await check_production(settings, db)
            kafka = settings.kafka_settings()
            partitions = await raw_partitions(kafka, [raw(name).name])
            store = SourceStore(registry.connectors(), keys)
            outlet, audit = SharedOutlet(kafka), Outlet(kafka)
            refusals = Refusals(audit, AUDIT.name, metrics)
            lander = Lander(outlet, partitions, metrics)
            leases = Leases(db, "pull", LEASE_SECONDS)
            poller = Poller(
                lambda: sources_of(db, store, name),
                lander,
                leases,
                Checkpoints(db),
                refusals,
                metrics,
            )
            serve(lambda: (True, ()))
            try:
                async with beside(refusals.run()):
                    await poller.run()
            finally:
                await outlet.stop()
                await audit.stop()

    await run_until_stopped(settings, f"pull.{name}", metrics, work)
