"""What several processes are built from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub import registry
from hub.access.keyring import Keyring
from hub.access.sources import SourceStore
from hub.adapters.kafka import Peek
from hub.adapters.postgres import ENGINE, Database, connect
from hub.domain.errors import HubError
from hub.recovery.doctor import Installation, production_refusals
from hub.recovery.verify import Verifier
from hub.settings import Settings


class RefusedToStartError(HubError):
    """The production profile does not run on what may lose acknowledged data."""


def keyring(settings: Settings) -> Keyring:
    """The installation's keys."""
    return Keyring(settings.master_key.get_secret_value().encode())


@asynccontextmanager
async def database(
    settings: Settings, *, size: int = 8, session: dict[str, str] | None = None
) -> AsyncIterator[Database]:
    """A pool in the engine's role that is closed afterwards."""
    dsn = settings.postgres.get_secret_value()
    opened = await connect(dsn, size=size, settings={"role": ENGINE, **(session or {})})
    try:
        yield opened
    finally:
        await opened.close()


def installation(settings: Settings) -> Installation:
    """What the doctor looks at."""
    return Installation(
        kafka=settings.kafka_settings(),
        postgres=settings.postgres.get_secret_value(),
        keyring=keyring(settings),
        sources=SourceStore(registry.connectors(), keyring(settings)),
        partitions=settings.partitions,
        topics=registry.topics(),
        replication=settings.replication,
        intake=[processor.reads for processor in registry.processors().values()],
        production=settings.profile == "production",
        allow_asynchronous_postgres=settings.allow_asynchronous_postgres,
    )


@asynccontextmanager
async def verifier(settings: Settings, name: str) -> AsyncIterator[Verifier]:
    """The check of one processor's ledger, rows and topics."""
    processor = registry.processor(name)
    follows = [p for p in registry.projections().values() if p.reads == processor.writes]
    async with database(settings, size=4) as db, Peek(settings.kafka_settings()) as peek:
        yield Verifier(db, peek, processor, follows)


async def check_production(settings: Settings, db: Database) -> None:
    refusals = await production_refusals(installation(settings), db)
    if refusals:
        raise RefusedToStartError("; ".join(refusals))
