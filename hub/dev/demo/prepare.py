"""Makes tables, topics and tenants, and opens the gate for everyone who waits for them."""

from hub import bootstrap, registry
from hub.access import tenants
from hub.adapters.kafka import apply_topics
from hub.adapters.postgres import migrate
from hub.dev.demo.figures import Figures, read
from hub.dev.demo.place import DemoError
from hub.dev.simulator.goods import MERCHANTS
from hub.settings import Settings

PATIENCE_DAYS = 14


async def prepare_database(settings: Settings) -> Figures:
    """Make tables and tenants; gives what the ledger of earlier runs says."""
    await migrate(settings.postgres.get_secret_value())
    async with bootstrap.database(settings, size=1) as db:
        for merchant in MERCHANTS:
            await tenants.put(db, merchant.tenant, merchant.coverage_months, PATIENCE_DAYS)
        return await read(db, None)


async def prepare_topics(settings: Settings) -> None:
    """Make the topics.

    Raises:
        DemoError: they are those of a run with other settings.

    """
    drift = await apply_topics(
        settings.kafka_settings(),
        registry.topics(),
        partitions=settings.partitions,
        replication=settings.replication,
    )
    if drift:
        raise DemoError(f"{drift[0]}; make clean-state begins anew with other partitions")
